import { pairLoss, type Reduced, reduceLosses } from '../../../learn/index.ts'
import {
  abs,
  add,
  cast,
  div,
  equal,
  max,
  min,
  mul,
  type Operand,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '../../../tensor/index.ts'
import { assertPositive, logRatios, marginOf, type PairLogProbabilities, scaled } from './log-ratios.ts'

/** Pairs with how far the policy is from the reference over each completion. */
export interface TokenLevelPairs extends PairLogProbabilities {
  /** Σ_t KL(π_ref(·|s_t) ‖ π(·|s_t)) over the chosen completion's tokens, [batch]; see `tokenDivergence`. */
  readonly chosenKl: Tensor
  readonly rejectedKl: Tensor
}

export interface TdpoOptions extends Reduced {
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
  /** 1, or 2, which does not let the chosen completion's divergence grow freely. Default 2. */
  readonly version?: 1 | 2
  /** α of version 2. Default 0.5. */
  readonly alpha?: number
}

/**
 * Token-level DPO: with k_w, k_l the divergences and sg no gradient,
 *
 *     1: ℓ = −ls(β (d − (k_l − k_w)))     2: ℓ = −ls(β (d − α (k_l − sg k_w)))
 *
 * @see Zeng et al. (2024), arXiv 2404.11999
 */
export function tdpoLoss(pairs: TokenLevelPairs, options: TdpoOptions = {}): Tensor {
  const { beta = 0.1, version = 2, alpha = 0.5 } = options
  assertPositive('tdpoLoss: beta', beta)
  const { chosenKl, rejectedKl } = pairs
  const drift = version === 1 ? sub(rejectedKl, chosenKl) : scaled(sub(rejectedKl, stopGradient(chosenKl)), alpha)
  const margin = scaled(sub(marginOf(logRatios(pairs)), drift), beta)
  return reduceLosses(pairLoss(margin, { reduction: 'none' }), options)
}

/** One side of pairs, token by token, [batch, tokens]; all 0 outside the completion. */
export interface WeighedTokens {
  /** ln π(y_t) − ln π_ref(y_t) */
  readonly ratio: Tensor
  /** KL(π_ref ‖ π) of the token's distribution */
  readonly kl: Tensor
  /** m_u ≥ 0, the weight of the token's log-ratio. */
  readonly rewardMask: Tensor
  /** m_d ≥ 0, the weight of its divergence. */
  readonly klMask: Tensor
}

export interface SparsePoOptions extends Reduced {
  /** β > 0. Default 0.1. */
  readonly beta?: Operand
  /** λ_u and λ_d, what a unit of mask costs. Halve both where one mask serves as both. Default 0. */
  readonly rewardSparsity?: number
  readonly klSparsity?: number
}

/**
 * SparsePO, and MaPO with masks of {@link activationMask}: token-level DPO whose tokens count by masks,
 *
 *     u = Σ m_u ratio (chosen) − the same (rejected),   δ = Σ m_d kl (rejected) − the same (chosen)
 *     ℓ = −ls(β (u − δ)) + λ_u Σ|m_u| + λ_d Σ|m_d|
 *
 * With all masks 1 it is TDPO 1, with m_u 1 and m_d 0 DPO.
 *
 * @see Christopoulou et al. (2024), arXiv 2410.05102
 */
export function sparsePoLoss(
  pairs: { readonly chosen: WeighedTokens; readonly rejected: WeighedTokens },
  options: SparsePoOptions = {},
): Tensor {
  const { beta = 0.1, rewardSparsity = 0, klSparsity = 0 } = options
  assertPositive('sparsePoLoss: beta', beta)
  const margin = scaled(sub(maskedReward(pairs.chosen), maskedReward(pairs.rejected)), beta)
  const losses = pairLoss(margin, { reduction: 'none' })
  const size = (mask: (side: WeighedTokens) => Tensor): Tensor =>
    add(sum(abs(mask(pairs.chosen)), -1), sum(abs(mask(pairs.rejected)), -1))
  const forReward = scaled(
    size(({ rewardMask }) => rewardMask),
    rewardSparsity,
  )
  const forKl = scaled(
    size(({ klMask }) => klMask),
    klSparsity,
  )
  return reduceLosses(add(add(losses, forReward), forKl), options)
}

/** Σ_t (m_u ratio + m_d kl), [batch]: β times it is the implicit reward. */
export function maskedReward({ ratio, kl, rewardMask, klMask }: WeighedTokens): Tensor {
  return sum(add(mul(rewardMask, ratio), mul(klMask, kl)), -1)
}

/**
 * MaPO's mask: activations of the reference, rescaled to [0, 1] over the tokens of each completion; 1 throughout where
 * they are all the same, and 0 outside the completion. No gradient flows through it.
 *
 * @param activations [batch, tokens], means over features
 * @param mask bool [batch, tokens], the completion's tokens
 * @see Christopoulou et al. (2024), arXiv 2410.05102, section on MaPO; its z-scores fall out of the rescaling
 */
export function activationMask(activations: Tensor, mask: Tensor): Tensor {
  const fixed = stopGradient(activations)
  const least = min(where(mask, fixed, 1e30), -1, { keepDims: true })
  const spread = sub(max(where(mask, fixed, -1e30), -1, { keepDims: true }), least)
  const flat = equal(spread, 0)
  const rescaled = where(flat, 1, div(sub(fixed, least), where(flat, 1, spread)))
  return mul(rescaled, cast(mask, activations.dtype))
}
