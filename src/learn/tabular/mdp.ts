/**
 * A finite Markov decision process whose rewards are linear in the features of a transition: r(s, a, s') = w·φ(s, a, s').
 *
 * Transitions are kept as lists of outcomes, sorted by state and action: action a of state s has the outcomes
 * `first[s·actions + a]` up to, but not including, `first[s·actions + a + 1]`. A deterministic process has one outcome
 * each. Terminal states stay where they are with φ = 0, whatever is done there. Make one with {@link deterministicMdp},
 * {@link denseMdp} or {@link sparseMdp}, which check it.
 */
export interface Mdp {
  readonly states: number
  readonly actions: number
  /** Length of φ and of w. */
  readonly features: number
  /** `[states·actions + 1]` */
  readonly first: Uint32Array
  /** `[outcomes]`: the state that follows. */
  readonly successors: Uint32Array
  /** `[outcomes]`: sums to 1 over the outcomes of an action. */
  readonly probabilities: Float64Array
  /** `[outcomes, features]`: φ of the transition. */
  readonly phi: Float64Array
  /** `[states]`: 1 where an episode ends. */
  readonly terminal: Uint8Array
}

interface MdpSizes {
  readonly states: number
  readonly actions: number
  readonly features: number
  /** States where an episode ends; their actions are not looked at. Default none. */
  readonly terminal?: Iterable<number>
}

/** One thing that can follow an action. */
export interface MdpOutcome {
  readonly state: number
  readonly action: number
  readonly next: number
  readonly probability: number
  /** `[features]`: φ(state, action, next). */
  readonly phi: ArrayLike<number>
}

function whole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} is ${value}, expected an integer from 1`)
}

function within(what: string, value: number, bound: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= bound)
    throw new RangeError(`${what} is ${value}, expected an integer from 0 to ${bound - 1}`)
}

function terminalFlags({ states, actions, features, terminal = [] }: MdpSizes): Uint8Array {
  whole('states', states)
  whole('actions', actions)
  whole('features', features)
  const flags = new Uint8Array(states)
  for (const state of terminal) {
    within('a terminal state', state, states)
    flags[state] = 1
  }
  return flags
}

/**
 * An MDP from a list of outcomes, in any order; several outcomes of one action may lead to the same state.
 *
 * @throws {RangeError} on a state, action or next state outside its range, φ of another length or not finite,
 * probabilities outside (0, 1], or probabilities of an action of a state that is not terminal that do not sum to 1
 */
export function sparseMdp(sizes: MdpSizes & { readonly outcomes: Iterable<MdpOutcome> }): Mdp {
  const { states, actions, features } = sizes
  const terminal = terminalFlags(sizes)
  const given = [...sizes.outcomes]
  given.forEach(({ state, action, next, probability, phi }, position) => {
    within(`outcome ${position}: state`, state, states)
    within(`outcome ${position}: action`, action, actions)
    within(`outcome ${position}: next`, next, states)
    if (!(probability > 0 && probability <= 1))
      throw new RangeError(`outcome ${position}: probability is ${probability}, expected a number above 0 and up to 1`)
    if (phi.length !== features)
      throw new RangeError(`outcome ${position}: phi has ${phi.length} numbers, expected ${features}`)
  })
  const kept: MdpOutcome[] = given.filter(({ state }) => terminal[state] === 0)
  const nothing = new Float64Array(features)
  for (let state = 0; state < states; state++)
    if (terminal[state] === 1)
      for (let action = 0; action < actions; action++)
        kept.push({ state, action, next: state, probability: 1, phi: nothing })
  kept.sort((one, other) => one.state - other.state || one.action - other.action)

  const first = new Uint32Array(states * actions + 1)
  for (const { state, action } of kept) {
    const after = state * actions + action + 1
    first[after] = (first[after] as number) + 1
  }
  for (let row = 0; row < states * actions; row++) first[row + 1] = (first[row + 1] as number) + (first[row] as number)
  const phi = new Float64Array(kept.length * features)
  kept.forEach((outcome, position) => {
    for (let k = 0; k < features; k++) {
      const value = outcome.phi[k] as number
      if (!Number.isFinite(value))
        throw new RangeError(
          `state ${outcome.state}, action ${outcome.action}: feature ${k} is ${value}, expected a finite number`,
        )
      phi[position * features + k] = value
    }
  })
  const probabilities = Float64Array.from(kept, ({ probability }) => probability)
  for (let row = 0; row < states * actions; row++) {
    const [from, to] = [first[row] as number, first[row + 1] as number]
    let total = 0
    for (let outcome = from; outcome < to; outcome++) total += probabilities[outcome] as number
    if (!(Math.abs(total - 1) <= 1e-9))
      throw new RangeError(
        `state ${Math.floor(row / actions)}, action ${row % actions}: ` +
          (from === to ? 'there is no outcome' : `the probabilities sum to ${total}, expected 1`),
      )
    for (let outcome = from; outcome < to; outcome++)
      probabilities[outcome] = (probabilities[outcome] as number) / total
  }
  return {
    states,
    actions,
    features,
    first,
    successors: Uint32Array.from(kept, ({ next }) => next),
    probabilities,
    phi,
    terminal,
  }
}

/**
 * An MDP in which every action has one outcome.
 *
 * @param table `next`: `[states, actions]`, the state that follows; `phi`: `[states, actions, features]`
 * @throws {RangeError} on tables of another size, a next state outside the states, or features that are not finite
 * @example
 * // two states; the only action ends the episode and pays feature 0
 * deterministicMdp({ states: 2, actions: 1, features: 1, next: [1, 1], phi: [1, 0], terminal: [1] })
 */
export function deterministicMdp(
  table: MdpSizes & { readonly next: ArrayLike<number>; readonly phi: ArrayLike<number> },
): Mdp {
  const { states, actions, features, next, phi } = table
  sized('next', next, states * actions)
  sized('phi', phi, states * actions * features)
  const rows = Array.from(phi)
  return sparseMdp({
    ...table,
    outcomes: Array.from({ length: states * actions }, (_, row) => ({
      state: Math.floor(row / actions),
      action: row % actions,
      next: next[row] as number,
      probability: 1,
      phi: rows.slice(row * features, (row + 1) * features),
    })),
  })
}

/**
 * An MDP from a full table of probabilities; zeros are left out.
 *
 * @param table `probabilities`: `[states, actions, states]`; `phi`: `[states, actions, features]`, or
 * `[states, actions, states, features]` where φ depends on the state that follows
 * @throws {RangeError} as {@link sparseMdp}, and on tables of another size
 */
export function denseMdp(
  table: MdpSizes & { readonly probabilities: ArrayLike<number>; readonly phi: ArrayLike<number> },
): Mdp {
  const { states, actions, features, probabilities, phi } = table
  sized('probabilities', probabilities, states * actions * states)
  const short = states * actions * features
  const perNext = phi.length === short * states && states > 1
  if (!perNext) sized('phi', phi, short)
  const numbers = Array.from(phi)
  const terminal = new Set(table.terminal ?? [])
  const outcomes: MdpOutcome[] = []
  for (let at = 0; at < states * actions * states; at++) {
    const probability = probabilities[at] as number
    const row = Math.floor(at / states)
    const state = Math.floor(row / actions)
    if (probability === 0 || terminal.has(state)) continue
    const from = (perNext ? at : row) * features
    outcomes.push({
      state,
      action: row % actions,
      next: at % states,
      probability,
      phi: numbers.slice(from, from + features),
    })
  }
  return sparseMdp({ ...table, terminal, outcomes })
}

function sized(name: string, values: ArrayLike<number>, length: number): void {
  if (values.length !== length) throw new RangeError(`${name} has ${values.length} numbers, expected ${length}`)
}

/** Whether every action has one outcome. */
export const isDeterministic = (mdp: Mdp): boolean => mdp.successors.length === mdp.states * mdp.actions

/** Mean features of every action, `[states, actions, features]`: Σ_s' P(s' | s, a) φ(s, a, s'). */
export function expectedFeatures(mdp: Mdp): Float64Array {
  const { states, actions, features, first, probabilities, phi } = mdp
  const expected = new Float64Array(states * actions * features)
  for (let row = 0; row < states * actions; row++)
    for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++)
      for (let k = 0; k < features; k++) {
        const at = row * features + k
        expected[at] =
          (expected[at] as number) + (probabilities[outcome] as number) * (phi[outcome * features + k] as number)
      }
  return expected
}

/** The number of reward vectors in `weights`, `[vectors, features]`. @throws {RangeError} on another size, or NaN */
export function rewardVectors(mdp: Mdp, weights: ArrayLike<number>): number {
  const vectors = weights.length / mdp.features
  if (!Number.isInteger(vectors) || vectors < 1)
    throw new RangeError(`weights has ${weights.length} numbers, expected ${mdp.features}, or a multiple of it`)
  for (let i = 0; i < weights.length; i++)
    if (!Number.isFinite(weights[i])) throw new RangeError(`weight ${i} is ${weights[i]}, expected a finite number`)
  return vectors
}
