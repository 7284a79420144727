import { logisticLoss } from '../../measure/index.ts'
import type { Pair, PreferenceModel } from '../contract.ts'
import { withCriterion } from './criterion-context.ts'
import { normalisedWeights } from './weighted-contexts.ts'

/**
 * Which of some profiles a person has, from a few of their choices: posterior ∝ π(z) Π_i σ(±Δ_z(pair_i)). In logarithms,
 * so that many labels underflow nothing.
 *
 * @param logits Δ_z of what was judged: [profiles][labels]
 * @param targets [labels]: 1 when a was chosen, 0 when b was, ½ for a tie. Default all 1
 * @param prior [profiles]; made to sum to 1. Default all alike
 * @returns [profiles], summing to 1; the prior where there are no labels
 * @throws {RangeError} when counts differ, there are no profiles, a logit is not finite, or a target is outside [0, 1]
 * @example
 * profilePosterior([[2], [-2]]) // [0.8808, 0.1192]
 */
export function profilePosterior(
  logits: readonly ArrayLike<number>[],
  targets?: ArrayLike<number>,
  prior: ArrayLike<number> = logits.map(() => 1),
): Float64Array {
  if (prior.length !== logits.length)
    throw new RangeError(`the prior is of ${prior.length} profiles, expected ${logits.length}`)
  const shares = normalisedWeights(prior, 'prior')
  const labels = targets?.length ?? logits[0]?.length ?? 0
  const logPosterior = logits.map((row, profile) => {
    if (row.length !== labels) throw new RangeError(`profile ${profile} has ${row.length} labels, expected ${labels}`)
    let total = Math.log(shares[profile] as number)
    for (let label = 0; label < labels; label++) {
      if (!Number.isFinite(row[label]))
        throw new RangeError(`logit ${label} of profile ${profile} is ${row[label]}, expected a finite number`)
      const target = targets?.[label] ?? 1
      if (!(target >= 0 && target <= 1))
        throw new RangeError(`target ${label} is ${target}, expected a number from 0 to 1`)
      total -= logisticLoss(row[label] as number, target)
    }
    return total
  })
  const most = Math.max(...logPosterior)
  return normalisedWeights(
    logPosterior.map((log) => Math.exp(log - most)),
    'posterior',
  )
}

/** A person's choice. */
export interface LabelledPair extends Pair {
  /** 1 when a was chosen, 0 when b was, ½ for a tie. */
  readonly target: number
}

/**
 * Which of some profiles in words a person has, by a model that reads criteria. Use the result as the weights of
 * `inContexts`.
 *
 * @param model its probabilities are held within 10⁻⁶ of 0 and 1, so that no single choice is proof
 * @param profiles as `withCriterion` takes them
 * @returns [profiles], summing to 1
 * @throws {RangeError} as {@link profilePosterior}
 */
export async function inferProfile(
  model: Pick<PreferenceModel, 'prefer'>,
  profiles: readonly string[],
  labels: readonly LabelledPair[],
  prior?: ArrayLike<number>,
): Promise<Float64Array> {
  const logits: Float64Array[] = []
  for (const profile of profiles) {
    const asked = labels.map(
      ({ target: _, ...pair }): Pair => ({ ...pair, context: withCriterion(pair.context, profile) }),
    )
    const found = asked.length === 0 ? [] : await model.prefer(asked)
    logits.push(
      Float64Array.from(found, (probability) => {
        const p = Math.min(1 - 1e-6, Math.max(1e-6, probability))
        return Math.log(p / (1 - p))
      }),
    )
  }
  return profilePosterior(
    logits,
    labels.map(({ target }) => target),
    prior,
  )
}
