import { add, clip, div, expm1, logSigmoid, mul, type Operand, sub, type Tensor } from '../../../tensor/index.ts'

/**
 * What losses on pairs of completions read, all [batch]. Log-probabilities are sums over completion tokens only (see
 * `sequenceLogProbability`), under the trained policy and under the frozen reference.
 */
export interface PairLogProbabilities {
  /** ln π(y_w | x) */
  readonly chosen: Tensor
  /** ln π(y_l | x) */
  readonly rejected: Tensor
  /** ln π_ref(y_w | x); needed unless the loss or `referenceScale: 0` makes it reference-free. */
  readonly referenceChosen?: Tensor | undefined
  readonly referenceRejected?: Tensor | undefined
  /** |y_w| in tokens, of the same floating type; needed by losses on averages. At least 1. */
  readonly chosenLength?: Tensor | undefined
  readonly rejectedLength?: Tensor | undefined
}

/** How far from the reference a policy counts as, see {@link divergenceScore}. */
export type Divergence = 'reverse_kl' | 'forward_kl' | 'js_divergence' | 'alpha_divergence'
export const divergences = ['reverse_kl', 'forward_kl', 'js_divergence', 'alpha_divergence'] as const

export interface ReferenceOptions {
  /**
   * γ that multiplies the reference's log-probabilities: 1 is the loss as published, 0 reference-free, for which no
   * reference is needed. Default 1.
   *
   * @see Chen et al. (2024), arXiv 2405.19534
   */
  readonly referenceScale?: Operand
}

/** For losses of the margin d, for which the divergence may be chosen. */
export interface DivergenceOptions extends ReferenceOptions {
  /** The f-divergence that holds the policy near the reference. Default `reverse_kl`, which changes nothing. */
  readonly divergence?: Divergence
  /** α of `alpha_divergence`; 1 is `reverse_kl`. Default 0.5. */
  readonly divergenceAlpha?: number
}

/** Beyond this, e^x is cut off, so that far-off pairs cost much and not infinitely much, in float32 too. */
const greatestExponent = 80

/**
 * f′ of a density ratio e^t, which stands for the log-ratio t in losses when the policy is held near the reference by
 * another divergence than reverse KL. All are 0 at t = 0 and rise from there with slope 1 (js_divergence: ½):
 *
 *     reverse_kl: t    forward_kl: 1 − e^{−t}    js_divergence: ln 2 + ln σ(t)    alpha_divergence: (e^{(α−1)t} − 1)/(α−1)
 *
 * Exponents are cut at 80.
 *
 * @param logRatio t, any shape
 * @param alpha of `alpha_divergence`; within 1e-6 of 1 it is `reverse_kl`
 * @see Wang et al. (2023), "Beyond reverse KL", arXiv 2309.16240
 */
export function divergenceScore(logRatio: Tensor, divergence: Divergence = 'reverse_kl', alpha = 0.5): Tensor {
  if (divergence === 'js_divergence') return add(logSigmoid(logRatio), Math.LN2)
  const power = divergence === 'forward_kl' ? -1 : divergence === 'reverse_kl' ? 0 : alpha - 1
  if (Math.abs(power) < 1e-6) return logRatio
  return div(expm1(clip(mul(logRatio, power), undefined, greatestExponent)), power)
}

/** Log-ratios of policy to reference, [batch] each. */
export interface LogRatios {
  readonly chosen: Tensor
  readonly rejected: Tensor
}

/**
 * a = ln π(y_w) − γ ln π_ref(y_w) and c, the same of y_l; with γ = 0 the policy's log-probabilities alone.
 *
 * @throws {RangeError} when the reference's log-probabilities are missing and γ is not 0
 */
export function logRatios(pairs: PairLogProbabilities, { referenceScale = 1 }: ReferenceOptions = {}): LogRatios {
  if (referenceScale === 0) return { chosen: pairs.chosen, rejected: pairs.rejected }
  const ratio = (policy: Tensor, reference: Tensor): Tensor =>
    sub(policy, referenceScale === 1 ? reference : mul(reference, referenceScale))
  return {
    chosen: ratio(pairs.chosen, given(pairs.referenceChosen, 'referenceChosen')),
    rejected: ratio(pairs.rejected, given(pairs.referenceRejected, 'referenceRejected')),
  }
}

/** s(a) and s(c): the log-ratios as the divergence counts them. */
export function scoredRatios(pairs: PairLogProbabilities, options: DivergenceOptions = {}): LogRatios {
  const { chosen, rejected } = logRatios(pairs, options)
  const score = (ratio: Tensor): Tensor => divergenceScore(ratio, options.divergence, options.divergenceAlpha)
  return { chosen: score(chosen), rejected: score(rejected) }
}

/** d = s(a) − s(c) */
export function marginOf({ chosen, rejected }: LogRatios): Tensor {
  return sub(chosen, rejected)
}

/**
 * Per token: x_w/|y_w| and x_l/|y_l|.
 *
 * @throws {RangeError} when lengths are missing
 */
export function perToken({ chosen, rejected }: LogRatios, pairs: PairLogProbabilities): LogRatios {
  return {
    chosen: div(chosen, given(pairs.chosenLength, 'chosenLength')),
    rejected: div(rejected, given(pairs.rejectedLength, 'rejectedLength')),
  }
}

/** An input that the loss asked for needs. @throws {RangeError} naming it when it is missing */
export function given<T>(tensor: T | undefined, name: string): T {
  if (tensor === undefined) throw new RangeError(`${name} is missing, expected log-probabilities that this loss reads`)
  return tensor
}

/** @throws {RangeError} when a number is not above 0 */
export function assertPositive(name: string, value: Operand): void {
  if (typeof value === 'number' && !(value > 0 && Number.isFinite(value)))
    throw new RangeError(`${name} is ${value}, expected a number above 0`)
}

/** @throws {RangeError} when a share is not in [0, ½) */
export function assertSmoothing(name: string, value: number): void {
  if (!(value >= 0 && value < 0.5)) throw new RangeError(`${name} is ${value}, expected at least 0 and below ½`)
}

/** x² of a difference to a target. */
export function squaredTo(x: Tensor, target: Operand): Tensor {
  const off = sub(x, target)
  return mul(off, off)
}

/** β·x */
export function scaled(x: Tensor, beta: Operand): Tensor {
  return beta === 1 ? x : mul(x, beta)
}
