import { cholesky, choleskyInverse, sandwich } from './linear-algebra.ts'
import { addLoss, addSquares, curvatures, type LogisticData, logisticRows, logOdds, mirror } from './logistic-rows.ts'
import { newton } from './newton.ts'
import { sigmoid } from './sigmoid.ts'

export interface LogisticOptions {
  /** Strength of ½·ridge·(β − centre)² by column, or of all; default 0. Leave controls and the intercept with 0. */
  readonly ridge?: number | readonly number[]
  /**
   * `[columns]`: where the ridge pulls to; default 0. With ridge 1/τ² and centre μ the fit is the most likely β under
   * the prior N(μ, τ²).
   */
  readonly centre?: ArrayLike<number>
}

export interface LogisticFit {
  /** `[columns]`: β, in log odds per unit of the column. */
  readonly coefficients: Float64Array
  /** `[columns, columns]`: H⁻¹·B·H⁻¹, valid for outcomes of any distribution, rows taken as independent. */
  readonly covariance: Float64Array
  /** `[columns]`: √diagonal. */
  readonly standardErrors: Float64Array
  /** `[columns, columns]`: H⁻¹, the covariance when the model is right; with a ridge, of the normal posterior. */
  readonly modelCovariance: Float64Array
  /** Σ weight·log-loss at the fit, without the penalty, in nats. */
  readonly cost: number
  readonly iterations: number
  readonly converged: boolean
}

/**
 * Weighted logistic regression with a ridge: minimises Σ w·[softplus(s) − y·s] + ½·Σ ridge_k·(β_k − centre_k)² over β,
 * s = offset + x·β, by Newton's method. The covariance is the sandwich with H = Σ w·p(1 − p)·x·xᵀ + ridge and
 * B = Σ w·(y − p)²·x·xᵀ, a weight of w standing for w equal rows.
 *
 * @throws {RangeError} on shapes that do not match, or values that are not finite
 * @throws {NotPositiveDefiniteError} when columns depend on each other and have no ridge
 * @example
 * // an intercept-only fit to 3 of 4 successes: β = ln 3
 * logisticRegression({ design: Float64Array.of(1, 1), columns: 1, outcomes: [1, 0], weights: [3, 1] })
 */
export function logisticRegression(data: LogisticData, options: LogisticOptions = {}): LogisticFit {
  const { ridge = 0, centre } = options
  const checked = logisticRows(data)
  const { columns, outcomes, weights } = checked
  for (const [name, given] of Object.entries({ ridge, centre }))
    if (given !== undefined && typeof given !== 'number' && given.length !== columns)
      throw new RangeError(`${name} has ${given.length} entries, expected ${columns}, one per column`)

  const penalty = (k: number): number => (typeof ridge === 'number' ? ridge : (ridge[k] as number))
  const away = (beta: Float64Array, k: number): number => (beta[k] as number) - (centre?.[k] ?? 0)
  const penaltyAt = (beta: Float64Array): number =>
    beta.reduce((sum, _, k) => sum + 0.5 * penalty(k) * away(beta, k) ** 2, 0)
  const information = (beta: Float64Array, hessian: Float64Array): void => {
    hessian.fill(0)
    addSquares(checked, hessian, curvatures(checked, beta))
    for (let k = 0; k < columns; k++) hessian[k * columns + k] = (hessian[k * columns + k] as number) + penalty(k)
  }
  const minimum = newton(
    {
      size: columns,
      gradient(beta, gradient) {
        for (let k = 0; k < columns; k++) gradient[k] = penalty(k) * away(beta, k)
        return penaltyAt(beta) + addLoss(checked, beta, gradient)
      },
      hessian: information,
    },
    centre ? Float64Array.from(centre) : new Float64Array(columns),
    { gradientTolerance: 1e-10 * weights.reduce((sum, weight) => sum + weight, 0) },
  )
  const coefficients = minimum.parameters
  const hessian = new Float64Array(columns * columns)
  information(coefficients, hessian)
  const meat = new Float64Array(columns * columns)
  addSquares(
    checked,
    meat,
    logOdds(checked, coefficients).map(
      (score, row) => (weights[row] as number) * (sigmoid(score) - (outcomes[row] as number)) ** 2,
    ),
  )
  mirror(meat, columns)
  const modelCovariance = choleskyInverse(cholesky(hessian, columns))
  const covariance = sandwich(modelCovariance, meat, columns)
  return {
    coefficients,
    covariance,
    standardErrors: coefficients.map((_, k) => Math.sqrt(covariance[k * columns + k] as number)),
    modelCovariance,
    cost: minimum.value - penaltyAt(coefficients),
    iterations: minimum.iterations,
    converged: minimum.converged,
  }
}

/**
 * Whether some direction of β predicts outcomes without a fault, so that no finite β fits best: every row leans the way
 * of its outcome or not at all, and some lean. Found as what β still moves by when a tiny ridge is made a thousand
 * times smaller: nothing where a best fit exists, log 1000 and more in the rows that separate.
 *
 * @throws {RangeError} as {@link logisticRegression}
 */
export function isSeparable(data: LogisticData): boolean {
  const checked = logisticRows(data)
  const scale = checked.weights.reduce((sum, weight) => sum + weight, 0) || 1
  const [near, far] = [1e-6, 1e-9].map((ridge) => logisticRegression(data, { ridge: ridge * scale }).coefficients)
  const moved = (far as Float64Array).map((beta, k) => beta - (near?.[k] as number))
  const leans = logOdds({ ...checked, offsets: new Float64Array(checked.rows) }, moved)
  let strict = false
  for (let row = 0; row < checked.rows; row++) {
    if (checked.weights[row] === 0) continue
    const outcome = checked.outcomes[row] as number
    const lean = leans[row] as number
    // A row with a share of both outcomes leans wrongly whichever way it leans.
    const along = outcome === 1 ? lean : outcome === 0 ? -lean : -Math.abs(lean)
    if (along < -0.1) return false
    if (along > 1) strict = true
  }
  return strict
}
