import { solveLinear } from './linear-solve.ts'
import { expectedFeatures, type Mdp, rewardVectors } from './mdp.ts'
import { checkDiscount } from './termination.ts'

export interface ValueIterationOptions {
  /** γ, from 0 to 1; 1 needs a terminal state within reach of every state, or a horizon. Default 0.999. */
  readonly discount?: number
  /** Every value is within this of the optimum (with discount 1: no value still moves by more). Default 1e-9. */
  readonly tolerance?: number
  /** Default 100,000. */
  readonly maxSweeps?: number
  /** Values of the best at most this many steps instead of V*; then nothing has to end or converge. */
  readonly horizon?: number
}

/** Optimal values of one or more reward vectors. */
export interface OptimalValues {
  /** Number of reward vectors. */
  readonly vectors: number
  /** `[vectors, states]`: V*, 0 in terminal states. */
  readonly values: Float64Array
  /** `[vectors, states, actions]`: Q*, 0 in terminal states. */
  readonly actionValues: Float64Array
  readonly sweeps: number
}

/**
 * Optimal values by value iteration, for many reward vectors at once:
 *
 * V(s) ← max_a Σ_s' P(s' | s, a) [w·φ(s, a, s') + γ V(s')]
 *
 * starting from 0, until no value is further than `tolerance` from V*. Reward vectors are swept side by side, and one that
 * has converged is left out of later sweeps. Below discount 1 the values of the policy found so far are put in by a linear
 * system from time to time (modified policy iteration, Puterman and Shin 1978), since sweeps alone follow an endless loop
 * only at the pace of the discount. With discount 1 and a deterministic process whose rewards are whole numbers the values
 * are exact.
 *
 * @param weights `[features]`, or `[vectors, features]`
 * @throws {RangeError} on a discount of 1 without an end (see {@link checkDiscount}), on weights that are not finite,
 * and when values keep moving: with discount 1 by a cycle that pays
 * @example
 * valueIteration(mdp, [-1, 50], { discount: 1 }).values
 */
export function valueIteration(
  mdp: Mdp,
  weights: ArrayLike<number>,
  options: ValueIterationOptions = {},
): OptimalValues {
  const { discount = 0.999, tolerance = 1e-9, maxSweeps = 100_000, horizon } = options
  const vectors = rewardVectors(mdp, weights)
  if (horizon === undefined) checkDiscount(mdp, discount)
  else {
    if (!(discount >= 0 && discount <= 1))
      throw new RangeError(`discount is ${discount}, expected a number from 0 to 1`)
    if (!Number.isInteger(horizon) || horizon < 0)
      throw new RangeError(`horizon is ${horizon}, expected a whole number of steps`)
  }
  if (!(tolerance > 0)) throw new RangeError(`tolerance is ${tolerance}, expected a number above 0`)
  const { states, actions, features } = mdp
  const phi = expectedFeatures(mdp)

  // Vectors still moving, and their values and mean rewards with the vector as the last axis.
  let active = Array.from({ length: vectors }, (_, vector) => vector)
  const rewardsOf = (which: readonly number[]): Float64Array => {
    const rewards = new Float64Array(states * actions * which.length)
    for (let row = 0; row < states * actions; row++)
      which.forEach((vector, j) => {
        let reward = 0
        for (let k = 0; k < features; k++)
          reward += (phi[row * features + k] as number) * (weights[vector * features + k] as number)
        rewards[row * which.length + j] = reward
      })
    return rewards
  }
  let rewards = rewardsOf(active)
  let values = new Float64Array(states * active.length)
  const done = new Float64Array(vectors * states)
  const settle = (vector: number, j: number): void => {
    for (let state = 0; state < states; state++)
      done[vector * states + state] = values[state * active.length + j] as number
  }
  // ‖V − V*‖ ≤ γ/(1 − γ)·‖change‖ after a sweep of a γ-contraction, whichever order states are visited in.
  const enough = discount < 1 ? (tolerance * (1 - discount)) / Math.max(discount, 1e-300) : tolerance
  let sweeps = 0
  while (active.length > 0 && sweeps < (horizon ?? maxSweeps)) {
    const change =
      horizon === undefined
        ? sweepInPlace(mdp, rewards, values, active.length, discount, sweeps % 2 === 1)
        : sweepAside(mdp, rewards, values, active.length, discount)
    sweeps++
    if (horizon !== undefined) continue
    if (discount < 1 && states <= jumpLimit && sweeps % jumpEvery === 0) {
      jump(mdp, rewards, values, active.length, discount)
      continue
    }
    // Rounding moves values by about their size times 2⁻⁵²; nothing finer can be asked for.
    const converged = active.map((_, j) => {
      let size = 1
      for (let state = 0; state < states; state++)
        size = Math.max(size, Math.abs(values[state * active.length + j] as number))
      return (change[j] as number) <= Math.max(enough, 4 * Number.EPSILON * size)
    })
    if (converged.some((yes) => yes)) {
      active.forEach((vector, j) => {
        if (converged[j]) settle(vector, j)
      })
      const left = active.map((_, j) => j).filter((j) => !converged[j])
      const kept = new Float64Array(states * left.length)
      for (let state = 0; state < states; state++)
        left.forEach((j, at) => {
          kept[state * left.length + at] = values[state * active.length + j] as number
        })
      active = left.map((j) => active[j] as number)
      values = kept
      rewards = rewardsOf(active)
    }
  }
  if (horizon === undefined && active.length > 0)
    throw new RangeError(
      `the values of reward vector ${active[0]} still move after ${maxSweeps} sweeps; ` +
        (discount < 1
          ? 'expected more sweeps, a lower discount or a wider tolerance'
          : 'with discount 1 a cycle whose rewards sum to more than 0 has no finite value: expected a discount below 1, or a horizon'),
    )
  active.forEach((vector, j) => {
    settle(vector, j)
  })
  return { vectors, values: done, actionValues: actionValues(mdp, done, weights, discount), sweeps }
}

/** Sweeps between two jumps, and the number of states above which a linear system costs more than it saves. */
const [jumpEvery, jumpLimit] = [16, 400]

/** Replaces values by those of the policy that is greedy in them. */
function jump(mdp: Mdp, rewards: Float64Array, values: Float64Array, width: number, discount: number): void {
  const { states, actions, first, successors, probabilities, terminal } = mdp
  const matrix = new Float64Array(states * states)
  const right = new Float64Array(states)
  for (let j = 0; j < width; j++) {
    matrix.fill(0)
    right.fill(0)
    for (let state = 0; state < states; state++) {
      matrix[state * states + state] = 1
      if (terminal[state] === 1) continue
      let best = Number.NEGATIVE_INFINITY
      let chosen = state * actions
      for (let row = state * actions; row < (state + 1) * actions; row++) {
        let total = rewards[row * width + j] as number
        for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++)
          total +=
            discount *
            (probabilities[outcome] as number) *
            (values[(successors[outcome] as number) * width + j] as number)
        if (total > best) {
          best = total
          chosen = row
        }
      }
      right[state] = rewards[chosen * width + j] as number
      for (let outcome = first[chosen] as number; outcome < (first[chosen + 1] as number); outcome++) {
        const at = state * states + (successors[outcome] as number)
        matrix[at] = (matrix[at] as number) - discount * (probabilities[outcome] as number)
      }
    }
    solveLinear(matrix, right, states)
    for (let state = 0; state < states; state++) values[state * width + j] = right[state] as number
  }
}

/** One sweep over all states, each seeing the newest values of the others; the largest change by vector. */
function sweepInPlace(
  mdp: Mdp,
  rewards: Float64Array,
  values: Float64Array,
  width: number,
  discount: number,
  backwards: boolean,
): Float64Array {
  const { states, terminal } = mdp
  const change = new Float64Array(width)
  const best = new Float64Array(width)
  const candidate = new Float64Array(width)
  for (let step = 0; step < states; step++) {
    const state = backwards ? states - 1 - step : step
    if (terminal[state] === 1) continue
    bestOf(mdp, rewards, values, width, discount, state, best, candidate)
    const at = state * width
    for (let j = 0; j < width; j++) {
      const moved = Math.abs((best[j] as number) - (values[at + j] as number))
      if (!(moved <= (change[j] as number))) change[j] = moved
      values[at + j] = best[j] as number
    }
  }
  return change
}

/** One sweep in which every state sees the values as they were before it, so that k sweeps are k steps. */
function sweepAside(
  mdp: Mdp,
  rewards: Float64Array,
  values: Float64Array,
  width: number,
  discount: number,
): Float64Array {
  const before = values.slice()
  const best = new Float64Array(width)
  const candidate = new Float64Array(width)
  for (let state = 0; state < mdp.states; state++) {
    if (mdp.terminal[state] === 1) continue
    bestOf(mdp, rewards, before, width, discount, state, best, candidate)
    values.set(best, state * width)
  }
  return best
}

/** max_a Σ P [r + γ V] of a state, by vector, into `best`. */
function bestOf(
  mdp: Mdp,
  rewards: Float64Array,
  values: Float64Array,
  width: number,
  discount: number,
  state: number,
  best: Float64Array,
  candidate: Float64Array,
): void {
  const { actions, first, successors, probabilities } = mdp
  for (let action = 0; action < actions; action++) {
    const row = state * actions + action
    const into = action === 0 ? best : candidate
    for (let j = 0; j < width; j++) into[j] = rewards[row * width + j] as number
    for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++) {
      const share = discount * (probabilities[outcome] as number)
      const from = (successors[outcome] as number) * width
      for (let j = 0; j < width; j++) into[j] = (into[j] as number) + share * (values[from + j] as number)
    }
    if (action > 0)
      for (let j = 0; j < width; j++) if ((into[j] as number) > (best[j] as number)) best[j] = into[j] as number
  }
}

/**
 * Q(s, a) = Σ_s' P(s' | s, a) [w·φ(s, a, s') + γ V(s')] for given values, `[vectors, states, actions]`.
 *
 * @param values `[vectors, states]`
 * @param weights `[vectors, features]`
 */
export function actionValues(
  mdp: Mdp,
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  discount = 0.999,
): Float64Array {
  const { states, actions, features, first, successors, probabilities } = mdp
  const vectors = rewardVectors(mdp, weights)
  if (values.length !== vectors * states)
    throw new RangeError(`values has ${values.length} numbers, expected ${vectors} × ${states} states`)
  const phi = expectedFeatures(mdp)
  const result = new Float64Array(vectors * states * actions)
  for (let vector = 0; vector < vectors; vector++)
    for (let row = 0; row < states * actions; row++) {
      let total = 0
      for (let k = 0; k < features; k++)
        total += (phi[row * features + k] as number) * (weights[vector * features + k] as number)
      for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++)
        total +=
          discount *
          (probabilities[outcome] as number) *
          (values[vector * states + (successors[outcome] as number)] as number)
      result[vector * states * actions + row] = total
    }
  return result
}
