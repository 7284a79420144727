import type { Random } from '../run/index.ts'
import { stirlingRemainder } from './stirling.ts'

/** Counts up the distribution from 0: time grows with the mean. */
function drawByInversion(random: Random, trials: number, probability: number): number {
  const odds = probability / (1 - probability)
  let mass = Math.exp(trials * Math.log1p(-probability))
  let left = random.uniform()
  for (let k = 0; k < trials; k++) {
    if (left < mass) return k
    left -= mass
    mass *= (odds * (trials - k)) / (k + 1)
  }
  return trials
}

/** Hörmann's transformed rejection with squeeze (BTRS): constant time, for a mean of at least 10. */
function drawByRejection(random: Random, trials: number, probability: number): number {
  const deviation = Math.sqrt(trials * probability * (1 - probability))
  const b = 1.15 + 2.53 * deviation
  const a = -0.0873 + 0.0248 * b + 0.01 * probability
  const centre = trials * probability + 0.5
  const squeeze = 0.92 - 4.2 / b
  for (;;) {
    const u = random.uniform() - 0.5
    const v = random.uniform()
    const room = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / room + b) * u + centre)
    if (room >= 0.07 && v <= squeeze) return k
    if (k < 0 || k > trials) continue
    const odds = probability / (1 - probability)
    const mode = Math.floor((trials + 1) * probability)
    const alpha = (2.83 + 5.1 / b) * deviation
    const height = Math.log((v * alpha) / (a / (room * room) + b))
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (trials - mode + 1))) +
      (trials + 1) * Math.log((trials - mode + 1) / (trials - k + 1)) +
      (k + 0.5) * Math.log((odds * (trials - k + 1)) / (k + 1)) +
      stirlingRemainder(mode + 1) +
      stirlingRemainder(trials - mode + 1) -
      stirlingRemainder(k + 1) -
      stirlingRemainder(trials - k + 1)
    if (height <= bound) return k
  }
}

/**
 * Successes among independent trials of equal probability, drawn exactly.
 *
 * @throws {RangeError} unless trials is an integer of at least 0 and probability lies in [0, 1]
 * @see Hörmann (1993), "The generation of binomial random variates"
 */
export function drawBinomial(random: Random, trials: number, probability: number): number {
  if (!Number.isSafeInteger(trials) || trials < 0)
    throw new RangeError(`trials is ${trials}, expected an integer of at least 0`)
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`)
  if (trials === 0 || probability === 0) return 0
  if (probability > 0.5) return trials - drawBinomial(random, trials, 1 - probability)
  return trials * probability < 10
    ? drawByInversion(random, trials, probability)
    : drawByRejection(random, trials, probability)
}

/**
 * Multinomial counts: `draws` balls thrown into cells in proportion to `weights`, cell by cell with conditional
 * binomials. With the counts of distinct rows as weights it is the bootstrap of the rows themselves, in time that does
 * not grow with their number.
 *
 * @param out where the counts go; default a new array
 * @throws {RangeError} on a negative weight, or on draws without a positive weight
 */
export function drawMultinomial(
  random: Random,
  draws: number,
  weights: ArrayLike<number>,
  out: Float64Array = new Float64Array(weights.length),
): Float64Array {
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight ${i} is ${weight}, expected a finite number of at least 0`)
    total += weight
  }
  if (draws > 0 && total === 0) throw new RangeError(`the weights sum to 0, expected a positive sum for ${draws} draws`)
  let left = draws
  let remaining = total
  let last = weights.length - 1
  while (last >= 0 && weights[last] === 0) last--
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number
    const count = i === last ? left : left === 0 ? 0 : drawBinomial(random, left, Math.min(1, weight / remaining))
    out[i] = count
    left -= count
    remaining -= weight
  }
  return out
}
