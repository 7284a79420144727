import { solveLinear } from './linear-solve.ts'
import { expectedFeatures, type Mdp, rewardVectors } from './mdp.ts'
import { type Policy, policyCount } from './policy.ts'
import { checkDiscount } from './termination.ts'

export interface PolicyEvaluationOptions {
  /** γ, from 0 to 1; 1 needs policies that end with certainty. Default 0.999. */
  readonly discount?: number
  /** Up to this many states the values come from one linear system, above from sweeps. Default 1500. */
  readonly directLimit?: number
}

/**
 * Successor features of one or more policies: ψ(s) = E[Σ_t γ^t φ_t | s_0 = s, π], so that V^π(s) = ψ(s)·w for every w
 * (Dayan 1993; Barreto et al. 2017, arXiv 1606.05312). Solves (I − γ P_π) ψ = φ_π, all features at once.
 *
 * @param policies `[states, actions]`, or `[policies, states, actions]`
 * @returns `[policies, states, features]`; 0 in terminal states
 * @throws {RangeError} on what is no policy, and on a discount of 1 with a policy that may never end
 */
export function successorFeatures(mdp: Mdp, policies: Policy, options: PolicyEvaluationOptions = {}): Float64Array {
  return accumulated(mdp, policies, expectedFeatures(mdp), mdp.features, options)
}

/**
 * Values of one or more policies, V^π(s) = E[Σ_t γ^t w·φ_t], `[policies, states]`.
 *
 * @param weights `[features]`
 * @throws {RangeError} as {@link successorFeatures}
 */
export function policyValues(
  mdp: Mdp,
  policies: Policy,
  weights: ArrayLike<number>,
  options: PolicyEvaluationOptions = {},
): Float64Array {
  if (rewardVectors(mdp, weights) !== 1)
    throw new RangeError(`weights has ${weights.length} numbers, expected ${mdp.features}`)
  return accumulated(mdp, policies, dotRows(expectedFeatures(mdp), weights), 1, options)
}

/** Σ_k rows[·, k]·weights[k] of every row. */
export function dotRows(rows: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  const width = weights.length
  return Float64Array.from({ length: rows.length / width }, (_, row) => {
    let sum = 0
    for (let k = 0; k < width; k++) sum += (rows[row * width + k] as number) * (weights[k] as number)
    return sum
  })
}

/** Discounted sums of some columns `[states·actions, width]` under policies, `[policies, states, width]`. */
function accumulated(
  mdp: Mdp,
  policies: Policy,
  paid: Float64Array,
  width: number,
  { discount = 0.999, directLimit = 1500 }: PolicyEvaluationOptions,
): Float64Array {
  const count = policyCount(mdp, policies)
  const { states, actions } = mdp
  const result = new Float64Array(count * states * width)
  for (let k = 0; k < count; k++) {
    const policy = policies.subarray(k * states * actions, (k + 1) * states * actions)
    checkDiscount(mdp, discount, policy)
    const sums = result.subarray(k * states * width, (k + 1) * states * width)
    for (let row = 0; row < states * actions; row++) {
      const share = policy[row] as number
      const state = Math.floor(row / actions)
      if (share === 0 || mdp.terminal[state] === 1) continue
      for (let column = 0; column < width; column++)
        sums[state * width + column] =
          (sums[state * width + column] as number) + share * (paid[row * width + column] as number)
    }
    if (states <= directLimit) solveDirectly(mdp, policy, sums, discount)
    else sweepToEnd(mdp, policy, sums, width, discount)
  }
  return result
}

function solveDirectly(mdp: Mdp, policy: Float64Array, sums: Float64Array, discount: number): void {
  const { states, actions, first, successors, probabilities, terminal } = mdp
  const matrix = new Float64Array(states * states)
  for (let state = 0; state < states; state++) {
    matrix[state * states + state] = 1
    if (terminal[state] === 1) continue
    for (let action = 0; action < actions; action++) {
      const row = state * actions + action
      const share = discount * (policy[row] as number)
      if (share === 0) continue
      for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++) {
        const at = state * states + (successors[outcome] as number)
        matrix[at] = (matrix[at] as number) - share * (probabilities[outcome] as number)
      }
    }
  }
  solveLinear(matrix, sums, states)
}

/** Gauss–Seidel sweeps, forth and back, until nothing moves beyond rounding. */
function sweepToEnd(mdp: Mdp, policy: Float64Array, sums: Float64Array, width: number, discount: number): void {
  const { states, actions, first, successors, probabilities, terminal } = mdp
  const paid = sums.slice()
  const fresh = new Float64Array(width)
  const enough = 1e-12 * Math.max(1 - discount, 1e-3)
  for (let sweep = 0; sweep < 1_000_000; sweep++) {
    let change = 0
    let size = 1
    for (let step = 0; step < states; step++) {
      const state = sweep % 2 === 0 ? step : states - 1 - step
      if (terminal[state] === 1) continue
      for (let column = 0; column < width; column++) fresh[column] = paid[state * width + column] as number
      for (let action = 0; action < actions; action++) {
        const row = state * actions + action
        const share = discount * (policy[row] as number)
        if (share === 0) continue
        for (let outcome = first[row] as number; outcome < (first[row + 1] as number); outcome++) {
          const weight = share * (probabilities[outcome] as number)
          const from = (successors[outcome] as number) * width
          for (let column = 0; column < width; column++)
            fresh[column] = (fresh[column] as number) + weight * (sums[from + column] as number)
        }
      }
      for (let column = 0; column < width; column++) {
        const at = state * width + column
        change = Math.max(change, Math.abs((fresh[column] as number) - (sums[at] as number)))
        size = Math.max(size, Math.abs(fresh[column] as number))
        sums[at] = fresh[column] as number
      }
    }
    if (change <= Math.max(enough, 4 * Number.EPSILON * size)) return
  }
  throw new RangeError('the values of a policy still move after 1,000,000 sweeps; expected a discount further below 1')
}
