import { hinge, pairLoss, type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  add,
  div,
  exp,
  expm1,
  greater,
  log,
  log1p,
  minimum,
  mul,
  neg,
  type Operand,
  relu,
  sub,
  type Tensor,
  where,
} from '../../../tensor/index.ts'
import {
  assertPositive,
  assertSmoothing,
  type LogRatios,
  marginOf,
  type PairLogProbabilities,
  perToken,
  scaled,
  squaredTo,
} from './log-ratios.ts'
import { chosenLikelihoodLoss } from './paired.ts'

/** Pairs for losses without reference, with a likelihood beside the preference. */
export interface LikelihoodPairs extends PairLogProbabilities {
  /**
   * What the likelihood's term costs, as a scalar or [batch]. Default: {@link chosenLikelihoodLoss} of the chosen
   * completions.
   */
  readonly likelihood?: Tensor | undefined
}

export interface ReferenceFreeOptions extends Reduced {
  /** How the difference is judged: `sigmoid` and `hinge` of sums, `ipo` of means. Default `sigmoid`. */
  readonly form?: 'sigmoid' | 'hinge' | 'ipo'
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
  /** How much the likelihood of the chosen completions counts, at least 0. Default 1. */
  readonly likelihoodWeight?: number
  /** ε in [0, ½), for `sigmoid`. Default 0. */
  readonly labelSmoothing?: number
}

/**
 * Contrastive preference optimisation: with Δ = ln π(y_w) − ln π(y_l) and Δ̄ the same per token,
 *
 *     sigmoid: ℓ = −(1 − ε) ls(β Δ) − ε ls(−β Δ) + α NLL_w
 *     hinge: max(0, 1 − β Δ) + α NLL_w     ipo: (Δ̄ − 1/(2β))² + α NLL_w
 *
 * @see Xu et al. (2024), arXiv 2401.08417; β 0.1 and α 1 as in TRL
 */
export function cpoLoss(pairs: LikelihoodPairs, options: ReferenceFreeOptions = {}): Tensor {
  const { likelihoodWeight = 1 } = options
  return reduceLosses(withLikelihood(contrast('cpoLoss', pairs, options), pairs, likelihoodWeight), options)
}

function contrast(name: string, pairs: PairLogProbabilities, options: ReferenceFreeOptions): Tensor {
  const { form = 'sigmoid', beta = 0.1, labelSmoothing = 0 } = options
  assertPositive(`${name}: beta`, beta)
  if (form === 'ipo')
    return squaredTo(marginOf(perToken(pairs, pairs)), typeof beta === 'number' ? 1 / (2 * beta) : div(0.5, beta))
  const margin = scaled(marginOf(pairs), beta)
  if (form === 'hinge') return hinge(margin, { reduction: 'none' })
  return pairLoss(margin, { labelSmoothing, reduction: 'none' })
}

function withLikelihood(losses: Tensor, pairs: LikelihoodPairs, weight: number): Tensor {
  if (!(weight >= 0)) throw new RangeError(`likelihoodWeight is ${weight}, expected at least 0`)
  if (weight === 0) return losses
  return add(losses, scaled(pairs.likelihood ?? chosenLikelihoodLoss(pairs, { reduction: 'none' }), weight))
}

export interface SimpoOptions extends Reduced {
  /** β > 0. Default 2. */
  readonly beta?: Operand
  /** γ: by how much β Δ̄ should lead. TRL has γ/β inside, which is the same. Default 0.5. */
  readonly gamma?: Operand
  /** Default 0. */
  readonly labelSmoothing?: number
  /** α of CPO-SimPO: how much the likelihood counts. Default 0, which is SimPO. */
  readonly likelihoodWeight?: number
  /** α of AlphaPO, see {@link alphaReward}. Default 0, which is SimPO. */
  readonly alpha?: number
}

/**
 * Simple preference optimisation: ℓ = −ls(β (ln π(y_w)/|y_w| − ln π(y_l)/|y_l|) − γ).
 *
 * @see Meng et al. (2024), arXiv 2405.14734, with β 2 to 2.5 and γ/β 0.3 to 0.55; AlphaPO: Gupta et al. (2025), arXiv 2501.03884
 */
export function simpoLoss(pairs: LikelihoodPairs, options: SimpoOptions = {}): Tensor {
  const { beta = 2, gamma = 0.5, labelSmoothing = 0, likelihoodWeight = 0, alpha = 0 } = options
  assertPositive('simpoLoss: beta', beta)
  assertSmoothing('simpoLoss: labelSmoothing', labelSmoothing)
  const { chosen, rejected } = perToken(pairs, pairs)
  const margin = scaled(sub(alphaReward(chosen, alpha), alphaReward(rejected, alpha)), beta)
  const losses = pairLoss(sub(margin, gamma), { labelSmoothing, reduction: 'none' })
  return reduceLosses(withLikelihood(losses, pairs, likelihoodWeight), options)
}

/**
 * AlphaPO's reward of a mean log-probability: (1 − e^{−α ℓ})/α, and ℓ itself at α = 0. Sums overflow; take means.
 *
 * @see Gupta et al. (2025), arXiv 2501.03884
 */
export function alphaReward(logProbability: Tensor, alpha: number): Tensor {
  if (alpha === 0) return logProbability
  return div(neg(expm1(mul(logProbability, -alpha))), alpha)
}

/**
 * ln(1 − eˣ) for x < 0, accurate at both ends. What is above −10⁻⁶ counts as that.
 *
 * @see Mächler (2012), "Accurately computing log(1 − exp(−|a|))": branches at −ln 2
 */
export function logOneMinusExp(x: Tensor): Tensor {
  const below = minimum(x, -1e-6)
  const near = greater(below, -Math.LN2)
  return where(near, log(neg(expm1(where(near, below, -1)))), log1p(neg(exp(where(near, -1, below)))))
}

/** ln of the odds of a completion to the other's, from mean log-probabilities. */
export function logOddsRatio({ chosen, rejected }: LogRatios): Tensor {
  return sub(sub(chosen, rejected), sub(logOneMinusExp(chosen), logOneMinusExp(rejected)))
}

export interface OrpoOptions extends Reduced {
  /** λ in the paper, β in TRL. Default 0.1. */
  readonly beta?: Operand
}

/**
 * Odds-ratio preference optimisation, supervised tuning and preference in one:
 *
 *     ℓ = NLL_w − β ls(ln (odds(y_w)/odds(y_l))),   odds = e^p̄/(1 − e^p̄),  p̄ the mean log-probability
 *
 * TRL's NLL is over prompt and completion; give it as `likelihood`.
 *
 * @see Hong et al. (2024), arXiv 2403.07691
 */
export function orpoLoss(pairs: LikelihoodPairs, options: OrpoOptions = {}): Tensor {
  const { beta = 0.1 } = options
  assertPositive('orpoLoss: beta', beta)
  const odds = pairLoss(logOddsRatio(perToken(pairs, pairs)), { reduction: 'none' })
  return reduceLosses(withLikelihood(scaled(odds, beta), pairs, 1), options)
}

export interface TpoOptions extends ReferenceFreeOptions {
  /** Means with a margin γ (TPO-L) in place of sums. Default false. */
  readonly lengthNormalise?: boolean
  /** γ, for `lengthNormalise`. Default 0.5. */
  readonly gamma?: Operand
}

/**
 * Triple preference optimisation: the contrast of {@link cpoLoss} on chosen and rejected, and the likelihood of a third,
 * best response, given as `likelihood`; TPO-L judges by {@link simpoLoss}'s margin.
 *
 * @param options β default 0.01, `likelihoodWeight` 1
 * @throws {RangeError} when `likelihood` is missing
 * @see Saeidi et al. (2024), arXiv 2405.16681
 */
export function tpoLoss(pairs: LikelihoodPairs, options: TpoOptions = {}): Tensor {
  const { lengthNormalise = false, beta = 0.01, gamma = 0.5, labelSmoothing = 0, likelihoodWeight = 1 } = options
  if (pairs.likelihood === undefined)
    throw new RangeError('tpoLoss: likelihood is missing, expected what the third response costs')
  if (!lengthNormalise)
    return reduceLosses(
      withLikelihood(contrast('tpoLoss', pairs, { ...options, beta }), pairs, likelihoodWeight),
      options,
    )
  const losses = simpoLoss(pairs, { beta, gamma, labelSmoothing, reduction: 'none' })
  return reduceLosses(withLikelihood(losses, pairs, likelihoodWeight), options)
}

export interface SlicOptions extends Reduced {
  /** δ: how far ln π(y_w) should lead. Default 1. */
  readonly lead?: Operand
  /** λ. Default 0.1. */
  readonly likelihoodWeight?: number
}

/**
 * SLiC-HF: ℓ = max(0, δ − ln π(y_w) + ln π(y_l)) + λ NLL_w.
 *
 * @see Zhao et al. (2023), arXiv 2305.10425
 */
export function slicLoss(pairs: LikelihoodPairs, options: SlicOptions = {}): Tensor {
  const { lead = 1, likelihoodWeight = 0.1 } = options
  return reduceLosses(withLikelihood(relu(sub(lead, marginOf(pairs))), pairs, likelihoodWeight), options)
}

export interface RationaleOptions extends Reduced {
  /** γ > 0: how much a rationale counts; smaller for longer ones, which are sums. Default 0.1. */
  readonly gamma?: Operand
  /** −γ ln π(r), or −ls(γ ln π(r)) as the authors' program has it. Default `nll`. */
  readonly form?: 'nll' | 'logsigmoid'
}

/**
 * What the rationale of a preference costs, to be added to any loss on its pair: RDPO with {@link dpoLoss} and sums,
 * RORPO with {@link orpoLoss} and means.
 *
 * @param rationale ln π(r | x, y_w, y_l), [batch]; for pairs without rationale give weight 0
 * @see Just et al. (2024), arXiv 2407.14477
 */
export function rationaleLoss(rationale: Tensor, options: RationaleOptions = {}): Tensor {
  const { gamma = 0.1, form = 'nll' } = options
  const reward = scaled(rationale, gamma)
  return reduceLosses(form === 'nll' ? neg(reward) : pairLoss(reward, { reduction: 'none' }), options)
}
