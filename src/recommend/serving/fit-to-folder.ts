import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bootstrap, mean, percentileInterval } from '../../measure/index.ts'
import type { Random, Run } from '../../run/index.ts'
import { value, writeSafetensors } from '../../tensor/index.ts'
import { approximately, buildApproximateIndex, hasApproximateIndex } from '../approximate-index.ts'
import { als } from '../baseline/als.ts'
import { popularity } from '../baseline/popularity.ts'
import type { Recommendations, Recommender } from '../contract.ts'
import { seenIn, testedUsers } from '../evaluation/evaluate-ranking.ts'
import { type RankingReport, rankingReport } from '../evaluation/ranking-report.ts'
import { type InteractionLog, renumbered } from '../interactions/interaction-log.ts'
import { type InteractionSet, interactionSet, itemCounts, itemsOf } from '../interactions/interaction-set.ts'
import { saveInteractions } from '../interactions/save.ts'
import { fairnessNumber, recommendationFairness } from '../item-fairness.ts'
import { recommenderKind } from '../recommender-kinds.ts'
import { historySplit, randomSplit, type Split } from '../split.ts'
import { type NamedDetails, writeDetails } from './item-details.ts'
import { type CandidateStore, saveCandidates } from './list-store.ts'
import { folderFiles, type RecommenderManifest, type RecommenderQuality } from './manifest.ts'

/** What to fit, and how it is to be measured and searched. */
export interface FitToFolderOptions {
  /** A name among `recommenderKinds`. */
  readonly kind: string
  /** Options of the kind; checked by its schema. Default none. */
  readonly options?: Readonly<Record<string, unknown>>
  /**
   * Share of each history that quality is measured on before everything is learned from. 0 measures nothing. Default 0.2.
   */
  readonly holdOut?: number
  /**
   * Which part of a history that is: the `latest`, or a part at `random`, for catalogues in which what is new is new to
   * all at once, so that of the latest items nothing could be learned. Default `latest`.
   */
  readonly holdOutFrom?: 'latest' | 'random'
  /** How items are searched where scores are inner products: `auto` is exact up to a million items. Default `auto`. */
  readonly index?: 'auto' | 'exact' | 'hnsw'
  /** Titles and attributes of items; those of items that nobody took are passed over. */
  readonly details?: Iterable<NamedDetails>
  /** What names the interactions in the manifest. */
  readonly dataVersion?: string
}

/** Share of a history that an epoch is chosen by, for methods that have one to choose. */
const validShare = 0.1
/** Users that quality is measured on at most, drawn by chance. */
const measuredUsers = 10_000
/** Users whose candidates are kept, and how many candidates. */
const [keptUsers, keptCandidates] = [1_000, 100]
const cutoffs = [10, 20]
const metrics = ['recall', 'ndcg', 'hit', 'mrr'] as const
/** The vectors that tell which items are alike. */
const likenessOptions = { width: 32, iterations: 5 }
const replicates = 1_000

/**
 * Fits a recommender to a log, measures it, and writes it to a folder from which `openRecommender` serves it by ids.
 * What stands there before is replaced, once the new one is whole.
 *
 * Quality is that of the same method with the latest part of every history held out: all items are ranked, those that
 * the user had before left out. Then the method is fitted again, to everything. A method that chooses an epoch does so by
 * a tenth of the histories before the held-out part, and trains as many epochs again.
 *
 * @throws {RangeError} on an unknown kind, or a log without interactions; {z.ZodError} on options that are none of the kind's
 * @example
 * await fitToFolder(await readInteractions('ratings.csv'), { kind: 'ease' }, './recommenders/films', startRun())
 */
export async function fitToFolder(
  log: InteractionLog,
  options: FitToFolderOptions,
  folder: string,
  run: Run,
): Promise<RecommenderManifest> {
  const kind = recommenderKind(options.kind)
  const chosen = kind.options.parse(options.options ?? {}) as Readonly<Record<string, unknown>>
  const holdOut = options.holdOut ?? 0.2
  if (!(holdOut >= 0 && holdOut <= 0.5)) throw new RangeError(`holdOut is ${holdOut}, expected a share from 0 to 0.5`)
  if (log.users.length === 0) throw new RangeError('there are no interactions to learn from, expected some')
  const all = interactionSet(renumbered(log))
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  try {
    const shares = { test: holdOut, valid: kind.validates ? validShare : 0 }
    const split =
      holdOut === 0
        ? undefined
        : options.holdOutFrom === 'random'
          ? randomSplit(all, run.random('held out'), shares)
          : historySplit(all, shares)
    const measured =
      split && split.test.columns.length > 0 ? await measure(split, holdOut, chosen, options.kind, run) : undefined
    run.log({ level: 'info', message: `fitting ${options.kind} to ${all.columns.length} interactions` })
    const { recommender } = await kind.fit({ train: all }, { ...chosen, ...measured?.chosen }, run)
    try {
      run.progress({ label: 'saving', done: 0, total: 4 })
      await recommender.save(join(partial, folderFiles.model))
      run.progress({ label: 'saving', done: 1, total: 4 })
      await saveInteractions(join(partial, folderFiles.interactions), all)
      await saveLikeness(join(partial, folderFiles.likeness), all, run)
      run.progress({ label: 'saving', done: 2, total: 4 })
      const users = someOf(testedUsers(all), keptUsers, run.random('kept users'))
      const count = Math.min(keptCandidates, all.items)
      const population = await recommender.recommend({ users }, { count })
      await saveCandidates(join(partial, folderFiles.lists), {
        population,
        ...(measured && { heldOut: measured.heldOut }),
      })
      run.progress({ label: 'saving', done: 3, total: 4 })
      const searched = await indexFor(
        recommender,
        options.index ?? 'auto',
        users,
        join(partial, folderFiles.index),
        run,
      )
      if (options.details) writeDetails(join(partial, folderFiles.details), ofCatalogue(options.details, all))
      const manifest: RecommenderManifest = {
        format: 'penchant-recommender-folder',
        version: 1,
        kind: options.kind,
        options: chosen,
        seed: run.seed,
        users: all.users,
        items: all.items,
        interactions: all.columns.length,
        ...searched,
        explains: recommender.explain !== undefined,
        ...(measured && { quality: measured.quality }),
        ...(options.dataVersion !== undefined && { dataVersion: options.dataVersion }),
      }
      await writeFile(join(partial, folderFiles.manifest), JSON.stringify(manifest, undefined, 2))
      await replaceFolder(partial, folder)
      return manifest
    } finally {
      await recommender.dispose()
    }
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

interface Measured {
  readonly quality: RecommenderQuality
  readonly heldOut: NonNullable<CandidateStore['heldOut']>
  readonly chosen?: Readonly<Record<string, unknown>>
}

async function measure(
  { train, valid, test }: Split,
  holdOut: number,
  options: Readonly<Record<string, unknown>>,
  kindName: string,
  run: Run,
): Promise<Measured> {
  const kind = recommenderKind(kindName)
  run.log({ level: 'info', message: `fitting ${kindName} without what is held out, to measure it` })
  const data = { train, ...(valid.columns.length > 0 && { valid }) }
  const { recommender, chosen } = await kind.fit(data, options, run)
  const popular = popularity(train)
  try {
    const users = someOf(testedUsers(test), measuredUsers, run.random('measured users'))
    const lists = await listsFor(recommender, users, seenIn(train, valid), run)
    const baseline = await listsFor(popular, users, seenIn(train, valid), run)
    const relevant = (row: number): Uint32Array => itemsOf(test, users[row] ?? 0)
    const reportOf = (found: Recommendations): RankingReport =>
      rankingReport(found, users, relevant, {
        cutoffs: cutoffs.map((k) => Math.min(k, test.items)),
        metrics,
        items: test.items,
        taken: { counts: itemCounts(train), users: train.users },
      })
    const [report, usual] = [reportOf(lists), reportOf(baseline)]
    const shown = report.catalogue.at(-1)
    const evenness = fullRows(lists, Math.min(20, test.items))
    const gini = evenness
      ? fairnessNumber(recommendationFairness(evenness, test.items, evenness.count).gini.corrected)
      : Number.NaN
    const kept = Math.min(keptUsers, users.length)
    const [offsets, columns]: [Uint32Array, number[]] = [new Uint32Array(kept + 1), []]
    for (let row = 0; row < kept; row++) {
      columns.push(...relevant(row))
      offsets[row + 1] = columns.length
    }
    return {
      quality: {
        holdOut,
        users: users.length,
        interactions: test.columns.length,
        metrics: Object.entries(report.values).map(([name, values]) => {
          const [lower, upper] = interval(values, run.random(`interval of ${name}`))
          return { name, value: mean(values), lower, upper, popularity: usual.means[name as 'recall@20'] ?? 0 }
        }),
        coverage: shown?.coverage ?? 0,
        novelty: shown?.novelty ?? 0,
        ...(Number.isFinite(gini) && { gini }),
      },
      heldOut: {
        candidates: {
          ...lists,
          rows: kept,
          items: lists.items.slice(0, kept * lists.count),
          scores: lists.scores.slice(0, kept * lists.count),
        },
        offsets,
        columns: Uint32Array.from(columns),
      },
      ...(chosen && { chosen }),
    }
  } finally {
    await recommender.dispose()
    await popular.dispose()
  }
}

/** Rows between two signs of progress. */
const blockRows = 1_000

async function listsFor(
  recommender: Recommender,
  users: Uint32Array,
  seen: (user: number) => ArrayLike<number>,
  run: Run,
): Promise<Recommendations> {
  const count = Math.min(keptCandidates, recommender.items)
  const rows = users.length
  const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
  for (let from = 0; from < rows; from += blockRows) {
    run.signal.throwIfAborted()
    run.progress({ label: 'ranking for those who are measured', done: from, total: rows })
    const part = users.subarray(from, Math.min(rows, from + blockRows))
    const { items, scores } = await recommender.recommend(
      { users: part },
      { count, exclude: (row) => seen(part[row] ?? 0) },
    )
    found.items.set(items, from * count)
    found.scores.set(scores, from * count)
  }
  return found
}

/** The first `k` places of the rows that have so many; undefined where there are none. */
function fullRows({ rows, count, items, scores }: Recommendations, k: number): Recommendations | undefined {
  const full = Array.from({ length: rows }, (_, row) => row).filter((row) => (items[row * count + k - 1] ?? -1) >= 0)
  if (full.length === 0) return undefined
  const places = full.flatMap((row) => Array.from({ length: k }, (_, at) => row * count + at))
  return {
    rows: full.length,
    count: k,
    items: Int32Array.from(places, (place) => items[place] ?? -1),
    scores: Float32Array.from(places, (place) => scores[place] ?? 0),
  }
}

/** Items beyond which a search of all is slow. */
const manyItems = 1_000_000
/** Users whose lists tell how much an approximate index finds. */
const comparedUsers = 200

/** How the items are to be searched; an approximate index is built and saved where it is wanted. */
async function indexFor(
  recommender: Recommender,
  wanted: 'auto' | 'exact' | 'hnsw',
  users: Uint32Array,
  path: string,
  run: Run,
): Promise<Pick<RecommenderManifest, 'index' | 'indexRecall'>> {
  const { vectors, kind, items } = recommender
  if (!vectors) {
    if (wanted === 'hnsw')
      throw new RangeError(`index is "hnsw", but "${kind}" scores all items; expected "exact" or "auto"`)
    return { index: 'scores' }
  }
  if (wanted === 'exact' || (wanted === 'auto' && items <= manyItems)) return { index: 'exact' }
  if (!(await hasApproximateIndex())) {
    const why = 'the library of the approximate index is not compiled for this machine'
    if (wanted === 'hnsw') throw new RangeError(`index is "hnsw", but ${why}; expected "exact"`)
    run.log({ level: 'warn', message: `${why}: all items are searched` })
    return { index: 'exact' }
  }
  const index = await buildApproximateIndex(vectors, {}, run)
  index.save(path)
  const audience = { users: users.subarray(0, comparedUsers) }
  const count = Math.min(20, items)
  const [exact, near] = [
    await recommender.recommend(audience, { count }),
    await approximately(recommender, index).recommend(audience, { count }),
  ]
  let [found, all] = [0, 0]
  for (let row = 0; row < exact.rows; row++) {
    const own = new Set(near.items.subarray(row * count, (row + 1) * count))
    for (const item of exact.items.subarray(row * count, (row + 1) * count)) {
      if (item < 0) continue
      all++
      if (own.has(item)) found++
    }
  }
  return { index: 'hnsw', indexRecall: all === 0 ? 1 : found / all }
}

/** The 95 % bootstrap interval of a mean. */
function interval(values: Float64Array, random: Random): readonly [number, number] {
  const means = bootstrap(
    values.length,
    (counts) => {
      let sum = 0
      for (let at = 0; at < counts.length; at++) sum += (counts[at] as number) * (values[at] as number)
      return sum / counts.length
    },
    random,
    { replicates: Math.min(replicates, Math.max(100, Math.floor(2e7 / values.length))) },
  )
  return percentileInterval(means)
}

/** At most so many of some users, by chance, in ascending order. */
function someOf(users: Uint32Array, most: number, random: Random): Uint32Array {
  return users.length <= most ? users : Uint32Array.from(random.shuffle(Array.from(users)).slice(0, most)).sort()
}

async function saveLikeness(path: string, all: InteractionSet, run: Run): Promise<void> {
  const factors = await als(all, likenessOptions, run)
  const { vectors, width, items } = factors.vectors ?? { vectors: new Float32Array(0), width: 0, items: 0 }
  await writeSafetensors(path, { vectors: value(vectors, [items, width]) })
  await factors.dispose()
}

function* ofCatalogue(details: Iterable<NamedDetails>, { itemIds }: InteractionSet): Iterable<NamedDetails> {
  for (const one of details) if (itemIds.find(one.id) !== undefined) yield one
}

/** Puts a folder in the place of another. */
async function replaceFolder(from: string, to: string): Promise<void> {
  const old = `${to}.old`
  await rm(old, { recursive: true, force: true })
  try {
    await rename(to, old)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await rename(from, to)
  await rm(old, { recursive: true, force: true })
}
