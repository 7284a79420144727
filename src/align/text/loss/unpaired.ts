import { pairLoss, type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  add,
  maximum,
  mean,
  mul,
  neg,
  type Operand,
  sigmoid,
  softplus,
  stopGradient,
  sub,
  type Tensor,
  where,
} from '../../../tensor/index.ts'
import { assertPositive, scaled } from './log-ratios.ts'

/** What losses on single completions read, all [batch]: some desirable, some not, none of them in pairs. */
export interface LabelledLogProbabilities {
  /** ln π(y | x), summed over completion tokens. */
  readonly completion: Tensor
  readonly referenceCompletion: Tensor
  /** bool */
  readonly desirable: Tensor
  /** KTO's z, a scalar: {@link ktoBaseline}. Default 0. */
  readonly baseline?: Tensor | undefined
  /** BCO's δ, a scalar: the running mean of all rewards β·ln(π/π_ref). Default 0. */
  readonly shift?: Tensor | undefined
  /** How much each undesirable completion counts in BCO: {@link promptImportance}. Default 1. */
  readonly importance?: Tensor | undefined
}

export interface UnpairedOptions extends Reduced {
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
}

function rewardOf(name: string, rows: LabelledLogProbabilities, { beta = 0.1 }: UnpairedOptions): Tensor {
  assertPositive(`${name}: beta`, beta)
  return scaled(sub(rows.completion, rows.referenceCompletion), beta)
}

export interface KtoOptions extends UnpairedOptions {
  /** λ_D and λ_U. The authors want λ_D n_D/(λ_U n_U) within 1 to 4/3. Default 1. */
  readonly desirableWeight?: number
  readonly undesirableWeight?: number
}

/**
 * Kahneman–Tversky optimisation: with ℓ the log-ratio and z the baseline,
 *
 *     desirable: λ_D (1 − σ(β (ℓ − z)))     undesirable: λ_U (1 − σ(β (z − ℓ)))
 *
 * @see Ethayarajh et al. (2024), arXiv 2402.01306
 */
export function ktoLoss(rows: LabelledLogProbabilities, options: KtoOptions = {}): Tensor {
  const { beta = 0.1, desirableWeight = 1, undesirableWeight = 1 } = options
  const reward = rewardOf('ktoLoss', rows, options)
  const lead = rows.baseline === undefined ? reward : sub(reward, scaled(stopGradient(rows.baseline), beta))
  const good = scaled(sigmoid(neg(lead)), desirableWeight)
  return reduceLosses(where(rows.desirable, good, scaled(sigmoid(lead), undesirableWeight)), options)
}

/**
 * KTO's z: max(0, mean ln(π/π_ref)) of completions under prompts that are not theirs, as of a batch turned by one place
 * ({@link mismatched}). No gradient flows through it.
 *
 * @param completion ln π(y_{i−1} | x_i), [batch]
 * @returns a scalar
 */
export function ktoBaseline(completion: Tensor, referenceCompletion: Tensor): Tensor {
  return stopGradient(maximum(mean(sub(completion, referenceCompletion)), 0))
}

/**
 * Completions turned by one place against their prompts, for {@link ktoBaseline}.
 *
 * @throws {RangeError} for fewer than two rows, whose completions would stay where they are
 */
export function mismatched<T>(completions: readonly T[]): readonly T[] {
  if (completions.length < 2)
    throw new RangeError(`mismatched: the batch has ${completions.length} rows, expected at least 2`)
  return completions.map((_, index) => completions.at(index - 1) as T)
}

/**
 * Anchored preference optimisation, zero, without pairs: 1 − σ(β ℓ) of desirable and σ(β ℓ) of undesirable completions.
 *
 * @see D'Oosterlinck et al. (2024), arXiv 2408.06266
 */
export function apoZeroUnpairedLoss(rows: LabelledLogProbabilities, options: KtoOptions = {}): Tensor {
  return ktoLoss({ ...rows, baseline: undefined }, options)
}

/**
 * Binary classifier optimisation: −ls(r − δ) of desirable and −w ls(−(r − δ)) of undesirable completions, r = β ℓ.
 *
 * @see Jung et al. (2024), arXiv 2404.04656
 */
export function bcoLoss(rows: LabelledLogProbabilities, options: UnpairedOptions = {}): Tensor {
  const reward = rewardOf('bcoLoss', rows, options)
  const lead = rows.shift === undefined ? reward : sub(reward, stopGradient(rows.shift))
  const bad = rows.importance === undefined ? softplus(lead) : mul(softplus(lead), rows.importance)
  return reduceLosses(where(rows.desirable, softplus(neg(lead)), bad), options)
}

/** A mean over all rewards seen so far, BCO's δ. */
export interface RunningMean {
  readonly count: number
  readonly mean: number
}

/**
 * The running mean with more numbers in it. BCO takes it after the batch's own rewards are in.
 *
 * @param before what was seen before; undefined for nothing
 */
export function updateRunningMean(before: RunningMean | undefined, numbers: Iterable<number>): RunningMean {
  let { count, mean: average } = before ?? { count: 0, mean: 0 }
  for (const number of numbers) {
    count += 1
    average += (number - average) / count
  }
  return { count, mean: average }
}

/**
 * BCO's weight of an undesirable completion: p/(1 − p), kept within [0.5, 10], where p is the chance that its prompt is
 * from the desirable set (a logistic classifier's).
 *
 * @throws {RangeError} when p is not in [0, 1]
 */
export function promptImportance(desirable: number, [least, most]: readonly [number, number] = [0.5, 10]): number {
  if (!(desirable >= 0 && desirable <= 1))
    throw new RangeError(`promptImportance: the probability is ${desirable}, expected 0 to 1`)
  return Math.min(most, Math.max(least, desirable / (1 - desirable)))
}

export interface RewardModelOptions extends Reduced {
  /** How much (r_w + r_l)² counts, which keeps rewards near 0. Default 0; 0.01 is usual. */
  readonly centring?: number
}

/**
 * Loss of a reward model: −ls(r_w − r_l − m) + κ (r_w + r_l)².
 *
 * @param rewards [batch] each; m, the margin by which annotators preferred, is 0 when not given
 * @see Touvron et al. (2023), arXiv 2307.09288 (margin); Eisenstein et al. (2023), arXiv 2312.09244 (centring)
 */
export function rewardModelLoss(
  rewards: { readonly chosen: Tensor; readonly rejected: Tensor; readonly margin?: Tensor | undefined },
  options: RewardModelOptions = {},
): Tensor {
  const { centring = 0 } = options
  const difference = sub(rewards.chosen, rewards.rejected)
  const lead = rewards.margin === undefined ? {} : { lead: rewards.margin }
  const losses = pairLoss(difference, { ...lead, reduction: 'none' })
  const total = add(rewards.chosen, rewards.rejected)
  return reduceLosses(centring === 0 ? losses : add(losses, scaled(mul(total, total), centring)), options)
}
