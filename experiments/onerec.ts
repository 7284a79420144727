import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder } from '../src/collect/index.ts'
import { type Experiment, figureColors, type Measurement, metricNamed, plotSvg } from '../src/evaluate/index.ts'
import { latentSemantics } from '../src/learn/index.ts'
import {
  alignSessions,
  type ContentVectors,
  collaborativeVectors,
  fitSessionReward,
  fitSessions,
  initSessionNet,
  interactionLog,
  interactionSet,
  type JudgedSession,
  joinVectors,
  mergeRewards,
  readInteractions,
  residualIds,
  type Session,
  type SessionGenerator,
  type SessionNetConfig,
  type SessionReward,
  sasrec,
  sequenceOf,
  sequencesOf,
  sessionGenerator,
  textVectors,
} from '../src/recommend/index.ts'
import type { Run } from '../src/run/index.ts'
import { parameterLeaves, type TensorValue } from '../src/tensor/index.ts'
import { feedWorld } from '../src/worlds/index.ts'

/** Whose sessions are learned from, and what a session is worth. */
interface Feed {
  readonly items: number
  readonly vectors: ContentVectors
  readonly ids: { readonly codes: number; readonly levels: number }
  readonly historyLength: number
  /** Sessions that went well. */
  readonly good: readonly Session[]
  /** More of them, to choose epochs by. */
  readonly later: readonly Session[]
  /** All sessions with what came of them, and later ones to stop by. */
  readonly judged: readonly JudgedSession[]
  readonly valid: readonly JudgedSession[]
  readonly tested: readonly ArrayLike<number>[]
  /** The mean worth of one session for each tested history. */
  worth(sessions: readonly ArrayLike<number>[]): Promise<number>
  /** Passes of the generator, rounds of its alignment and the share of sessions that pairs are mined for. */
  readonly epochs: number
  readonly rounds: number
  readonly share: number
}

const arms = {
  sasrec: 'SASRec, its first items',
  tiger: 'next item by item (TIGER)',
  ntp: 'sessions, not aligned',
  continued: 'sessions, trained as long without pairs',
  dpo: 'sessions, DPO on logged pairs',
  ipa: 'OneRec: sessions, aligned to their own beams',
  reranked: 'sessions not aligned, the best beam by the judge',
  both: 'OneRec, the best beam by the judge',
} as const
type Arm = keyof typeof arms

const beams = 16
const sessionLength = 3
const net = { width: 32, layers: 1, heads: 2, hidden: 64, experts: 4, dropout: 0.1, reads: 'items' } as const
/** Nets as small as these are quickest on one thread. */
const session = { threads: 1 } as const
const training = {
  batchSize: 64,
  learningRate: 3e-3,
  weightDecay: 1,
  patience: 3,
  checkpointEvery: 0,
  session,
} as const
const judging = { ...training, learningRate: 1e-3, width: 32, epochs: 30 } as const
const alignment = {
  batchSize: 64,
  learningRate: 1e-3,
  checkpointEvery: 0,
  session,
  beta: 0.3,
  lambda: 5,
  beams,
} as const

async function nets(
  feed: Feed,
  run: Run,
): Promise<{ readonly tiger: SessionGenerator; readonly ntp: SessionGenerator }> {
  const { ids } = residualIds(feed.vectors, feed.ids, run.random('ids'))
  const make = (length: number): SessionGenerator => {
    const config: SessionNetConfig = {
      ...net,
      sizes: ids.sizes,
      historyLength: feed.historyLength,
      sessionLength: length,
    }
    return sessionGenerator(ids, initSessionNet(run.random(`net/${length}`), config), config, session)
  }
  const [tiger, ntp] = [make(1), make(sessionLength)]
  // Each item of a good session is what may come next.
  const apart = (sessions: readonly Session[]): readonly Session[] =>
    sessions.flatMap(({ history, items }) => Array.from(items, (item) => ({ history, items: [item] })))
  const { good, later, epochs } = feed
  await fitSessions(
    tiger,
    apart(good),
    { ...training, batchSize: sessionLength * training.batchSize, epochs, valid: apart(later) },
    run,
  )
  await fitSessions(ntp, good, { ...training, epochs, valid: later }, run)
  return { tiger, ntp }
}

/** The first items that SASRec recommends, trained on histories with the good session at their end. */
async function sasrecSessions(feed: Feed, run: Run): Promise<readonly ArrayLike<number>[]> {
  const rows = feed.good.map(({ history, items }) => [
    ...Array.from(history).slice(-feed.historyLength),
    ...Array.from(items),
  ])
  const train = interactionSet(
    interactionLog({
      users: rows.flatMap((row, user) => row.map(() => user)),
      items: rows.flat(),
      userCount: rows.length,
      itemCount: feed.items,
    }),
  )
  const model = await sasrec(
    train,
    {
      ...{ length: feed.historyLength + sessionLength, width: 32, layers: 1, heads: 2, dropout: 0.1 },
      ...{ batchSize: 64, learningRate: 3e-3, epochs: 15, checkpointEvery: 0, session },
    },
    run,
  )
  const found = await model.recommend({ histories: feed.tested }, { count: sessionLength })
  await model.dispose()
  return feed.tested.map((_, row) => found.items.subarray(row * sessionLength, (row + 1) * sessionLength))
}

interface Shown {
  readonly best: readonly ArrayLike<number>[]
  /** The mean worth of all beams. */
  readonly all: number
  /** The best of each row's beams as the reward model judges. */
  readonly judgedBest: readonly ArrayLike<number>[]
  /** What the reward model says of the best beams: the mean of its first objective. */
  readonly promised: number
}

async function shownBy(generator: SessionGenerator, reward: SessionReward, feed: Feed): Promise<Shown> {
  const found = await generator.generate(feed.tested, { beams })
  const history = (row: number): ArrayLike<number> => feed.tested[row] ?? []
  const judged = await reward.score(
    found.flatMap((own, row) => own.map(({ items }) => ({ history: history(row), items }))),
  )
  const { length } = reward.objectives
  let from = 0
  const judgedBest = found.map((own) => {
    const merged = mergeRewards(judged.subarray(from, from + own.length * length), new Array<number>(length).fill(1))
    from += own.length * length
    return own[merged.indexOf(Math.max(...merged))]?.items ?? []
  })
  const best = found.map((own) => own[0]?.items ?? [])
  const promises = await reward.score(best.map((items, row) => ({ history: history(row), items })))
  return {
    best,
    all: await worthOfAll(found, feed),
    judgedBest,
    promised: best.reduce((sum, _, row) => sum + (promises[row * length] ?? 0), 0) / best.length,
  }
}

interface Found {
  readonly worth: Readonly<Record<Arm, number>>
  /** The mean over all beams. */
  readonly beams: Readonly<Record<'continued' | 'dpo' | 'ipa', number>>
  /** After each round of alignment: what sessions are worth, and what the reward model says they are. */
  readonly rounds: readonly {
    readonly round: number
    readonly worth: number
    readonly all: number
    readonly promised: number
  }[]
}

/** One net serves several arms: what is trained and reset needs compiling once. */
function numbersOf({ parameters }: SessionGenerator): readonly TensorValue['data'][] {
  return parameterLeaves(parameters).map(({ leaf }) => leaf.data.slice())
}

function setNumbers({ parameters }: SessionGenerator, numbers: readonly TensorValue['data'][]): void {
  for (const [at, { leaf }] of parameterLeaves(parameters).entries()) leaf.data.set(numbers[at] as never)
}

/** The mean worth of all beams, rank by rank: of each history as many as the fewest have. */
async function worthOfAll(found: readonly (readonly { readonly items: Int32Array }[])[], feed: Feed): Promise<number> {
  const ranks = Math.min(...found.map((own) => own.length))
  let sum = 0
  for (let rank = 0; rank < ranks; rank++) sum += await feed.worth(found.map((own) => own[rank]?.items ?? []))
  return sum / ranks
}

async function likeliest(generator: SessionGenerator, feed: Feed): Promise<Pick<Shown, 'best' | 'all'>> {
  const found = await generator.generate(feed.tested, { beams })
  return { best: found.map((own) => own[0]?.items ?? []), all: await worthOfAll(found, feed) }
}

async function compared(feed: Feed, run: Run): Promise<Found> {
  const { tiger, ntp } = await nets(feed, run)
  const { historyLength, vectors, judged, valid, good, rounds, share } = feed
  const reward = await fitSessionReward(judged, feed.items, { ...judging, historyLength, vectors, valid }, run)
  const start = numbersOf(ntp)
  const before = await shownBy(ntp, reward, feed)
  const { batchSize, learningRate, checkpointEvery } = alignment
  await fitSessions(ntp, good, { batchSize, learningRate, checkpointEvery, session, epochs: rounds }, run)
  const continued = await likeliest(ntp, feed)
  setNumbers(ntp, start)
  const random = run.random('dpo')
  const pairs = good.map(({ history, items }) =>
    random.chance(share) ? { history, preferred: items, other: random.pick(judged).items } : undefined,
  )
  await alignSessions(ntp, good, undefined, { ...alignment, epochs: rounds, pairs }, run)
  const dpo = await likeliest(ntp, feed)
  setNumbers(ntp, start)
  const curve = [{ round: 0, worth: await feed.worth(before.best), all: before.all, promised: before.promised }]
  let after = before
  await alignSessions(
    ntp,
    good,
    reward.score,
    {
      ...alignment,
      rounds,
      share,
      async onRound({ round }) {
        after = await shownBy(ntp, reward, feed)
        curve.push({ round, worth: await feed.worth(after.best), all: after.all, promised: after.promised })
      },
    },
    run,
  )
  const items = (await tiger.generate(feed.tested, { beams })).map((own) =>
    own.slice(0, sessionLength).map(({ items: [item = 0] }) => item),
  )
  const shown: Readonly<Record<Arm, readonly ArrayLike<number>[]>> = {
    sasrec: await sasrecSessions(feed, run),
    tiger: items,
    ntp: before.best,
    continued: continued.best,
    dpo: dpo.best,
    ipa: after.best,
    reranked: before.judgedBest,
    both: after.judgedBest,
  }
  const worth: Partial<Record<Arm, number>> = {}
  for (const arm of Object.keys(arms) as Arm[]) worth[arm] = await feed.worth(shown[arm])
  for (const generator of [tiger, ntp]) await generator.dispose()
  await reward.dispose()
  return {
    worth: worth as Record<Arm, number>,
    beams: { continued: continued.all, dpo: dpo.all, ipa: after.all },
    rounds: curve,
  }
}

function simulated(run: Run, full: boolean): Feed {
  const users = full ? 30_000 : 14_000
  const world = feedWorld({ users, sessionLength }, run.random('feed'))
  const cut = (share: number): number => Math.floor(share * users)
  const logged = world.sessions.slice(0, cut(0.88))
  const later = world.sessions.slice(cut(0.88), cut(0.95))
  // Watched through, and something done.
  const well = ({ outcomes }: JudgedSession): boolean =>
    outcomes['swt'] === 1 && (outcomes['ltr'] === 1 || outcomes['wtr'] === 1)
  const tested = world.sessions.slice(cut(0.985)).map(({ history }) => history)
  return {
    items: world.itemCount,
    vectors: { data: world.vectors, width: world.width },
    ids: { codes: 16, levels: 2 },
    historyLength: 6,
    // Half of them: the reward model needs the more sessions, and its steps are the cheaper ones.
    good: logged.slice(0, cut(0.44)).filter(well),
    later: later.filter(well),
    judged: logged,
    valid: later,
    tested,
    worth: async (sessions) =>
      sessions.reduce((sum, items, row) => sum + world.satisfaction(tested[row] ?? [], items), 0) / sessions.length,
    epochs: full ? 60 : 20,
    rounds: full ? 8 : 4,
    share: 1,
  }
}

const films = ['ml-100k.inter', 'ml-100k.item'].map((file) => join(fetchedFolder(), 'movielens-100k', file))

/** Title and genres of each film, by its number. */
function filmTexts(ids: { readonly size: number; id(number: number): string }): readonly string[] {
  const lines = readFileSync(films[1] as string, 'utf8')
    .trim()
    .split('\n')
  const texts = new Map(
    lines.map((line) => line.split('\t')).map(([id = '', title, , genres]) => [id, `${title} ${genres}`]),
  )
  return Array.from({ length: ids.size }, (_, film) => texts.get(ids.id(film)) ?? 'unknown')
}

/** Three ratings in a row are a session; what it is worth is told by a judge that learned from other users. */
async function movielens(run: Run): Promise<Feed> {
  const log = await readInteractions(films[0] as string, {}, run)
  const sequences = sequencesOf(log)
  // A pair comes once in this set, so that a rating is found by its pair.
  const rating = new Map(
    Array.from(log.users, (user, at) => [user * 10_000 + (log.items[at] ?? 0), log.values?.[at] ?? 0]),
  )
  const items = log.itemIds.size
  const perUser = 6
  const [own, others]: [JudgedSession[][], JudgedSession[][]] = [[], []]
  const order = run.random('movielens/users').shuffle(Array.from({ length: log.userIds.size }, (_, user) => user))
  for (const [at, user] of order.entries()) {
    const all = sequenceOf(sequences, user)
    const sessions: JudgedSession[] = []
    for (let to = all.length; to - sessionLength >= 5 && sessions.length < perUser; to -= sessionLength) {
      const shown = all.subarray(to - sessionLength, to)
      const ratings = Array.from(shown, (item) => rating.get(user * 10_000 + item) ?? 0)
      const mean = ratings.reduce((sum, each) => sum + each, 0) / sessionLength
      sessions.push({
        history: all.subarray(Math.max(0, to - sessionLength - 10), to - sessionLength),
        items: shown,
        outcomes: {
          swt: (mean - 1) / 4,
          vtr: Number(ratings.every((each) => each >= 3)),
          ltr: Number(ratings.includes(5)),
        },
      })
    }
    ;(at % 2 === 0 ? own : others).push(sessions)
  }
  // The last session of each of the own users is only gone on from.
  const tested = own.flatMap(([last]) => (last ? [last.history] : []))
  const earlier = own.map((sessions) => sessions.slice(1))
  const cut = Math.floor(0.85 * earlier.length)
  const judged = earlier.slice(0, cut).flat()
  const theirs = Math.floor(0.85 * others.length)
  const judge = await fitSessionReward(
    others.slice(0, theirs).flat(),
    items,
    { ...judging, historyLength: 10, valid: others.slice(theirs).flat() },
    run,
  )
  const valid = earlier.slice(cut).flat()
  // Four of five stars in the mean.
  const well = ({ outcomes }: JudgedSession): boolean => (outcomes['swt'] ?? 0) >= 0.75
  const taken = {
    offsets: Uint32Array.from({ length: judged.length + 1 }, (_, at) => at * sessionLength),
    items: Uint32Array.from(judged.flatMap(({ items: shown }) => Array.from(shown))),
  }
  const texts = filmTexts(log.itemIds)
  const semantics = latentSemantics(texts, { width: 16 }, run.random('movielens/texts'))
  return {
    items,
    vectors: joinVectors([
      collaborativeVectors(taken, items, 16, run.random('movielens/vectors')),
      await textVectors(texts, semantics),
    ]),
    ids: { codes: 16, levels: 3 },
    historyLength: 10,
    good: judged.filter(well),
    later: valid.filter(well),
    judged,
    valid,
    tested,
    async worth(sessions) {
      const scores = await judge.score(sessions.map((shown, row) => ({ history: tested[row] ?? [], items: shown })))
      return scores.reduce((sum, score) => sum + score, 0) / scores.length
    },
    epochs: 30,
    rounds: 3,
    share: 0.3,
  }
}

const places = { feed: 'in the simulated feed', films: 'on MovieLens' } as const
type Place = keyof typeof places

/** Each comparison: which arm is the method, which the baseline. */
const comparisons: readonly (readonly [method: Arm, baseline: Arm])[] = [
  ['ipa', 'continued'],
  ['ipa', 'dpo'],
  ['ipa', 'tiger'],
  ['ipa', 'sasrec'],
  ['ntp', 'tiger'],
  ['ntp', 'sasrec'],
  ['both', 'reranked'],
]
const measure = { feed: 'True satisfaction', films: 'Worth by a judge of other users' } as const
const nameOf = (place: Place, method: Arm, baseline: Arm): string =>
  `${measure[place]} ${places[place]}: ${arms[method]}, against ${arms[baseline]}`

const ofBeams = (place: Place, baseline: 'continued' | 'dpo'): string =>
  `${measure[place]} ${places[place]}, mean of all beams: ${arms.ipa}, against ${arms[baseline]}`

function measurements(place: Place, { worth, beams: all }: Found): readonly Measurement[] {
  return [
    ...comparisons.map(([method, baseline]) => ({
      name: nameOf(place, method, baseline),
      baseline: worth[baseline],
      method: worth[method],
      better: 'higher' as const,
    })),
    ...(['continued', 'dpo'] as const).map((baseline) => ({
      name: ofBeams(place, baseline),
      baseline: all[baseline],
      method: all.ipa,
      better: 'higher' as const,
    })),
  ]
}

function roundsFigure({ rounds, worth }: Found): Promise<string> {
  const [truth, told, every] = [figureColors.method, '#b07aa1', '#59a14f']
  return plotSvg(({ lineY, dot, ruleY }) => ({
    title: 'Satisfaction with the session shown, as alignment goes on',
    subtitle:
      'Simulated feed: true satisfaction, and what the reward model that pairs are mined by says of the session shown.',
    caption: 'Seed 0. Dashed: the same net trained as long without pairs.',
    legend: [
      { label: 'true, of the session shown', color: truth },
      { label: 'true, of all beams', color: every },
      { label: 'by the reward model', color: told },
      { label: 'not aligned', color: figureColors.baseline },
    ],
    width: 640,
    height: 340,
    marginLeft: 50,
    style: { fontSize: '12px' },
    x: { label: 'Round', ticks: rounds.length - 1 },
    y: { label: 'Satisfaction', grid: true, domain: [0.3, 0.8] },
    marks: [
      ruleY([worth.continued], { stroke: figureColors.baseline, strokeDasharray: '4 3' }),
      lineY([...rounds], { x: 'round', y: 'worth', stroke: truth, strokeWidth: 2 }),
      dot([...rounds], { x: 'round', y: 'worth', fill: truth, r: 3 }),
      lineY([...rounds], { x: 'round', y: 'all', stroke: every, strokeWidth: 2 }),
      dot([...rounds], { x: 'round', y: 'all', fill: every, r: 3 }),
      lineY([...rounds], { x: 'round', y: 'promised', stroke: told, strokeWidth: 2 }),
      dot([...rounds], { x: 'round', y: 'promised', fill: told, r: 3 }),
    ],
  }))
}

export const experiment: Experiment = {
  id: 'onerec',
  claim:
    'A net that writes whole sessions and is aligned by pairs of its own beams satisfies more than recommenders of single ' +
    'items, and more than the same net trained as long without pairs.',
  baseline:
    'SASRec and a generative net of one item a session (TIGER), trained on the same sessions; and the same session net ' +
    'trained as long without pairs, or by DPO on logged pairs.',
  data:
    'A simulated feed whose true satisfaction is known. In full, MovieLens-100K too, judged by a reward model of other ' +
    'users, where PENCHANT_DATASETS has movielens-100k (from https://grouplens.org/datasets/movielens/100k, in RecBole’s form).',
  seeds: 3,
  async trial(run, { full }) {
    const feed = await compared(simulated(run, full), run)
    const real = full && films.every((file) => existsSync(file)) ? await compared(await movielens(run), run) : undefined
    return {
      measurements: [...measurements('feed', feed), ...(real ? measurements('films', real) : [])],
      figures: run.seed === 0 ? [{ name: 'rounds', svg: await roundsFigure(feed) }] : [],
    }
  },
  holds(metrics) {
    const above = (method: Arm, baseline: Arm): boolean =>
      metricNamed(metrics, nameOf('feed', method, baseline)).interval[0] > 0
    return (
      (['continued', 'tiger', 'sasrec'] as const).every((baseline) => above('ipa', baseline)) &&
      metricNamed(metrics, ofBeams('feed', 'continued')).interval[0] > 0
    )
  },
}
