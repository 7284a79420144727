import { matmul, mul, reshape, softmax, sum, type Tensor } from '../../tensor/index.ts'

/**
 * Values of the best of some known policies, differentiable in the reward:
 *
 * V̂(s; w) = Σ_j softmax_j(ψ_j(s)·w / τ) · ψ_j(s)·w
 *
 * A weighted mean of the values of policies that exist, hence a lower bound on max_j ψ_j(s)·w and on V*(s; w), which it
 * approaches as τ → 0 where the optimal policy is among them. The gradient in w goes through both factors.
 *
 * @param psi `[policies, states, features]`: successor features of the policies
 * @param weights `[features]`
 * @param temperature τ > 0, in units of value
 * @returns `[states]`
 * @throws {RangeError} on another number of axes, or τ that is not above 0
 */
export function softValue(psi: Tensor, weights: Tensor, temperature: number): Tensor {
  if (psi.shape.length !== 3 || weights.shape.length !== 1)
    throw new RangeError(
      `softValue: psi has ${psi.shape.length} axes and the weights ${weights.shape.length}, expected ` +
        '[policies, states, features] and [features]',
    )
  if (!(temperature > 0)) throw new RangeError(`softValue: the temperature is ${temperature}, expected above 0`)
  const [, , features] = psi.shape
  const scores = sum(matmul(psi, reshape(weights, [features ?? 1, 1])), -1)
  return sum(mul(softmax(mul(scores, 1 / temperature), { axis: 0 }), scores), 0)
}
