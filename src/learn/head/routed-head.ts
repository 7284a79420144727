import { applyLinear, initLinear, type LinearParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  abs,
  add,
  logSoftmax,
  logSumExp,
  mul,
  neg,
  relu,
  type Symbolic,
  sigmoid,
  softplus,
  sub,
  type Tensor,
  withGradient,
} from '../../tensor/index.ts'

export interface RoutedHeadOptions {
  /** K. */
  readonly heads: number
  readonly contextWidth: number
  /** Standard deviation of the heads' weights to start from; equal heads would never part. Default 1/√width. */
  readonly deviation?: number
}

export interface RoutedHeadParameters {
  /** [K, width], no bias */
  readonly heads: LinearParameters
  /** [K, contextWidth] and bias */
  readonly router: LinearParameters
}

/** K linear heads and a router that tells from the context how much each counts; the router starts even. */
export function initRoutedHead(
  random: Random,
  width: number,
  { heads, contextWidth, deviation = width ** -0.5 }: RoutedHeadOptions,
): RoutedHeadParameters {
  if (!Number.isInteger(heads) || heads < 1)
    throw new RangeError(`routed head: heads is ${heads}, expected a whole number of at least 1`)
  if (!Number.isInteger(contextWidth) || contextWidth < 1)
    throw new RangeError(`routed head: contextWidth is ${contextWidth}, expected a whole number of at least 1`)
  return {
    heads: initLinear(random, width, heads, { bias: false, deviation }),
    router: initLinear(random, contextWidth, heads, { deviation: 0 }),
  }
}

/** Each head's rewards: [..., width] → [..., K]. */
export function routedRewards(parameters: Symbolic<RoutedHeadParameters>, features: Tensor): Tensor {
  return applyLinear(parameters.heads, features)
}

/** ln π of each head in a context: [..., contextWidth] → [..., K]. */
export function routedLogWeights(parameters: Symbolic<RoutedHeadParameters>, context: Tensor): Tensor {
  return logSoftmax(applyLinear(parameters.router, context))
}

/** ln σ(x) and ln σ(−x), which share ln(1 + e^−|x|); slopes are given, those of the parts being none at 0. */
function logSigmoids(x: Tensor): readonly [Tensor, Tensor] {
  const shared = softplus(neg(abs(x)))
  const above = relu(x)
  return [
    withGradient(sub(sub(x, above), shared), [x], (gradient) => [mul(gradient, sigmoid(neg(x)))]),
    withGradient(neg(add(above, shared)), [x], (gradient) => [neg(mul(gradient, sigmoid(x)))]),
  ]
}

/**
 * ln P and ln(1 − P) of a mixture of Bradley–Terry models, P = Σ_k π_k σ(Δ_k).
 *
 * @param leads Δ, each head's reward of a less that of b, [..., K]
 * @param logWeights ln π, [..., K]
 * @returns [...] each
 */
export function mixtureLogProbabilities(leads: Tensor, logWeights: Tensor): readonly [Tensor, Tensor] {
  const [preferred, other] = logSigmoids(leads)
  return [logSumExp(add(logWeights, preferred), -1), logSumExp(add(logWeights, other), -1)]
}

/**
 * Log-odds of a mixture of Bradley–Terry models, ln P − ln(1 − P). `pairLoss` of it is the mixture's negative
 * log-likelihood.
 *
 * @param leads Δ, each head's reward of a less that of b, [..., K]
 * @param logWeights ln π, [..., K]
 * @returns [...]
 */
export function mixtureLogOdds(leads: Tensor, logWeights: Tensor): Tensor {
  const [preferred, other] = mixtureLogProbabilities(leads, logWeights)
  return sub(preferred, other)
}
