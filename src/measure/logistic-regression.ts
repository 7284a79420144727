import { cholesky, choleskyInverse, sandwich } from './linear-algebra.ts'
import { newton } from './newton.ts'
import { logisticLoss, sigmoid } from './sigmoid.ts'

/** Rows of a regression; equal rows may be given once, with their number as the weight. */
export interface LogisticData {
  /** `[rows, columns]`, row after row; give a column of ones for an intercept. */
  readonly design: Float64Array
  readonly columns: number
  /** `[rows]`: outcomes from 0 to 1. */
  readonly outcomes: ArrayLike<number>
  /** `[rows]`: how much a row counts; default 1. */
  readonly weights?: ArrayLike<number>
}

export interface LogisticOptions {
  /** Strength of ½·ridge·β² by column, or of all; default 0. Leave controls and the intercept unpenalised with 0. */
  readonly ridge?: number | readonly number[]
}

export interface LogisticFit {
  /** `[columns]`: β, in log odds per unit of the column. */
  readonly coefficients: Float64Array
  /** `[columns, columns]`: H⁻¹·B·H⁻¹, valid for outcomes of any distribution, rows taken as independent. */
  readonly covariance: Float64Array
  /** `[columns]`: √diagonal. */
  readonly standardErrors: Float64Array
  /** Σ weight·log-loss at the fit, without the penalty, in nats. */
  readonly cost: number
  readonly iterations: number
  readonly converged: boolean
}

/**
 * Weighted logistic regression with a ridge: minimises Σ w·[softplus(x·β) − y·x·β] + ½·Σ ridge_k·β_k² by Newton's
 * method. The covariance is the sandwich with H = Σ w·p(1 − p)·x·xᵀ + ridge and B = Σ w·(y − p)²·x·xᵀ, a weight of w
 * standing for w equal rows.
 *
 * @throws {RangeError} on shapes that do not match, or values that are not finite
 * @throws {NotPositiveDefiniteError} when columns depend on each other and have no ridge
 * @example
 * // an intercept-only fit to 3 of 4 successes: β = ln 3
 * logisticRegression({ design: Float64Array.of(1, 1), columns: 1, outcomes: [1, 0], weights: [3, 1] })
 */
export function logisticRegression(data: LogisticData, { ridge = 0 }: LogisticOptions = {}): LogisticFit {
  const { design, columns, outcomes } = data
  const rows = outcomes.length
  if (design.length !== rows * columns)
    throw new RangeError(`design has ${design.length} numbers, expected ${rows} rows × ${columns} columns`)
  if (typeof ridge !== 'number' && ridge.length !== columns)
    throw new RangeError(`ridge has ${ridge.length} entries, expected ${columns}, one per column`)
  if (data.weights && data.weights.length !== rows)
    throw new RangeError(`weights has ${data.weights.length} entries, expected ${rows}, one per row`)
  const weights = Float64Array.from({ length: rows }, (_, i) => data.weights?.[i] ?? 1)
  for (let i = 0; i < rows; i++) {
    const [outcome, weight] = [outcomes[i] as number, weights[i] as number]
    if (!(outcome >= 0 && outcome <= 1)) throw new RangeError(`row ${i}: outcome is ${outcome}, expected 0 to 1`)
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`row ${i}: weight is ${weight}, expected a finite number of at least 0`)
  }
  const bad = design.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    throw new RangeError(
      `row ${Math.floor(bad / columns)}: column ${bad % columns} is ${design[bad]}, expected a finite number`,
    )

  const penalty = (k: number): number => (typeof ridge === 'number' ? ridge : (ridge[k] as number))
  const scoreOf = (beta: Float64Array, row: number): number => {
    let sum = 0
    for (let k = 0; k < columns; k++) sum += (design[row * columns + k] as number) * (beta[k] as number)
    return sum
  }
  /** Adds Σ factor(score, row)·x·xᵀ to the lower triangle. */
  const addSquares = (
    beta: Float64Array,
    matrix: Float64Array,
    factor: (score: number, row: number) => number,
  ): void => {
    for (let row = 0; row < rows; row++) {
      const scale = factor(scoreOf(beta, row), row)
      for (let k = 0; k < columns; k++) {
        const left = scale * (design[row * columns + k] as number)
        for (let l = 0; l <= k; l++)
          matrix[k * columns + l] = (matrix[k * columns + l] as number) + left * (design[row * columns + l] as number)
      }
    }
  }
  const information = (beta: Float64Array, hessian: Float64Array): void => {
    hessian.fill(0)
    addSquares(beta, hessian, (score, row) => {
      const p = sigmoid(score)
      return (weights[row] as number) * p * (1 - p)
    })
    for (let k = 0; k < columns; k++) hessian[k * columns + k] = (hessian[k * columns + k] as number) + penalty(k)
  }
  const minimum = newton(
    {
      size: columns,
      gradient(beta, gradient) {
        let cost = 0
        for (let k = 0; k < columns; k++) {
          gradient[k] = penalty(k) * (beta[k] as number)
          cost += 0.5 * (gradient[k] as number) * (beta[k] as number)
        }
        for (let row = 0; row < rows; row++) {
          const score = scoreOf(beta, row)
          const [weight, outcome] = [weights[row] as number, outcomes[row] as number]
          cost += weight * logisticLoss(score, outcome)
          const slope = weight * (sigmoid(score) - outcome)
          for (let k = 0; k < columns; k++)
            gradient[k] = (gradient[k] as number) + slope * (design[row * columns + k] as number)
        }
        return cost
      },
      hessian: information,
    },
    new Float64Array(columns),
    { gradientTolerance: 1e-10 * weights.reduce((sum, weight) => sum + weight, 0) },
  )
  const coefficients = minimum.parameters
  const hessian = new Float64Array(columns * columns)
  information(coefficients, hessian)
  const meat = new Float64Array(columns * columns)
  addSquares(
    coefficients,
    meat,
    (score, row) => (weights[row] as number) * (sigmoid(score) - (outcomes[row] as number)) ** 2,
  )
  for (let k = 0; k < columns; k++) for (let l = 0; l < k; l++) meat[l * columns + k] = meat[k * columns + l] as number
  const covariance = sandwich(choleskyInverse(cholesky(hessian, columns)), meat, columns)
  return {
    coefficients,
    covariance,
    standardErrors: coefficients.map((_, k) => Math.sqrt(covariance[k * columns + k] as number)),
    cost: minimum.value - coefficients.reduce((sum, beta, k) => sum + 0.5 * penalty(k) * beta * beta, 0),
    iterations: minimum.iterations,
    converged: minimum.converged,
  }
}
