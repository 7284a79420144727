import { mean, normalQuantile, quantiles, variance } from '../measure/index.ts'
import type { Random } from '../run/index.ts'
import { type EloScale, eloRatings, pointsPerLogOdds, ranksFromIntervals } from './elo-scale.ts'

export interface BootstrapIntervals {
  readonly random: Random
  /** Default 100. */
  readonly replicates?: number
  /** What is reported as the rating: the mean of the replicates, or the fit to the votes. Default mean. */
  readonly centre?: 'mean' | 'fit'
  /** Percentiles of the replicates, or centre ± z·(their standard deviation). Default percentile. */
  readonly ends?: 'percentile' | 'normal'
}

/** What is common to ratings from pairs and from rankings. */
export interface RatedOptions extends EloScale {
  /** Moves all ratings so that one competitor has a given rating. */
  readonly anchor?: { readonly name: string; readonly rating: number }
  /** Coverage of the intervals. Default 0.95. */
  readonly level?: number
}

/** Ratings of competitors, each array in the order of `names`. */
export interface RatedCompetitors {
  readonly names: readonly string[]
  /** In points. */
  readonly ratings: Float64Array
  /** Ends of the intervals, in points; ∓infinity for competitors without votes. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Squared standard errors, in squared points. */
  readonly variances: Float64Array
  /** 1 + how many others' lower ends lie above this one's upper end. */
  readonly ranks: Int32Array
}

/** Estimates of some parameters and the ends of their intervals, on the parameters' own scale. */
export interface ParameterIntervals {
  readonly centre: Float64Array
  readonly lower: Float64Array
  readonly upper: Float64Array
  readonly variances: Float64Array
}

/** centre ± z·√variance. */
export function normalIntervals(
  parameters: Float64Array,
  squaredErrors: Float64Array,
  level: number,
): ParameterIntervals {
  const z = normalQuantile((1 + level) / 2)
  // Rounding can leave a variance of nothing below 0.
  const variances = squaredErrors.map((value) => Math.max(0, value))
  const end = (sign: 1 | -1): Float64Array =>
    parameters.map((value, i) => value + sign * z * Math.sqrt(variances[i] as number))
  return { centre: parameters, lower: end(-1), upper: end(1), variances }
}

/** Intervals from refits, `[replicates, parameters]`; variances are those of the replicates themselves. */
export function replicateIntervals(
  parameters: Float64Array,
  replicates: Float64Array,
  { centre = 'mean', ends = 'percentile' }: Omit<BootstrapIntervals, 'random'>,
  level: number,
): ParameterIntervals {
  const size = parameters.length
  const z = normalQuantile((1 + level) / 2)
  const result = {
    centre: Float64Array.from(parameters),
    lower: new Float64Array(size),
    upper: new Float64Array(size),
    variances: new Float64Array(size),
  }
  const column = new Float64Array(replicates.length / size)
  for (let i = 0; i < size; i++) {
    for (let replicate = 0; replicate < column.length; replicate++)
      column[replicate] = replicates[replicate * size + i] as number
    const spread = variance(column, 0)
    if (centre === 'mean') result.centre[i] = mean(column)
    result.variances[i] = spread
    const middle = result.centre[i] as number
    const [lower, upper] =
      ends === 'normal'
        ? [middle - z * Math.sqrt(spread), middle + z * Math.sqrt(spread)]
        : quantiles(column, [(1 - level) / 2, (1 + level) / 2])
    result.lower[i] = lower as number
    result.upper[i] = upper as number
  }
  return result
}

/**
 * Turns strengths and their ends, the first of the parameters, into ratings and ranks. An anchor shifts everything by
 * one constant.
 *
 * @param seen indices of the competitors that have votes
 * @throws {RangeError} on an unknown anchor
 */
export function ratedCompetitors(
  names: readonly string[],
  found: ParameterIntervals,
  seen: readonly number[],
  options: RatedOptions,
): RatedCompetitors {
  const { anchor } = options
  const anchorIndex = anchor ? names.indexOf(anchor.name) : -1
  if (anchor && anchorIndex < 0)
    throw new RangeError(`the anchor "${anchor.name}" is not among the ${names.length} competitors`)
  const unshifted = eloRatings(found.centre.subarray(0, names.length), options)
  const shift = anchor ? anchor.rating - (unshifted[anchorIndex] as number) : 0
  const shown = (values: Float64Array): Float64Array =>
    eloRatings(values.subarray(0, names.length), options).map((value) => value + shift)
  const lower = shown(found.lower)
  const upper = shown(found.upper)
  const known = new Set(seen)
  for (let i = 0; i < names.length; i++) {
    if (known.has(i)) continue
    lower[i] = Number.NEGATIVE_INFINITY
    upper[i] = Number.POSITIVE_INFINITY
  }
  const points = pointsPerLogOdds(options)
  return {
    names,
    ratings: shown(found.centre),
    lower,
    upper,
    variances: found.variances.slice(0, names.length).map((value) => value * points ** 2),
    ranks: ranksFromIntervals(lower, upper),
  }
}

/** The level of the options, checked. @throws {RangeError} outside (0, 1) */
export function levelOf({ level = 0.95 }: RatedOptions): number {
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  return level
}

/** Sentences about replicates that needed help. */
export function describeReplicates(
  {
    replicates,
    penalised,
    unseen,
  }: { readonly replicates: number; readonly penalised: number; readonly unseen: Int32Array },
  names: readonly string[],
): string[] {
  const sentences: string[] = []
  if (penalised > 0)
    sentences.push(`${penalised} of ${replicates} bootstrap replicates had no finite fit and were penalised.`)
  unseen.forEach((count, i) => {
    if (count > 0 && count < replicates)
      sentences.push(
        `"${names[i]}" has so few votes that ${count} of ${replicates} bootstrap replicates had none of them; there it was put at the mean.`,
      )
  })
  return sentences
}
