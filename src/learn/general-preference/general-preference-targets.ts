import { averageScores, type ScoreMatrix } from './tournament.ts'

export interface GeneralPreferenceTargetsOptions {
  /** τ of the preference model. Default 1: the scores are log-odds already. */
  readonly temperature?: number
  /** β, the weight of the divergence from the policy that answered. At least above 0. Default 0.1. */
  readonly beta?: number
  /** Targets are kept within ±clip nats. Default 1000 (the authors'). */
  readonly clip?: number
}

/** What general preference optimisation asks of one prompt's answers. */
export interface GeneralPreferenceTargets {
  /** ŝ_i = (1/K) Σ_j s(i ≻ j)/τ: [answers], summing to 0. */
  readonly scores: readonly number[]
  /** ŝ_i/β, clipped: what ln π(y_i|x)/π_t(y_i|x) is drawn to, [answers]. */
  readonly targets: readonly number[]
  /** The answer of the highest ŝ (the first of equals). */
  readonly best: number
  /** The answer of the lowest ŝ (the last of equals, so never `best` among several). */
  readonly worst: number
}

/**
 * The scores and targets of general preference optimisation (GPO) for one prompt: a policy π is then drawn from π_t by
 *
 *     ℓ = (ln π(y_w|x)/π_t(y_w|x) − ŝ_w/β)² + (ln π(y_l|x)/π_t(y_l|x) − ŝ_l/β)²
 *
 * on the best and the worst answer. Its minimiser is π ∝ π_t e^{ŝ/β}; the normaliser may be left out because the ŝ of
 * answers drawn from π_t sum to 0.
 *
 * @param scores S, [answers, answers]
 * @throws {RangeError} when there are no answers or a number is out of range
 * @see Zhang et al. (2024), arXiv 2410.02197, section 5
 */
export function generalPreferenceTargets(
  scores: ScoreMatrix,
  { temperature = 1, beta = 0.1, clip = 1000 }: GeneralPreferenceTargetsOptions = {},
): GeneralPreferenceTargets {
  for (const [name, number] of Object.entries({ temperature, beta, clip }))
    if (!(number > 0)) throw new RangeError(`generalPreferenceTargets: ${name} is ${number}, expected above 0`)
  if (scores.length === 0) throw new RangeError('generalPreferenceTargets: there are no answers')
  const means = averageScores(scores).map((score) => score / temperature)
  const best = means.indexOf(Math.max(...means))
  const worst = means.lastIndexOf(Math.min(...means))
  return {
    scores: means,
    targets: means.map((score) => Math.min(clip, Math.max(-clip, score / beta))),
    best,
    worst,
  }
}
