import {
  type Example,
  type Experiment,
  type Fold,
  figureColors,
  historyBefore,
  jurorBallots,
  jurorShowFeatures,
  type Measurement,
  type MetricSummary,
  metricNamed,
  nationalBallots,
  newJurorFolds,
  plotSvg,
} from '../src/evaluate/index.ts'
import {
  evaluateLists,
  featureLists,
  fitLists,
  type ListData,
  type ListLoss,
  listMle,
  listNet,
  rankListLoss,
  sampledLists,
  squaredErrorLoss,
} from '../src/learn/index.ts'
import type { Random, Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { ratedItemsWorld } from '../src/worlds/index.ts'

const local = rankListLoss({ skips: [1] })
const localLogSum = rankListLoss({ skips: [1], form: 'logSumExp' })
const all = rankListLoss()
const allLogSum = rankListLoss({ form: 'logSumExp' })

const losses: Readonly<Record<string, ListLoss>> = {
  'Neighbours, exact': local,
  'All skips, exact': all,
  'Neighbours, log-sum-exp': localLogSum,
  'All skips, log-sum-exp': allLogSum,
  'Skips by and by': rankListLoss({ exposure: 'nearFirst' }),
  ListMLE: listMle,
  ListNet: listNet,
  'Squared error': squaredErrorLoss,
}

/** τ on held-out items of a small network fitted by a loss. */
async function tau(
  train: ListData,
  test: ListData,
  loss: ListLoss,
  { hidden, epochs, batchSize = 32 }: { readonly hidden: number; readonly epochs: number; readonly batchSize?: number },
  run: Run,
) {
  const model = await fitLists(
    { data: train, options: { hidden: [hidden] }, loss, epochs, batchSize, optimizer: adam({ learningRate: 3e-3 }) },
    run,
  )
  const { tau } = await evaluateLists(model, test)
  await model.dispose()
  return tau
}

/** One pair of neighbours from each list, which is what RankNet sees of it. */
function onePairEach(data: ListData, random: Random): ListData {
  const lists = data.starts.length - 1
  const kept = Array.from({ length: lists }, (_, list) => {
    const from = data.starts[list] as number
    const entries = Array.from({ length: (data.starts[list + 1] as number) - from }, (_, at) => from + at).sort(
      (i, j) => (data.labels[j] as number) - (data.labels[i] as number),
    )
    const first = random.integer(entries.length - 1)
    return entries.slice(first, first + 2)
  }).flat()
  return {
    ...data,
    items: Int32Array.from(kept, (entry) => data.items[entry] as number),
    labels: Float32Array.from(kept, (entry) => data.labels[entry] as number),
    starts: Int32Array.from({ length: lists + 1 }, (_, list) => 2 * list),
  }
}

/** Random pairs of the items that stand in lists, as many as all skips of the lists compare. */
function randomPairs(data: ListData, comparisons: number, random: Random): ListData {
  const { rows } = data
  if (!('columns' in rows)) throw new TypeError('the lists hold no features')
  const labels = new Map(Array.from(data.items, (item, entry) => [item, data.labels[entry] as number]))
  const features = new Float32Array(labels.size * rows.columns)
  ;[...labels.keys()].forEach((item, at) => {
    features.set(rows.data.subarray(item * rows.columns, (item + 1) * rows.columns), at * rows.columns)
  })
  const items = { rows: { rows: labels.size, columns: rows.columns, data: features }, ratings: [...labels.values()] }
  return sampledLists(items, { lists: comparisons, length: 2 }, random)
}

async function simulated(run: Run, epochs: number): Promise<Readonly<Record<string, number>>> {
  const items = 3000
  const { features, dimensions, ratings } = ratedItemsWorld({ items }, run.random('world'))
  const part = (from: number, to: number) => ({
    rows: {
      rows: to - from,
      columns: dimensions,
      data: features.slice(from * dimensions, to * dimensions),
    },
    ratings: ratings.slice(from, to),
  })
  const train = sampledLists(part(0, 2400), { lists: 300 }, run.random('lists'))
  const test = sampledLists(part(2400, items), { lists: 1, length: 600 }, run.random('test'))
  const found: Record<string, number> = {}
  const net = { hidden: 32, epochs }
  for (const [name, loss] of Object.entries(losses)) found[name] = await tau(train, test, loss, net, run)
  found['RankNet, a pair a list'] = await tau(onePairEach(train, run.random('pairs')), test, all, net, run)
  // All skips are RankNet on all pairs of a list; these are as many pairs across lists, in as many updates.
  const perList = (8 * 7) / 2
  const pairs = randomPairs(train, 300 * perList, run.random('random pairs'))
  found['RankNet, random pairs'] = await tau(pairs, test, all, { ...net, batchSize: 32 * perList }, run)
  return found
}

let made: Promise<readonly Fold[]> | undefined

/** Jurors' orders of whole shows from what the others ranked; one year held out, another one for each seed. */
async function jurors(run: Run): Promise<Readonly<Record<string, number>>> {
  made ??= (async () => newJurorFolds(await jurorBallots(run), historyBefore(await nationalBallots(run))))()
  const folds = await made
  const { train, test } = folds[run.seed % folds.length] as Fold
  const listsOf = (examples: readonly Example[]): ListData =>
    featureLists({
      features: examples.map(({ question, ballot }) => ({
        rows: ballot.songs.length,
        columns: jurorShowFeatures.names.length,
        data: Float32Array.from(jurorShowFeatures.of(question)),
      })),
      labels: examples.map(({ ballot }) => ballot.worth),
      contextIds: examples.map(({ question }) => question.show),
    })
  const some = run
    .random('jurors')
    .shuffle([...train])
    .slice(0, 500)
  const [learned, asked] = [listsOf(some), listsOf(test)]
  const found: Record<string, number> = {}
  for (const name of ['Neighbours, exact', 'All skips, exact', 'All skips, log-sum-exp', 'ListMLE', 'ListNet'])
    found[name] = await tau(learned, asked, losses[name] as ListLoss, { hidden: 8, epochs: 15 }, run)
  return found
}

const exact = 'Kendall’s τ on rated items, all skips against neighbours alone (exact)'
const logSum = 'Kendall’s τ on rated items, all skips against neighbours alone (log-sum-exp)'
const songs = 'Kendall’s τ with Eurovision jurors, all skips against neighbours alone'

function figure(found: Readonly<Record<string, number>>): Promise<string> {
  const rows = Object.entries(found)
    .map(([loss, tau]) => ({ loss, tau }))
    .sort((x, y) => y.tau - x.tau)
  return plotSvg(({ dot }) => ({
    title: 'What of a list is compared, and how well the order comes out',
    subtitle: 'Kendall’s τ on 600 items whose ratings were not seen.',
    caption: 'Simulated rated items, seed 0: 300 lists of eight; a network of 32 hidden features.',
    legend: [
      { label: 'RankList', color: figureColors.method },
      { label: 'Others', color: figureColors.baseline },
    ],
    width: 640,
    height: 60 + 28 * rows.length,
    marginLeft: 180,
    style: { fontSize: '12px' },
    x: { label: 'Kendall’s τ', grid: true },
    y: { label: null, domain: rows.map(({ loss }) => loss) },
    marks: [
      dot(rows, {
        x: 'tau',
        y: 'loss',
        r: 5,
        fill: ({ loss }: { loss: string }) => (/skips/i.test(loss) ? figureColors.method : figureColors.baseline),
      }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'ranklist',
  claim: 'Comparing all items of a list, not only neighbours, brings the learned order closer to people’s.',
  baseline: 'The same loss with neighbours alone; beside it ListMLE, ListNet, RankNet, squared error',
  data:
    'Simulated rated items: 300 lists of eight, 600 items held out. Eurovision: orders of whole shows by 500 jurors, ' +
    'those of another year held out.',
  seeds: 6,
  async trial(run, { full }) {
    const found = await simulated(run, full ? 120 : 40)
    const real = await jurors(run)
    const of = (from: Readonly<Record<string, number>>, name: string, baseline: string, method = 'All skips, exact') =>
      ({
        name,
        baseline: from[baseline] ?? Number.NaN,
        method: from[method] ?? Number.NaN,
        better: 'higher',
      }) satisfies Measurement
    return {
      measurements: [
        of(found, exact, 'Neighbours, exact'),
        of(found, logSum, 'Neighbours, log-sum-exp', 'All skips, log-sum-exp'),
        of(
          found,
          'Kendall’s τ on rated items, log-sum-exp against exact',
          'All skips, exact',
          'All skips, log-sum-exp',
        ),
        of(
          found,
          'Kendall’s τ on rated items, skips by and by against all at once',
          'All skips, exact',
          'Skips by and by',
        ),
        of(found, 'Kendall’s τ on rated items, against ListMLE', 'ListMLE'),
        of(found, 'Kendall’s τ on rated items, against ListNet', 'ListNet'),
        of(
          found,
          'Kendall’s τ on rated items, against RankNet on one pair of neighbours from each list',
          'RankNet, a pair a list',
        ),
        of(
          found,
          'Kendall’s τ on rated items, against RankNet on as many random pairs of the same items',
          'RankNet, random pairs',
        ),
        of(found, 'Kendall’s τ on rated items, against squared error', 'Squared error'),
        of(real, songs, 'Neighbours, exact'),
        of(real, 'Kendall’s τ with Eurovision jurors, against ListMLE', 'ListMLE'),
        of(real, 'Kendall’s τ with Eurovision jurors, against ListNet', 'ListNet'),
      ],
      figures: run.seed === 0 ? [{ name: 'losses', svg: await figure(found) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return [exact, logSum].every((name) => of(name).interval[0] > 0) && of(songs).interval[0] > -0.01
  },
}
