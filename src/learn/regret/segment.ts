import { isDeterministic, type Mdp } from '../tabular/mdp.ts'

/** A piece of a trajectory: s_0, a_0, s_1, …, a_{T−1}, s_T. */
export interface Segment {
  /** `[T + 1]` */
  readonly states: readonly number[]
  /** `[T]` */
  readonly actions: readonly number[]
}

/**
 * The segment that actions lead through from a state of a deterministic process. After a terminal state it stays there,
 * with φ = 0, so that a segment that ends early is as long as the others.
 *
 * @throws {RangeError} on an unknown state or action, or a process that is not deterministic
 */
export function followActions(mdp: Mdp, start: number, actions: readonly number[]): Segment {
  if (!isDeterministic(mdp)) throw new RangeError('the process is not deterministic: actions do not tell what followed')
  const states = [start]
  let state = start
  actions.forEach((action, step) => {
    inside(mdp, step, state, action)
    state = mdp.successors[state * mdp.actions + action] as number
    states.push(state)
  })
  if (actions.length === 0) inside(mdp, 0, state, 0)
  return { states, actions }
}

function inside(mdp: Mdp, step: number, state: number, action: number): void {
  if (!Number.isInteger(state) || state < 0 || state >= mdp.states)
    throw new RangeError(`step ${step}: state is ${state}, expected an integer from 0 to ${mdp.states - 1}`)
  if (!Number.isInteger(action) || action < 0 || action >= mdp.actions)
    throw new RangeError(`step ${step}: action is ${action}, expected an integer from 0 to ${mdp.actions - 1}`)
}

/** Visits each transition of a segment with the outcomes that may have been it. */
function transitions(mdp: Mdp, segment: Segment, visit: (outcome: number, share: number) => void): void {
  const { states, actions } = segment
  if (states.length !== actions.length + 1)
    throw new RangeError(
      `the segment has ${states.length} states and ${actions.length} actions, expected one state more than actions`,
    )
  states.forEach((state, step) => {
    const action = actions[step]
    inside(mdp, step, state, action ?? 0)
    if (action === undefined) return
    const next = states[step + 1]
    const row = state * mdp.actions + action
    const possible: number[] = []
    for (let outcome = mdp.first[row] as number; outcome < (mdp.first[row + 1] as number); outcome++)
      if (mdp.successors[outcome] === next) possible.push(outcome)
    const total = possible.reduce((sum, outcome) => sum + (mdp.probabilities[outcome] as number), 0)
    if (possible.length === 0)
      throw new RangeError(`step ${step}: action ${action} of state ${state} never leads to state ${next}`)
    for (const outcome of possible) visit(outcome, (mdp.probabilities[outcome] as number) / total)
  })
}

/**
 * Σ_t φ(s_t, a_t, s_{t+1}) of a segment, `[features]`, undiscounted, so that its partial return is this times w. Where
 * several outcomes of an action lead to the same state, their features count by their probabilities.
 *
 * @throws {RangeError} on unknown states or actions, on a transition that the process never makes, and unless there is
 * one state more than actions
 */
export function segmentFeatures(mdp: Mdp, segment: Segment): Float64Array {
  const sum = new Float64Array(mdp.features)
  transitions(mdp, segment, (outcome, share) => {
    for (let k = 0; k < mdp.features; k++)
      sum[k] = (sum[k] as number) + share * (mdp.phi[outcome * mdp.features + k] as number)
  })
  return sum
}
