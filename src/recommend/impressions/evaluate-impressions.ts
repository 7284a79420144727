import {
  areaUnderCurve,
  type BootstrapOptions,
  bootstrap,
  gradedNdcgAt,
  mean,
  type PairedDifference,
  percentileInterval,
} from '../../measure/index.ts'
import type { Random } from '../../run/index.ts'
import { type Impressions, requestCount } from './impressions.ts'

export interface EvaluateImpressionsOptions {
  /** Cut-offs of the NDCG. Default [10]. */
  readonly cutoffs?: readonly number[]
  /** Which requests count. Default all. */
  readonly only?: (request: number) => boolean
  /**
   * What is ranked together: each `request` by itself, or all that was shown to a `user`, as where requests show too few
   * items to rank. Default `request`.
   */
  readonly session?: 'request' | 'user'
}

/** How well scores rank what was shown. */
export interface ImpressionReport {
  /** Shown items that counted. */
  readonly shown: number
  /** Area under the ROC curve over all of them; NaN without both labels. */
  readonly auc: number
  /** Who asked in each session with something taken and something left, [sessions]; sessions of nobody known are −1. */
  readonly users: Int32Array
  /** Each session's own area under the curve, [sessions]. */
  readonly sessionAuc: Float64Array
  /** Each session's NDCG by cut-off, labels being gains. */
  readonly ndcg: Readonly<Record<number, Float64Array>>
  /** Means over sessions, `sessionAuc` and `ndcg@10` among them, and `auc`; NaN without a session. */
  readonly means: Readonly<Record<string, number>>
}

/** Whether a shown item counts as taken. */
const taken = (label: number): 0 | 1 => (label >= 0.5 ? 1 : 0)

/**
 * Judges scores of shown items. Sessions without a taken item, or without one that was left, say nothing of order and
 * are not among the sessions; their items still count for the `auc` over all. Degrees of at least ½ count as taken.
 * Equal scores count half in areas; in lists they are ordered by the item's number.
 *
 * @param scores of all shown items, [shown], also of those that do not count
 * @throws {RangeError} when there are not as many scores, or one is NaN
 */
export function evaluateImpressions(
  scores: ArrayLike<number>,
  impressions: Impressions,
  options: EvaluateImpressionsOptions = {},
): ImpressionReport {
  const { cutoffs = [10], only, session = 'request' } = options
  const { offsets, items, labels, users } = impressions
  if (scores.length !== items.length)
    throw new RangeError(`there are ${scores.length} scores of ${items.length} shown items, expected as many`)
  const sessions = new Map<number, number[]>()
  const all: number[] = []
  for (let request = 0; request < requestCount(impressions); request++) {
    if (only && !only(request)) continue
    const user = users[request] ?? -1
    const key = session === 'user' && user >= 0 ? user : -1 - request
    const own = sessions.get(key) ?? []
    sessions.set(key, own)
    for (let at = offsets[request] ?? 0; at < (offsets[request + 1] ?? 0); at++) {
      if (Number.isNaN(scores[at])) throw new RangeError(`score ${at} is NaN, expected a number`)
      own.push(at)
      all.push(at)
    }
  }
  const asked: number[] = []
  const areas: number[] = []
  const gains: number[][] = cutoffs.map(() => [])
  const requestAt = (key: number): number => users[-1 - key] ?? -1
  const score = (at: number): number => scores[at] ?? 0
  const area = (places: readonly number[]): number =>
    areaUnderCurve(
      places.map(score),
      places.map((at) => taken(labels[at] ?? 0)),
    )
  for (const [key, places] of sessions) {
    const count = places.reduce((sum, at) => sum + taken(labels[at] ?? 0), 0)
    if (count === 0 || count === places.length) continue
    asked.push(key >= 0 ? key : requestAt(key))
    areas.push(area(places))
    const ranked = places
      .toSorted((a, b) => score(b) - score(a) || (items[a] ?? 0) - (items[b] ?? 0))
      .map((at) => labels[at] ?? 0)
    for (const [at, k] of cutoffs.entries()) gains[at]?.push(gradedNdcgAt(ranked, k))
  }
  const ndcg = Object.fromEntries(cutoffs.map((k, at) => [k, Float64Array.from(gains[at] ?? [])]))
  const over = (values: ArrayLike<number>): number => (values.length > 0 ? mean(values) : Number.NaN)
  const auc = all.length > 0 ? area(all) : Number.NaN
  return {
    shown: all.length,
    auc,
    users: Int32Array.from(asked),
    sessionAuc: Float64Array.from(areas),
    ndcg,
    means: {
      auc,
      sessionAuc: over(areas),
      ...Object.fromEntries(cutoffs.map((k) => [`ndcg@${k}`, over(ndcg[k] ?? [])])),
    },
  }
}

/**
 * The mean over sessions of method − baseline, and its interval by resampling users with all their sessions (sessions of
 * nobody known each for itself).
 *
 * @param measure `sessionAuc`, or a cut-off of the NDCG
 * @throws {RangeError} when the two do not have the same sessions, or none
 */
export function compareImpressions(
  method: ImpressionReport,
  baseline: ImpressionReport,
  random: Random,
  options: BootstrapOptions & { readonly measure?: 'sessionAuc' | number } = {},
): PairedDifference {
  const { measure = 'sessionAuc' } = options
  const of = (report: ImpressionReport): Float64Array => {
    const values = measure === 'sessionAuc' ? report.sessionAuc : report.ndcg[measure]
    if (!values) throw new RangeError(`NDCG@${measure} was not measured`)
    return values
  }
  const [a, b] = [of(method), of(baseline)]
  const { users } = method
  if (
    users.length === 0 ||
    users.length !== baseline.users.length ||
    users.some((user, at) => user !== baseline.users[at])
  )
    throw new RangeError(
      `the method was judged by ${users.length} sessions and the baseline by ${baseline.users.length}, expected the same, at least one`,
    )
  const places = new Map<number, number>()
  const sums: number[] = []
  const counts: number[] = []
  for (const [at, user] of users.entries()) {
    const key = user >= 0 ? user : -1 - at
    const place = places.get(key) ?? places.size
    places.set(key, place)
    sums[place] = (sums[place] ?? 0) + (a[at] ?? 0) - (b[at] ?? 0)
    counts[place] = (counts[place] ?? 0) + 1
  }
  const ratio = (weight: (place: number) => number): number => {
    let [above, below] = [0, 0]
    for (let place = 0; place < sums.length; place++) {
      above += weight(place) * (sums[place] ?? 0)
      below += weight(place) * (counts[place] ?? 0)
    }
    return above / below
  }
  const replicates = bootstrap(sums.length, (drawn) => ratio((place) => drawn[place] ?? 0), random, options)
  return { difference: ratio(() => 1), interval: percentileInterval(replicates, options.level) }
}
