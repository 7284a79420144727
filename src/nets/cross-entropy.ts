import {
  div,
  expandDims,
  gather,
  log,
  matmul,
  max,
  mean,
  mul,
  neg,
  scatterAdd,
  softmax,
  sub,
  sum,
  type Tensor,
  withGradient,
} from '../tensor/index.ts'
import { assertShape, sizeAt } from './shape.ts'

/**
 * Negative log-likelihood of each row's target under softmax(x Wᵀ), with a gradient written by hand: of the [n, classes]
 * matrices only the products and the probabilities are ever made, since
 * ∂/∂x = p W − W[target] and ∂/∂W = pᵀ x less each x at its target's row.
 *
 * @param x [n, width]
 * @param weight [classes, width]
 * @param targets [n] int64, from 0 to classes − 1
 * @returns [n], in nats
 */
export function linearCrossEntropy(x: Tensor, weight: Tensor, targets: Tensor): Tensor {
  assertShape('linearCrossEntropy: the weight', weight, [undefined, sizeAt(x, -1)])
  assertShape('linearCrossEntropy: the targets', targets, [sizeAt(x, 0)])
  const logits = matmul(x, weight, { transposeB: true })
  const probabilities = softmax(logits)
  const aimed = gather(weight, targets)
  // log Σ eˡ = l − log p for every class; the likeliest one is the safe choice.
  const normaliser = sub(max(logits, -1), log(max(probabilities, -1)))
  const losses = sub(normaliser, sum(mul(x, aimed), -1))
  return withGradient(losses, [x, weight], (gradient) => {
    const column = expandDims(gradient, 1)
    const weighted = mul(x, column)
    const forWeight = matmul(probabilities, weighted, { transposeA: true })
    return [mul(sub(matmul(probabilities, weight), aimed), column), scatterAdd(forWeight, targets, neg(weighted))]
  })
}

/**
 * Mean of some losses, weighted: Σ w l / Σ w.
 *
 * @param losses [n]
 * @param weights [n], at least 0, not all 0. Default: all equal
 * @returns a scalar
 */
export function weightedMean(losses: Tensor, weights?: Tensor): Tensor {
  return weights === undefined ? mean(losses) : div(sum(mul(losses, weights)), sum(weights))
}
