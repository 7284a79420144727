/** σ(x) = 1 / (1 + e^{−x}), without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const power = Math.exp(x)
  return power / (1 + power)
}

/** ln(1 + e^x), without overflow: −ln σ(−x). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/**
 * −y·ln σ(x) − (1 − y)·ln σ(−x): the cost of the probability σ(x) when the outcome is y ∈ [0, 1], in nats. For a
 * difference of scores x it is the pairwise logistic loss of Bradley–Terry and of every reward model.
 */
export function logisticLoss(x: number, outcome: number): number {
  return softplus(x) - outcome * x
}
