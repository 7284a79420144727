import { add, mul, sigmoid, sub, type Tensor, withGradient } from '../../tensor/index.ts'

/**
 * silu(gate) · up, the gated activation of the Llama family (Shazeer 2020, arXiv 2002.05202). The gradient is written by
 * hand: it takes two passes over the features fewer than that of its parts.
 *
 * @param gate any shape
 * @param up the same shape
 */
export function swiGlu(gate: Tensor, up: Tensor): Tensor {
  const sigma = sigmoid(gate)
  const active = mul(gate, sigma)
  const product = mul(active, up)
  return withGradient(product, [gate, up], (gradient) => {
    const forUp = mul(gradient, active)
    // silu′ = σ + silu (1 − σ), and silu · up is the product: up σ + product (1 − σ).
    const slope = add(mul(up, sigma), mul(product, sub(1, sigma)))
    return [mul(gradient, slope), forUp]
  })
}
