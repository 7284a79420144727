import {
  type ChoiceObjective,
  evaluateRanking,
  type InteractionSet,
  interactionSet,
  nbpo,
  readInteractions,
  seenIn,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

const measures = ['f1@5', 'f1@10', 'f1@20', 'ndcg@5', 'ndcg@10', 'ndcg@20'] as const

async function part(name: 'train' | 'validation' | 'test', run: Run): Promise<InteractionSet> {
  const path = realData('amazon-nbpo', `${name}.json`)
  return interactionSet(await readInteractions(path, { numberedFrom: 0, users: 1435, items: 1522 }, run))
}

function on(objective: ChoiceObjective, model: string, published: PublishedRun['published']): PublishedRun {
  return {
    id: `amazon-nbpo/${objective}`,
    dataset: 'Amazon, 14-core',
    split: 'the one NBPO’s authors give, 1,435 users × 1,522 items, all items ranked',
    model,
    settings: 'the authors’; the epoch of the best F1@2 of the validation items',
    published,
    source: 'README of ENMF, on the same files',
    async measure(run) {
      const [train, valid] = [await part('train', run), await part('validation', run)]
      const made = await nbpo(train, { objective, validateEvery: 5, patience: 100, valid, metric: 'f1@2' }, run)
      const { means } = await evaluateRanking(made, await part('test', run), {
        cutoffs: [5, 10, 20],
        metrics: ['f1', 'ndcg'],
        seen: seenIn(train, valid),
      })
      await made.dispose()
      return meansOf(means, measures)
    },
  }
}

export const amazonNbpo: readonly PublishedRun[] = [
  on('bpr', 'BPR', {
    ...{ 'f1@5': 0.0326, 'f1@10': 0.0317, 'f1@20': 0.0275 },
    ...{ 'ndcg@5': 0.0444, 'ndcg@10': 0.0551, 'ndcg@20': 0.068 },
  }),
  on('bpo', 'BPO', {}),
  on('nbpo', 'NBPO', {
    ...{ 'f1@5': 0.0401, 'f1@10': 0.0357, 'f1@20': 0.0313 },
    ...{ 'ndcg@5': 0.0555, 'ndcg@10': 0.0655, 'ndcg@20': 0.081 },
  }),
]
