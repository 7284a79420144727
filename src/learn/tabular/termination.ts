import type { Mdp } from './mdp.ts'

/**
 * The states from which no terminal state can be reached, ascending: under the best of wills, or, with a policy
 * `[states, actions]` of probabilities, by what it does. In a finite process a policy ends with certainty exactly when
 * there are none.
 */
export function statesThatNeverEnd(mdp: Mdp, policy?: ArrayLike<number>): number[] {
  const { states, actions, first, successors, probabilities, terminal } = mdp
  const into: number[][] = Array.from({ length: states }, () => [])
  for (let row = 0; row < states * actions; row++) {
    if (policy && !((policy[row] as number) > 0)) continue
    for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++)
      if ((probabilities[outcome] as number) > 0) into[successors[outcome] as number]?.push(Math.floor(row / actions))
  }
  const ends = Uint8Array.from(terminal)
  const open = [...ends.keys()].filter((state) => ends[state] === 1)
  for (let state = open.pop(); state !== undefined; state = open.pop())
    for (const before of into[state] ?? [])
      if (ends[before] === 0) {
        ends[before] = 1
        open.push(before)
      }
  return [...ends.keys()].filter((state) => ends[state] === 0)
}

/**
 * Makes sure that values are finite: a discount below 1, or one of 1 with an end within reach of every state (for a
 * policy: an end that comes with certainty).
 *
 * @throws {RangeError} naming the discount, or the first states without an end
 */
export function checkDiscount(mdp: Mdp, discount: number, policy?: ArrayLike<number>): void {
  if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount is ${discount}, expected a number from 0 to 1`)
  if (discount < 1) return
  const endless = statesThatNeverEnd(mdp, policy)
  if (endless.length === 0) return
  const named = endless.slice(0, 5).join(', ')
  throw new RangeError(
    `discount is 1, but ${policy ? 'under this policy ' : ''}no terminal state follows ` +
      `${endless.length === 1 ? `state ${named}` : `${endless.length} states (${named}${endless.length > 5 ? ', …' : ''})`}` +
      ', whose values are therefore not defined; expected a discount below 1, ' +
      `${policy ? 'or a policy that ends' : 'a horizon, or a terminal state within reach of every state'}`,
  )
}
