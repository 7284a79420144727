import {
  evaluateRanking,
  filterPairs,
  type GraphRecommenderOptions,
  graphRecommender,
  type InteractionSet,
  interactionSet,
  type MmhclOptions,
  mmhcl,
  popularity,
  type Recommender,
  readInteractions,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

const measures = ['recall@20', 'ndcg@20'] as const

interface Parts {
  readonly train: InteractionSet
  readonly valid: InteractionSet
  readonly test: InteractionSet
}

/** One of the splits that MMHCL's authors publish; the labels 0, 1, 2 are training, validation and test. */
interface PublishedSplit {
  readonly dataset: string
  readonly split: string
  readonly file: string
  readonly users: number
  readonly items: number
}

const tiktok: PublishedSplit = {
  dataset: 'TikTok',
  split: "MMHCL's published split, 9,319 users × 6,710 items, 59,541 / 3,051 / 6,130, all items ranked",
  file: 'tiktok',
  users: 9319,
  items: 6710,
}
const clothing: PublishedSplit = {
  dataset: 'Amazon Clothing',
  split: "MMHCL's published split, 39,387 users × 23,033 items, 197,338 / 41,189 / 40,150, all items ranked",
  file: 'clothing',
  users: 39_387,
  items: 23_033,
}

async function parts({ file, users, items }: PublishedSplit, run: Run): Promise<Parts> {
  const all = interactionSet(
    await readInteractions(
      realData('mmhcl', `${file}.inter.gz`),
      {
        layout: 'rows',
        columns: { user: 'userID', item: 'itemID', value: 'x_label' },
        numberedFrom: 0,
        users,
        items,
      },
      run,
    ),
    { duplicates: 'refuse' },
  )
  const part = (label: number): InteractionSet => filterPairs(all, (entry) => all.values?.[entry] === label)
  return { train: part(0), valid: part(1), test: part(2) }
}

interface Row {
  readonly from: PublishedSplit
  readonly name: string
  readonly model: string
  readonly settings: string
  readonly published?: PublishedRun['published']
  readonly source?: string
  readonly note?: string
  fit(parts: Parts, run: Run): Recommender | Promise<Recommender>
}

function row({ from, name, model, settings, published = {}, source = '', note, fit }: Row): PublishedRun {
  return {
    id: `${from.file}/${name}`,
    ...{ dataset: from.dataset, split: from.split, model, settings, published, source },
    ...(note !== undefined && { note }),
    async measure(run) {
      const data = await parts(from, run)
      const recommender = await fit(data, run)
      const { means } = await evaluateRanking(recommender, data.test, { metrics: ['recall', 'ndcg'] }, run)
      await recommender.dispose()
      return meansOf(means, measures)
    },
  }
}

/** Batches twice as large as MMHCL's, and larger rates, which reach their best in a fraction of the epochs. */
const training = {
  ...{ batchSize: 2048, learningRate: 1e-3, epochs: 300, validateEvery: 5 },
  session: { spinning: false },
} as const

const graph =
  (options: GraphRecommenderOptions) =>
  ({ train, valid }: Parts, run: Run): Promise<Recommender> =>
    graphRecommender(train, { ...training, ...options, valid }, run)

const hyper =
  (options: MmhclOptions) =>
  ({ train, valid }: Parts, run: Run): Promise<Recommender> =>
    mmhcl(train, { ...training, ...options, valid }, run)

const stopped = 'batches of 2048, rate 1e-3 unless said, epoch by validation recall@20'
const withoutFeatures =
  'The features of items are not public: ours has the hypergraph of users alone, the published one also that of items by picture, text and (TikTok) sound.'

const mmssl = 'README of MMSSL, same data'

export const mmhclSplits: readonly PublishedRun[] = [
  row({ from: tiktok, name: 'popularity', model: 'popularity', settings: '–', fit: ({ train }) => popularity(train) }),
  row({
    from: tiktok,
    name: 'mf',
    model: 'matrix factors, BPR',
    settings: `λ 0.1 of 0.01, 0.1, 0.3 by validation; ${stopped}`,
    published: { 'recall@20': 0.0346, 'ndcg@20': 0.013 },
    source: mmssl,
    note: 'Much depends on λ: at 0.01 ours finds 0.024.',
    fit: graph({ model: 'mf', lambda: 0.1 }),
  }),
  row({
    from: tiktok,
    name: 'light-gcn',
    model: 'LightGCN-2',
    settings: `λ 0.01 of 0.001, 0.01, 0.1 and 2 rounds of 2, 3 by validation; ${stopped}`,
    published: { 'recall@20': 0.0653, 'ndcg@20': 0.0282 },
    source: mmssl,
    fit: graph({ model: 'light-gcn', layers: 2, lambda: 0.01 }),
  }),
  row({
    from: tiktok,
    name: 'mmhcl',
    model: 'MMHCL, no features',
    settings: `λ 0.03 and rate 3e-4 out of eight settings by validation, w_u 0.03, 512 nodes contrasted a step; ${stopped}`,
    published: { 'recall@20': 0.1139, 'ndcg@20': 0.0492 },
    source: "MMHCL's log, with features",
    note: withoutFeatures,
    fit: hyper({ lambda: 0.03, learningRate: 3e-4, contrastNodes: 512 }),
  }),
  row({
    from: clothing,
    name: 'popularity',
    model: 'popularity',
    settings: '–',
    fit: ({ train }) => popularity(train),
  }),
  row({
    from: clothing,
    name: 'mf',
    model: 'matrix factors, BPR',
    settings: `λ 0.1 as on TikTok; ${stopped}`,
    fit: graph({ model: 'mf', lambda: 0.1 }),
  }),
  row({
    from: clothing,
    name: 'light-gcn',
    model: 'LightGCN-2',
    settings: `λ 0.01 as on TikTok; ${stopped}`,
    fit: graph({ model: 'light-gcn', layers: 2, lambda: 0.01 }),
  }),
  row({
    from: clothing,
    name: 'mmhcl',
    model: 'MMHCL, no features',
    settings: `λ 0.03 and rate 3e-4 as on TikTok; w_u 0.1, τ 0.4, 2 rounds as theirs; 512 nodes contrasted a step; ${stopped}`,
    published: { 'recall@20': 0.0881, 'ndcg@20': 0.0394 },
    source: "MMHCL's log, with features",
    note: withoutFeatures,
    fit: hyper({
      ...{ lambda: 0.03, learningRate: 3e-4, userWeight: 0.1, temperature: 0.4, userLayers: 2, contrastNodes: 512 },
    }),
  }),
]
