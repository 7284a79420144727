import { cast, isNotANumber, mul, not, type Operand, square, sub, sum, type Tensor, where } from '../../tensor/index.ts'
import { reduceLosses, safeDivide } from './reduction.ts'

export interface RatingLossOptions {
  /** How much each row counts: [rows, 1], or anything that spreads over the ratings. Default 1. */
  readonly weight?: Operand
  /** `mean`: over the ratings that are there, and 0 when there are none; `none`: of the ratings' shape. Default mean. */
  readonly reduction?: 'mean' | 'none'
}

/**
 * The squared error of scores by aspect against ratings of which some are missing,
 *
 *     L = Σ_ij m_ij w_i (r_j(x_i) − t_ij)² / Σ_ij m_ij w_i,   m_ij = 0 where t_ij is NaN and 1 elsewhere
 *
 * A missing rating adds neither loss nor gradient, which a rating of 0 in its place would.
 *
 * @param scores [..., aspects]
 * @param ratings of the same shape; NaN where an aspect was not rated
 * @see Wang et al. (2024), "Arithmetic control of LLMs for diverse user preferences", arXiv 2402.18571, section 2
 * @example
 * await evaluate(({ r, t }) => ratingLoss(r, t), { r: [[1, 5]], t: [[3, Number.NaN]] }) // 4
 */
export function ratingLoss(scores: Tensor, ratings: Tensor, options: RatingLossOptions = {}): Tensor {
  const { weight, reduction = 'mean' } = options
  const missing = isNotANumber(ratings)
  const present = cast(not(missing), scores.dtype)
  const errors = mul(square(sub(scores, where(missing, 0, ratings))), present)
  if (reduction === 'none') return weight === undefined ? errors : reduceLosses(errors, { weight, reduction })
  const counted = weight === undefined ? present : mul(present, weight)
  return safeDivide(sum(weight === undefined ? errors : mul(errors, weight)), sum(counted))
}
