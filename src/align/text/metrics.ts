import { cast, greater, greaterOrEqual, mean, mul, type Operand, sub, type Tensor } from '../../tensor/index.ts'
import { logRatios, type PairLogProbabilities, perToken, type ReferenceOptions } from './loss/log-ratios.ts'

/** How a policy treats pairs, all scalars but the first two. */
export interface PairMetrics {
  /** β·(ln π(y) − ln π_ref(y)), [batch]. */
  readonly chosenRewards: Tensor
  readonly rejectedRewards: Tensor
  /** Share of pairs whose chosen reward is the greater one; equal ones count as wrong. */
  readonly rewardAccuracy: Tensor
  /** Mean of chosen less rejected reward. */
  readonly rewardMargin: Tensor
  /** Share of pairs whose chosen completion is at least as likely; where the policy starts, the reference's share. */
  readonly rankingAccuracy: Tensor
  /** The same by means over tokens; undefined without lengths. */
  readonly normalisedRankingAccuracy: Tensor | undefined
}

/**
 * Implicit rewards and how often they, and the likelihoods themselves, prefer what was chosen. The two differ: DPO
 * raises the former and often leaves the latter.
 *
 * @param options β default 0.1; `lengthNormalise` divides rewards by lengths, for losses that do
 * @see Chen et al. (2024), "Preference learning algorithms do not learn preference rankings", arXiv 2405.19534
 */
export function pairMetrics(
  pairs: PairLogProbabilities,
  options: ReferenceOptions & { readonly beta?: Operand; readonly lengthNormalise?: boolean } = {},
): PairMetrics {
  const { beta = 0.1, lengthNormalise = false } = options
  const whole = logRatios(pairs, options)
  const ratios = lengthNormalise ? perToken(whole, pairs) : whole
  const [chosenRewards, rejectedRewards] = [mul(ratios.chosen, beta), mul(ratios.rejected, beta)]
  const share = (holds: Tensor): Tensor => mean(cast(holds, pairs.chosen.dtype))
  const { chosenLength, rejectedLength } = pairs
  const means = chosenLength && rejectedLength && perToken(pairs, pairs)
  return {
    chosenRewards,
    rejectedRewards,
    rewardAccuracy: share(greater(chosenRewards, rejectedRewards)),
    rewardMargin: mean(sub(chosenRewards, rejectedRewards)),
    rankingAccuracy: share(greaterOrEqual(pairs.chosen, pairs.rejected)),
    normalisedRankingAccuracy: means && share(greaterOrEqual(means.chosen, means.rejected)),
  }
}
