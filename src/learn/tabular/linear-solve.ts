/**
 * Solves A·X = B for many right-hand sides by Gaussian elimination with partial pivoting, where they lie: `matrix`,
 * `[size, size]`, is overwritten, and `right`, `[size, columns]`, becomes X. Zeros are skipped, which makes matrices
 * with few entries per row much cheaper than size³.
 *
 * @throws {RangeError} on a singular matrix
 */
export function solveLinear(matrix: Float64Array, right: Float64Array, size: number): void {
  const columns = right.length / size
  const swap = (data: Float64Array, width: number, one: number, other: number): void => {
    const held = data.slice(one * width, (one + 1) * width)
    data.copyWithin(one * width, other * width, (other + 1) * width)
    data.set(held, other * width)
  }
  for (let pivot = 0; pivot < size; pivot++) {
    let best = pivot
    for (let row = pivot + 1; row < size; row++)
      if (Math.abs(matrix[row * size + pivot] as number) > Math.abs(matrix[best * size + pivot] as number)) best = row
    const value = matrix[best * size + pivot] as number
    if (!(Math.abs(value) > 1e-14)) throw new RangeError(`the system is singular at row ${pivot} of ${size}`)
    if (best !== pivot) {
      swap(matrix, size, best, pivot)
      swap(right, columns, best, pivot)
    }
    for (let row = pivot + 1; row < size; row++) {
      const factor = (matrix[row * size + pivot] as number) / value
      if (factor === 0) continue
      for (let k = pivot; k < size; k++) {
        const from = matrix[pivot * size + k] as number
        if (from !== 0) matrix[row * size + k] = (matrix[row * size + k] as number) - factor * from
      }
      for (let k = 0; k < columns; k++)
        right[row * columns + k] =
          (right[row * columns + k] as number) - factor * (right[pivot * columns + k] as number)
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) {
      const factor = matrix[row * size + k] as number
      if (factor === 0) continue
      for (let column = 0; column < columns; column++)
        right[row * columns + column] =
          (right[row * columns + column] as number) - factor * (right[k * columns + column] as number)
    }
    const value = matrix[row * size + row] as number
    for (let column = 0; column < columns; column++)
      right[row * columns + column] = (right[row * columns + column] as number) / value
  }
}
