import type { Mdp } from './mdp.ts'

/** Probabilities of actions by state, `[states, actions]`; rows sum to 1. Several policies: `[policies, states, actions]`. */
export type Policy = Float64Array

/** Every action equally likely everywhere. */
export function uniformPolicy({ states, actions }: Mdp): Policy {
  return new Float64Array(states * actions).fill(1 / actions)
}

/** One action per state. @throws {RangeError} on another number of states, or an action that there is not */
export function fixedPolicy({ states, actions }: Mdp, chosen: ArrayLike<number>): Policy {
  if (chosen.length !== states)
    throw new RangeError(`there are ${chosen.length} actions, expected ${states}, one a state`)
  const policy = new Float64Array(states * actions)
  for (let state = 0; state < states; state++) {
    const action = chosen[state] as number
    if (!Number.isInteger(action) || action < 0 || action >= actions)
      throw new RangeError(`state ${state}: action is ${action}, expected an integer from 0 to ${actions - 1}`)
    policy[state * actions + action] = 1
  }
  return policy
}

/**
 * The greedy policy or policies of action values; actions within `tieTolerance` of the best share its state equally.
 *
 * @param actionValues `[states, actions]`, or `[vectors, states, actions]`
 * @param tieTolerance default 1e-6: above what value iteration leaves open, below what one would tell apart
 * @throws {RangeError} on another size, or NaN
 */
export function greedyPolicy(
  { states, actions }: Mdp,
  actionValues: ArrayLike<number>,
  { tieTolerance = 1e-6 }: { readonly tieTolerance?: number } = {},
): Policy {
  if (actionValues.length === 0 || actionValues.length % (states * actions) !== 0)
    throw new RangeError(
      `there are ${actionValues.length} action values, expected ${states} states × ${actions} actions or a multiple of it`,
    )
  const policy = new Float64Array(actionValues.length)
  for (let from = 0; from < actionValues.length; from += actions) {
    let best = Number.NEGATIVE_INFINITY
    for (let action = 0; action < actions; action++) {
      const value = actionValues[from + action] as number
      if (Number.isNaN(value)) throw new RangeError(`action value ${from + action} is NaN, expected a number`)
      best = Math.max(best, value)
    }
    let ties = 0
    for (let action = 0; action < actions; action++)
      if ((actionValues[from + action] as number) >= best - tieTolerance) ties++
    for (let action = 0; action < actions; action++)
      if ((actionValues[from + action] as number) >= best - tieTolerance) policy[from + action] = 1 / ties
  }
  return policy
}

/** Number of policies in `[policies, states, actions]`. @throws {RangeError} on another size, or rows that are no probabilities */
export function policyCount({ states, actions }: Mdp, policies: ArrayLike<number>): number {
  const count = policies.length / (states * actions)
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(
      `the policies have ${policies.length} numbers, expected ${states} states × ${actions} actions or a multiple of it`,
    )
  for (let from = 0; from < policies.length; from += actions) {
    let total = 0
    for (let action = 0; action < actions; action++) {
      const probability = policies[from + action] as number
      if (!(probability >= 0)) total = Number.NaN
      total += probability
    }
    if (!(Math.abs(total - 1) <= 1e-9)) {
      const row = (from / actions) % states
      throw new RangeError(
        `policy ${Math.floor(from / (states * actions))}, state ${row}: the probabilities are not from 0 up with sum 1`,
      )
    }
  }
  return count
}
