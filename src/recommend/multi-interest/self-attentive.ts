import { initLinear } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  broadcastTo,
  cast,
  expandDims,
  less,
  matmul,
  type Symbolic,
  softmax,
  sum,
  type Tensor,
  type TensorValue,
  tanh,
} from '../../tensor/index.ts'
import type { InterestSet } from './interest-set.ts'

export interface SelfAttentiveParameters {
  /** W₁, [hidden, width] */
  readonly inner: TensorValue
  /** W₂, [interests, hidden] */
  readonly outer: TensorValue
}

/** @param hidden ComiRec's authors: 4 · width */
export function initSelfAttentive(
  random: Random,
  width: number,
  interests: number,
  hidden = 4 * width,
): SelfAttentiveParameters {
  return {
    inner: initLinear(random, width, hidden, { bias: false }).weight,
    outer: initLinear(random, hidden, interests, { bias: false }).weight,
  }
}

/**
 * Interests as weighted means of the behaviours, ComiRec-SA: A = softmax_j(W₂ tanh(W₁ (H + P)ᵀ)), V = A H. Behaviours
 * compete for each interest.
 *
 * @param behaviours H, [batch, behaviours, width]
 * @param placed H + P, with positions
 * @param mask [batch, behaviours], 1 or 0
 * @see Cen et al., Controllable Multi-Interest Framework for Recommendation, KDD 2020, arXiv 2005.09347
 */
export function attendInterests(
  { inner, outer }: Symbolic<SelfAttentiveParameters>,
  behaviours: Tensor,
  placed: Tensor,
  mask: Tensor,
): InterestSet {
  const hidden = tanh(matmul(placed, inner, { transposeB: true }))
  const logits = matmul(outer, hidden, { transposeB: true })
  const weights = softmax(logits, { mask: expandDims(less(0, mask), 1) })
  const [batch = 1] = behaviours.shape
  const [interests = 1] = outer.shape
  return {
    vectors: matmul(weights, behaviours),
    valid: broadcastTo(expandDims(cast(less(0, sum(mask, 1)), mask.dtype), 1), [batch, interests]),
  }
}
