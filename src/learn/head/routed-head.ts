import { applyLinear, initLinear, type LinearParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import { add, logSigmoid, logSoftmax, logSumExp, neg, type Symbolic, sub, type Tensor } from '../../tensor/index.ts'

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

/**
 * Log-odds of a mixture of Bradley–Terry models: with P = Σ_k π_k σ(Δ_k), ln P − ln(1 − P). `pairLoss` of it is the
 * mixture's negative log-likelihood.
 *
 * @param leads Δ, each head's reward of a less that of b, [..., K]
 * @param logWeights ln π, [..., K]
 * @returns [...]
 */
export function mixtureLogOdds(leads: Tensor, logWeights: Tensor): Tensor {
  const side = (towards: Tensor): Tensor => logSumExp(add(logWeights, logSigmoid(towards)), -1)
  return sub(side(leads), side(neg(leads)))
}
