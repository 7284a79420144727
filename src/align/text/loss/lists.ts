import { type ListLossOptions, listMle, type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  abs,
  add,
  argSort,
  cast,
  dimAt,
  div,
  equal,
  exp,
  expandDims,
  greater,
  log,
  logSumExp,
  max,
  mul,
  neg,
  type Operand,
  range,
  ranks,
  relu,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
  takeAlong,
  where,
} from '../../../tensor/index.ts'
import { assertPositive, scaled } from './log-ratios.ts'

/** What losses on several completions of one prompt read. */
export interface ListLogProbabilities {
  /** [lists, n]: mean log-probabilities for PRO and RRHF, sums for {@link listDpoLoss} and {@link lipoLoss}. */
  readonly completions: Tensor
  /** [lists, n], of the same floating type; greater is better, in any order. */
  readonly rewards: Tensor
  /** [lists, n], sums under the reference. */
  readonly referenceCompletions?: Tensor | undefined
  /** bool [lists, n]: which places hold a completion. Default all. */
  readonly mask?: Tensor | undefined
  /** [lists]: ln π of the completion to be imitated, the best one, summed over its tokens. */
  readonly best?: Tensor | undefined
}

const never = -1e30
const row = (x: Tensor): Tensor => expandDims(x, -1)
const column = (x: Tensor): Tensor => expandDims(x, -2)

export interface ProOptions extends Reduced {
  /** Temperatures from gaps of rewards, or none (1 for all, which is Plackett–Luce). Default `gaps`. */
  readonly temperature?: 'gaps' | 'none'
  /** λ of −ln π(best), read where `best` is given. The authors take 0.05 (n − 1)². Default that. */
  readonly likelihoodWeight?: number
}

/**
 * Preference ranking optimisation. With s the mean log-probabilities from best to worst, g_{k,i} = r_k − r_i and
 * G_k = max_{i>k} g_{k,i},
 *
 *     ℓ = Σ_{k<n} [ ln( e^{G_k s_k} + Σ_{i>k} e^{g_{k,i} s_i} ) − G_k s_k ] − λ ln π(y_1)
 *
 * Of two it is −ls(g (s_1 − s_2)). Equal rewards make the ranking part constant: no gap divides anything.
 *
 * @see Song et al. (2023), arXiv 2306.17492
 */
export function proLoss(lists: ListLogProbabilities, options: ProOptions = {}): Tensor {
  const { temperature = 'gaps' } = options
  const size = dimAt(lists.completions.shape, -1)
  const order = argSort(lists.mask ? where(lists.mask, lists.rewards, never) : lists.rewards, { descending: true })
  const scores = takeAlong(lists.completions, order)
  const rewards = takeAlong(lists.rewards, order)
  const there = lists.mask && takeAlong(cast(lists.mask, scores.dtype), order)
  const later = cast(greater(column(range(size)), row(range(size))), scores.dtype)
  const rivals = there === undefined ? later : mul(later, mul(row(there), column(there)))
  const gaps = temperature === 'none' ? rivals : mul(sub(row(rewards), column(rewards)), rivals)
  const own = row(mul(max(gaps, -1), scores))
  // −ls of the best one's lead over all that come after it: softplus(ln Σ e^{g s_i} − G s_k), 0 for the last.
  const behind = sub(where(greater(rivals, 0), mul(gaps, column(scores)), never), own)
  const losses = sum(softplus(logSumExp(behind, -1)), -1)
  if (lists.best === undefined) return reduceLosses(losses, options)
  const { likelihoodWeight = typeof size === 'number' ? 0.05 * (size - 1) ** 2 : undefined } = options
  if (likelihoodWeight === undefined)
    throw new RangeError('proLoss: lists have a named size, expected likelihoodWeight to be given')
  return reduceLosses(sub(losses, scaled(lists.best, likelihoodWeight)), options)
}

export interface RrhfOptions extends Reduced {
  /** How much −ln π(best) counts, read where `best` is given. Default 1. */
  readonly likelihoodWeight?: number
}

/**
 * Rank responses to align: ℓ = Σ_{r_i < r_j} max(0, p̄_i − p̄_j) − ln π(best), p̄ the mean log-probabilities.
 *
 * @see Yuan et al. (2023), arXiv 2304.05302
 */
export function rrhfLoss(lists: ListLogProbabilities, options: RrhfOptions = {}): Tensor {
  const { completions, best } = lists
  const wrong = relu(sub(column(completions), row(completions)))
  const losses = sum(where(betterThan(lists), wrong, 0), [-2, -1])
  const { likelihoodWeight = 1 } = options
  return reduceLosses(best === undefined ? losses : sub(losses, scaled(best, likelihoodWeight)), options)
}

/** bool [lists, n, n]: the row's completion has the greater reward, and both are there. */
function betterThan({ rewards, mask }: ListLogProbabilities): Tensor {
  const better = greater(row(rewards), column(rewards))
  if (mask === undefined) return better
  const there = cast(mask, 'float32')
  return equal(mul(cast(better, 'float32'), mul(row(there), column(there))), 1)
}

export interface ListRatioOptions {
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
}

/** β times the log-ratios to the reference; of the policy's log-probabilities alone where no reference is given. */
function implicitRewards(lists: ListLogProbabilities, beta: Operand): Tensor {
  const { completions, referenceCompletions } = lists
  return scaled(referenceCompletions === undefined ? completions : sub(completions, referenceCompletions), beta)
}

/**
 * DPO on whole orders (DPO-PL): {@link listMle} of the implicit rewards β·ln(π/π_ref). Of two it is DPO. The mean is
 * over lists in which something is preferred.
 *
 * @see Rafailov et al. (2023), arXiv 2305.18290, appendix A.3
 */
export function listDpoLoss(
  lists: ListLogProbabilities,
  options: ListRatioOptions & Omit<ListLossOptions, 'mask' | 'temperature'> = {},
): Tensor {
  const { beta = 0.1, ...reduced } = options
  assertPositive('listDpoLoss: beta', beta)
  return listMle(implicitRewards(lists, beta), lists.rewards, { ...reduced, ...(lists.mask && { mask: lists.mask }) })
}

/**
 * LiPO-λ: every comparison of a list, weighted by what swapping the two would change of its discounted gain,
 *
 *     ℓ = Σ_{r_i > r_j} |2^{r_i} − 2^{r_j}| · |1/ln(1 + τ_i) − 1/ln(1 + τ_j)| · softplus(−(s_i − s_j))
 *
 * with s the implicit rewards and τ_i the rank by s, from 1; no gradient flows through weights.
 *
 * @param lists whose rewards are gains, moderate numbers such as 0 to 4
 * @see Liu et al. (2024), arXiv 2402.01878
 */
export function lipoLoss(lists: ListLogProbabilities, options: ListRatioOptions & Reduced = {}): Tensor {
  const { beta = 0.1 } = options
  assertPositive('lipoLoss: beta', beta)
  const scores = implicitRewards(lists, beta)
  const fixed = stopGradient(lists.mask === undefined ? scores : where(lists.mask, scores, never))
  const discount = div(1, log(add(cast(ranks(fixed, { descending: true }), scores.dtype), 2)))
  const gain = exp(mul(lists.rewards, Math.LN2))
  const weight = mul(abs(sub(row(gain), column(gain))), abs(sub(row(discount), column(discount))))
  const comparisons = mul(softplus(neg(sub(row(scores), column(scores)))), weight)
  return reduceLosses(sum(where(betterThan(lists), comparisons, 0), [-2, -1]), options)
}
