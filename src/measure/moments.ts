function some(values: ArrayLike<number>, of: string): void {
  if (values.length === 0) throw new RangeError(`the ${of} of no values is not defined`)
}

/** Σx / n, summed around the first value so that large offsets do not cost digits. @throws {RangeError} on no values */
export function mean(values: ArrayLike<number>): number {
  some(values, 'mean')
  const origin = values[0] as number
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - origin
  return origin + sum / values.length
}

/**
 * Σ(x − mean)² / (n − lost), with `lost` degrees of freedom: 1 estimates a population's variance from a sample
 * (default), 0 is the variance of the values themselves.
 *
 * @throws {RangeError} unless there are more values than lost degrees of freedom
 */
export function variance(values: ArrayLike<number>, lost: 0 | 1 = 1): number {
  if (values.length <= lost)
    throw new RangeError(`the variance of ${values.length} values is not defined, expected at least ${lost + 1}`)
  const centre = mean(values)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - centre) ** 2
  return sum / (values.length - lost)
}

/** √variance, in the unit of the values. */
export function standardDeviation(values: ArrayLike<number>, lost: 0 | 1 = 1): number {
  return Math.sqrt(variance(values, lost))
}

/**
 * Quantiles by linear interpolation between order statistics: position (n − 1)·p, Hyndman and Fan's definition 7, the
 * default of R and NumPy.
 *
 * @throws {RangeError} on no values, on NaN among them, or on a probability outside [0, 1]
 * @example
 * quantiles([1, 2, 3, 4], [0.5]) // [2.5]
 */
export function quantiles(values: ArrayLike<number>, probabilities: readonly number[]): number[] {
  some(values, 'quantile')
  const sorted = Float64Array.from(values).sort()
  if (Number.isNaN(sorted[sorted.length - 1])) throw new RangeError('a value is NaN, expected numbers')
  return probabilities.map((probability) => {
    if (!(probability >= 0 && probability <= 1))
      throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`)
    const position = (sorted.length - 1) * probability
    const below = Math.floor(position)
    const low = sorted[below] as number
    const high = sorted[Math.min(below + 1, sorted.length - 1)] as number
    return low === high ? low : low + (position - below) * (high - low)
  })
}

/** One quantile; see {@link quantiles}. */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantiles(values, [probability])[0] as number
}
