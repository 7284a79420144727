import type { Random } from '../run/index.ts'
import { symmetricEigen } from './symmetric-eigen.ts'

/** One row of a sparse matrix: where it is not 0, and what it is there. */
export interface SparseVector {
  readonly places: ArrayLike<number>
  readonly values: ArrayLike<number>
}

export interface TruncatedSvd {
  /** `[rank]`, descending. */
  readonly singularValues: Float64Array
  /** `[rank, columns]`: row k is the right singular vector of value k, of unit length. */
  readonly right: Float64Array
}

export interface TruncatedSvdOptions {
  /** Further directions that are carried along. Default 10. */
  readonly oversampling?: number
  /** Times the matrix is multiplied by itself to tell large singular values from small ones. Default 4. */
  readonly iterations?: number
}

const lengthOf = (row: Float64Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))

/** Makes rows orthonormal, one after the other, twice over; rows that depend on others become 0. */
function orthonormalise(rows: Float64Array[]): void {
  for (const [k, row] of rows.entries()) {
    const before = lengthOf(row)
    for (let round = 0; round < 2; round++)
      for (let l = 0; l < k; l++) {
        const other = rows[l] as Float64Array
        let along = 0
        for (let i = 0; i < row.length; i++) along += (row[i] as number) * (other[i] as number)
        for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) - along * (other[i] as number)
      }
    const after = lengthOf(row)
    const scale = after > 1e-12 * before && after > 0 ? 1 / after : 0
    for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) * scale
  }
}

/**
 * The largest singular values of a sparse matrix and their right singular vectors, by randomised subspace iteration.
 * Signs of vectors are fixed: the largest entry is positive.
 *
 * @param rows of the matrix; it is not centred
 * @throws {RangeError} when rank is not from 1 to the smaller side of the matrix, or a place lies outside the columns
 * @see Halko, Martinsson & Tropp (2011), SIAM Review 53, 217–288 (arXiv 0909.4061), algorithms 4.4 and 5.1
 */
export function truncatedSvd(
  rows: readonly SparseVector[],
  columns: number,
  rank: number,
  random: Random,
  { oversampling = 10, iterations = 4 }: TruncatedSvdOptions = {},
): TruncatedSvd {
  const side = Math.min(rows.length, columns)
  if (!Number.isInteger(rank) || rank < 1 || rank > side)
    throw new RangeError(`rank is ${rank}, expected an integer from 1 to ${side}, the smaller side of the matrix`)
  for (const [row, { places, values }] of rows.entries()) {
    if (places.length !== values.length)
      throw new RangeError(`row ${row} has ${places.length} places and ${values.length} values, expected as many`)
    for (let k = 0; k < places.length; k++)
      if (!((places[k] as number) >= 0 && (places[k] as number) < columns))
        throw new RangeError(`row ${row}: place ${places[k]} lies outside the ${columns} columns`)
  }
  const size = Math.min(side, rank + oversampling)
  /** A·v for each direction v over columns: directions over rows. */
  const forward = (directions: readonly Float64Array[]): Float64Array[] =>
    directions.map((direction) =>
      Float64Array.from(rows, ({ places, values }) => {
        let sum = 0
        for (let k = 0; k < places.length; k++)
          sum += (values[k] as number) * (direction[places[k] as number] as number)
        return sum
      }),
    )
  /** Aᵀ·u for each direction u over rows: directions over columns. */
  const backward = (directions: readonly Float64Array[]): Float64Array[] =>
    directions.map((direction) => {
      const sum = new Float64Array(columns)
      for (const [row, { places, values }] of rows.entries()) {
        const factor = direction[row] as number
        if (factor === 0) continue
        for (let k = 0; k < places.length; k++) {
          const place = places[k] as number
          sum[place] = (sum[place] as number) + factor * (values[k] as number)
        }
      }
      return sum
    })
  let left = forward(Array.from({ length: size }, () => Float64Array.from({ length: columns }, () => random.normal())))
  orthonormalise(left)
  for (let round = 0; round < iterations; round++) {
    const right = backward(left)
    orthonormalise(right)
    left = forward(right)
    orthonormalise(left)
  }
  // B = Qᵀ·A has the singular values wanted, and B·Bᵀ is small.
  const small = backward(left)
  const square = new Float64Array(size * size)
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      const [a, b] = [small[i] as Float64Array, small[j] as Float64Array]
      for (let k = 0; k < columns; k++) sum += (a[k] as number) * (b[k] as number)
      square[i * size + j] = sum
    }
  const { values, vectors } = symmetricEigen(square, size)
  const singularValues = values.slice(0, rank).map((value) => Math.sqrt(Math.max(0, value)))
  const right = new Float64Array(rank * columns)
  for (let k = 0; k < rank; k++) {
    const row = right.subarray(k * columns, (k + 1) * columns)
    for (let j = 0; j < size; j++) {
      const share = vectors[k * size + j] as number
      const direction = small[j] as Float64Array
      for (let i = 0; i < columns; i++) row[i] = (row[i] as number) + share * (direction[i] as number)
    }
    let [squares, largest] = [0, 0]
    for (let i = 0; i < columns; i++) {
      const value = row[i] as number
      squares += value * value
      if (Math.abs(value) > Math.abs(largest)) largest = value
    }
    const scale = squares > 0 ? (largest < 0 ? -1 : 1) / Math.sqrt(squares) : 0
    for (let i = 0; i < columns; i++) row[i] = (row[i] as number) * scale
  }
  return { singularValues, right }
}
