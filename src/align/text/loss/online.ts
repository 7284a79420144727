import { type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  add,
  clip,
  dimAt,
  div,
  log,
  logSumExp,
  mul,
  type Operand,
  sizeTensor,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../../../tensor/index.ts'
import {
  assertPositive,
  type DivergenceOptions,
  logRatios,
  marginOf,
  type PairLogProbabilities,
  type ReferenceOptions,
  scaled,
  squaredTo,
} from './log-ratios.ts'
import { dpoLoss, ipoLoss } from './paired.ts'

export interface OnlineOptions extends ReferenceOptions, Reduced {
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
}

export interface GpoOptions extends OnlineOptions {
  /** Targets ŝ/β are kept within ± this. Default 1000. */
  readonly limit?: number
}

/**
 * General preference optimisation: log-ratios to this round's starting policy are drawn to mean scores against its own
 * completions, ℓ = (a − ŝ_w/β)² + (c − ŝ_l/β)². With P − ½ in place of ŝ it is {@link sppoLoss}.
 *
 * @param scores ŝ_w and ŝ_l, [batch]; no gradient flows through them
 * @see Zhang et al. (2024), arXiv 2410.02197; the authors' β is 0.001, small models want 0.1 to 1
 */
export function gpoLoss(
  pairs: PairLogProbabilities & { readonly chosenScore: Tensor; readonly rejectedScore: Tensor },
  options: GpoOptions = {},
): Tensor {
  const { beta = 0.1, limit = 1000 } = options
  assertPositive('gpoLoss: beta', beta)
  const { chosen, rejected } = logRatios(pairs, options)
  const target = (score: Tensor): Tensor => clip(stopGradient(div(score, beta)), -limit, limit)
  return reduceLosses(
    add(squaredTo(chosen, target(pairs.chosenScore)), squaredTo(rejected, target(pairs.rejectedScore))),
    options,
  )
}

export interface InpoOptions extends Reduced {
  /** η > 0: how large a step of mirror descent is; the smaller, the further it goes. Default 0.0075. */
  readonly eta?: number
  /** τ in [0, η]: how strongly the first reference holds. Default η/3. */
  readonly tau?: number
}

/**
 * Iterative Nash policy optimisation: with h the difference between chosen and rejected of
 * ln π − (τ/η) ln π_ref − (1 − τ/η) ln π_t, where π_t is the policy of this round,
 *
 *     ℓ = (h − 1/(2η))²
 *
 * With τ = 0 it is IPO (of sums) against π_t.
 *
 * @see Zhang et al. (2024), arXiv 2407.00617
 */
export function inpoLoss(
  pairs: PairLogProbabilities & { readonly roundChosen: Tensor; readonly roundRejected: Tensor },
  options: InpoOptions = {},
): Tensor {
  const { eta = 0.0075, tau = eta / 3 } = options
  assertPositive('inpoLoss: eta', eta)
  if (!(tau >= 0 && tau <= eta)) throw new RangeError(`inpoLoss: tau is ${tau}, expected 0 to eta, ${eta}`)
  const share = tau / eta
  const held = marginOf(logRatios(pairs, { referenceScale: share }))
  const h = sub(held, scaled(sub(pairs.roundChosen, pairs.roundRejected), 1 - share))
  return reduceLosses(squaredTo(h, 1 / (2 * eta)), options)
}

export interface RebelOptions extends Reduced {
  /** η > 0. Default 1. */
  readonly eta?: number
}

/**
 * Regression to relative rewards: ℓ = ((a − c)/η − (r_w − r_l))², with log-ratios to this round's starting policy.
 *
 * @see Gao et al. (2024), arXiv 2404.16767
 */
export function rebelLoss(
  pairs: PairLogProbabilities & { readonly chosenReward: Tensor; readonly rejectedReward: Tensor },
  options: RebelOptions = {},
): Tensor {
  const { eta = 1 } = options
  assertPositive('rebelLoss: eta', eta)
  const gap = sub(pairs.chosenReward, pairs.rejectedReward)
  return reduceLosses(squaredTo(div(marginOf(logRatios(pairs)), eta), gap), options)
}

export interface OnlineDpoOptions extends OnlineOptions, DivergenceOptions {
  /** Default `sigmoid`; `ipo` is of sums here. */
  readonly form?: 'sigmoid' | 'ipo'
}

/** Online DPO: {@link dpoLoss} or {@link ipoLoss} of sums, on the policy's own completions, ordered by a judge. @see Guo et al. (2024), arXiv 2402.04792 */
export function onlineDpoLoss(pairs: PairLogProbabilities, options: OnlineDpoOptions = {}): Tensor {
  return options.form === 'ipo' ? ipoLoss(pairs, { ...options, lengthNormalise: false }) : dpoLoss(pairs, options)
}

export interface XpoOptions extends OnlineDpoOptions {
  /** α ≥ 0. Default 1e-5. */
  readonly alpha?: number
}

/**
 * Exploratory preference optimisation: pairs of a policy's and a reference's completion, and a bonus for leaving the
 * latter, ℓ = online DPO + α ln π(y′), y′ ~ π_ref.
 *
 * @param pairs with `referenceSample`, ln π(y′ | x) of the reference's completion, [batch]
 * @see Xie et al. (2024), arXiv 2405.21046
 */
export function xpoLoss(
  pairs: PairLogProbabilities & { readonly referenceSample: Tensor },
  options: XpoOptions = {},
): Tensor {
  const { alpha = 1e-5 } = options
  if (!(alpha >= 0)) throw new RangeError(`xpoLoss: alpha is ${alpha}, expected at least 0`)
  const losses = onlineDpoLoss(pairs, { ...options, ...unreduced })
  return reduceLosses(add(losses, scaled(pairs.referenceSample, alpha)), options)
}

const unreduced = { reduction: 'none', weight: 1 } as const

export interface NashMdOptions extends Reduced {
  /** β ≥ 0. Default 0.1. */
  readonly beta?: number
}

/**
 * Nash mirror descent with the policy gradient: ℓ = β Σ_t sg[k_t] ln π(y_t) − (P − ½) ln π(y), k_t = ln π(y_t) −
 * ln π_ref(y_t), where P is how likely y beats a completion of the mixed policy ({@link mixedLogits}).
 *
 * @param tokens [batch, tokens] of log-probabilities, all 0 outside the completion
 * @param winRate P, [batch]
 * @see Munos et al. (2023), arXiv 2312.00886
 */
export function nashMdLoss(
  tokens: { readonly policy: Tensor; readonly reference: Tensor; readonly winRate: Tensor },
  options: NashMdOptions = {},
): Tensor {
  const { beta = 0.1 } = options
  if (!(beta >= 0)) throw new RangeError(`nashMdLoss: beta is ${beta}, expected at least 0`)
  const drift = stopGradient(sub(tokens.policy, tokens.reference))
  const held = scaled(sum(mul(drift, tokens.policy), -1), beta)
  const won = mul(stopGradient(sub(tokens.winRate, 0.5)), sum(tokens.policy, -1))
  return reduceLosses(sub(held, won), options)
}

/** Logits of the policy that Nash-MD plays against: μ·logits_ref + (1 − μ)·logits, any shape. */
export function mixedLogits(logits: Tensor, referenceLogits: Tensor, mixture = 0.5): Tensor {
  if (!(mixture >= 0 && mixture <= 1)) throw new RangeError(`mixedLogits: mixture is ${mixture}, expected 0 to 1`)
  return add(scaled(referenceLogits, mixture), scaled(logits, 1 - mixture))
}

export interface A2poOptions extends Reduced {
  /** β₂ > 0. Default 1e-3. */
  readonly beta?: number
}

/**
 * A*-PO: regression to the optimal advantage, ℓ = (β₂ ln(π/π_ref)(y) − (r − V*))², V* of {@link optimalValue}.
 *
 * @param rows all [batch]; log-probabilities are sums
 * @see Brantley et al. (2025), arXiv 2505.20686
 */
export function a2poLoss(
  rows: {
    readonly completion: Tensor
    readonly referenceCompletion: Tensor
    readonly reward: Tensor
    readonly value: Tensor
  },
  options: A2poOptions = {},
): Tensor {
  const { beta = 1e-3 } = options
  assertPositive('a2poLoss: beta', beta)
  const advantage = stopGradient(sub(rows.reward, rows.value))
  return reduceLosses(squaredTo(scaled(sub(rows.completion, rows.referenceCompletion), beta), advantage), options)
}

/**
 * The value of a prompt under the best policy near the reference: β ln mean e^{r/β} over the reference's completions.
 *
 * @param rewards [..., completions]
 * @param beta β₁. Default 0.5
 * @returns [...]
 */
export function optimalValue(rewards: Tensor, beta = 0.5): Tensor {
  assertPositive('optimalValue: beta', beta)
  const count = log(sizeTensor(dimAt(rewards.shape, -1), rewards.dtype))
  return scaled(sub(logSumExp(div(rewards, beta), -1), count), beta)
}
