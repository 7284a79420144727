import { type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  add,
  cast,
  clip,
  dimAt,
  div,
  exp,
  expandDims,
  greater,
  greaterOrEqual,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  sigmoid,
  sizeTensor,
  standardDeviation,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '../../../tensor/index.ts'
import { klEstimate } from '../kl-estimate.ts'
import { assertPositive, scaled } from './log-ratios.ts'

export interface GroupAdvantageOptions {
  /** What centred rewards are divided by: the deviation of their group, of the whole batch, or nothing. Default `group`. */
  readonly scale?: 'group' | 'batch' | 'none'
  /** Added to the deviation. Default 1e-4. */
  readonly epsilon?: number
}

/**
 * GRPO's advantages: A_i = (r_i − mean)/(deviation + ε) among the completions of one prompt, the deviation with n − 1. A
 * group of equal rewards has none.
 *
 * @param rewards [prompts, completions], at least two completions
 * @returns the same shape, without gradient
 * @see Shao et al. (2024), arXiv 2402.03300; no scale: Liu et al. (2025), Dr. GRPO, arXiv 2503.20783
 */
export function groupAdvantages(rewards: Tensor, options: GroupAdvantageOptions = {}): Tensor {
  const { scale = 'group', epsilon = 1e-4 } = options
  assertGroups('groupAdvantages', rewards)
  const centred = sub(rewards, mean(rewards, -1, { keepDims: true }))
  if (scale === 'none') return stopGradient(centred)
  const deviation = standardDeviation(rewards, scale === 'group' ? -1 : undefined, {
    correction: 1,
    keepDims: scale === 'group',
  })
  return stopGradient(div(centred, add(deviation, epsilon)))
}

function assertGroups(name: string, rewards: Tensor): void {
  const size = dimAt(rewards.shape, -1)
  if (typeof size === 'number' && size < 2)
    throw new RangeError(`${name}: the groups have ${size} completion, expected at least 2`)
}

/**
 * RLOO's advantages: each reward less the mean of the others of its prompt.
 *
 * @param rewards [prompts, completions], at least two completions
 * @returns the same shape, without gradient
 * @see Ahmadian et al. (2024), arXiv 2402.14740
 */
export function leaveOneOutAdvantages(rewards: Tensor): Tensor {
  assertGroups('leaveOneOutAdvantages', rewards)
  const size = sizeTensor(dimAt(rewards.shape, -1), rewards.dtype)
  const centred = sub(rewards, mean(rewards, -1, { keepDims: true }))
  return stopGradient(mul(centred, div(size, sub(size, 1))))
}

/** What policy-gradient losses read of completions that an earlier policy wrote; [batch, tokens] unless said otherwise. */
export interface Rollouts {
  /** ln π(y_t) of the trained policy. */
  readonly policy: Tensor
  /** ln π_old(y_t) of the policy that wrote them. Default: the trained one, whose ratio is 1. */
  readonly old?: Tensor | undefined
  /** ln π_ref(y_t); needed with `beta` above 0. */
  readonly reference?: Tensor | undefined
  /** [batch], how much better than expected each completion is. */
  readonly advantage: Tensor
  /** bool: which places hold tokens of the completion. */
  readonly mask: Tensor
}

/** What token losses are divided by, see {@link policyGradientLoss}. */
export const tokenReductions = ['grpo', 'bnpo', 'dr_grpo', 'dapo', 'luspo'] as const
/** How a token's ratio and advantage become a loss, see {@link policyGradientLoss}. */
export const policyObjectives = ['clip', 'cispo', 'sapo', 'vespo', 'gmpo', 'reinforce'] as const

export interface PolicyGradientOptions {
  /** Default `clip`. */
  readonly objective?: (typeof policyObjectives)[number]
  /** Default `dapo`. */
  readonly tokenReduction?: (typeof tokenReductions)[number]
  /** Ratios of tokens, of whole sequences (means over tokens, GSPO), or GSPO-token. Default `token`. */
  readonly ratio?: 'token' | 'sequence' | 'sequence_token'
  /** ε: how far below 1 a ratio may fall. Default 0.2. */
  readonly clipLow?: number
  /** How far above 1 it may rise; the greatest ratio itself for `cispo` (default 5). Default: `clipLow`. */
  readonly clipHigh?: number
  /** δ: the greatest ratio that counts at all, for two-sided clipping. Default: none. */
  readonly delta?: number
  /** β ≥ 0: how much k3 of policy and reference costs. Default 0. */
  readonly beta?: number
  /** Most tokens of a completion, for `dr_grpo`. */
  readonly maxLength?: number
  /** Tokens of the whole accumulated batch, for `dapo`. Default: of this batch. */
  readonly batchTokens?: Operand
}

/**
 * Policy gradients from completions with advantages. With ρ the ratio π/π_old and sg no gradient, a token costs
 *
 *     clip: −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A)     reinforce: −A ln π
 *     cispo: −sg[min(ρ, ε_high)] A ln π                 sapo: −(4/τ) σ(τ (ρ − 1)) A, τ = 1 for A > 0, else 1.05
 *     vespo: −sg[φ(w)] A ln π, w the sequence's ratio, φ = e^λ w^k e^{−λ w}, (k, λ) = (2, 3) for A ≥ 0, else (3, 2)
 *     gmpo: −A e^{mean_t of ln ρ, each kept within ±0.4 on the side where A pushes}, the same for all its tokens
 *
 * and β·k3 more. Over tokens they are reduced to
 *
 *     grpo: mean of sequences' means     bnpo: Σ/tokens of the batch     dapo: Σ/tokens of the accumulated batch
 *     dr_grpo: Σ/(sequences · longest)   luspo: mean of sequences' means times lengths
 *
 * At π = π_old all of them have the gradient −A ∇ln π per token.
 *
 * @returns a scalar
 * @throws {RangeError} when an option is out of range or what it reads is missing
 * @see GRPO: arXiv 2402.03300; DAPO: 2503.14476; Dr. GRPO: 2503.20783; GSPO: 2507.18071; CISPO: 2506.13585; SAPO:
 * 2511.20347; GMPO: 2507.20673
 */
export function policyGradientLoss(rollouts: Rollouts, options: PolicyGradientOptions = {}): Tensor {
  const { tokenReduction = 'dapo', beta = 0 } = options
  const { policy, reference, mask } = rollouts
  const present = cast(mask, policy.dtype)
  const kept = (tokens: Tensor): Tensor => where(mask, tokens, 0)
  let losses = objective({ ...rollouts, policy: kept(policy) }, present, options)
  if (beta < 0) throw new RangeError(`policyGradientLoss: beta is ${beta}, expected at least 0`)
  if (beta > 0) {
    if (reference === undefined) throw new RangeError('policyGradientLoss: reference is missing, expected it with beta')
    losses = add(losses, scaled(klEstimate(kept(policy), kept(reference), 'k3'), beta))
  }
  return reduceTokens(mul(losses, present), present, tokenReduction, options)
}

/** Losses per token, [batch, tokens] or broadcasting to it. */
function objective(rollouts: Rollouts, present: Tensor, options: PolicyGradientOptions): Tensor {
  const { objective: kind = 'clip', clipLow = 0.2, delta } = options
  const { policy } = rollouts
  const advantage = expandDims(stopGradient(rollouts.advantage), -1)
  if (kind === 'reinforce') return neg(mul(advantage, policy))
  const old = rollouts.old === undefined ? stopGradient(policy) : where(rollouts.mask, stopGradient(rollouts.old), 0)
  const logRatio = sub(policy, old)
  if (kind === 'gmpo') return geometric(logRatio, advantage, present, options)
  if (kind === 'vespo') {
    const weight = sum(logRatio, -1, { keepDims: true })
    const good = greaterOrEqual(advantage, 0)
    const [power, decay] = [where(good, 2, 3), where(good, 3, 2)].map((x) => cast(x, policy.dtype)) as [Tensor, Tensor]
    const logPhi = add(decay, sub(mul(power, weight), mul(decay, exp(clip(weight, undefined, 20)))))
    return neg(mul(mul(stopGradient(exp(logPhi)), advantage), policy))
  }
  const ratio = exp(clip(importance(logRatio, policy, present, options.ratio ?? 'token'), undefined, 80))
  if (kind === 'cispo') return neg(mul(mul(stopGradient(minimum(ratio, options.clipHigh ?? 5)), advantage), policy))
  if (kind === 'sapo') {
    const tau = cast(where(greater(advantage, 0), 1, 1.05), policy.dtype)
    return neg(mul(mul(div(4, tau), sigmoid(mul(tau, sub(ratio, 1)))), advantage))
  }
  const clipped = clip(ratio, 1 - clipLow, 1 + (options.clipHigh ?? clipLow))
  const bounded = delta === undefined ? ratio : minimum(ratio, delta)
  return neg(minimum(mul(bounded, advantage), mul(clipped, advantage)))
}

function importance(logRatio: Tensor, policy: Tensor, present: Tensor, kind: string): Tensor {
  if (kind === 'token') return logRatio
  const total = sum(logRatio, -1, { keepDims: true })
  const average = div(total, maximum(sum(present, -1, { keepDims: true }), 1))
  if (kind === 'sequence') return average
  return add(sub(policy, stopGradient(policy)), stopGradient(average))
}

function geometric(logRatio: Tensor, advantage: Tensor, present: Tensor, options: PolicyGradientOptions): Tensor {
  const { clipLow = 0.4, clipHigh = clipLow } = options
  const bounded = where(greater(advantage, 0), minimum(logRatio, clipHigh), maximum(logRatio, -clipLow))
  const length = maximum(sum(present, -1, { keepDims: true }), 1)
  return neg(mul(exp(div(sum(mul(bounded, present), -1, { keepDims: true }), length)), advantage))
}

function reduceTokens(
  losses: Tensor,
  present: Tensor,
  kind: (typeof tokenReductions)[number],
  { maxLength, batchTokens }: PolicyGradientOptions,
): Tensor {
  const length = sum(present, -1)
  const perSequence = sum(losses, -1)
  if (kind === 'grpo') return mean(div(perSequence, maximum(length, 1)))
  if (kind === 'luspo') return mean(perSequence)
  if (kind === 'dr_grpo') {
    if (maxLength === undefined)
      throw new RangeError('policyGradientLoss: maxLength is missing, expected it for dr_grpo')
    return div(mean(perSequence), maxLength)
  }
  const tokens = kind === 'dapo' && batchTokens !== undefined ? batchTokens : maximum(sum(length), 1)
  return div(sum(perSequence), tokens)
}

/**
 * REINFORCE of whole completions: −(r − b) ln π(y), without gradient through rewards.
 *
 * @param rows all [batch]; the baseline is 0 when not given
 * @see Williams (1992)
 */
export function reinforceLoss(
  rows: { readonly completion: Tensor; readonly reward: Tensor; readonly baseline?: Tensor | undefined },
  options: Reduced = {},
): Tensor {
  const advantage = rows.baseline === undefined ? rows.reward : sub(rows.reward, rows.baseline)
  return reduceLosses(neg(mul(stopGradient(advantage), rows.completion)), options)
}

/**
 * RLOO: −min(ρ A, clip(ρ) A) with the whole sequence's ratio.
 *
 * @param rows all [batch]: ln π(y), ln π_old(y) and the advantage ({@link leaveOneOutAdvantages})
 * @see Ahmadian et al. (2024), arXiv 2402.14740; ε 0.2 as in TRL
 */
export function rlooLoss(
  rows: { readonly completion: Tensor; readonly old: Tensor; readonly advantage: Tensor },
  options: Reduced & { readonly clip?: number } = {},
): Tensor {
  const { clip: range = 0.2 } = options
  assertPositive('rlooLoss: clip', range)
  const ratio = exp(clip(sub(rows.completion, rows.old), undefined, 80))
  const advantage = stopGradient(rows.advantage)
  const clipped = mul(clip(ratio, 1 - range, 1 + range), advantage)
  return reduceLosses(neg(minimum(mul(ratio, advantage), clipped)), options)
}

/**
 * Generalised advantages of one trajectory: A_t = Σ_k (γλ)^k (r_{t+k} + γ V_{t+k+1} − V_{t+k}), the value after the end 0.
 *
 * @param rewards per step
 * @param values per step
 * @param options γ default 1, λ default 0.95
 * @throws {RangeError} when lengths differ
 * @see Schulman et al. (2015), arXiv 1506.02438
 */
export function generalisedAdvantages(
  rewards: readonly number[],
  values: readonly number[],
  options: { readonly discount?: number; readonly lambda?: number } = {},
): readonly number[] {
  const { discount = 1, lambda = 0.95 } = options
  if (rewards.length !== values.length)
    throw new RangeError(`generalisedAdvantages: ${rewards.length} rewards and ${values.length} values`)
  const advantages = rewards.map(() => 0)
  let after = { value: 0, advantage: 0 }
  for (const [t, reward] of [...rewards.entries()].toReversed()) {
    const value = values[t] ?? 0
    const advantage = reward + discount * after.value - value + discount * lambda * after.advantage
    advantages[t] = advantage
    after = { value, advantage }
  }
  return advantages
}
