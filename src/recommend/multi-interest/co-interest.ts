import {
  applyLinear,
  applyMultiHead,
  initLinear,
  initMultiHead,
  initNorm,
  type LinearParameters,
  type MultiHeadParameters,
  type NormParameters,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  argMax,
  broadcastTo,
  concat,
  expandDims,
  layerNorm,
  matmul,
  mul,
  normalize,
  oneHot,
  type Symbolic,
  sigmoid,
  sub,
  type Tensor,
} from '../../tensor/index.ts'
import { nothingYet } from './interest-network.ts'
import { type InterestSet, perRow } from './interest-set.ts'

export interface CoInterestParameters {
  /** Of the short interests to the long ones, and the other way. */
  readonly toLong: MultiHeadParameters
  readonly toShort: MultiHeadParameters
  readonly shortNorm: NormParameters
  readonly longNorm: NormParameters
  /** W_g, [1, 2 · width] */
  readonly gate: LinearParameters
}

/** Maps uniform within ±1/√in, but for what attention adds, which starts at 0; norms 1. */
export function initCoInterest(random: Random, width: number): CoInterestParameters {
  return {
    toLong: { ...initMultiHead(random, width, { bias: false }), output: nothingYet(width, false) },
    toShort: { ...initMultiHead(random, width, { bias: false }), output: nothingYet(width, false) },
    shortNorm: initNorm(width, true),
    longNorm: initNorm(width, true),
    gate: initLinear(random, 2 * width, 1),
  }
}

/** What the network makes of the interests of two windows. */
export interface CoInterests extends InterestSet {
  /** α, [batch, short interests, 1]: the share of the short interest in each fused one. */
  readonly gates: Tensor
}

/**
 * Interests of the recent and of the long past, each told of the other, and fused:
 *
 *     I'_s = LayerNorm(I_s + Attention(I_s → I_l)),  I'_l = LayerNorm(I_l + Attention(I_l → I_s))
 *     α_k = σ(W_g [I'_s,k ‖ I'_l,π(k)]),  I_k = α_k I'_s,k + (1 − α_k) I'_l,π(k)
 *
 * π(k) being the long interest with the largest cosine to I'_s,k. The set is the fused interests and all I'_l, so that
 * tastes that the recent past does not show are kept. Where one past is empty it takes no part: without a long one
 * α = 1 and there is no I'_l, without a short one α = 0.
 *
 * @param short [batch, interests, width]
 * @param long [batch, long interests, width]
 * @param hasShort [batch]: 1 where there is a recent past, else 0
 * @param hasLong [batch]
 */
export function coInterests(
  parameters: Symbolic<CoInterestParameters>,
  short: Tensor,
  long: Tensor,
  hasShort: Tensor,
  hasLong: Tensor,
): CoInterests {
  const [recent, past] = [perRow(hasShort), perRow(hasLong)]
  const met = (
    own: Tensor,
    other: Tensor,
    there: Tensor,
    attention: Symbolic<MultiHeadParameters>,
    norm: Symbolic<NormParameters>,
  ): Tensor =>
    layerNorm(add(own, mul(applyMultiHead(attention, own, other, 1), there)), {
      scale: norm.weight,
      ...(norm.bias && { bias: norm.bias }),
    })
  const toldShort = met(short, long, past, parameters.toLong, parameters.shortNorm)
  const toldLong = met(long, short, recent, parameters.toShort, parameters.longNorm)

  const nearest = argMax(matmul(normalize(toldShort), normalize(toldLong), { transposeB: true }), -1)
  const paired = matmul(oneHot(nearest, Number(long.shape[1]), short.dtype), toldLong)
  const weighed = sigmoid(applyLinear(parameters.gate, concat([toldShort, paired], -1)))
  // hasShort · (1 − hasLong · (1 − α)): 1 without a long past, 0 without a short one.
  const gates = mul(recent, sub(1, mul(past, sub(1, weighed))))
  const fused = add(mul(gates, toldShort), mul(sub(1, gates), paired))

  const counted = (there: Tensor, of: Tensor): Tensor => broadcastTo(expandDims(there, 1), of.shape.slice(0, 2))
  const anything = sub(1, mul(sub(1, hasShort), sub(1, hasLong)))
  return {
    vectors: concat([fused, toldLong], 1),
    valid: concat([counted(anything, fused), counted(hasLong, toldLong)], 1),
    gates,
  }
}
