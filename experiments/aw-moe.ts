import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder, readRows } from '../src/collect/index.ts'
import { type Experiment, figureColors, type Measurement, metricNamed, plotSvg } from '../src/evaluate/index.ts'
import { mean } from '../src/measure/index.ts'
import {
  type BehaviourRanker,
  type BehaviourRankerOptions,
  behaviourRanker,
  evaluateImpressions,
  featureTable,
  historyBefore,
  type ImpressionSplit,
  type Impressions,
  impressionsOf,
  type RankerFeatures,
  type RankerModel,
  ratedImpressions,
  readInteractions,
  requestCount,
  selectRequests,
  splitByTime,
} from '../src/recommend/index.ts'
import type { Run } from '../src/run/index.ts'
import { shownItemsWorld } from '../src/worlds/index.ts'

/** What is ranked, and who is in the long tail of it. */
interface Task {
  readonly split: ImpressionSplit
  readonly features: RankerFeatures
  /** Users of at most this many behaviours are the long tail. */
  readonly few: number
}

/** A model with the settings that rank what was held out for choosing best. */
interface Chosen {
  readonly ranker: BehaviourRanker
  readonly settings: BehaviourRankerOptions
  /** Area under the curve of what was held out for choosing. */
  readonly valid: number
  readonly scores: Float32Array
}

type Name = 'dnn' | 'din' | 'category-moe' | 'aw-moe' | 'aw-moe-contrast'

const titles: Readonly<Record<Name, string>> = {
  dnn: 'mean of behaviours and one perceptron (DNN)',
  din: 'attention and one perceptron (DIN)',
  'category-moe': 'experts mixed by category',
  'aw-moe': 'AW-MoE without contrast',
  'aw-moe-contrast': 'AW-MoE',
}

const shape: BehaviourRankerOptions = {
  ...{ width: 8, unitHidden: [16], length: 20, gateNorm: 'softmax', weightDecay: 0.03 },
  // Graphs of small operations are quickest on one thread.
  session: { spinning: false, threads: 1 },
}
const narrow = [32, 16] as const
/** As many numbers in one perceptron as in the mixtures' four. */
const wide = [96, 32] as const

/** Each model's settings to choose from: two for each, of what matters most to it. */
function settingsOf(name: Name, best: BehaviourRankerOptions): readonly BehaviourRankerOptions[] {
  const pooled = (['attention', 'mean'] as const).map((pooling) => ({ hidden: narrow, pooling }))
  if (name === 'dnn' || name === 'din') return [{ hidden: narrow }, { hidden: wide }]
  if (name !== 'aw-moe-contrast') return pooled.map((own) => ({ ...own, contrast: 0 }))
  return [
    { ...best, contrast: 0.05, temperature: 0.2 },
    { ...best, contrast: 0.02, temperature: 1 },
  ]
}

async function chosen(
  task: Task,
  name: Name,
  settings: readonly BehaviourRankerOptions[],
  fit: BehaviourRankerOptions,
  run: Run,
): Promise<Chosen> {
  const model: RankerModel = name === 'aw-moe-contrast' ? 'aw-moe' : name
  let best: Chosen | undefined
  for (const own of settings) {
    let valid = 0
    const ranker = await behaviourRanker(
      task.split.train,
      task.features,
      {
        ...{ ...shape, ...fit, ...own, model, valid: task.split.valid, checkpointEvery: 0 },
        onMetrics({ kind, validation }) {
          if (kind === 'epoch') valid = Math.max(valid, validation?.['auc'] ?? 0)
        },
      },
      run,
    )
    if (best && best.valid >= valid) await ranker.dispose()
    else {
      await best?.ranker.dispose()
      best = { ranker, settings: own, valid, scores: await ranker.scoreImpressions(task.split.test) }
    }
  }
  if (!best) throw new Error(`no settings of ${name} were tried`)
  return best
}

type Found = Readonly<Partial<Record<Name, Chosen>>>

async function compared(task: Task, names: readonly Name[], fit: BehaviourRankerOptions, run: Run): Promise<Found> {
  const found: Partial<Record<Name, Chosen>> = {}
  for (const name of names)
    found[name] = await chosen(task, name, settingsOf(name, found['aw-moe']?.settings ?? {}), fit, run)
  return found
}

/** Areas under the curve of a model's scores: all of the test, users of few behaviours, and the others. */
function areas({ split: { test }, few }: Task, { scores }: Chosen) {
  const tail = (request: number): boolean => (test.known[request] ?? 0) <= few
  const of = (only: (request: number) => boolean): number => evaluateImpressions(scores, test, { only }).auc
  return { all: of(() => true), tail: of(tail), others: of((request) => !tail(request)) }
}

const who = { all: 'all users', tail: 'users of few behaviours', others: 'users of many behaviours' } as const
type Who = keyof typeof who

const versus = (where: string, group: Who, method: Name, baseline: Name): string =>
  `AUC ${where}, ${who[group]}: ${titles[method]} against ${titles[baseline]}`

function measured(where: string, task: Task, found: Found): readonly Measurement[] {
  const by = (name: Name): ReturnType<typeof areas> | undefined => {
    const own = found[name]
    return own && areas(task, own)
  }
  const pairs: readonly (readonly [method: Name, baseline: Name])[] = [
    ...(['dnn', 'din', 'category-moe'] as const).map((baseline) => ['aw-moe-contrast', baseline] as const),
    ['aw-moe-contrast', 'aw-moe'],
  ]
  return pairs.flatMap(([method, baseline]) => {
    const [a, b] = [by(method), by(baseline)]
    if (!a || !b) return []
    return (['all', 'tail', 'others'] as const).map((group) => ({
      name: versus(where, group, method, baseline),
      baseline: b[group],
      method: a[group],
      better: 'higher' as const,
    }))
  })
}

/** The simulated shop: four requests of each user to learn from, two to choose by, six for the test. */
function shop(run: Run): Task & { readonly groups: Uint32Array } {
  const world = shownItemsWorld({ users: 400, requests: 12 }, run.random('shop'))
  const all = impressionsOf(world.requests, world.itemCount)
  const part = (from: number, to: number): Impressions =>
    selectRequests(all, (request) => request % 12 >= from && request % 12 < to)
  return {
    split: { train: part(0, 4), valid: part(4, 6), test: part(6, 12) },
    features: {
      items: featureTable(world.itemCount, {
        id: false,
        fields: { tag: Array.from(world.tags, String) },
        numbers: world.features,
      }),
      queries: featureTable(world.categoryCount),
    },
    few: 4,
    groups: world.groups,
  }
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, first, second] = [0, 0, 0]
  for (let at = 0; at < a.length; at++) {
    dot += (a[at] ?? 0) * (b[at] ?? 0)
    first += (a[at] ?? 0) ** 2
    second += (b[at] ?? 0) ** 2
  }
  return dot / Math.sqrt(first * second)
}

/** How alike gates are: of users of one group, of others, and of a user with half of the behaviours left out. */
async function gateLikeness({ ranker }: Chosen, { split: { test }, groups }: Task & { readonly groups: Uint32Array }) {
  const requests = Array.from({ length: requestCount(test) }, (_, request) => request)
  const asked = requests.map((request) => ({
    user: test.users[request] ?? 0,
    query: test.queries?.[request] ?? 0,
    history: Array.from(historyBefore(test, request)),
  }))
  const gatesOf = async (histories: readonly (readonly number[])[]): Promise<readonly Float32Array[]> => {
    const gates = await ranker.expertGates(
      impressionsOf(
        asked.map(({ user, query }, at) => ({ user, query, history: histories[at] ?? [], shown: [0], labels: [0] })),
        test.itemCount,
      ),
    )
    const width = gates.length / asked.length
    return requests.map((request) => gates.slice(request * width, (request + 1) * width))
  }
  const whole = await gatesOf(asked.map(({ history }) => history))
  const half = await gatesOf(asked.map(({ history }) => history.filter((_, at) => at % 2 === 0)))
  // One request of each user will do.
  const told = requests.filter((request) => request % 6 === 0 && (asked[request]?.history.length ?? 0) > 1)
  const [same, other]: [number[], number[]] = [[], []]
  for (const a of told)
    for (const b of told) {
      // Gates are by what is asked too: only those of the same query are compared.
      if (a >= b || asked[a]?.query !== asked[b]?.query) continue
      const alike = groups[asked[a]?.user ?? 0] === groups[asked[b]?.user ?? 0]
      ;(alike ? same : other).push(cosine(whole[a] ?? [], whole[b] ?? []))
    }
  return {
    same: mean(same),
    other: mean(other),
    half: mean(told.map((request) => cosine(whole[request] ?? [], half[request] ?? []))),
  }
}

const films = ['ml-100k.inter', 'ml-100k.item', 'ml-100k.user'].map((file) =>
  join(fetchedFolder(), 'movielens-100k', file),
)

/** Rows of a table by their first column. */
async function rowsOf(
  path: string,
  key: string,
  run: Run,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { batches } = await readRows(path, run)
  const rows = new Map<string, Readonly<Record<string, string>>>()
  for await (const batch of batches)
    for (const row of batch)
      if ('fields' in row) {
        const held = Object.fromEntries(
          Object.entries(row.fields).map(([name, cell]) => [name.split(':')[0] ?? name, String(cell ?? '')]),
        )
        rows.set(held[key] ?? '', held)
      }
  return rows
}

/** MovieLens-100K: whether a film that was rated gets at least four stars, after what its user liked before. */
async function movielens(latest: number, run: Run): Promise<Task> {
  const [ratings = '', items = '', users = ''] = films
  const log = await readInteractions(ratings, {}, run)
  const [film, person] = [await rowsOf(items, 'item_id', run), await rowsOf(users, 'user_id', run)]
  const about = (table: typeof film, ids: typeof log.itemIds, column: string): readonly (string | undefined)[] =>
    Array.from({ length: ids.size }, (_, number) => table.get(ids.id(number))?.[column] || undefined)
  const split = splitByTime(ratedImpressions(log))
  const moments = Float64Array.from(split.train.times ?? []).sort()
  const from = moments[Math.max(0, moments.length - latest)] ?? 0
  return {
    split: { ...split, train: selectRequests(split.train, (request) => (split.train.times?.[request] ?? 0) >= from) },
    features: {
      items: featureTable(log.itemIds.size, {
        fields: {
          genres: about(film, log.itemIds, 'class').map((genres) => genres?.split(' ')),
          decade: about(film, log.itemIds, 'release_year').map((year) => year?.slice(0, 3)),
        },
      }),
      users: featureTable(log.userIds.size, {
        id: false,
        fields: {
          age: about(person, log.userIds, 'age').map((age) => age?.slice(0, -1)),
          gender: about(person, log.userIds, 'gender'),
          occupation: about(person, log.userIds, 'occupation'),
        },
      }),
    },
    few: 5,
  }
}

const inShop = 'in the simulated shop'
const onFilms = 'on MovieLens-100K'
const baselines = ['dnn', 'din', 'category-moe'] as const
const everyModel = [...baselines, 'aw-moe', 'aw-moe-contrast'] as const

const colors: Readonly<Record<Name, string>> = {
  dnn: figureColors.baseline,
  din: '#b07aa1',
  'category-moe': '#59a14f',
  'aw-moe': '#9ecae1',
  'aw-moe-contrast': figureColors.method,
}

/** The area of each model by how much a user had done before. */
function byHistory({ split: { test } }: Task, found: Found): Promise<string> {
  const bins = [
    { label: '0', from: 0, to: 0 },
    { label: '1–2', from: 1, to: 2 },
    { label: '3–4', from: 3, to: 4 },
    { label: '15–22', from: 15, to: 22 },
    { label: '23–30', from: 23, to: 30 },
  ]
  const points = everyModel.flatMap((name) =>
    bins.flatMap(({ label, from, to }) => {
      const own = found[name]
      if (!own) return []
      const only = (request: number): boolean => (test.known[request] ?? 0) >= from && (test.known[request] ?? 0) <= to
      return [{ name, label, auc: evaluateImpressions(own.scores, test, { only }).auc }]
    }),
  )
  return plotSvg(({ lineY, dot }) => ({
    title: 'How well what was shown is ranked, by how much its user had done',
    subtitle: 'Area under the ROC curve in the simulated shop, of the test requests of users with so many behaviours.',
    caption: 'Seed 0; settings of each model chosen on validation requests.',
    legend: everyModel.map((name) => ({ label: titles[name], color: colors[name] })),
    width: 640,
    height: 340,
    marginLeft: 50,
    style: { fontSize: '12px' },
    x: { label: 'Behaviours before the request', type: 'point' as const, domain: bins.map(({ label }) => label) },
    y: { label: 'AUC', grid: true },
    marks: everyModel.flatMap((name) => {
      const own = points.filter((point) => point.name === name)
      return [
        lineY(own, { x: 'label', y: 'auc', stroke: colors[name], strokeWidth: 2 }),
        dot(own, { x: 'label', y: 'auc', fill: colors[name], r: 3 }),
      ]
    }),
  }))
}

export const experiment: Experiment = {
  id: 'aw-moe',
  claim:
    'Experts that are mixed for each user by attention over what they did rank what is shown better than one perceptron, ' +
    'with or without attention, and than experts mixed by category, for users of few behaviours too; and a contrast ' +
    'between gates adds to that for users of few behaviours.',
  baseline:
    'DNN, DIN and experts mixed by category, which share every other piece; the contrast against the same without it. Two ' +
    'settings of each, and the epoch, are chosen on validation requests.',
  data:
    'A simulated shop whose groups of users weigh features differently; ratings of MovieLens-100K in order of time where ' +
    'PENCHANT_DATASETS has movielens-100k (the latest of those to learn from, all of them in full).',
  seeds: 3,
  async trial(run, { full }) {
    const task = shop(run)
    const found = await compared(task, everyModel, { batchSize: 512, epochs: 20, learningRate: 3e-3, patience: 3 }, run)
    const [without, withContrast] = [found['aw-moe'], found['aw-moe-contrast']]
    if (!without || !withContrast) throw new Error('AW-MoE was not fitted')
    const [plain, contrasted] = [await gateLikeness(without, task), await gateLikeness(withContrast, task)]
    const real = films.every((file) => existsSync(file)) ? await movielens(full ? 1e9 : 4000, run) : undefined
    const rated =
      real &&
      (await compared(
        real,
        full ? everyModel : ['dnn', 'aw-moe', 'aw-moe-contrast'],
        { batchSize: 1024, epochs: full ? 12 : 5, learningRate: full ? 1e-3 : 2e-3, patience: 2 },
        run,
      ))
    const measurements = [
      ...measured(inShop, task, found),
      {
        name: 'Cosine of gates of users of different groups, with contrast against without',
        baseline: plain.other,
        method: contrasted.other,
        better: 'lower' as const,
      },
      {
        name: 'Cosine of gates of users of the same group less that of different ones, with contrast against without',
        baseline: plain.same - plain.other,
        method: contrasted.same - contrasted.other,
        better: 'higher' as const,
      },
      {
        name: 'Cosine of gates with every second behaviour left out, with contrast against without',
        baseline: plain.half,
        method: contrasted.half,
        better: 'higher' as const,
      },
      ...(real && rated ? measured(onFilms, real, rated) : []),
    ]
    const figures = run.seed === 0 ? [{ name: 'by-history', svg: await byHistory(task, found) }] : []
    for (const { ranker } of [...Object.values(found), ...Object.values(rated ?? {})]) await ranker.dispose()
    return { measurements, figures }
  },
  holds(metrics) {
    const gains = (group: Who, baseline: Name): boolean =>
      metricNamed(metrics, versus(inShop, group, 'aw-moe-contrast', baseline)).interval[0] > 0
    return baselines.every((baseline) => gains('all', baseline) && gains('tail', baseline)) && gains('tail', 'aw-moe')
  },
}
