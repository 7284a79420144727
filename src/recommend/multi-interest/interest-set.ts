import {
  add,
  cast,
  constant,
  div,
  equal,
  expandDims,
  matmul,
  max,
  mul,
  normalize,
  relu,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  value,
} from '../../tensor/index.ts'

/** Several vectors for each user. */
export interface InterestSet {
  /** [batch, interests, width] */
  readonly vectors: Tensor
  /** [batch, interests]: 1 for interests that say something, 0 for others, which take no part in scores. */
  readonly valid: Tensor
  /** [batch, centres]: share of the behaviours that each centre took, for methods that have centres. */
  readonly usage?: Tensor
}

/** Far below any score, and finite, so that sums with it stay numbers. */
const none = -1e30

/** What is added to scores by interest: 0 where it is valid and −10³⁰ elsewhere. */
export function invalidBias(valid: Tensor): Tensor {
  return mul(sub(1, valid), none)
}

/**
 * Scores of all items: s(u, t) = max_k ⟨I_k, t⟩ over the valid interests, −10³⁰ where there is none. Adding an interest
 * never lowers a score.
 *
 * @param items [items, width]
 * @returns [batch, items]
 */
export function interestScores({ vectors, valid }: InterestSet, items: Tensor): Tensor {
  const products = matmul(vectors, items, { transposeB: true })
  return max(add(products, expandDims(invalidBias(valid), 2)), 1)
}

/**
 * How much the interests of each user repeat each other, L_div of HCN:
 *
 *     (2/(K(K − 1))) Σ_{k<l} max(0, cos(I_k, I_l))²
 *
 * over the K valid interests; 0 for fewer than two, and for interests at right angles or opposed.
 *
 * @returns [batch]
 * @example
 * await evaluate(({ v }) => interestRedundancy({ vectors: v, valid: full([1, 2], 1) }), { v: [[[1, 0], [1, 1]]] }) // [0.5]
 */
export function interestRedundancy({ vectors, valid }: InterestSet): Tensor {
  return meanOfPairs(square(relu(cosines(vectors))), valid)
}

/** The mean cosine of each user's valid interests, pair by pair; 0 for fewer than two. [batch] */
export function meanInterestCosine({ vectors, valid }: InterestSet): Tensor {
  return meanOfPairs(cosines(vectors), valid)
}

/** [batch, interests, interests] */
function cosines(vectors: Tensor): Tensor {
  const units = normalize(vectors)
  return matmul(units, units, { transposeB: true })
}

/** Mean over the pairs of two different valid interests. */
function meanOfPairs(values: Tensor, valid: Tensor): Tensor {
  const count = Number(valid.shape[1])
  const different = Float32Array.from({ length: count * count }, (_, at) => (at % (count + 1) === 0 ? 0 : 1))
  const pairs = mul(
    mul(expandDims(valid, 1), expandDims(valid, 2)),
    cast(constant(value(different, [count, count])), values.dtype),
  )
  return ratio(sum(mul(values, pairs), [1, 2]), sum(pairs, [1, 2]))
}

/** total / count, 0 where the count is 0. */
export function ratio(total: Tensor, count: Tensor): Tensor {
  return div(total, add(count, cast(equal(count, 0), count.dtype)))
}

/** The same number for every row of a mask: 1 where it has any, [batch]. */
export function anyOf(mask: Tensor): Tensor {
  return max(mask, 1)
}

/** [batch] as [batch, 1, 1]. */
export function perRow(x: Tensor): Tensor {
  return reshape(x, [...x.shape, 1, 1])
}
