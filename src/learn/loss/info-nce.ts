import {
  add,
  concat,
  dimAt,
  div,
  equal,
  expandDims,
  logSumExp,
  matmul,
  mul,
  normalize,
  range,
  sub,
  sum,
  type Tensor,
  where,
} from '../../tensor/index.ts'
import { type Reduced, reduceLosses } from './reduction.ts'

export interface InfoNceOptions extends Reduced {
  /** Divides similarities. Default 0.05, as SimCSE (Gao et al. 2021, arXiv 2104.08821). */
  readonly temperature?: number
  /** Default cosine; a zero vector is then 0 alike to everything. */
  readonly similarity?: 'cosine' | 'dot'
  /** Also tell each key's own query from the others, and take the mean of both. Default false. */
  readonly symmetric?: boolean
  /** Whether a query must also be told from the other queries (Zhu et al. 2020, arXiv 2006.04131). Default false. */
  readonly otherQueries?: boolean
  /**
   * What everything but a query's own key counts: (N − 1)/(n − 1) where a batch of n was drawn evenly from N, so that
   * the sums stand for those over all N. Default 1.
   */
  readonly othersWeigh?: number
}

/**
 * The contrastive loss: each query's own key against all keys of the batch,
 *
 *     ℓ_i = −ln( e^{s(q_i, k_i)/T} / Σ_j e^{s(q_i, k_j)/T} )
 *
 * It is ln n when all similarities are equal, and 0 for a batch of one. SimCSE's form is
 * `infoNce(apply(h, key1), apply(h, key2))` with two dropout masks of the same rows. With `otherQueries` the sum below
 * also has Σ_{j ≠ i} e^{s(q_i, q_j)/T}, and equal similarities give ln(2n − 1); in the `symmetric` form the other keys
 * count against a key likewise.
 *
 * @param queries [n, width]
 * @param keys [n, width]; row i belongs to query i
 * @returns a scalar, or [n] with `reduction: 'none'`
 * @throws {RangeError} when the temperature or `othersWeigh` is not above 0
 * @see van den Oord, Li & Vinyals (2018), arXiv 1807.03748
 */
export function infoNce(queries: Tensor, keys: Tensor, options: InfoNceOptions = {}): Tensor {
  const {
    temperature = 0.05,
    similarity = 'cosine',
    symmetric = false,
    otherQueries = false,
    othersWeigh = 1,
  } = options
  for (const [name, number] of Object.entries({ temperature, othersWeigh }))
    if (!(number > 0)) throw new RangeError(`infoNce: ${name} is ${number}, expected a number above 0`)
  const [q, k] = similarity === 'cosine' ? [normalize(queries), normalize(keys)] : [queries, keys]
  const alike = (a: Tensor, b: Tensor): Tensor => div(matmul(a, b, { transposeB: true }), temperature)
  const ids = range(dimAt(q.shape, 0))
  const itself = equal(expandDims(ids, 1), ids)
  const others = (logits: Tensor): Tensor => (othersWeigh === 1 ? logits : add(logits, Math.log(othersWeigh)))
  const between = alike(q, k)
  const logits = othersWeigh === 1 ? between : where(itself, between, others(between))
  const own = div(sum(mul(q, k), -1), temperature)
  const told = (rows: Tensor, axis: number): Tensor => {
    if (!otherQueries) return sub(logSumExp(logits, axis), own)
    return sub(
      logSumExp(concat([logits, where(itself, Number.NEGATIVE_INFINITY, others(alike(rows, rows)))], axis), axis),
      own,
    )
  }
  if (!symmetric) return reduceLosses(told(q, 1), options)
  return reduceLosses(mul(add(told(q, 1), told(k, 0)), 0.5), options)
}
