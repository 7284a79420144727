import { normalQuantile } from './normal.ts'
import { stirlingRemainder } from './stirling.ts'

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI)

/** x·ln(x/m) + m − x without cancellation near x = m. */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) < 0.1 * (x + m)) {
    const ratio = (x - m) / (x + m)
    let sum = (x - m) * ratio
    let term = 2 * x * ratio
    for (let j = 1; j < 1000; j++) {
      term *= ratio * ratio
      const next = sum + term / (2 * j + 1)
      if (next === sum) return sum
      sum = next
    }
  }
  return x * Math.log(x / m) + m - x
}

function checkCounts(successes: number, trials: number): void {
  if (!Number.isSafeInteger(trials) || trials < 0)
    throw new RangeError(`trials is ${trials}, expected an integer of at least 0`)
  if (!Number.isSafeInteger(successes) || successes < 0 || successes > trials)
    throw new RangeError(`successes is ${successes}, expected an integer from 0 to ${trials}`)
}

/**
 * P(X = k) for X the successes in n trials of probability p, to about 15 digits for any n.
 *
 * @see Loader (2000), "Fast and accurate computation of binomial probabilities"
 */
export function binomialProbability(successes: number, trials: number, probability: number): number {
  checkCounts(successes, trials)
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`)
  const failures = trials - successes
  if (probability === 0) return successes === 0 ? 1 : 0
  if (probability === 1) return failures === 0 ? 1 : 0
  if (successes === 0) return Math.exp(trials * Math.log1p(-probability))
  if (failures === 0) return Math.exp(trials * Math.log(probability))
  const log =
    stirlingRemainder(trials) -
    stirlingRemainder(successes) -
    stirlingRemainder(failures) -
    deviance(successes, trials * probability) -
    deviance(failures, trials * (1 - probability))
  return Math.exp(log - halfLogTwoPi + 0.5 * (Math.log(trials) - Math.log(successes) - Math.log(failures)))
}

/** Σ of P(X = k) from `from` away from the mode, in the direction of `step`, until terms no longer count. */
function tail(from: number, step: 1 | -1, trials: number, probability: number): number {
  if (from < 0 || from > trials) return 0
  let term = binomialProbability(from, trials, probability)
  let sum = term
  for (let k = from; k + step >= 0 && k + step <= trials; k += step) {
    term *=
      step > 0
        ? (((trials - k) / (k + 1)) * probability) / (1 - probability)
        : ((k / (trials - k + 1)) * (1 - probability)) / probability
    sum += term
    if (term < sum * 1e-18) break
  }
  return sum
}

/** P(X ≥ k), summed on the side of k that has less. */
function atLeast(successes: number, trials: number, probability: number): number {
  return successes > trials * probability
    ? tail(successes, 1, trials, probability)
    : 1 - tail(successes - 1, -1, trials, probability)
}

/**
 * Exact binomial test of P(success) = probability. One-sided p-values are P(X ≥ k) (`greater`) and P(X ≤ k) (`less`);
 * the two-sided one sums all outcomes that are no likelier than what was seen.
 *
 * @param probability default ½, the test of wins against losses
 * @throws {RangeError} on counts that are not integers, or more successes than trials
 * @example
 * binomialTest(9, 10, { alternative: 'greater' }) // 11/1024
 */
export function binomialTest(
  successes: number,
  trials: number,
  options: { readonly probability?: number; readonly alternative?: 'two-sided' | 'greater' | 'less' } = {},
): number {
  const { probability = 0.5, alternative = 'two-sided' } = options
  checkCounts(successes, trials)
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`probability is ${probability}, expected a number between 0 and 1`)
  if (alternative === 'greater') return atLeast(successes, trials, probability)
  if (alternative === 'less') return atLeast(trials - successes, trials, 1 - probability)
  const mean = trials * probability
  if (successes === mean) return 1
  // Rounding must not keep the mirror image of what was seen out of the sum; 1e-7 is the customary allowance.
  const seen = binomialProbability(successes, trials, probability) * (1 + 1e-7)
  const step = successes > mean ? -1 : 1
  let low = step > 0 ? Math.ceil(mean) : 0
  let high = step > 0 ? trials + 1 : Math.floor(mean) + 1
  // The first outcome on the other side of the mean, going away from it, that is no likelier than what was seen.
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const unlikely = binomialProbability(middle, trials, probability) <= seen
    if (step > 0) {
      if (unlikely) high = middle
      else low = middle + 1
    } else if (unlikely) low = middle + 1
    else high = middle
  }
  const own = step > 0 ? tail(successes, -1, trials, probability) : tail(successes, 1, trials, probability)
  const other = step > 0 ? tail(low, 1, trials, probability) : tail(low - 1, -1, trials, probability)
  return Math.min(1, own + other)
}

/**
 * Wilson's score interval of a share: the p with |k/n − p| ≤ z·√(p(1−p)/n). Keeps its coverage at small n and near
 * 0 and 1.
 *
 * @throws {RangeError} on counts that are not integers, no trials, or a level outside (0, 1)
 * @see Wilson (1927), JASA 22, 209–212
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  level = 0.95,
): readonly [lower: number, upper: number] {
  checkCounts(successes, trials)
  if (trials === 0) throw new RangeError('trials is 0, expected at least 1')
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const z2 = normalQuantile((1 + level) / 2) ** 2
  const share = successes / trials
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
  const half =
    Math.sqrt(z2) * (Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials))
  return [successes === 0 ? 0 : middle - half, successes === trials ? 1 : middle + half]
}
