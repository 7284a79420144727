/**
 * Dense symmetric positive-definite systems in float64. Matrices are row-major `Float64Array`s of `size²` numbers.
 *
 * Everything reduces to one kernel: the 16 dot products of four rows with four rows, kept in registers. Left-looking
 * Cholesky by 4×4 tiles then needs nothing but that kernel and tiny triangular solves, and reads memory row by row.
 */

/** A matrix that has no Cholesky factor: `row` is the pivot that was not positive. */
export class NotPositiveDefiniteError extends Error {
  override readonly name = 'NotPositiveDefiniteError'
  readonly row: number

  constructor(row: number, pivot: number) {
    super(
      `the matrix is not positive definite: pivot ${row} is ${pivot}, expected a positive number; ` +
        'a column is constant or depends on the others, or the ridge is too small',
    )
    this.row = row
  }
}

const tile = 4

/** `out[4·i + j] = Σ_{k=from}^{to−1} left[leftRow + i, k] · right[rightRow + j, k]`, i and j below 4. */
function tileOfDots(
  left: Float64Array,
  leftStart: number,
  right: Float64Array,
  rightStart: number,
  stride: number,
  from: number,
  to: number,
  out: Float64Array,
): void {
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s03 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let s13 = 0
  let s20 = 0
  let s21 = 0
  let s22 = 0
  let s23 = 0
  let s30 = 0
  let s31 = 0
  let s32 = 0
  let s33 = 0
  let p = leftStart + from
  let q = rightStart + from
  const stride2 = 2 * stride
  const stride3 = 3 * stride
  for (let k = from; k < to; k++, p++, q++) {
    const a0 = left[p] as number
    const a1 = left[p + stride] as number
    const a2 = left[p + stride2] as number
    const a3 = left[p + stride3] as number
    const b0 = right[q] as number
    const b1 = right[q + stride] as number
    const b2 = right[q + stride2] as number
    const b3 = right[q + stride3] as number
    s00 += a0 * b0
    s01 += a0 * b1
    s02 += a0 * b2
    s03 += a0 * b3
    s10 += a1 * b0
    s11 += a1 * b1
    s12 += a1 * b2
    s13 += a1 * b3
    s20 += a2 * b0
    s21 += a2 * b1
    s22 += a2 * b2
    s23 += a2 * b3
    s30 += a3 * b0
    s31 += a3 * b1
    s32 += a3 * b2
    s33 += a3 * b3
  }
  out[0] = s00
  out[1] = s01
  out[2] = s02
  out[3] = s03
  out[4] = s10
  out[5] = s11
  out[6] = s12
  out[7] = s13
  out[8] = s20
  out[9] = s21
  out[10] = s22
  out[11] = s23
  out[12] = s30
  out[13] = s31
  out[14] = s32
  out[15] = s33
}

/** The lower Cholesky factor of a matrix, padded to a multiple of four rows by ones on the diagonal. */
export interface CholeskyFactor {
  /** Rows of the matrix that was factored. */
  readonly size: number
  /** Rows and columns of the padded factor. */
  readonly stride: number
  /** `[stride, stride]`; entries above the diagonal are 0. */
  readonly lower: Float64Array
}

/**
 * L with A = L·Lᵀ. Only the lower triangle of A is read.
 *
 * @param matrix `[size, size]`, symmetric positive definite, left as it is
 * @param reuse a factor of the same size whose memory is to be written over
 * @throws {NotPositiveDefiniteError} when a pivot is not positive beyond rounding
 */
export function cholesky(matrix: Float64Array, size: number, reuse?: CholeskyFactor): CholeskyFactor {
  if (matrix.length !== size * size)
    throw new RangeError(`the matrix has ${matrix.length} numbers, expected ${size}² = ${size * size}`)
  const stride = Math.ceil(size / tile) * tile
  const lower = reuse?.size === size ? reuse.lower : new Float64Array(stride * stride)
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) lower[i * stride + j] = matrix[i * size + j] as number
  for (let i = size; i < stride; i++) {
    lower.fill(0, i * stride, i * stride + i)
    lower[i * stride + i] = 1
  }
  // A pivot that is all rounding would pass for positive every other time.
  const smallest = size * Number.EPSILON
  const dots = new Float64Array(tile * tile)
  const at = (i: number, j: number): number => lower[i * stride + j] as number
  for (let top = 0; top < stride; top += tile) {
    for (let left = 0; left <= top; left += tile) {
      tileOfDots(lower, top * stride, lower, left * stride, stride, 0, left, dots)
      for (let i = top; i < top + tile; i++) {
        for (let j = left; j < Math.min(left + tile, i + 1); j++) {
          let value = at(i, j) - (dots[(i - top) * tile + j - left] as number)
          for (let k = left; k < j; k++) value -= at(i, k) * at(j, k)
          if (i > j) lower[i * stride + j] = value / at(j, j)
          else if (value > smallest * (matrix[i * size + i] ?? 1)) lower[i * stride + i] = Math.sqrt(value)
          else throw new NotPositiveDefiniteError(i, value)
        }
      }
    }
  }
  return { size, stride, lower }
}

/** x with A·x = b for a factored A. `out` may be `right` itself. */
export function choleskySolve(
  factor: CholeskyFactor,
  right: Float64Array,
  out: Float64Array = new Float64Array(factor.size),
): Float64Array {
  const { size, stride, lower } = factor
  for (let i = 0; i < size; i++) {
    let value = right[i] as number
    const row = i * stride
    for (let k = 0; k < i; k++) value -= (lower[row + k] as number) * (out[k] as number)
    out[i] = value / (lower[row + i] as number)
  }
  return choleskyTransposeSolve(factor, out, out)
}

/** x with Lᵀ·x = b for a factored A = L·Lᵀ: standard normal b give x of covariance A⁻¹. `out` may be `right` itself. */
export function choleskyTransposeSolve(
  factor: CholeskyFactor,
  right: Float64Array,
  out: Float64Array = new Float64Array(factor.size),
): Float64Array {
  const { size, stride, lower } = factor
  if (out !== right) out.set(right.subarray(0, size))
  for (let i = size - 1; i >= 0; i--) {
    const row = i * stride
    const value = (out[i] as number) / (lower[row + i] as number)
    out[i] = value
    for (let k = 0; k < i; k++) out[k] = (out[k] as number) - (lower[row + k] as number) * value
  }
  return out
}

/**
 * A⁻¹ = (L⁻¹)ᵀ·L⁻¹ of a factored A, `[size, size]` and exactly symmetric. L⁻¹ is kept transposed, so that both of its
 * uses are dot products of contiguous rows.
 */
export function choleskyInverse(factor: CholeskyFactor): Float64Array {
  const { size, stride, lower } = factor
  const columns = new Float64Array(stride * stride)
  const dots = new Float64Array(tile * tile)
  for (let left = 0; left < stride; left += tile) {
    for (let top = left; top < stride; top += tile) {
      tileOfDots(columns, left * stride, lower, top * stride, stride, left, top, dots)
      for (let j = left; j < left + tile; j++) {
        for (let i = top; i < top + tile; i++) {
          let value = (i === j ? 1 : 0) - (dots[(j - left) * tile + i - top] as number)
          for (let k = top; k < i; k++) value -= (lower[i * stride + k] as number) * (columns[j * stride + k] as number)
          columns[j * stride + i] = i < j ? 0 : value / (lower[i * stride + i] as number)
        }
      }
    }
  }
  const inverse = new Float64Array(size * size)
  for (let top = 0; top < stride; top += tile) {
    for (let left = 0; left <= top; left += tile) {
      tileOfDots(columns, top * stride, columns, left * stride, stride, top, stride, dots)
      for (let i = top; i < Math.min(top + tile, size); i++) {
        for (let j = left; j < Math.min(left + tile, i + 1); j++) {
          const value = dots[(i - top) * tile + j - left] as number
          inverse[i * size + j] = value
          inverse[j * size + i] = value
        }
      }
    }
  }
  return inverse
}

/** A·B·A for symmetric A and B, `[size, size]` each: the product of the sandwich estimator. */
export function sandwich(bread: Float64Array, meat: Float64Array, size: number): Float64Array {
  return symmetricProduct(symmetricProduct(bread, meat, size), bread, size)
}

/** The diagonal of {@link sandwich}, at half its cost: entry i is the dot product of row i of A·B and row i of A. */
export function sandwichDiagonal(bread: Float64Array, meat: Float64Array, size: number): Float64Array {
  const product = symmetricProduct(bread, meat, size)
  const diagonal = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    let sum = 0
    for (let k = i * size; k < (i + 1) * size; k++) sum += (product[k] as number) * (bread[k] as number)
    diagonal[i] = sum
  }
  return diagonal
}

/** A·B for a symmetric B, `[size, size]`: entry (i, j) is the dot product of row i of A and row j of B. */
function symmetricProduct(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size)
  const whole = size - (size % tile)
  const dots = new Float64Array(tile * tile)
  for (let top = 0; top < whole; top += tile)
    for (let start = 0; start < whole; start += tile) {
      tileOfDots(left, top * size, right, start * size, size, 0, size, dots)
      for (let i = 0; i < tile; i++)
        for (let j = 0; j < tile; j++) product[(top + i) * size + start + j] = dots[i * tile + j] as number
    }
  for (let i = 0; i < size; i++)
    for (let j = i < whole ? whole : 0; j < size; j++) {
      let sum = 0
      for (let k = 0; k < size; k++) sum += (left[i * size + k] as number) * (right[j * size + k] as number)
      product[i * size + j] = sum
    }
  return product
}
