import { sigmoid } from '../../measure/index.ts'
import type { Judgement, Matrix, Pair, PreferenceModel } from '../contract.ts'
import { withCriterion } from './criterion-context.ts'

/** Weights that are not negative, made to sum to 1. @throws {RangeError} otherwise, or when all are 0 */
export function normalisedWeights(weights: ArrayLike<number>, what = 'weights'): Float64Array {
  const all = Float64Array.from(weights)
  const wrong = all.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (wrong >= 0)
    throw new RangeError(`${what}: number ${wrong} is ${all[wrong]}, expected a finite number of at least 0`)
  const total = all.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0)) throw new RangeError(`${what} sum to ${total}, expected above 0`)
  return all.map((weight) => weight / total)
}

/** @throws {RangeError} when one is NaN, which stands for no order and no probability */
function noneMissing(row: ArrayLike<number>, what: string): void {
  for (let at = 0; at < row.length; at++)
    if (Number.isNaN(row[at])) throw new RangeError(`${what}: number ${at} is NaN, expected a number`)
}

/**
 * Preferences when several contexts apply: Σ_z w_z σ(Δ_z). Not σ(Σ_z w_z Δ_z), which is what averaged rewards would say.
 *
 * @param logits Δ_z: [contexts][pairs]
 * @param weights [contexts]; made to sum to 1. Default all alike
 * @returns [pairs]
 * @throws {RangeError} when counts differ, a number is NaN, or weights are none
 * @example
 * expectedPreference([[2], [-1]]) // [0.5749]
 */
export function expectedPreference(
  logits: readonly ArrayLike<number>[],
  weights: ArrayLike<number> = logits.map(() => 1),
): Float64Array {
  if (weights.length !== logits.length) throw new RangeError(`${weights.length} weights for ${logits.length} contexts`)
  const shares = normalisedWeights(weights)
  const pairs = logits[0]?.length ?? 0
  const found = new Float64Array(pairs)
  logits.forEach((row, context) => {
    if (row.length !== pairs)
      throw new RangeError(`context ${context} has ${row.length} pairs, the first one has ${pairs}`)
    noneMissing(row, `logits in context ${context}`)
    for (let pair = 0; pair < pairs; pair++)
      found[pair] = (found[pair] as number) + (shares[context] as number) * sigmoid(row[pair] as number)
  })
  return found
}

/**
 * Borda's rule over contexts: score_i = Σ_z w_z · #{j : r(z, y_i) > r(z, y_j)}, an equal reward counting half. It reads
 * orders alone, and depends on which candidates there are.
 *
 * @param rewards [contexts][candidates]
 * @param weights [contexts]; made to sum to 1. Default all alike
 * @returns [candidates], from 0 to one less than their number
 * @throws {RangeError} when counts differ, a number is NaN, or weights are none
 */
export function contextBorda(
  rewards: readonly ArrayLike<number>[],
  weights: ArrayLike<number> = rewards.map(() => 1),
): Float64Array {
  if (weights.length !== rewards.length)
    throw new RangeError(`${weights.length} weights for ${rewards.length} contexts`)
  const shares = normalisedWeights(weights)
  const candidates = rewards[0]?.length ?? 0
  const scores = new Float64Array(candidates)
  rewards.forEach((row, context) => {
    if (row.length !== candidates)
      throw new RangeError(`context ${context} has ${row.length} candidates, the first one has ${candidates}`)
    noneMissing(row, `rewards in context ${context}`)
    for (let i = 0; i < candidates; i++)
      for (let j = 0; j < candidates; j++) {
        if (i === j) continue
        const [own, other] = [row[i] as number, row[j] as number]
        scores[i] = (scores[i] as number) + (shares[context] as number) * (own > other ? 1 : own === other ? 0.5 : 0)
      }
  })
  return scores
}

/** A criterion and how much it counts. */
export interface WeightedCriterion {
  readonly criterion: string
  /** At least 0. Default 1. */
  readonly weight?: number
}

/**
 * A model seen through criteria that apply all at once: P(a preferred) is the expected preference over them, a score the
 * weighted mean of scores. With one criterion it is that model in that context.
 *
 * @param model one that reads criteria, see `withCriterion`
 * @throws {RangeError} when there are no criteria or their weights sum to 0
 */
export function inContexts(model: PreferenceModel, criteria: readonly WeightedCriterion[]): PreferenceModel {
  const shares = normalisedWeights(
    criteria.map(({ weight = 1 }) => weight),
    'weights of criteria',
  )
  const within = <Asked extends Judgement | Pair>(asked: readonly Asked[], criterion: string): Asked[] =>
    asked.map((one) => ({ ...one, context: withCriterion(one.context, criterion) }))
  return {
    aspects: model.aspects,
    async score(batch): Promise<Matrix> {
      const data = new Float32Array(batch.length * model.aspects.length)
      for (const [at, { criterion }] of criteria.entries()) {
        const found = await model.score(within(batch, criterion))
        for (let k = 0; k < data.length; k++)
          data[k] = (data[k] as number) + (shares[at] as number) * (found.data[k] as number)
      }
      return { rows: batch.length, columns: model.aspects.length, data }
    },
    async prefer(pairs) {
      const mixed = new Float32Array(pairs.length)
      for (const [at, { criterion }] of criteria.entries()) {
        const found = await model.prefer(within(pairs, criterion))
        for (let k = 0; k < mixed.length; k++)
          mixed[k] = (mixed[k] as number) + (shares[at] as number) * (found[k] as number)
      }
      return mixed
    },
  }
}
