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
  /** `[rows]`: log odds that are known and not fitted, added to x·β; default 0. */
  readonly offsets?: ArrayLike<number>
}

/** {@link LogisticData} with its shapes and values checked and its defaults filled in. */
export interface LogisticRows {
  readonly rows: number
  readonly columns: number
  readonly design: Float64Array
  readonly outcomes: Float64Array
  readonly weights: Float64Array
  readonly offsets: Float64Array
}

/** @throws {RangeError} on shapes that do not match, outcomes outside [0, 1], weights below 0, or what is not finite */
export function logisticRows(data: LogisticData): LogisticRows {
  const { design, columns, outcomes } = data
  const rows = outcomes.length
  if (design.length !== rows * columns)
    throw new RangeError(`design has ${design.length} numbers, expected ${rows} rows × ${columns} columns`)
  const column = (name: 'weights' | 'offsets', missing: number): Float64Array => {
    const given = data[name]
    if (given && given.length !== rows)
      throw new RangeError(`${name} has ${given.length} entries, expected ${rows}, one per row`)
    return given ? Float64Array.from(given) : new Float64Array(rows).fill(missing)
  }
  const weights = column('weights', 1)
  const offsets = column('offsets', 0)
  for (let i = 0; i < rows; i++) {
    const [outcome, weight, offset] = [outcomes[i] as number, weights[i] as number, offsets[i] as number]
    if (!(outcome >= 0 && outcome <= 1)) throw new RangeError(`row ${i}: outcome is ${outcome}, expected 0 to 1`)
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`row ${i}: weight is ${weight}, expected a finite number of at least 0`)
    if (!Number.isFinite(offset)) throw new RangeError(`row ${i}: offset is ${offset}, expected a finite number`)
  }
  const bad = design.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    throw new RangeError(
      `row ${Math.floor(bad / columns)}: column ${bad % columns} is ${design[bad]}, expected a finite number`,
    )
  return { rows, columns, design, outcomes: Float64Array.from(outcomes), weights, offsets }
}

/** offset + x·β of every row, `[rows]`. */
export function logOdds(
  { rows, columns, design, offsets }: LogisticRows,
  beta: ArrayLike<number>,
  out: Float64Array = new Float64Array(rows),
): Float64Array {
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = offsets[row] as number
    for (let k = 0; k < columns; k++, at++) sum += (design[at] as number) * (beta[k] as number)
    out[row] = sum
  }
  return out
}

/** Σ weight·log-loss, in nats; its gradient in β is added to `gradient`. */
export function addLoss(data: LogisticRows, beta: ArrayLike<number>, gradient: Float64Array): number {
  const { rows, columns, design, outcomes, weights } = data
  const scores = logOdds(data, beta)
  let cost = 0
  for (let row = 0, at = 0; row < rows; row++) {
    const [score, weight, outcome] = [scores[row] as number, weights[row] as number, outcomes[row] as number]
    cost += weight * logisticLoss(score, outcome)
    const slope = weight * (sigmoid(score) - outcome)
    for (let k = 0; k < columns; k++, at++) gradient[k] = (gradient[k] as number) + slope * (design[at] as number)
  }
  return cost
}

/** Adds Σ factor(row)·x·xᵀ to the lower triangle of `matrix`, `[columns, columns]`. */
export function addSquares(
  { rows, columns, design }: Pick<LogisticRows, 'rows' | 'columns' | 'design'>,
  matrix: Float64Array,
  factors: ArrayLike<number>,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    const factor = factors[row] as number
    if (factor === 0) continue
    for (let k = 0; k < columns; k++) {
      const left = factor * (design[start + k] as number)
      if (left === 0) continue
      const into = k * columns
      for (let l = 0; l <= k; l++)
        matrix[into + l] = (matrix[into + l] as number) + left * (design[start + l] as number)
    }
  }
}

/** weight·p(1 − p) of every row: what Σ x·xᵀ is weighed by in the second derivative of the loss. */
export function curvatures(data: LogisticRows, beta: ArrayLike<number>): Float64Array {
  return logOdds(data, beta).map((score, row) => {
    const p = sigmoid(score)
    return (data.weights[row] as number) * p * (1 - p)
  })
}

/** Copies the lower triangle of `[size, size]` to the upper, where it lies. */
export function mirror(matrix: Float64Array, size: number): void {
  for (let k = 0; k < size; k++) for (let l = 0; l < k; l++) matrix[l * size + k] = matrix[k * size + l] as number
}
