import {
  als,
  ease,
  evaluateRanking,
  graphRecommender,
  type InteractionSet,
  interactionSet,
  itemNeighbours,
  popularity,
  type Recommender,
  readInteractions,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { cosineSchedule } from '../../src/tensor/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

const [batchSize, epochs] = [2048, 100]
const learningRate = cosineSchedule(1e-2, epochs * Math.ceil(42_135 / batchSize))
const graph = { batchSize, epochs, learningRate, session: { threads: 1, spinning: false } } as const

type Fit = (train: InteractionSet, run: Run) => Promise<Recommender> | Recommender

function on(id: string, model: string, settings: string, fit: Fit): PublishedRun {
  return {
    id: `lastfm/${id}`,
    dataset: 'LastFM',
    split: 'the split of LightGCN-PyTorch, 1,892 users × 4,489 artists, all artists ranked',
    model,
    settings,
    published: {},
    source: '',
    ...(id === 'light-gcn' && { note: 'no numbers for this split were found published' }),
    async measure(run) {
      const read = async (part: string): Promise<InteractionSet> =>
        interactionSet(
          await readInteractions(
            realData('lastfm-social', `${part}.txt`),
            { numberedFrom: 1, users: 1892, items: 4489 },
            run,
          ),
        )
      const made = await fit(await read('train'), run)
      const { means } = await evaluateRanking(made, await read('test'), { metrics: ['recall', 'ndcg'] }, run)
      await made.dispose()
      return meansOf(means, ['recall@20', 'ndcg@20'])
    },
  }
}

/** λ and rates were chosen on a tenth of the training pairs. */
export const lastfm: readonly PublishedRun[] = [
  on('popularity', 'popularity', '–', popularity),
  on('item-neighbours', 'item neighbours', '200 neighbours', (train) => itemNeighbours(train, { neighbours: 200 })),
  on('ease', 'EASE', 'λ 200', (train) => ease(train, { lambda: 200 })),
  on('als', 'implicit ALS', 'width 64; α 40, λ 100', (train, run) => als(train, { alpha: 40, lambda: 100 }, run)),
  on('mf', 'matrix factors by BPR', 'λ 0.05; rate from 1e-2 to 0 along a cosine over 100 epochs', (train, run) =>
    graphRecommender(train, { model: 'mf', lambda: 0.05, ...graph }, run),
  ),
  on('light-gcn', 'LightGCN-3', 'λ 1e-3; the same rate and epochs', (train, run) =>
    graphRecommender(train, { model: 'light-gcn', layers: 3, lambda: 1e-3, ...graph }, run),
  ),
]
