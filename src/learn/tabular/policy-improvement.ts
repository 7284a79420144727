import type { Random } from '../../run/index.ts'
import type { Mdp } from './mdp.ts'
import { rewardVectors } from './mdp.ts'
import { greedyPolicy, type Policy } from './policy.ts'
import { dotRows, successorFeatures } from './successor-features.ts'
import { actionValues, valueIteration } from './value-iteration.ts'

export interface ImprovedPolicy {
  /** `[states]`: max_j ψ_j(s)·w, a lower bound on the values of `policy` and so on V*. */
  readonly values: Float64Array
  /** `[states, actions]`: max_j Q^{π_j}(s, a). */
  readonly actionValues: Float64Array
  /** `[states, actions]`: greedy in `actionValues`, ties shared. */
  readonly policy: Policy
}

/** max_j ψ_j(s)·w, `[states]`, from ψ `[policies, states, features]`. @throws {RangeError} on another size */
export function bestKnownValues(mdp: Mdp, psi: Float64Array, weights: ArrayLike<number>): Float64Array {
  const policies = knownPolicies(mdp, psi)
  rewardVectors(mdp, weights)
  const scores = dotRows(psi, weights)
  return Float64Array.from({ length: mdp.states }, (_, state) => {
    let best = Number.NEGATIVE_INFINITY
    for (let j = 0; j < policies; j++) best = Math.max(best, scores[j * mdp.states + state] as number)
    return best
  })
}

/** Number of policies in ψ, `[policies, states, features]`. @throws {RangeError} on another size */
export function knownPolicies(mdp: Mdp, psi: ArrayLike<number>): number {
  const policies = psi.length / (mdp.states * mdp.features)
  if (!Number.isInteger(policies) || policies < 1)
    throw new RangeError(
      `psi has ${psi.length} numbers, expected policies × ${mdp.states} states × ${mdp.features} features`,
    )
  return policies
}

/**
 * Generalised policy improvement (Barreto et al. 2017, arXiv 1606.05312): act greedily in
 * max_j [φ(s, a, s') + γ ψ_j(s')]·w. The policy is at least as good as every known policy in every state.
 *
 * @param psi `[policies, states, features]`, successor features of the known policies under the same discount
 * @param weights `[features]`
 * @param options `discount`: default 0.999
 * @throws {RangeError} on another size
 */
export function improvePolicy(
  mdp: Mdp,
  psi: Float64Array,
  weights: ArrayLike<number>,
  { discount = 0.999 }: { readonly discount?: number } = {},
): ImprovedPolicy {
  const { states, actions } = mdp
  const policies = knownPolicies(mdp, psi)
  const scores = dotRows(psi, weights)
  const best = new Float64Array(states * actions).fill(Number.NEGATIVE_INFINITY)
  for (let j = 0; j < policies; j++) {
    const own = actionValues(mdp, scores.subarray(j * states, (j + 1) * states), weights, discount)
    for (let at = 0; at < best.length; at++) best[at] = Math.max(best[at] as number, own[at] as number)
  }
  return {
    values: bestKnownValues(mdp, psi, weights),
    actionValues: best,
    policy: greedyPolicy(mdp, best),
  }
}

/**
 * Successor features of policies that are each optimal for a random w ~ N(0, I), `[count, states, features]`: a set of
 * policies from which values for any other w can be approximated.
 *
 * @param options `discount`: below 1, default 0.999, since a policy for a random w need not end
 */
export function randomPolicyFeatures(
  mdp: Mdp,
  count: number,
  random: Random,
  { discount = 0.999 }: { readonly discount?: number } = {},
): Float64Array {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`the number of policies is ${count}, expected an integer from 1`)
  const weights = Float64Array.from({ length: count * mdp.features }, () => random.normal())
  return successorFeatures(mdp, optimalPolicies(mdp, weights, discount), { discount })
}

/** Optimal policies of reward vectors `[vectors, features]`, `[vectors, states, actions]`, ties shared. */
export function optimalPolicies(mdp: Mdp, weights: ArrayLike<number>, discount: number): Policy {
  // Policies need values no finer than what tells actions apart.
  const { actionValues: found } = valueIteration(mdp, weights, { discount, tolerance: 1e-7 })
  return greedyPolicy(mdp, found)
}
