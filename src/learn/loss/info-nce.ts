import { add, div, logSumExp, matmul, mul, normalize, sub, sum, type Tensor } from '../../tensor/index.ts'
import { type Reduced, reduceLosses } from './reduction.ts'

export interface InfoNceOptions extends Reduced {
  /** Divides similarities. Default 0.05, as SimCSE (Gao et al. 2021, arXiv 2104.08821). */
  readonly temperature?: number
  /** Default cosine; a zero vector is then 0 alike to everything. */
  readonly similarity?: 'cosine' | 'dot'
  /** Also tell each key's own query from the others, and take the mean of both. Default false. */
  readonly symmetric?: boolean
}

/**
 * The contrastive loss: each query's own key against all keys of the batch,
 *
 *     ℓ_i = −ln( e^{s(q_i, k_i)/T} / Σ_j e^{s(q_i, k_j)/T} )
 *
 * It is ln n when all similarities are equal, and 0 for a batch of one. SimCSE's form is
 * `infoNce(apply(h, key1), apply(h, key2))` with two dropout masks of the same rows.
 *
 * @param queries [n, width]
 * @param keys [n, width]; row i belongs to query i
 * @returns a scalar, or [n] with `reduction: 'none'`
 * @throws {RangeError} when the temperature is not above 0
 * @see van den Oord, Li & Vinyals (2018), arXiv 1807.03748
 */
export function infoNce(queries: Tensor, keys: Tensor, options: InfoNceOptions = {}): Tensor {
  const { temperature = 0.05, similarity = 'cosine', symmetric = false } = options
  if (!(temperature > 0)) throw new RangeError(`infoNce: temperature is ${temperature}, expected a number above 0`)
  const [q, k] = similarity === 'cosine' ? [normalize(queries), normalize(keys)] : [queries, keys]
  const logits = div(matmul(q, k, { transposeB: true }), temperature)
  const own = div(sum(mul(q, k), -1), temperature)
  const ofQueries = sub(logSumExp(logits, -1), own)
  if (!symmetric) return reduceLosses(ofQueries, options)
  return reduceLosses(mul(add(ofQueries, sub(logSumExp(logits, 0), own)), 0.5), options)
}
