import { midranks } from './agreement.ts'
import { normalCdf, normalQuantile } from './normal.ts'

function checkLabels(scores: ArrayLike<number>, labels: ArrayLike<number>): void {
  if (scores.length !== labels.length)
    throw new RangeError(`there are ${scores.length} scores and ${labels.length} labels, expected as many`)
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 0 && labels[i] !== 1) throw new RangeError(`label ${i} is ${labels[i]}, expected 0 or 1`)
    if (Number.isNaN(scores[i])) throw new RangeError(`score ${i} is NaN, expected a number`)
  }
}

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting half. NaN
 * without a positive or without a negative.
 *
 * @param labels 1 for positives, 0 for negatives
 * @param weights how much each case counts; default 1
 * @throws {RangeError} on other labels, unequal lengths, NaN scores, or negative weights
 */
export function areaUnderCurve(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  checkLabels(scores, labels)
  if (weights && weights.length !== scores.length)
    throw new RangeError(`there are ${scores.length} scores and ${weights.length} weights, expected as many`)
  const order = Int32Array.from({ length: scores.length }, (_, i) => i).sort(
    (i, j) => (scores[i] as number) - (scores[j] as number),
  )
  let [below, above, won] = [0, 0, 0]
  for (let from = 0; from < order.length; ) {
    let [to, positive, negative] = [from, 0, 0]
    for (; to < order.length && scores[order[to] as number] === scores[order[from] as number]; to++) {
      const at = order[to] as number
      const weight = weights?.[at] ?? 1
      if (!(weight >= 0)) throw new RangeError(`weight ${at} is ${weight}, expected a number of at least 0`)
      if (labels[at] === 1) positive += weight
      else negative += weight
    }
    won += positive * (below + negative / 2)
    below += negative
    above += positive
    from = to
  }
  return won / (above * below)
}

/** Per positive, the share of negatives it scores above, and per negative, the share of positives above it. */
interface Placements {
  readonly area: number
  readonly positives: Float64Array
  readonly negatives: Float64Array
}

function placements(scores: ArrayLike<number>, labels: ArrayLike<number>): Placements {
  checkLabels(scores, labels)
  const positions = Array.from({ length: labels.length }, (_, i) => i)
  const [up, down] = [positions.filter((i) => labels[i] === 1), positions.filter((i) => labels[i] === 0)]
  if (up.length < 2 || down.length < 2)
    throw new RangeError(`there are ${up.length} positives and ${down.length} negatives, expected at least 2 of each`)
  const all = midranks(scores)
  const among = (members: readonly number[]): Float64Array => midranks(members.map((i) => scores[i] as number))
  const [ranksUp, ranksDown] = [among(up), among(down)]
  const positives = Float64Array.from(up, (i, k) => ((all[i] as number) - (ranksUp[k] as number)) / down.length)
  const negatives = Float64Array.from(down, (i, k) => 1 - ((all[i] as number) - (ranksDown[k] as number)) / up.length)
  return { area: positives.reduce((sum, share) => sum + share, 0) / up.length, positives, negatives }
}

/** Σ(x − x̄)(y − ȳ) / (n − 1) / n: covariance of the means. */
function covarianceOfMeans(x: Float64Array, y: Float64Array): number {
  const n = x.length
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / n) as [number, number]
  let sum = 0
  for (let i = 0; i < n; i++) sum += ((x[i] as number) - meanX) * ((y[i] as number) - meanY)
  return sum / (n - 1) / n
}

const covariance = (left: Placements, right: Placements): number =>
  covarianceOfMeans(left.positives, right.positives) + covarianceOfMeans(left.negatives, right.negatives)

export interface EstimatedArea {
  readonly area: number
  readonly standardError: number
  /** Normal interval, cut to [0, 1]. */
  readonly interval: readonly [lower: number, upper: number]
}

/**
 * {@link areaUnderCurve} with DeLong's standard error and interval.
 *
 * @param level default 0.95
 * @throws {RangeError} on fewer than two positives or negatives, other labels, unequal lengths, or NaN
 * @see DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, 837–845; Sun & Xu (2014) for the midranks
 */
export function areaInterval(scores: ArrayLike<number>, labels: ArrayLike<number>, level = 0.95): EstimatedArea {
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const placed = placements(scores, labels)
  const standardError = Math.sqrt(covariance(placed, placed))
  const half = normalQuantile((1 + level) / 2) * standardError
  return {
    area: placed.area,
    standardError,
    interval: [Math.max(0, placed.area - half), Math.min(1, placed.area + half)],
  }
}

export interface AreaDifference {
  /** Area of the first scores − area of the second. */
  readonly difference: number
  readonly standardError: number
  readonly interval: readonly [lower: number, upper: number]
  /** Two-sided, of no difference; NaN when the standard error is 0. */
  readonly pValue: number
}

/** DeLong's comparison of two scores of the same cases. Parameters and errors as {@link areaInterval}. */
export function compareAreas(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
  level = 0.95,
): AreaDifference {
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const [left, right] = [placements(first, labels), placements(second, labels)]
  const difference = left.area - right.area
  const spread = covariance(left, left) + covariance(right, right) - 2 * covariance(left, right)
  const standardError = Math.sqrt(Math.max(0, spread))
  const half = normalQuantile((1 + level) / 2) * standardError
  return {
    difference,
    standardError,
    interval: [difference - half, difference + half],
    pValue: 2 * normalCdf(-Math.abs(difference) / standardError),
  }
}
