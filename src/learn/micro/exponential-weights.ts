export interface ExponentialWeightsOptions {
  /** η, how fast weights follow losses. Default 1: with log-losses, exact Bayesian belief in which expert is right. */
  readonly rate?: number
  /** Weights fall no lower before they are divided by their sum, so that a change of mind can be followed. Default 1e-6. */
  readonly floor?: number
}

/**
 * One step of exponential weights (Hedge): w_k ← w_k e^{−η ℓ_k} / Σ_j w_j e^{−η ℓ_j}. Over T rounds the average loss is
 * at most that of the best expert and ln K/(η T), for losses of log type with η = 1.
 *
 * @param weights [K], at least 0, not all 0
 * @param losses [K]
 * @returns [K], summing to 1
 * @throws {RangeError} on unequal lengths, or numbers that cannot be weights or losses
 * @see Freund & Schapire (1997); Vovk (1998)
 * @example
 * exponentialWeights([0.5, 0.5], [0, Math.log(3)]) // [0.75, 0.25]
 */
export function exponentialWeights(
  weights: ArrayLike<number>,
  losses: ArrayLike<number>,
  { rate = 1, floor = 1e-6 }: ExponentialWeightsOptions = {},
): Float64Array {
  if (weights.length !== losses.length || weights.length === 0)
    throw new RangeError(`exponentialWeights: ${weights.length} weights and ${losses.length} losses, expected as many`)
  if (!(rate > 0) || !(floor >= 0 && floor * weights.length < 1))
    throw new RangeError(`exponentialWeights: rate ${rate} or floor ${floor} is out of range`)
  const logs = Float64Array.from(weights, (weight, k) => {
    const loss = losses[k] as number
    if (!(weight >= 0) || Number.isNaN(loss) || loss === Number.NEGATIVE_INFINITY)
      throw new RangeError(`exponentialWeights: expert ${k} has weight ${weight} and loss ${loss}`)
    return Math.log(weight) - rate * loss
  })
  const largest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY)
  if (largest === Number.NEGATIVE_INFINITY) throw new RangeError('exponentialWeights: every expert is ruled out')
  const powers = logs.map((log) => Math.exp(log - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  const floored = powers.map((power) => Math.max(floor, power / total))
  const sum = floored.reduce((all, weight) => all + weight, 0)
  return floored.map((weight) => weight / sum)
}
