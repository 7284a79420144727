import {
  type AdaOptions,
  evaluateRanking,
  fitAdaRetrieval,
  fitSequential,
  gru4rec,
  historyOf,
  type InteractionSet,
  interactionSet,
  type ListMetricName,
  leaveOneOut,
  popularity,
  type Recommender,
  readInteractions,
  type SequentialFitOptions,
  type Split,
  sasrec,
  seenIn,
  sequenceNetwork,
  withItemBias,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { meansOf, type PublishedRun, realData } from './published-run.ts'

async function parts(file: string, run: Run): Promise<Split> {
  const path = realData('amazon-sequences', file)
  return leaveOneOut(interactionSet(await readInteractions(path, { layout: 'lists', numberedFrom: 1 }, run)))
}

const metrics: readonly ListMetricName[] = ['hit', 'ndcg']

/** All items ranked after everything but the last one, which is what is looked for. */
async function tested(
  model: Recommender,
  { train, valid, test }: Split,
  cutoffs: readonly number[],
  run: Run,
): Promise<Readonly<Record<string, number>>> {
  const history = (user: number): readonly number[] => [...historyOf(train, user), ...historyOf(valid, user)]
  const { means } = await evaluateRanking(model, test, { cutoffs, metrics, seen: seenIn(train, valid), history }, run)
  await model.dispose()
  return meansOf(
    means,
    cutoffs.flatMap((k) => metrics.map((name) => `${name}@${k}`)),
  )
}

interface DataSet {
  readonly id: string
  readonly dataset: string
  readonly file: string
  readonly split: string
}

type Published = Readonly<Record<'popularity' | 'gru4rec' | 'sasrec', readonly number[] | undefined>>

const source =
  'all_rank.PNG of CIKM2020-S3Rec (Zhou et al. 2020, arXiv 2008.07873): HR@5, NDCG@5, HR@10, NDCG@10; HR is hit'
const quick = { validateEvery: 5, patience: 4, session: { spinning: false } } as const satisfies SequentialFitOptions
const chosen = 'the epoch by NDCG@10 of the validation items, every 5 epochs'

/** The models of one data set, the published objective first. */
function runsOf({ id, dataset, file, split }: DataSet, published: Published): readonly PublishedRun[] {
  const one = (
    name: string,
    model: string,
    settings: string,
    values: readonly number[] | undefined,
    fit: (train: InteractionSet, valid: InteractionSet, run: Run) => Promise<Recommender>,
    note?: string,
  ): PublishedRun => ({
    ...{ id: `${id}/${name}`, dataset, split, model, settings, source: values ? source : '' },
    published: Object.fromEntries(
      (values ?? []).map((value, at) => [['hit@5', 'ndcg@5', 'hit@10', 'ndcg@10'][at] ?? '', value]),
    ),
    ...(note && { note }),
    async measure(run) {
      const data = await parts(file, run)
      return tested(await fit(data.train, data.valid, run), data, [5, 10], run)
    },
  })
  return [
    one('popularity', 'popularity', '–', published.popularity, async (train) => popularity(train)),
    one(
      'gru4rec',
      'GRU4Rec',
      `binary cross-entropy, one drawn item a target, up to 200 epochs; ${chosen}`,
      published.gru4rec,
      (train, valid, run) => gru4rec(train, { ...quick, loss: 'bce', valid }, run),
    ),
    one(
      'sasrec',
      'SASRec, published objective',
      `binary cross-entropy, one drawn item a target, up to 200 epochs; ${chosen}`,
      published.sasrec,
      (train, valid, run) => sasrec(train, { ...quick, loss: 'bce', valid }, run),
    ),
    one(
      'sasrec-softmax',
      'SASRec, defaults',
      `softmax over the catalogue, up to 60 epochs; ${chosen}`,
      published.sasrec,
      (train, valid, run) => sasrec(train, { ...quick, epochs: 60, valid }, run),
      'another objective than the published one',
    ),
  ]
}

const adaSettings = {
  ...{ loss: 'bce', negatives: 100, targets: 'one', clip: 10, batchSize: 1024, epochs: 200, metric: 'hit@50' },
  ...{ validateEvery: 5, patience: 3, session: { spinning: false } },
} as const satisfies AdaOptions

/** Both stages on Beauty: the backbone alone, and with the adapters. */
const ada: PublishedRun = {
  id: 'amazon-beauty/ada-retrieval',
  dataset: 'Amazon Beauty',
  split: 'last item tested, the one before chooses the epoch; 22,363 users × 12,101 items, all items ranked',
  model: 'Ada-Retrieval on SASRec, and the backbone alone',
  settings:
    'the authors’: 5 rounds of 20, λ 0.3, 100 negatives, batches of 1024, dropout 0.1777, 2 layers, 4 heads, width 64, inner 512; ' +
    'the epoch of each stage by hit@50 of the validation items, every 5 epochs',
  published: {
    ...{ 'hit@50': 0.1784, 'hit@100': 0.2339, 'ndcg@50': 0.0704, 'ndcg@100': 0.0794 },
    ...{
      'backbone hit@50': 0.1688,
      'backbone hit@100': 0.2262,
      'backbone ndcg@50': 0.0643,
      'backbone ndcg@100': 0.0736,
    },
  },
  source: 'output/Base and output/Ada-Retrieval of ll0ruc/Ada-Retrieval (Li et al. 2024, arXiv 2401.06633)',
  async measure(run) {
    const data = await parts('Beauty.txt.gz', run)
    const { train, valid } = data
    const network = withItemBias(
      sequenceNetwork(
        'sasrec',
        train.items,
        { heads: 4, hidden: 512, dropout: 0.1777 },
        run.random('ada-retrieval/backbone'),
      ),
    )
    const first = await fitSequential(network, train, { ...adaSettings, valid }, run)
    const alone = await tested(first, data, [50, 100], run)
    const model = await fitAdaRetrieval(network, train, { ...adaSettings, valid }, run)
    const both = await tested(model, data, [50, 100], run)
    return { ...Object.fromEntries(Object.entries(alone).map(([name, value]) => [`backbone ${name}`, value])), ...both }
  },
}

const split = (sizes: string): string =>
  `last item tested, the one before chooses the epoch; ${sizes}, all items ranked`

export const amazonSequences: readonly PublishedRun[] = [
  ...runsOf(
    {
      ...{ id: 'amazon-beauty', dataset: 'Amazon Beauty', file: 'Beauty.txt.gz' },
      split: split('22,363 users × 12,101 items'),
    },
    {
      popularity: [0.008, 0.0044, 0.0152, 0.0068],
      gru4rec: [0.0164, 0.0099, 0.0283, 0.0137],
      sasrec: [0.0387, 0.0249, 0.0605, 0.0318],
    },
  ),
  ada,
  ...runsOf(
    {
      ...{ id: 'amazon-toys', dataset: 'Amazon Toys and Games', file: 'Toys_and_Games.txt.gz' },
      split: split('19,412 users × 11,924 items'),
    },
    {
      popularity: [0.0066, 0.0046, 0.0113, 0.0061],
      gru4rec: [0.0097, 0.0059, 0.0176, 0.0084],
      sasrec: [0.0463, 0.0306, 0.0675, 0.0374],
    },
  ),
  ...runsOf(
    { ...{ id: 'yelp', dataset: 'Yelp', file: 'Yelp.txt.gz' }, split: split('30,431 users × 20,033 items') },
    {
      popularity: undefined,
      gru4rec: [0.0152, 0.0099, 0.0263, 0.0134],
      sasrec: [0.0162, 0.01, 0.0274, 0.0136],
    },
  ),
]
