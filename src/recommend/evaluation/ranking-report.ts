import {
  averagePrecisionAt,
  type BootstrapOptions,
  coverage,
  f1At,
  hitAt,
  listDiversity,
  mean,
  ndcgAt,
  ndcgHitIdealAt,
  novelty,
  type PairedDifference,
  pairedBootstrap,
  precisionAt,
  recallAt,
  reciprocalRankAt,
} from '../../measure/index.ts'
import type { Random } from '../../run/index.ts'
import type { ItemLists, Recommendations } from '../contract.ts'

/** Metrics of one user's list; `ndcgHitIdeal` divides by the same hits moved to the front, and is no NDCG of others. */
export const listMetrics = {
  recall: recallAt,
  ndcg: ndcgAt,
  ndcgHitIdeal: (hits, _relevant, k) => ndcgHitIdealAt(hits, k),
  precision: (hits, _relevant, k) => precisionAt(hits, k),
  hit: (hits, _relevant, k) => hitAt(hits, k),
  mrr: (hits, _relevant, k) => reciprocalRankAt(hits, k),
  map: averagePrecisionAt,
  f1: f1At,
} as const satisfies Readonly<Record<string, (hits: ArrayLike<number>, relevant: number, k: number) => number>>

export type ListMetricName = keyof typeof listMetrics
/** A metric at a cut-off, such as `recall@20`. */
export type MetricAt = `${ListMetricName}@${number}`

/** What is measured of all lists together, by cut-off. */
export interface CatalogueMeasures {
  readonly k: number
  /** Share of the catalogue in at least one list. */
  readonly coverage: number
  /** Mean self-information in bits; absent without what was taken in training. */
  readonly novelty?: number
  /** Mean distance within a list, NaN for lists of single items; absent without vectors of the items. */
  readonly diversity?: number
}

/** How well lists met what was held out. */
export interface RankingReport {
  /** Users that were tested, in the order of the values; those without a held-out item are not among them. */
  readonly users: Uint32Array
  /** Value of each user by metric and cut-off. */
  readonly values: Readonly<Record<MetricAt, Float64Array>>
  /** Mean over users. */
  readonly means: Readonly<Record<MetricAt, number>>
  readonly catalogue: readonly CatalogueMeasures[]
  /** The lists themselves. */
  readonly recommendations: Recommendations
}

export interface RankingReportOptions {
  /** Default [20]. */
  readonly cutoffs?: readonly number[]
  /** Default all. */
  readonly metrics?: readonly ListMetricName[]
  readonly items: number
  /** How many users took each item in training, and how many users there were: for novelty. */
  readonly taken?: { readonly counts: ArrayLike<number>; readonly users: number }
  /** What makes items alike, [items, width]: for diversity. */
  readonly vectors?: { readonly data: ArrayLike<number>; readonly width: number }
}

/**
 * Measures lists against held-out items.
 *
 * @param users one a row
 * @param relevant held-out items of each row, ascending; rows without any must not be given
 * @throws {RangeError} when a row has none, or the lists are shorter than a cut-off and than the catalogue
 */
export function rankingReport(
  recommendations: Recommendations,
  users: Uint32Array,
  relevant: ItemLists,
  options: RankingReportOptions,
): RankingReport {
  const cutoffs = options.cutoffs ?? [20]
  const names = options.metrics ?? (Object.keys(listMetrics) as ListMetricName[])
  const { rows, count, items } = recommendations
  if (rows === 0) throw new RangeError('no user has a held-out item, expected at least one')
  const longest = Math.min(Math.max(...cutoffs), options.items)
  if (count < longest) throw new RangeError(`the lists have ${count} places, expected at least ${longest}`)
  const columns = names.flatMap((name) =>
    cutoffs.map((k) => ({
      key: `${name}@${k}` as MetricAt,
      metric: listMetrics[name],
      k,
      values: new Float64Array(rows),
    })),
  )
  const hits = new Uint8Array(count)
  for (let row = 0; row < rows; row++) {
    const wanted = relevant(row)
    if (wanted.length === 0) throw new RangeError(`user ${users[row]} has no held-out item, expected at least one`)
    for (let at = 0; at < count; at++) hits[at] = among(wanted, items[row * count + at] ?? -1) ? 1 : 0
    for (const { metric, k, values } of columns) values[row] = metric(hits, wanted.length, k)
  }
  return {
    users,
    values: Object.fromEntries(columns.map(({ key, values }) => [key, values])) as RankingReport['values'],
    means: Object.fromEntries(columns.map(({ key, values }) => [key, mean(values)])) as RankingReport['means'],
    catalogue: cutoffs.map((k) => catalogueMeasures(recommendations, k, options)),
    recommendations,
  }
}

/** Whether an ascending list holds a number. */
function among(list: ArrayLike<number>, wanted: number): boolean {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low < list.length && list[low] === wanted
}

function catalogueMeasures(
  { rows, count, items }: Recommendations,
  k: number,
  { items: catalogue, taken, vectors }: RankingReportOptions,
): CatalogueMeasures {
  const lists = Array.from({ length: rows }, (_, row) => items.subarray(row * count, row * count + Math.min(k, count)))
  const distances = vectors ? lists.map((list) => listDiversity(list, vectors.data, vectors.width)) : []
  const told = distances.filter((distance) => !Number.isNaN(distance))
  return {
    k,
    coverage: coverage(lists, catalogue),
    ...(taken && { novelty: novelty(lists, taken.counts, taken.users) }),
    ...(vectors && { diversity: told.length > 0 ? mean(told) : Number.NaN }),
  }
}

/** Means of one group of users. */
export interface GroupMeans {
  readonly group: string
  readonly users: number
  readonly means: Readonly<Record<MetricAt, number>>
}

/**
 * A report's means by groups of users, in order of the groups' names.
 *
 * @param groupOf the group of a user's number; undefined leaves the user out
 */
export function byGroup(report: RankingReport, groupOf: (user: number) => string | undefined): readonly GroupMeans[] {
  const rows = new Map<string, number[]>()
  for (const [row, user] of report.users.entries()) {
    const group = groupOf(user)
    if (group === undefined) continue
    const own = rows.get(group)
    if (own) own.push(row)
    else rows.set(group, [row])
  }
  return [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, own]) => ({
      group,
      users: own.length,
      means: Object.fromEntries(
        Object.entries(report.values).map(([key, values]) => [key, mean(own.map((row) => values[row] ?? 0))]),
      ) as GroupMeans['means'],
    }))
}

/**
 * The mean of method − baseline over the users of both, and its interval by resampling users as pairs.
 *
 * @throws {RangeError} when the two were not tested on the same users, or lack the metric
 * @example
 * compareReports(ease, popular, 'ndcg@20', seeded(1)).interval // [0.031, 0.036]: EASE is better
 */
export function compareReports(
  method: RankingReport,
  baseline: RankingReport,
  metric: MetricAt,
  random: Random,
  options: BootstrapOptions = {},
): PairedDifference {
  if (method.users.length !== baseline.users.length || method.users.some((user, row) => user !== baseline.users[row]))
    throw new RangeError(
      `the method was tested on ${method.users.length} users and the baseline on ${baseline.users.length}, expected the same users`,
    )
  const [a, b] = [method.values[metric], baseline.values[metric]]
  if (!a || !b) throw new RangeError(`"${metric}" was not measured; there are ${Object.keys(method.values).join(', ')}`)
  return pairedBootstrap(Array.from(a), Array.from(b), random, options)
}
