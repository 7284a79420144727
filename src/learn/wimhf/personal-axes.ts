import { type GroupSlopes, groupSlopes, logisticRegression, NoFiniteSlopeError } from '../../measure/index.ts'
import type { Matrix } from '../contract.ts'
import { activationsOf, checkMeasured, type MeasuredPairs, standardised } from './expressed-preferences.ts'

/** How much raters disagree about one axis. */
export interface Subjectivity {
  readonly feature: number
  /** Mean slope over raters, per standard deviation of the axis. */
  readonly slope: number
  /** τ: standard deviation of raters' true slopes; 0 when they differ no more than chance. */
  readonly tau: number
  /** Each rater's own slope and the one shrunken towards the mean, for raters with enough choices. */
  readonly raters: GroupSlopes<string>['groups']
  /** Raters without a finite slope of their own. */
  readonly left: readonly string[]
}

/**
 * How much raters disagree about each axis: slopes b_r ~ N(β, τ²), each from one rater's choices with intercept and
 * length beside the axis, pooled by DerSimonian and Laird. An axis of large τ is a matter of taste.
 *
 * Axes that are rarely active within a rater's choices tell little; raters whose choices such an axis separates are left
 * out and named.
 *
 * @param raters `[pairs]`
 * @returns one entry for each feature that any rater has a slope for
 * @see Movva et al. (2025), arXiv 2510.26202
 */
export function axisSubjectivity(
  pairs: MeasuredPairs,
  raters: readonly string[],
  features: readonly number[] = Array.from({ length: pairs.activations.columns }, (_, k) => k),
): readonly Subjectivity[] {
  checkMeasured(pairs)
  const { activations, preferred } = pairs
  const length = standardised(pairs.lengths)
  return features.flatMap((feature): Subjectivity[] => {
    const z = standardised(activationsOf(activations, feature))
    const design = Float64Array.from([...z].flatMap((value, row) => [1, value, length[row] as number]))
    try {
      const { groups, left, pooled } = groupSlopes({ design, columns: 3, outcomes: preferred }, raters, { column: 1 })
      return [{ feature, slope: pooled.effect, tau: Math.sqrt(pooled.betweenVariance), raters: groups, left }]
    } catch (error) {
      if (error instanceof NoFiniteSlopeError) return []
      throw error
    }
  })
}

/** What is known of a slope before a rater's own choices are seen. */
export interface SlopePrior {
  /** β: the slope of everyone. */
  readonly mean: number
  /** τ: how much raters differ. */
  readonly deviation: number
}

/**
 * One rater's slopes on chosen axes, from few choices: the most likely ones under the priors N(β_j, τ_j²), everything
 * else of the global model held fixed as an offset. A prior without spread leaves the slope of everyone.
 *
 * @param activations `[pairs, axes]`: the chosen axes, as the global model sees them
 * @param offsets `[pairs]`: log odds of the global model without these axes
 * @param priors one for each axis
 * @returns `[axes]`
 * @throws {RangeError} on shapes that do not match
 */
export function personalSlopes(
  activations: Matrix,
  offsets: ArrayLike<number>,
  preferred: ArrayLike<number>,
  priors: readonly SlopePrior[],
): Float64Array {
  if (priors.length !== activations.columns)
    throw new RangeError(`there are ${priors.length} priors for ${activations.columns} axes, expected one each`)
  const found = Float64Array.from(priors, (prior) => prior.mean)
  const free = priors.flatMap(({ deviation }, k) => (deviation > 0 ? [k] : []))
  if (activations.rows === 0 || free.length === 0) return found
  const known = Float64Array.from(offsets, (offset, row) =>
    priors.reduce(
      (sum, prior, k) =>
        free.includes(k) ? sum : sum + prior.mean * (activations.data[row * activations.columns + k] as number),
      offset,
    ),
  )
  const fit = logisticRegression(
    {
      design: Float64Array.from({ length: activations.rows * free.length }, (_, at) => {
        const [row, k] = [Math.floor(at / free.length), free[at % free.length] as number]
        return activations.data[row * activations.columns + k] as number
      }),
      columns: free.length,
      outcomes: preferred,
      offsets: known,
    },
    {
      ridge: free.map((k) => 1 / (priors[k] as SlopePrior).deviation ** 2),
      centre: free.map((k) => (priors[k] as SlopePrior).mean),
    },
  )
  for (const [at, k] of free.entries()) found[k] = fit.coefficients[at] as number
  return found
}

/** The pairs to ask a rater about, those in which an axis is strongest first; of equal ones the earlier. */
export function tellingPairs(activations: ArrayLike<number>, count: number): readonly number[] {
  return Array.from({ length: activations.length }, (_, row) => row)
    .sort((i, j) => Math.abs(activations[j] as number) - Math.abs(activations[i] as number) || i - j)
    .slice(0, count)
}
