import { hinge, pairLoss, type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  add,
  div,
  exp,
  logSigmoid,
  mean,
  mul,
  neg,
  type Operand,
  sigmoid,
  softplus,
  sort,
  sub,
  type Tensor,
} from '../../../tensor/index.ts'
import {
  assertPositive,
  assertSmoothing,
  type DivergenceOptions,
  given,
  logRatios,
  marginOf,
  type PairLogProbabilities,
  perToken,
  type ReferenceOptions,
  scaled,
  scoredRatios,
  squaredTo,
} from './log-ratios.ts'

/**
 * Options of every loss on pairs with a reference. In the equations a and c are the log-ratios of the chosen and the
 * rejected completion (sums over tokens), d = a − c as the divergence counts them, ls = ln σ.
 */
export interface PairedOptions extends ReferenceOptions, Reduced {
  /** β > 0: the larger, the more a nat of log-ratio counts and the nearer the policy stays. Default 0.1. */
  readonly beta?: Operand
}

export interface SmoothedOptions extends PairedOptions {
  /** Share ε of pairs taken to be labelled the wrong way round, in [0, ½). Default 0. */
  readonly labelSmoothing?: number
}

const betaOf = (name: string, { beta = 0.1 }: PairedOptions): Operand => {
  assertPositive(`${name}: beta`, beta)
  return beta
}

export interface DpoOptions extends SmoothedOptions, DivergenceOptions {
  /** P(chosen preferred) of each pair, in [0, 1]: 1 is DPO, others SPCE (arXiv 2405.14103). Default 1. */
  readonly target?: Operand
  /** By how much β d should lead, at least 0, as α·ln of a gap of rewards in ODPO (arXiv 2402.10571). Default 0. */
  readonly offset?: Operand
}

/**
 * Direct preference optimisation, the logistic loss of the implicit rewards β·ln(π/π_ref):
 *
 *     ℓ = −ls(β d);   with p the target, ε the smoothing, g the offset: {@link pairLoss} of β d
 *
 * ln 2 at the reference, ∂ℓ/∂d = −β σ(−β d). With smoothing it is cDPO, whose optimum is β d = ln((1 − ε)/ε).
 *
 * @returns a scalar, or [batch] with `reduction: 'none'`; so are all losses here
 * @throws {RangeError} when β or ε is out of range or log-probabilities are missing; so do all losses here
 * @see Rafailov et al. (2023), arXiv 2305.18290; β 0.1 as in TRL
 * @example
 * const pairs = { chosen: [-12], rejected: [-15], referenceChosen: [-13], referenceRejected: [-14] }
 * await evaluate((pairs) => dpoLoss(pairs), pairs) // 0.598139
 */
export function dpoLoss(pairs: PairLogProbabilities, options: DpoOptions = {}): Tensor {
  const { offset = 0, target = 1, labelSmoothing = 0 } = options
  const margin = scaled(marginOf(scoredRatios(pairs, options)), betaOf('dpoLoss', options))
  const lead = offset === 0 ? {} : { lead: offset }
  return reduceLosses(pairLoss(margin, { target, labelSmoothing, ...lead, reduction: 'none' }), options)
}

/**
 * Length-normalised DPO: ℓ = −ls(β (a/|y_w| − c/|y_l|)). With equal lengths n it is DPO of β/n, so its β is larger.
 *
 * @param options β default 2 (grid 1 to 4; Tülu 3 takes 5)
 * @see Ahrabian et al. (2024), arXiv 2407.15229
 */
export function lengthNormalisedDpoLoss(
  pairs: PairLogProbabilities,
  options: SmoothedOptions & DivergenceOptions = {},
): Tensor {
  const { beta = 2, labelSmoothing = 0 } = options
  assertPositive('lengthNormalisedDpoLoss: beta', beta)
  const margin = marginOf(perToken(scoredRatios(pairs, options), pairs))
  return reduceLosses(pairLoss(scaled(margin, beta), { labelSmoothing, reduction: 'none' }), options)
}

/**
 * Hinge loss of the implicit rewards: ℓ = max(0, 1 − β d). No gradient from β d = 1 on.
 *
 * @see Zhao et al. (2023), SLiC-HF, arXiv 2305.10425; Liu et al. (2023), RSO, arXiv 2309.06657
 */
export function hingeDpoLoss(pairs: PairLogProbabilities, options: PairedOptions & DivergenceOptions = {}): Tensor {
  const margin = scaled(marginOf(scoredRatios(pairs, options)), betaOf('hingeDpoLoss', options))
  return reduceLosses(hinge(margin, { reduction: 'none' }), options)
}

export interface IpoOptions extends PairedOptions, DivergenceOptions {
  /** Log-ratios per token, as TRL has it, or whole, as in the paper. Default true. */
  readonly lengthNormalise?: boolean
}

/**
 * Identity preference optimisation: ℓ = (d − 1/(2β))², where β is the paper's τ and d = a/|y_w| − c/|y_l|, or a − c.
 *
 * @see Azar et al. (2023), arXiv 2310.12036
 */
export function ipoLoss(pairs: PairLogProbabilities, options: IpoOptions = {}): Tensor {
  const ratios = scoredRatios(pairs, options)
  const margin = marginOf((options.lengthNormalise ?? true) ? perToken(ratios, pairs) : ratios)
  return reduceLosses(squaredTo(margin, half(betaOf('ipoLoss', options))), options)
}

/** 1/(2β) */
function half(beta: Operand): Operand {
  return typeof beta === 'number' ? 1 / (2 * beta) : div(0.5, beta)
}

/**
 * Exact preference optimisation on pairs, the reverse KL from the model's to the labels' distribution: with q = σ(β d),
 *
 *     ℓ = q (ln q − ln(1 − ε)) + (1 − q)(ln(1 − q) − ln ε)
 *
 * @param options ε default 1e-3; it must be above 0
 * @see Ji et al. (2024), arXiv 2402.00856
 */
export function exoPairLoss(pairs: PairLogProbabilities, options: SmoothedOptions & DivergenceOptions = {}): Tensor {
  const { labelSmoothing = 1e-3 } = options
  if (!(labelSmoothing > 0 && labelSmoothing < 0.5))
    throw new RangeError(`exoPairLoss: labelSmoothing is ${labelSmoothing}, expected above 0 and below ½`)
  const z = scaled(marginOf(scoredRatios(pairs, options)), betaOf('exoPairLoss', options))
  const right = mul(sigmoid(z), sub(logSigmoid(z), Math.log1p(-labelSmoothing)))
  const wrong = mul(sigmoid(neg(z)), sub(logSigmoid(neg(z)), Math.log(labelSmoothing)))
  return reduceLosses(add(right, wrong), options)
}

/**
 * Noise-contrastive alignment on pairs: ℓ = −ls(β a) − ½ ls(−β a) − ½ ls(−β c). How likely the chosen completion is
 * matters by itself, not only against the rejected one.
 *
 * @see Chen et al. (2024), arXiv 2402.05369
 */
export function ncaPairLoss(pairs: PairLogProbabilities, options: PairedOptions = {}): Tensor {
  const { a, c } = rewards('ncaPairLoss', pairs, options)
  return reduceLosses(add(softplus(neg(a)), mul(add(softplus(a), softplus(c)), 0.5)), options)
}

/** β a and β c */
function rewards(name: string, pairs: PairLogProbabilities, options: PairedOptions): Record<'a' | 'c', Tensor> {
  const { chosen, rejected } = logRatios(pairs, options)
  const beta = betaOf(name, options)
  return { a: scaled(chosen, beta), c: scaled(rejected, beta) }
}

/**
 * Robust DPO: ℓ = [−(1 − ε) ls(β d) + ε ls(−β d)]/(1 − 2ε), the DPO loss without bias when a share ε of labels is
 * flipped. Not bounded below.
 *
 * @see Chowdhury et al. (2024), arXiv 2403.00409
 */
export function robustDpoLoss(pairs: PairLogProbabilities, options: SmoothedOptions & DivergenceOptions = {}): Tensor {
  const { labelSmoothing = 0 } = options
  assertSmoothing('robustDpoLoss: labelSmoothing', labelSmoothing)
  const margin = scaled(marginOf(scoredRatios(pairs, options)), betaOf('robustDpoLoss', options))
  const target = (1 - labelSmoothing) / (1 - 2 * labelSmoothing)
  return reduceLosses(pairLoss(margin, { target, reduction: 'none' }), options)
}

/**
 * Binary classifier optimisation on pairs: ℓ = −ls(β a) − ls(−β c), without the shift of {@link bcoLoss}.
 *
 * @see Jung et al. (2024), arXiv 2404.04656
 */
export function bcoPairLoss(pairs: PairLogProbabilities, options: PairedOptions = {}): Tensor {
  const { a, c } = rewards('bcoPairLoss', pairs, options)
  return reduceLosses(add(softplus(neg(a)), softplus(c)), options)
}

export interface SppoOptions extends PairedOptions {
  /** P(y_w beats the policy) and P(y_l beats it), [batch] or numbers. Default 1 and 0, the hard form. */
  readonly chosenWinRate?: Operand
  readonly rejectedWinRate?: Operand
}

/**
 * Self-play preference optimisation: ℓ = (a − (P_w − ½)/β)² + (c − (P_l − ½)/β)². TRL's `sppo_hard` is P_w = 1, P_l = 0.
 *
 * @see Wu et al. (2024), arXiv 2405.00675
 */
export function sppoLoss(pairs: PairLogProbabilities, options: SppoOptions = {}): Tensor {
  const { chosenWinRate = 1, rejectedWinRate = 0 } = options
  const { chosen, rejected } = logRatios(pairs, options)
  const beta = betaOf('sppoLoss', options)
  const target = (rate: Operand): Operand =>
    typeof rate === 'number' && typeof beta === 'number' ? (rate - 0.5) / beta : div(sub(rate, 0.5), beta)
  return reduceLosses(
    add(squaredTo(chosen, target(chosenWinRate)), squaredTo(rejected, target(rejectedWinRate))),
    options,
  )
}

/**
 * Alignment by optimal transport on pairs: the whole batch's margins should dominate the reference's,
 *
 *     δ = sort(ln π(y_w) − ln π(y_l)) − sort(ln π_ref(y_w) − ln π_ref(y_l)),   ℓ = −(1 − ε) ls(β δ) − ε ls(−β δ)
 *
 * Sorted over the batch: with one pair it is DPO. Its losses with `reduction: 'none'` are
 * in the order of the sorted margins.
 *
 * @see Melnyk et al. (2024), arXiv 2406.05882
 */
export function aotLoss(pairs: PairLogProbabilities, options: SmoothedOptions = {}): Tensor {
  const policy = sort(sub(pairs.chosen, pairs.rejected))
  const { referenceScale = 1 } = options
  const reference =
    referenceScale === 0
      ? undefined
      : sort(sub(given(pairs.referenceChosen, 'referenceChosen'), given(pairs.referenceRejected, 'referenceRejected')))
  const delta = reference === undefined ? policy : sub(policy, scaled(reference, referenceScale))
  return transported('aotLoss', delta, options)
}

/**
 * Alignment by optimal transport without pairing: δ = sort(a) − sort(c), otherwise {@link aotLoss}.
 *
 * @see Melnyk et al. (2024), arXiv 2406.05882
 */
export function aotUnpairedLoss(pairs: PairLogProbabilities, options: SmoothedOptions = {}): Tensor {
  const { chosen, rejected } = logRatios(pairs, options)
  return transported('aotUnpairedLoss', sub(sort(chosen), sort(rejected)), options)
}

function transported(name: string, delta: Tensor, options: SmoothedOptions): Tensor {
  const { labelSmoothing = 0 } = options
  const losses = pairLoss(scaled(delta, betaOf(name, options)), { labelSmoothing, reduction: 'none' })
  return reduceLosses(losses, options)
}

/**
 * Anchored preference optimisation, zero: ℓ = 1 − σ(β a) + σ(β c), to raise the chosen and lower the rejected
 * completion, for data better than the policy.
 *
 * @see D'Oosterlinck et al. (2024), arXiv 2408.06266
 */
export function apoZeroLoss(pairs: PairLogProbabilities, options: PairedOptions = {}): Tensor {
  const beta = betaOf('apoZeroLoss', options)
  const { chosen, rejected } = logRatios(pairs, options)
  return reduceLosses(add(sigmoid(neg(scaled(chosen, beta))), sigmoid(scaled(rejected, beta))), options)
}

/**
 * Anchored preference optimisation, down: ℓ = σ(β a) + 1 − σ(β d), to lower both and the rejected one more, for data
 * worse than the policy. At the reference nothing pulls at the chosen completion.
 *
 * @see D'Oosterlinck et al. (2024), arXiv 2408.06266
 */
export function apoDownLoss(pairs: PairLogProbabilities, options: PairedOptions = {}): Tensor {
  const beta = betaOf('apoDownLoss', options)
  const ratios = logRatios(pairs, options)
  return reduceLosses(add(sigmoid(scaled(ratios.chosen, beta)), sigmoid(neg(scaled(marginOf(ratios), beta)))), options)
}

export interface DiscopopOptions extends PairedOptions, DivergenceOptions {
  /** τ in (0, 1): how suddenly the loss turns from logistic to exponential. Default 0.05. */
  readonly temperature?: number
}

/**
 * DiscoPOP, a loss found by a language model: with z = β d and m = σ(z/τ), ℓ = (1 − m)(−ls z) + m e^{−z}. It is not
 * convex, and at the reference its gradient points the wrong way; that is how it was found.
 *
 * @see Lu et al. (2024), arXiv 2406.08414
 */
export function discopopLoss(pairs: PairLogProbabilities, options: DiscopopOptions = {}): Tensor {
  const { temperature = 0.05 } = options
  if (!(temperature > 0 && temperature < 1))
    throw new RangeError(`discopopLoss: temperature is ${temperature}, expected above 0 and below 1`)
  const z = scaled(marginOf(scoredRatios(pairs, options)), betaOf('discopopLoss', options))
  const sharp = div(z, temperature)
  const logistic = mul(sigmoid(neg(sharp)), softplus(neg(z)))
  // m e^{−z} in one exponent: far to the left m is 0 and e^{−z} infinite.
  return reduceLosses(add(logistic, exp(sub(logSigmoid(sharp), z))), options)
}

/**
 * Likelihood of the chosen completions per token of the batch, −Σ ln π(y_w)/Σ|y_w|; with `reduction: 'none'` each row's
 * share of the mean, −ln π(y_w)/mean|y_w|.
 */
export function chosenLikelihoodLoss(pairs: PairLogProbabilities, options: Reduced = {}): Tensor {
  return reduceLosses(div(neg(pairs.chosen), mean(given(pairs.chosenLength, 'chosenLength'))), options)
}

/** Log-probabilities of pairs whose prompts are scored too, [batch] each: the sums over prompt tokens. */
export interface PromptLogProbabilities {
  readonly chosenPrompt: Tensor
  readonly rejectedPrompt: Tensor
  readonly referenceChosenPrompt: Tensor
  readonly referenceRejectedPrompt: Tensor
}

export interface JpoOptions extends DpoOptions {
  /** λ in [0, 1]: how much the prompts' log-ratios count; 0 is DPO. Default 1. */
  readonly promptWeight?: number
}

/**
 * Joint preference optimisation: DPO on ln π(x, y), so that completions of different prompts can be compared. With
 * equal prompts it is DPO.
 *
 * @see Bansal et al. (2024), arXiv 2404.00530
 */
export function jpoLoss(pairs: PairLogProbabilities & PromptLogProbabilities, options: JpoOptions = {}): Tensor {
  const { promptWeight = 1 } = options
  if (!(promptWeight >= 0 && promptWeight <= 1))
    throw new RangeError(`jpoLoss: promptWeight is ${promptWeight}, expected 0 to 1`)
  const joint = (completion: Tensor, prompt: Tensor): Tensor => add(completion, scaled(prompt, promptWeight))
  return dpoLoss(
    {
      chosen: joint(pairs.chosen, pairs.chosenPrompt),
      rejected: joint(pairs.rejected, pairs.rejectedPrompt),
      referenceChosen: joint(given(pairs.referenceChosen, 'referenceChosen'), pairs.referenceChosenPrompt),
      referenceRejected: joint(given(pairs.referenceRejected, 'referenceRejected'), pairs.referenceRejectedPrompt),
    },
    options,
  )
}
