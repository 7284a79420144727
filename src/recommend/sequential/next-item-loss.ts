import { pairLoss } from '../../learn/index.ts'
import { linearCrossEntropy } from '../../nets/index.ts'
import {
  add,
  concat,
  expandDims,
  gather,
  matmul,
  mean,
  neg,
  pad,
  slice,
  softplus,
  squeeze,
  sub,
  type Tensor,
} from '../../tensor/index.ts'

/** How the item that came next is told from the others. */
export type NextItemLoss = 'softmax' | 'bce' | 'bpr'

export interface NextItemLossOptions {
  /** Default `softmax`. */
  readonly loss?: NextItemLoss
  /** Whole numbers [n, k]: rows of items that did not come next. `bce` and `bpr` need them, `softmax` has no use for them. */
  readonly negatives?: Tensor
  /** [items], added to the scores. Default none. */
  readonly bias?: Tensor
}

/**
 * Scores of some items for each state: [n, width] and rows [n, k] of the items' table → [n, k].
 *
 * @param items [items + 1, width], row 0 standing for padding
 */
export function candidateScores(states: Tensor, items: Tensor, rows: Tensor, bias?: Tensor): Tensor {
  const scores = squeeze(matmul(gather(items, rows), expandDims(states, 2)), 2)
  return bias ? add(scores, gather(bias, sub(rows, 1))) : scores
}

/**
 * What it costs, in nats, that an item p came next: with s an item's score, e · state + bias,
 *
 *     softmax: −s_p + ln Σ_i e^{s_i}                  over the whole catalogue
 *     bce:     (−ln σ(s_p) − Σ_j ln(1 − σ(s_j)))/(1 + k)   over k items j that did not come next
 *     bpr:     −(1/k) Σ_j ln σ(s_p − s_j)
 *
 * `bce` with k = 1 is half of SASRec's own.
 *
 * @param states [n, width]
 * @param items [items + 1, width]: item i is row i + 1
 * @param targets whole numbers [n], rows of `items`
 * @returns [n]
 * @throws {RangeError} when negatives are missing
 * @see Kang & McAuley (2018), arXiv 1808.09781; Rendle et al. (2009), arXiv 1205.2618; on the softmax: Klenitskiy &
 *   Vasilev (2023), arXiv 2309.07602
 * @example
 * await evaluate(({ h, e, p }) => nextItemLosses(h, e, p), { h: [[1]], e: [[0], [0], [0]], p: value(Int32Array.of(1)) }) // [ln 2]
 */
export function nextItemLosses(
  states: Tensor,
  items: Tensor,
  targets: Tensor,
  { loss = 'softmax', negatives, bias }: NextItemLossOptions = {},
): Tensor {
  if (loss === 'softmax') {
    const table = slice(items, 0, 1)
    // A bias is one more column of the items, times 1.
    return bias
      ? linearCrossEntropy(pad(states, [[0, 1]], 1), concat([table, expandDims(bias, 1)], 1), sub(targets, 1))
      : linearCrossEntropy(states, table, sub(targets, 1))
  }
  const rows = candidateRows(targets, loss, negatives)
  return candidateLosses(candidateScores(states, items, rows, bias), loss)
}

/**
 * Rows of the item that came next and, after it, of those that did not.
 *
 * @returns [n, 1 + k]
 * @throws {RangeError} when negatives are missing
 */
export function candidateRows(targets: Tensor, loss: NextItemLoss, negatives: Tensor | undefined): Tensor {
  if (!negatives) throw new RangeError(`nextItemLosses: "${loss}" needs negatives`)
  return concat([expandDims(targets, 1), negatives], 1)
}

/** `bce` or `bpr` of scores [n, 1 + k], the first being that of the item which came next: [n]. */
export function candidateLosses(scores: Tensor, loss: 'bce' | 'bpr'): Tensor {
  const positive = slice(scores, 1, 0, 1)
  const others = slice(scores, 1, 1)
  return loss === 'bpr'
    ? mean(pairLoss(sub(positive, others), { reduction: 'none' }), -1)
    : mean(concat([softplus(neg(positive)), softplus(others)], 1), -1)
}
