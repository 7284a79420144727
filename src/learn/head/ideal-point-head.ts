import {
  cosineSimilarity,
  exp,
  matmul,
  minimum,
  mul,
  neg,
  norm,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
} from '../../tensor/index.ts'

export interface IdealPointOptions {
  /**
   * `distance`: −‖z − p‖; `squared`: −‖z − p‖²; `cosine`: the cosine of their angle, times e^logScale (at most 100).
   * Default distance.
   */
  readonly form?: 'distance' | 'squared' | 'cosine'
  /** Scalar, for cosines. Default 0; CLIP's start is ln(1/0.07). */
  readonly logScale?: Tensor
}

/**
 * How much an item is liked: the more, the closer it lies to a rater's ideal point.
 *
 * @param items z, [..., d]
 * @param points p, [..., d], broadcasting
 * @returns [...]; the slope at an item on its point is 0
 * @see Chen et al. (2024), arXiv 2406.08469
 */
export function idealPointScore(
  items: Tensor,
  points: Tensor,
  { form = 'distance', logScale }: IdealPointOptions = {},
): Tensor {
  if (form === 'squared') return neg(sum(square(sub(items, points)), -1))
  if (form === 'distance') return neg(norm(sub(items, points), -1))
  const cosine = cosineSimilarity(items, points)
  return logScale === undefined ? cosine : mul(cosine, minimum(exp(logScale), 100))
}

/**
 * Ideal points as mixtures of shared prototypes: softmax(logits/T) P.
 *
 * @param logits [..., K]
 * @param prototypes [K, d]
 * @param temperature T. Default 1
 * @returns [..., d]
 */
export function mixedPoints(logits: Tensor, prototypes: Tensor, temperature = 1): Tensor {
  return matmul(softmax(temperature === 1 ? logits : mul(logits, 1 / temperature)), prototypes)
}
