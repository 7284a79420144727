import {
  add,
  argMax,
  concat,
  equal,
  expandDims,
  logSumExp,
  matmul,
  max,
  mul,
  oneHot,
  or,
  softmax,
  squeeze,
  sub,
  sum,
  type Tensor,
  where,
} from '../../tensor/index.ts'
import { type InterestSet, invalidBias } from './interest-set.ts'

/**
 * A vector of a user for each item that came next, by attention of the user's interests to the item:
 * v = Σ_k softmax_k(p·⟨I_k, t⟩) I_k. With p = 0 it is their mean, with p = ∞ the interest nearest to the item.
 *
 * @param targets t, [batch, targets, width]
 * @param power p, from 0; ∞ allowed
 * @returns [batch, targets, width]
 */
export function labelAwareVectors(set: InterestSet, targets: Tensor, power: number): Tensor {
  const products = matmul(targets, set.vectors, { transposeB: true })
  const open = expandDims(invalidBias(set.valid), 1)
  const weights =
    power === Number.POSITIVE_INFINITY
      ? oneHot(argMax(add(products, open), -1), Number(set.vectors.shape[1]), products.dtype)
      : softmax(add(mul(products, power), open))
  return matmul(weights, set.vectors)
}

/**
 * Scores of items by attention of the interests to each of them: s(u, t) = Σ_k softmax_k(p·⟨I_k, t⟩) ⟨I_k, t⟩, which is
 * the largest product for p = ∞.
 *
 * @param items [items, width], the same for all, or [batch, items, width]
 * @returns [batch, items]
 */
export function attentionScores(set: InterestSet, items: Tensor, power: number): Tensor {
  const products = matmul(set.vectors, items, { transposeB: true })
  const open = expandDims(invalidBias(set.valid), 2)
  if (power === Number.POSITIVE_INFINITY) return max(add(products, open), 1)
  return sum(mul(softmax(add(mul(products, power), open), { axis: 1 }), products), 1)
}

/** Scores that a target is told from others by. */
export interface SoftmaxScores {
  /** [n]: the score of each row's target. */
  readonly own: Tensor
  /** [n, candidates] */
  readonly others: Tensor
  /** Whole numbers [n] and [candidates]: which items they are. A candidate that is a row's own target, or 0, is left out. */
  readonly targetIds: Tensor
  readonly candidateIds: Tensor
  /** Natural logs of how often each is expected among the candidates, [n] and [candidates]. Default: all alike. */
  readonly logExpected?: { readonly targets: Tensor; readonly candidates: Tensor }
}

/**
 * What it costs to tell an item that came next from a few others, in nats: with s the scores less ln Q,
 *
 *     −s(target) + ln(e^{s(target)} + Σ_c e^{s(c)})
 *
 * Q being how often an item is expected among the candidates: taking its log off makes scores tell chances, not chances
 * over popularity.
 *
 * @returns [n]
 * @see Bengio & Senécal (2008), IEEE Transactions on Neural Networks 19; Yi et al., RecSys 2019
 */
export function sampledSoftmaxLosses({ own, others, targetIds, candidateIds, logExpected }: SoftmaxScores): Tensor {
  const target = expandDims(logExpected ? sub(own, logExpected.targets) : own, 1)
  const corrected = logExpected ? sub(others, expandDims(logExpected.candidates, 0)) : others
  const ids = expandDims(candidateIds, 0)
  const left = or(equal(expandDims(targetIds, 1), ids), equal(ids, 0))
  return sub(logSumExp(concat([target, where(left, -1e30, corrected)], 1), 1), squeeze(target, 1))
}
