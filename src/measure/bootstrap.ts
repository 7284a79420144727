import type { Random } from '../run/index.ts'
import { mean, quantiles } from './moments.ts'

export interface BootstrapOptions {
  /** Default 10,000. */
  readonly replicates?: number
  /** Coverage of the interval. Default 0.95. */
  readonly level?: number
}

/** The central share of some replicates: their (1 − level)/2 and (1 + level)/2 quantiles. */
export function percentileInterval(replicates: ArrayLike<number>, level = 0.95): readonly [number, number] {
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const [lower, upper] = quantiles(replicates, [(1 - level) / 2, (1 + level) / 2])
  return [lower as number, upper as number]
}

/**
 * Any statistic on resamples of n cases: `statistic` gets, for every replicate, how often each case was drawn (the sum
 * is n) and returns a number. The memory of its argument is used again.
 */
export function bootstrap(
  cases: number,
  statistic: (counts: Float64Array) => number,
  random: Random,
  { replicates = 10_000 }: Pick<BootstrapOptions, 'replicates'> = {},
): Float64Array {
  if (!Number.isInteger(replicates) || replicates < 1)
    throw new RangeError(`replicates is ${replicates}, expected an integer of at least 1`)
  if (!Number.isInteger(cases) || cases < 1)
    throw new RangeError(`cases is ${cases}, expected an integer of at least 1`)
  const counts = new Float64Array(cases)
  return Float64Array.from({ length: replicates }, () => {
    counts.fill(0)
    for (let draw = 0; draw < cases; draw++) {
      const drawn = random.integer(cases)
      counts[drawn] = (counts[drawn] as number) + 1
    }
    return statistic(counts)
  })
}

export interface PairedDifference {
  /** Mean of method − baseline. */
  readonly difference: number
  readonly interval: readonly [lower: number, upper: number]
}

/**
 * The mean of method − baseline over cases that both were tried on, and its percentile bootstrap interval: cases are
 * resampled as pairs, so that what makes a case hard for both cancels. A single case gives an interval that is a point.
 *
 * @throws {RangeError} when the two differ in length or are empty
 * @example
 * pairedBootstrap([0.8, 0.9, 0.7], [0.6, 0.8, 0.6], seeded(1))
 */
export function pairedBootstrap(
  method: readonly number[],
  baseline: readonly number[],
  random: Random,
  options: BootstrapOptions = {},
): PairedDifference {
  if (method.length !== baseline.length)
    throw new RangeError(
      `there are ${method.length} values of the method and ${baseline.length} of the baseline, expected as many`,
    )
  const differences = method.map((value, i) => value - (baseline[i] as number))
  const difference = mean(differences)
  const replicates = bootstrap(
    differences.length,
    (counts) => counts.reduce((sum, count, i) => sum + count * (differences[i] as number), 0) / differences.length,
    random,
    options,
  )
  return { difference, interval: percentileInterval(replicates, options.level) }
}
