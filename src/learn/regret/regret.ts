import { logisticLoss, sigmoid } from '../../measure/index.ts'
import type { Mdp } from '../tabular/mdp.ts'
import { type Segment, segmentFeatures } from './segment.ts'

/**
 * Formulas of Knox, Hatgis-Kessell, Booth, Niekum, Stone and Allievi, "Models of human preference for learning reward
 * functions" (TMLR 2024, arXiv 2206.02231), on plain numbers. Nothing is discounted within a segment.
 */

/** Σ_t r_t of a segment. @param weights `[features]` @throws {RangeError} as {@link segmentFeatures} */
export function partialReturn(mdp: Mdp, segment: Segment, weights: ArrayLike<number>): number {
  if (weights.length !== mdp.features)
    throw new RangeError(`weights has ${weights.length} numbers, expected ${mdp.features}`)
  return segmentFeatures(mdp, segment).reduce((sum, feature, k) => sum + feature * (weights[k] as number), 0)
}

/**
 * Regret of a segment where transitions are certain: V*(s_0) − (Σ_t r_t + V*(s_T)), what was lost between the start and
 * the end. With discount 1 it is at least 0, and 0 exactly when every action was optimal.
 *
 * @param values of the optimal policy: at the segment's start and at its end (0 in a terminal state)
 * @example
 * deterministicRegret(-3, { start: 47, end: 44 }) // 6
 */
export function deterministicRegret(
  partialReturn: number,
  values: { readonly start: number; readonly end: number },
): number {
  return values.start - (partialReturn + values.end)
}

/** Optimal values of one reward vector: `values` `[states]`, `actionValues` `[states, actions]`. */
export interface RegretValues {
  readonly values: ArrayLike<number>
  readonly actionValues: ArrayLike<number>
}

/**
 * Regret of a segment in general: Σ_t [V*(s_t) − Q*(s_t, a_t)] = Σ_t −A*(s_t, a_t). Luck in where an action led does not
 * count. With discount 1 and certain transitions it equals {@link deterministicRegret}; it is at least 0 under every
 * discount.
 *
 * @throws {RangeError} on unknown states or actions, a transition that never happens, or values of another size
 */
export function segmentRegret(mdp: Mdp, segment: Segment, optimal: RegretValues): number {
  const { values, actionValues } = optimal
  if (values.length !== mdp.states || actionValues.length !== mdp.states * mdp.actions)
    throw new RangeError(
      `there are ${values.length} values and ${actionValues.length} action values, expected ${mdp.states} and ` +
        `${mdp.states * mdp.actions}: those of one reward vector`,
    )
  segmentFeatures(mdp, segment)
  return segment.actions.reduce((sum, action, step) => {
    const state = segment.states[step] as number
    return sum + (values[state] as number) - (actionValues[state * mdp.actions + action] as number)
  }, 0)
}

/**
 * P(first ≻ second) = σ(regret₂ − regret₁).
 *
 * @example
 * regretPreference(0, 0) // 0.5: two optimal segments tie, whatever they return
 */
export function regretPreference(first: number, second: number): number {
  return sigmoid(second - first)
}

/** P(first ≻ second) = σ(Σ r₁ − Σ r₂): the partial-return model, which most reward learning assumes. */
export function partialReturnPreference(first: number, second: number): number {
  return sigmoid(first - second)
}

/**
 * regret₂ − regret₁ from differences, each first − second: Δ(Σr) + ΔV*(s_T) − ΔV*(s_0). For differences taken as second −
 * first, as published, the result is regret₁ − regret₂.
 */
export function regretDifference(partialReturn: number, startValue: number, endValue: number): number {
  return partialReturn + endValue - startValue
}

/**
 * Mean cross-entropy of preferences, −mean [μ log σ(x) + (1 − μ) log σ(−x)], in nats.
 *
 * @param logOdds `[pairs]`: x, the log odds of the first; scores of the first minus those of the second
 * @param firstPreferred `[pairs]`: μ = 1 where the first is preferred, 0 the second, ½ a tie
 * @throws {RangeError} on unequal lengths, no pairs, log odds that are not finite, or μ outside [0, 1]
 */
export function preferenceLoss(logOdds: ArrayLike<number>, firstPreferred: ArrayLike<number>): number {
  if (logOdds.length !== firstPreferred.length)
    throw new RangeError(`there are ${logOdds.length} log odds and ${firstPreferred.length} labels, expected as many`)
  if (logOdds.length === 0) throw new RangeError('there are no pairs, expected at least one')
  let total = 0
  for (let i = 0; i < logOdds.length; i++) {
    const [x, label] = [logOdds[i] as number, firstPreferred[i] as number]
    if (!Number.isFinite(x)) throw new RangeError(`pair ${i}: the log odds are ${x}, expected a finite number`)
    if (!(label >= 0 && label <= 1)) throw new RangeError(`pair ${i}: the label is ${label}, expected 0 to 1`)
    total += logisticLoss(x, label)
  }
  return total / logOdds.length
}
