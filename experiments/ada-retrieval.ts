import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder } from '../src/collect/index.ts'
import { type Experiment, figureColors, type Measurement, type MetricSummary, plotSvg } from '../src/evaluate/index.ts'
import {
  type AdaOptions,
  coreOf,
  evaluateRanking,
  fitAdaRetrieval,
  fitSequential,
  historyOf,
  type InteractionSet,
  interactionLog,
  interactionSet,
  leaveOneOut,
  type NetworkKind,
  type NetworkSettings,
  type RankingReport,
  type Recommender,
  readInteractions,
  type SequenceNetwork,
  type SequentialFitOptions,
  type Split,
  seenIn,
  sequenceNetwork,
  withItemBias,
} from '../src/recommend/index.ts'
import type { Run } from '../src/run/index.ts'
import { isTensorValue, mapTree, value } from '../src/tensor/index.ts'
import { interestWorld } from '../src/worlds/index.ts'

/** A data set, how long its lists are, and what tells its items' kinds where they are known. */
interface Task {
  readonly name: string
  readonly parts: Split
  readonly rounds: number
  readonly total: number
  readonly kinds?: Uint32Array
  readonly kind: NetworkKind
  readonly network: NetworkSettings<NetworkKind>
  readonly fit: SequentialFitOptions
  /** The authors' settings of the second stage, in place of those chosen here. */
  readonly published?: AdaOptions
}

interface Tested {
  readonly hit: number
  readonly ndcg: number
  /** Mean number of kinds in a list; NaN where kinds are unknown. */
  readonly kinds: number
  readonly lists: RankingReport
}

/** The same network with numbers of its own, so that two fits can start alike. */
function copied(network: SequenceNetwork): SequenceNetwork {
  const parameters = mapTree(network.parameters, isTensorValue, ({ data, shape }) =>
    value(Float32Array.from(data as ArrayLike<number>), shape),
  ) as SequenceNetwork['parameters']
  return { ...network, parameters }
}

async function tested(model: Recommender, { parts, total, kinds }: Task): Promise<Tested> {
  const { train, valid, test } = parts
  const lists = await evaluateRanking(model, test, {
    ...{ cutoffs: [total], metrics: ['hit', 'ndcg'], seen: seenIn(train, valid) },
    history: (user) => [...historyOf(train, user), ...historyOf(valid, user)],
  })
  const { items, rows, count } = lists.recommendations
  let found = 0
  if (kinds)
    for (let row = 0; row < rows; row++)
      found += new Set(Array.from(items.subarray(row * count, (row + 1) * count), (item) => kinds[item])).size
  return {
    hit: lists.means[`hit@${total}`] ?? Number.NaN,
    ndcg: lists.means[`ndcg@${total}`] ?? Number.NaN,
    kinds: kinds ? found / rows : Number.NaN,
    lists,
  }
}

/**
 * Of the second stage, chosen beforehand by hit@50 of the validation items of seed 0 on Beauty's core: the learning rate
 * of both from 3e-3 and 1e-3, for the rounds also λ from 0.3 and 0.8, their dropout from 0.1777 and 0.5, and their number
 * from 5 and 2.
 */
const chosen = { alone: { learningRate: 1e-3 }, ada: { learningRate: 3e-3, lambda: 0.8 } } as const

interface Compared {
  /** The backbone, every item of a history a target: the first stage. */
  readonly before: Tested
  /** Trained on from there by one drawn target a user, as the second stage is, without rounds. */
  readonly alone: Tested
  /** Trained on in the same way with rounds and adapters. */
  readonly ada: Tested
}

async function compared(task: Task, run: Run): Promise<Compared> {
  const { parts, kind, network: settings, rounds, total } = task
  const { train, valid } = parts
  const metric = `hit@${total}` as const
  const fit: SequentialFitOptions = { ...task.fit, valid, metric, checkpointEvery: 0 }
  const start = withItemBias(sequenceNetwork(kind, train.items, settings, run.random(`${task.name}/start`)))
  const measure = async (model: Recommender): Promise<Tested> => {
    const found = await tested(model, task)
    await model.dispose()
    return found
  }
  const before = await measure(await fitSequential(start, train, fit, run))
  const second = async (options: AdaOptions, tuned: AdaOptions): Promise<Tested> =>
    measure(
      await fitAdaRetrieval(
        copied(start),
        train,
        { ...fit, targets: 'one', total, ...(task.published ?? tuned), ...options },
        run,
      ),
    )
  return { before, alone: await second({ rounds: 1 }, chosen.alone), ada: await second({ rounds }, chosen.ada) }
}

function interests(run: Run): { readonly set: InteractionSet; readonly kinds: Uint32Array } {
  const world = interestWorld(
    { ...{ users: 700, kinds: 10, itemsOfKind: 30, lasting: 3, skew: 2, passing: 0, events: 10, next: 2 } },
    run.random('world'),
  )
  const rows = world.histories.map((history, user) => [...history, ...(world.next[user] ?? [])])
  const log = interactionLog({
    users: rows.flatMap((row, user) => row.map(() => user)),
    items: rows.flat(),
    userCount: world.userCount,
    itemCount: world.itemCount,
  })
  return { set: interactionSet(log), kinds: world.itemKinds }
}

const beauty = join(fetchedFolder(), 'amazon-sequences', 'Beauty.txt.gz')
const small = { length: 12, width: 16 } as const
/** Both stages alike, and the better objective for both: the next item among all. */
const epochs = {
  ...{ loss: 'softmax', epochs: 60, validateEvery: 5, patience: 3, learningRate: 3e-3, batchSize: 128 },
} as const satisfies SequentialFitOptions

async function tasks(run: Run, full: boolean): Promise<readonly Task[]> {
  const read = async (): Promise<InteractionSet> => {
    const log = await readInteractions(beauty, { layout: 'lists', numberedFrom: 1 }, run)
    return interactionSet(full ? log : coreOf(log, { users: 8, items: 20 }))
  }
  if (full) {
    if (!existsSync(beauty))
      throw new Error(
        `${beauty} is missing: Beauty does not come with the package. Get data/Beauty.txt from https://github.com/RUCAIBox/CIKM2020-S3Rec, gzip it and put it there, or set PENCHANT_DATASETS to the folder that has amazon-sequences`,
      )
    return [
      {
        ...{ name: 'Beauty', parts: leaveOneOut(await read()), rounds: 5, total: 100, kind: 'sasrec' as const },
        network: { heads: 4, hidden: 512, dropout: 0.1777 },
        fit: {
          ...{ loss: 'bce', negatives: 100, targets: 'one', clip: 10, batchSize: 1024 },
          ...{ epochs: 200, validateEvery: 5, patience: 4 },
        },
        published: { lambda: 0.3 },
      },
    ]
  }
  const { set, kinds } = interests(run)
  const parts = leaveOneOut(set)
  const simulated = (kind: NetworkKind, title: string, network: NetworkSettings<NetworkKind>): Task => ({
    ...{ name: `simulated interests, ${title}`, parts, kinds, rounds: 3, total: 30, kind, fit: epochs },
    network: { ...small, ...network },
  })
  return [
    simulated('sasrec', 'SASRec', { layers: 1, dropout: 0.2 }),
    simulated('gru4rec', 'GRU4Rec', { hidden: 32, dropout: 0.2 }),
    ...(existsSync(beauty)
      ? [
          {
            ...{
              name: 'Beauty’s core',
              parts: leaveOneOut(await read()),
              rounds: 5,
              total: 50,
              kind: 'sasrec' as const,
            },
            network: { length: 15, width: 32, layers: 1, dropout: 0.4 },
            fit: { ...epochs, batchSize: 256 },
          } as const,
        ]
      : []),
  ]
}

const measured = ({ name, total, kinds }: Task, { before, alone, ada }: Compared): readonly Measurement[] => [
  { name: `hit@${total}, ${name}`, baseline: alone.hit, method: ada.hit, better: 'higher' },
  { name: `NDCG@${total}, ${name}`, baseline: alone.ndcg, method: ada.ndcg, better: 'higher' },
  {
    name: `against every item a target: hit@${total}, ${name}`,
    ...{ baseline: before.hit, method: ada.hit, better: 'higher' },
  },
  ...(kinds
    ? [{ name: `kinds in a list, ${name}`, baseline: alone.kinds, method: ada.kinds, better: 'higher' } as const]
    : []),
]

/** Share of the tested users whose item is among the first k, k = 1 to the length of the lists. */
function hitsByPlace({ lists }: Tested, parts: Split): readonly { readonly k: number; readonly hit: number }[] {
  const { items, rows, count } = lists.recommendations
  const at = new Float64Array(count)
  for (let row = 0; row < rows; row++) {
    const wanted = historyOf(parts.test, lists.users[row] ?? 0)[0] ?? -1
    const place = items.subarray(row * count, (row + 1) * count).indexOf(wanted)
    if (place >= 0) at[place] = (at[place] ?? 0) + 1 / rows
  }
  let sum = 0
  return Array.from(at, (share, place) => {
    sum += share
    return { k: place + 1, hit: sum }
  })
}

function curve(task: Task, { alone, ada }: Compared): Promise<string> {
  const [base, method] = [hitsByPlace(alone, task.parts), hitsByPlace(ada, task.parts)]
  return plotSvg(({ lineY }) => ({
    title: 'How many find their next item among the first k',
    subtitle: `${task.name}: ${task.rounds} rounds of ${Math.ceil(task.total / task.rounds)} items beside one search for all.`,
    caption: 'Seed 0.',
    legend: [
      { label: 'backbone', color: figureColors.baseline },
      { label: 'Ada-Retrieval', color: figureColors.method },
    ],
    width: 640,
    height: 360,
    marginLeft: 50,
    style: { fontSize: '12px' },
    x: { label: 'k', grid: true },
    y: { label: 'hit@k', grid: true, domain: [0, Math.max(...[...base, ...method].map(({ hit }) => hit)) * 1.05] },
    marks: [
      lineY([...base], { x: 'k', y: 'hit', stroke: figureColors.baseline, strokeWidth: 2 }),
      lineY([...method], { x: 'k', y: 'hit', stroke: figureColors.method, strokeWidth: 2 }),
    ],
  }))
}

const headline = /^hit@/

export const experiment: Experiment = {
  id: 'ada-retrieval',
  claim:
    'Retrieving in rounds that see what earlier ones found hits the next item more often than one search by the same ' +
    'backbone trained in the same way.',
  baseline:
    'The backbone, trained on in the same way without rounds: same start, samples, steps and stopping. Beside it the ' +
    'start itself, which learned from every item of a history: that one is the stronger backbone.',
  data:
    'Simulated interests (three a user, of 4:2:1); the core of Amazon Beauty (users of 8 and items of 20 at least) where ' +
    'PENCHANT_DATASETS has amazon-sequences. In full, the whole of Beauty with the authors’ settings: hours, one seed will do.',
  seeds: 3,
  async trial(run, { full }) {
    const measurements: Measurement[] = []
    const figures: { readonly name: string; readonly svg: string }[] = []
    for (const task of await tasks(run, full)) {
      const found = await compared(task, run)
      measurements.push(...measured(task, found))
      if (run.seed === 0) figures.push({ name: `hits-${figures.length + 1}`, svg: await curve(task, found) })
    }
    return { measurements, figures }
  },
  /** On every data set and backbone: gains on all of them are claimed. */
  holds(metrics) {
    const hits = metrics.filter(({ name }: MetricSummary) => headline.test(name))
    return hits.length > 0 && hits.every(({ interval }) => interval[0] > 0)
  },
}
