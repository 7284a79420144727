import { cholesky, choleskySolve, NotPositiveDefiniteError } from '../../measure/index.ts'
import type { Matrix } from '../contract.ts'

/** One aspect's best line: rating ≈ weight · x + bias. */
export interface LinearRating {
  /** [width] */
  readonly weight: Float64Array
  readonly bias: number
}

/**
 * For each aspect the weights of least squares over the rows rated for it,
 *
 *     min  Σ_i m_ij w_i (β_j·x_i + c_j − t_ij)² / Σ_i m_ij w_i + ridge ‖β_j‖²
 *
 * by the Cholesky factor of the normal equations; aspects rated in the same rows share one.
 *
 * @param ratings [rows, aspects], NaN where there is none
 * @throws {RangeError} when columns depend on each other and there is no ridge
 */
export function linearRatings(
  { columns: width, data: x }: Matrix,
  { rows, columns: aspects, data: ratings }: Matrix,
  weights: ArrayLike<number>,
  ridge: number,
): readonly LinearRating[] {
  const byRows = new Map<string, ReturnType<typeof normalEquations>>()
  return Array.from({ length: aspects }, (_, aspect) => {
    const rated = Int32Array.from({ length: rows }, (_each, row) => row).filter(
      (row) => !Number.isNaN(ratings[row * aspects + aspect] as number),
    )
    const key = rated.join()
    const equations = byRows.get(key) ?? normalEquations(x, width, rated, weights, ridge)
    byRows.set(key, equations)
    const { means, total, factor } = equations
    let centre = 0
    for (const row of rated) centre += (weights[row] as number) * (ratings[row * aspects + aspect] as number)
    centre /= total
    const right = new Float64Array(width)
    for (const row of rated) {
      const gap = ((weights[row] as number) / total) * ((ratings[row * aspects + aspect] as number) - centre)
      for (let k = 0; k < width; k++)
        right[k] = (right[k] as number) + gap * ((x[row * width + k] as number) - (means[k] as number))
    }
    const weight = choleskySolve(factor, right)
    return { weight, bias: centre - weight.reduce((sum, beta, k) => sum + beta * (means[k] as number), 0) }
  })
}

/** The weighted covariance of some rows' features plus the ridge, factored. */
function normalEquations(
  x: Float32Array,
  width: number,
  rated: Int32Array,
  weights: ArrayLike<number>,
  ridge: number,
): { readonly means: Float64Array; readonly total: number; readonly factor: ReturnType<typeof cholesky> } {
  const means = new Float64Array(width)
  let total = 0
  for (const row of rated) {
    const weight = weights[row] as number
    total += weight
    for (let k = 0; k < width; k++) means[k] = (means[k] as number) + weight * (x[row * width + k] as number)
  }
  for (let k = 0; k < width; k++) means[k] = (means[k] as number) / total
  const covariance = new Float64Array(width * width)
  const centred = new Float64Array(width)
  for (const row of rated) {
    for (let k = 0; k < width; k++) centred[k] = (x[row * width + k] as number) - (means[k] as number)
    const share = (weights[row] as number) / total
    for (let i = 0; i < width; i++) {
      const scaled = share * (centred[i] as number)
      if (scaled === 0) continue
      for (let j = 0; j <= i; j++)
        covariance[i * width + j] = (covariance[i * width + j] as number) + scaled * (centred[j] as number)
    }
  }
  for (let k = 0; k < width; k++) covariance[k * width + k] = (covariance[k * width + k] as number) + ridge
  try {
    return { means, total, factor: cholesky(covariance, width) }
  } catch (error) {
    if (!(error instanceof NotPositiveDefiniteError)) throw error
    throw new RangeError(
      `fitRatings: the ${width} columns of features depend on each other over ${rated.length} rated rows; give a ridge above 0`,
      { cause: error },
    )
  }
}
