import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { latentSemantics } from '../../src/learn/index.ts'
import {
  collaborativeVectors,
  evaluateRanking,
  tiger as fitTiger,
  historiesOf,
  historyOf,
  interactionSet,
  joinVectors,
  leaveOneOut,
  readInteractions,
  residualIds,
  type SemanticIds,
  seenIn,
  textVectors,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

/** Ids by what an item's attributes are and by who took it; the attributes are numbers, which serve as words. */
async function idsOf(train: Parameters<typeof historiesOf>[0], run: Run): Promise<SemanticIds> {
  const file = realData('amazon-sequences', 'Beauty_item2attributes.json.gz')
  const attributes = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Readonly<
    Record<string, readonly number[]>
  >
  const texts = Array.from({ length: train.items }, (_, item) =>
    (attributes[String(item + 1)] ?? []).map((attribute) => `a${attribute}`).join(' '),
  ).map((text) => text || 'unknown')
  const described = await textVectors(texts, latentSemantics(texts, { width: 32 }, run.random('tiger/texts')))
  const taken = collaborativeVectors(historiesOf(train), train.items, 32, run.random('tiger/taken'))
  const vectors = joinVectors([described, taken])
  return residualIds(vectors, { clustering: 'k-means', codes: 256, levels: 3 }, run.random('tiger/ids')).ids
}

const measures = ['hit@5', 'ndcg@5', 'hit@10', 'ndcg@10'] as const

export const tiger: readonly PublishedRun[] = [
  {
    id: 'amazon-beauty/tiger',
    dataset: 'Amazon Beauty',
    split: 'last item tested, the one before chooses the epoch; 22,363 users × 12,101 items, all items ranked',
    model: 'TIGER, small',
    settings:
      'width 64, 2 layers each side, inner 256, one position an item, dropout 0.2, learning rate 1e-3, up to 80 epochs, the ' +
      'epoch by recall@10 of 2,000 validation users every 2 epochs; none of these tuned',
    published: { 'hit@10': 0.0648, 'ndcg@10': 0.0384 },
    source: 'Rajput et al. 2023, arXiv 2305.05065, as later papers quote it',
    note:
      'ids by residual k-means of attributes and of who took what, where the paper has a residual-quantised autoencoder of ' +
      'sentence embeddings of titles, prices, brands and categories; a smaller net (published: width 128, 4 layers each side, inner 1024); no user token',
    async measure(run) {
      const path = realData('amazon-sequences', 'Beauty.txt.gz')
      const set = interactionSet(await readInteractions(path, { layout: 'lists', numberedFrom: 1 }, run))
      const { train, valid, test } = leaveOneOut(set)
      const model = await fitTiger(
        train,
        await idsOf(train, run),
        {
          ...{ historyLength: 20, width: 64, layers: 2, heads: 4, hidden: 256, dropout: 0.2, reads: 'items' },
          ...{ learningRate: 1e-3, batchSize: 256, epochs: 80, valid, validateEvery: 2, patience: 5 },
          session: { spinning: false },
        },
        run,
      )
      const history = (user: number): readonly number[] => [...historyOf(train, user), ...historyOf(valid, user)]
      const seen = seenIn(train, valid)
      const { means } = await evaluateRanking(
        model,
        test,
        { cutoffs: [5, 10], metrics: ['hit', 'ndcg'], seen, history },
        run,
      )
      await model.dispose()
      return meansOf(means, measures)
    },
  },
]
