import { cholesky, choleskyInverse } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import {
  type NormalEstimate,
  type NormalLevels,
  type NormalLikelihood,
  normalLevels,
  varianceChange,
} from './normal-levels.ts'
import { type OrderedList, rankOrderedLogit } from './rank-ordered-logit.ts'

/** A rater to find the taste of. */
export interface TasteRater {
  readonly lists: readonly OrderedList[]
  /** Place of the group whose taste the rater's varies about, such as a country. Default 0: one group of all. */
  readonly group?: number
}

export interface FitTastesOptions {
  /** Numbers per candidate. */
  readonly width: number
  /** How often best points are looked for anew. Default 6; they end sooner when nothing moves. */
  readonly passes?: number
  /** Rounds of EM in each pass at most. Default 30. */
  readonly rounds?: number
  /** τ² of raters and groups to begin with. Default 0.1. */
  readonly variance?: number
}

/** Tastes: a number per column, in log-odds per unit of the column, each with the covariance of its posterior. */
export interface Tastes {
  /** What all have in common. */
  readonly common: NormalEstimate
  /** `[width]`: τ², how much groups differ; all 0 for one group. */
  readonly betweenGroups: Float64Array
  /** `[width]`: τ², how much raters of a group differ. */
  readonly withinGroups: Float64Array
  readonly groups: readonly NormalEstimate[]
  /** In the order given. A rater who said nothing has the group's taste, with the spread of its raters about it. */
  readonly raters: readonly NormalEstimate[]
  /** Whether τ² had settled. */
  readonly settled: boolean
}

const settledBelow = 0.02

/** The likelihood of some lists as a normal one about their best point under the prior N(centre, 1/P). */
function toldBy(
  lists: readonly OrderedList[],
  centre: Float64Array,
  P: Float64Array,
  start: Float64Array,
): NormalLikelihood {
  const width = P.length
  const { coefficients: best, covariance } = rankOrderedLogit(lists, { mean: centre, precision: P }, start)
  const precision = choleskyInverse(cholesky(covariance, width))
  const pull = new Float64Array(width)
  for (let i = 0; i < width; i++) {
    // At the best point the data pull as much as the prior holds: L·b + P(b − centre), of which L + P is at hand.
    let sum = -(P[i] as number) * (centre[i] as number)
    for (let j = 0; j < width; j++) sum += (precision[i * width + j] as number) * (best[j] as number)
    pull[i] = sum
  }
  for (let k = 0; k < width; k++) precision[k * width + k] = (precision[k * width + k] as number) - (P[k] as number)
  return { precision, pull }
}

/**
 * Tastes of many raters from few words each. Every rater's lists follow a rank-ordered logit of their own, whose
 * coefficients vary about those of the rater's group, and these about what all have in common:
 *
 *     b_r ~ N(b_g(r), τ_within²),    b_g ~ N(μ, τ_between²)
 *
 * by column. Each rater's likelihood is taken as normal about its best point, the τ² are estimated given that
 * ({@link normalLevels}), and the best points looked for again given these, until nothing moves. A rater who said little
 * is told from the group only as far as that little goes.
 *
 * @param raters in any order; groups are counted from 0, each with a rater
 * @throws {RangeError} when nobody said anything, or a group is no whole number or has nobody
 * @example
 * const list = orderList({ features: Float64Array.of(1, 0), ranks: [1, 2] }, 1) // who has the feature is preferred
 * const { common, raters } = fitTastes([{ lists: [list] }, { lists: [list, list] }], { width: 1 }, startRun())
 */
export function fitTastes(
  raters: readonly TasteRater[],
  { width, passes = 6, rounds = 30, variance = 0.1 }: FitTastesOptions,
  run: Pick<Run, 'progress' | 'signal'>,
): Tastes {
  if (!raters.some(({ lists }) => lists.length > 0))
    throw new RangeError('no rater said anything to learn a taste from')
  const groupOf = raters.map(({ group = 0 }, at) => {
    if (!Number.isInteger(group) || group < 0)
      throw new RangeError(`rater ${at}: group is ${group}, expected a whole number from 0`)
    return group
  })
  const present = new Set(groupOf)
  const groupCount = Math.max(...groupOf) + 1
  for (let group = 0; group < groupCount; group++)
    if (!present.has(group)) throw new RangeError(`group ${group} of ${groupCount} has no rater`)
  const nowhere: NormalEstimate = { mean: new Float64Array(width), covariance: new Float64Array(width * width) }
  let levels: Omit<NormalLevels, 'rounds'> = {
    common: nowhere,
    groups: Array.from({ length: groupCount }, () => nowhere),
    members: raters.map(() => nowhere),
    within: new Float64Array(width).fill(variance),
    between: new Float64Array(width).fill(groupCount > 1 ? variance : 0),
  }
  let settled = false
  for (let pass = 0; pass < passes && !settled; pass++) {
    run.progress({ label: 'tastes', done: pass, total: passes })
    run.signal.throwIfAborted()
    const { within, between, groups, members } = levels
    const P = within.map((value) => 1 / value)
    const told = raters.map(({ lists }, rater) => {
      const centre = (groups[groupOf[rater] as number] as NormalEstimate).mean
      return toldBy(lists, centre, P, (members[rater] as NormalEstimate).mean)
    })
    levels = normalLevels(told, groupOf, { start: { within, between }, rounds })
    settled = Math.max(varianceChange(within, levels.within), varianceChange(between, levels.between)) < settledBelow
  }
  run.progress({ label: 'tastes', done: passes, total: passes })
  const { common, between, within, groups, members } = levels
  return { common, betweenGroups: between, withinGroups: within, groups, raters: members, settled }
}
