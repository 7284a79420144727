import { normalQuantile } from './normal.ts'

/** One study's estimate. */
export interface StudyEffect {
  readonly effect: number
  readonly standardError: number
}

export interface PooledEffect {
  readonly effect: number
  readonly standardError: number
  readonly interval: readonly [lower: number, upper: number]
  /** τ²: variance of the true effects between studies; 0 when the studies differ no more than chance. */
  readonly betweenVariance: number
  /** Cochran's Q, χ² with (studies − 1) degrees of freedom when all true effects are equal. */
  readonly heterogeneity: number
  /** I²: share of the variation between estimates that is not chance, 0 to 1. */
  readonly inconsistency: number
}

/**
 * DerSimonian and Laird's random-effects mean of several studies' effects: with w_i = 1/se_i²,
 * Q = Σ w_i(y_i − ȳ_w)², τ² = max(0, (Q − (k − 1)) / (Σw − Σw²/Σw)), and weights 1/(se_i² + τ²).
 *
 * @throws {RangeError} on no studies or a standard error that is not positive
 * @see DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177–188
 */
export function pooledEffect(studies: readonly StudyEffect[], level = 0.95): PooledEffect {
  if (studies.length === 0) throw new RangeError('there are no studies, expected at least one')
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  studies.forEach(({ standardError }, i) => {
    if (!(standardError > 0 && standardError < Number.POSITIVE_INFINITY))
      throw new RangeError(`study ${i}: standard error is ${standardError}, expected a positive finite number`)
  })
  const weigh = (between: number): { weights: number[]; total: number; effect: number } => {
    const weights = studies.map(({ standardError }) => 1 / (standardError ** 2 + between))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const effect = studies.reduce((sum, study, i) => sum + (weights[i] as number) * study.effect, 0) / total
    return { weights, total, effect }
  }
  const fixed = weigh(0)
  const freedom = studies.length - 1
  const heterogeneity = studies.reduce(
    (sum, study, i) => sum + (fixed.weights[i] as number) * (study.effect - fixed.effect) ** 2,
    0,
  )
  const squares = fixed.weights.reduce((sum, weight) => sum + weight * weight, 0)
  const betweenVariance =
    freedom === 0 ? 0 : Math.max(0, (heterogeneity - freedom) / (fixed.total - squares / fixed.total))
  const { effect, total } = weigh(betweenVariance)
  const standardError = 1 / Math.sqrt(total)
  const half = normalQuantile((1 + level) / 2) * standardError
  return {
    effect,
    standardError,
    interval: [effect - half, effect + half],
    betweenVariance,
    heterogeneity,
    inconsistency: heterogeneity > 0 ? Math.max(0, (heterogeneity - freedom) / heterogeneity) : 0,
  }
}
