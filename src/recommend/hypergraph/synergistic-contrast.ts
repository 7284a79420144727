import { infoNce } from '../../learn/index.ts'
import { dimAt, gather, randomUniform, type Tensor, topK } from '../../tensor/index.ts'

export interface SynergisticContrastOptions {
  /** τ, divides cosines. Default 0.6 (the authors', TikTok). */
  readonly temperature?: number
  /**
   * How many of the nodes stand for all, drawn evenly and anew for each key: what is compared grows with their square.
   * Default: all of them.
   */
  readonly sample?: { readonly nodes: number; readonly key: Tensor }
}

/**
 * How badly a node's two views tell it from the others: with first views a, second views b and s(x, y) = exp(cos(x, y)/τ),
 *
 *     −(1/N) Σ_n ln( s(a_n, b_n) / (Σ_m s(a_n, a_m) + Σ_m s(a_n, b_m) − s(a_n, a_n)) )
 *
 * It goes from a to b only, while both are trained; ln(2N − 1) when all similarities are equal. On a sample of n nodes
 * the others count (N − 1)/(n − 1) each, so that the sums stand for those over all.
 *
 * @param first [N, width]
 * @param second [N, width]
 * @returns a scalar
 * @throws {RangeError} when the temperature is not above 0, or a sample has fewer than 2 nodes
 * @see Guo et al. 2025, arXiv 2504.16576, synergistic contrastive learning
 */
export function synergisticContrast(first: Tensor, second: Tensor, options: SynergisticContrastOptions = {}): Tensor {
  const { temperature = 0.6, sample } = options
  const count = Number(dimAt(first.shape, 0))
  if (sample === undefined || sample.nodes >= count) return infoNce(first, second, { temperature, otherQueries: true })
  if (!(Number.isInteger(sample.nodes) && sample.nodes >= 2))
    throw new RangeError(`the sample has ${sample.nodes} nodes, expected a whole number of at least 2`)
  const drawn = topK(randomUniform(sample.key, [count]), sample.nodes).indices
  return infoNce(gather(first, drawn), gather(second, drawn), {
    temperature,
    otherQueries: true,
    othersWeigh: (count - 1) / (sample.nodes - 1),
  })
}
