import type { Mdp } from './mdp.ts'
import { type Policy, uniformPolicy } from './policy.ts'
import { policyValues } from './successor-features.ts'
import { valueIteration } from './value-iteration.ts'

export interface ScaledReturnOptions {
  /** Below 1, since neither the policy nor chance need end. Default 0.999. */
  readonly discount?: number
  /** States in which an episode may start, equally likely. Default all that are not terminal. */
  readonly starts?: readonly number[]
}

/**
 * How good a policy is between chance and the optimum: (J(π) − J(uniform)) / (J(π*) − J(uniform)), where J is the mean
 * value over start states under the true reward. 1 is optimal, 0 is as good as choosing at random, below 0 is worse; at
 * least 0.9 counts as near optimal (Knox et al. 2024).
 *
 * @param policy `[states, actions]`
 * @param weights `[features]`: the true reward
 * @throws {RangeError} when every policy is equally good, so that nothing can be scaled, or as {@link policyValues}
 */
export function scaledReturn(
  mdp: Mdp,
  policy: Policy,
  weights: ArrayLike<number>,
  { discount = 0.999, starts }: ScaledReturnOptions = {},
): number {
  const from = starts ?? [...mdp.terminal.keys()].filter((state) => mdp.terminal[state] === 0)
  if (from.length === 0) throw new RangeError('there is no state to start from, expected at least one')
  for (const state of from)
    if (!Number.isInteger(state) || state < 0 || state >= mdp.states)
      throw new RangeError(`start state is ${state}, expected an integer from 0 to ${mdp.states - 1}`)
  const mean = (values: Float64Array): number =>
    from.reduce((sum, state) => sum + (values[state] as number), 0) / from.length
  const achieved = mean(policyValues(mdp, policy, weights, { discount }))
  const chance = mean(policyValues(mdp, uniformPolicy(mdp), weights, { discount }))
  const optimal = mean(valueIteration(mdp, weights, { discount }).values)
  if (!(optimal - chance > 1e-9 * Math.max(1, Math.abs(optimal))))
    throw new RangeError(`chance is worth ${chance} and the optimum ${optimal}: there is nothing to scale by`)
  return (achieved - chance) / (optimal - chance)
}
