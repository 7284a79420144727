import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  cholesky,
  choleskyInverse,
  choleskySolve,
  NotPositiveDefiniteError,
  sandwich,
  sandwichDiagonal,
} from './linear-algebra.ts'

/** G·Gᵀ + I for a random G: symmetric positive definite, with entries that no rounding trick explains. */
function positiveDefinite(size: number, seed: number): Float64Array {
  const random = seeded(seed)
  const root = Float64Array.from({ length: size * size }, () => random.normal())
  return naiveProduct(root, transposed(root, size), size).map((value, i) => value + (i % (size + 1) === 0 ? 1 : 0))
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)] as number)
}

function naiveProduct(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size)
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      for (let k = 0; k < size; k++)
        product[i * size + j] =
          (product[i * size + j] as number) + (left[i * size + k] as number) * (right[k * size + j] as number)
  return product
}

const largestGap = (a: Float64Array, b: ArrayLike<number>): number =>
  a.reduce((gap, value, i) => Math.max(gap, Math.abs(value - (b[i] as number))), 0)

describe('cholesky', () => {
  it('factors the textbook 3×3 matrix', () => {
    // 4 12 −16; 12 37 −43; −16 −43 98 has the factor 2; 6 1; −8 5 3 (worked by hand).
    const factor = cholesky(Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98), 3)
    const rows = [0, 1, 2].map((i) => [...factor.lower.subarray(i * factor.stride, i * factor.stride + 3)])
    expect(rows).toEqual([
      [2, 0, 0],
      [6, 1, 0],
      [-8, 5, 3],
    ])
  })

  it.each([1, 2, 3, 4, 5, 7, 8, 13, 30])('gives L·Lᵀ = A at size %i', (size) => {
    const matrix = positiveDefinite(size, size)
    const { lower, stride } = cholesky(matrix, size)
    const factor = Float64Array.from(
      { length: size * size },
      (_, i) => lower[Math.floor(i / size) * stride + (i % size)] as number,
    )
    expect(largestGap(naiveProduct(factor, transposed(factor, size), size), matrix)).toBeLessThan(1e-12 * size)
  })

  it('solves and inverts at sizes around the tile', () => {
    for (const size of [1, 3, 4, 5, 9, 16, 31]) {
      const matrix = positiveDefinite(size, 100 + size)
      const factor = cholesky(matrix, size)
      const truth = Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1))
      const right = truth.map((_, i) =>
        truth.reduce((sum, value, j) => sum + (matrix[i * size + j] as number) * value, 0),
      )
      expect(largestGap(choleskySolve(factor, right), truth)).toBeLessThan(1e-10)
      const identity = naiveProduct(matrix, choleskyInverse(factor), size)
      expect(
        largestGap(
          identity,
          Float64Array.from(identity, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
        ),
      ).toBeLessThan(1e-10)
    }
  })

  it('writes over the memory of an earlier factor, wherever that ended', () => {
    const first = cholesky(positiveDefinite(6, 1), 6)
    const again = cholesky(positiveDefinite(6, 2), 6, first)
    expect(again.lower).toBe(first.lower)
    expect(largestGap(again.lower, cholesky(positiveDefinite(6, 2), 6).lower)).toBe(0)
  })

  it('names the pivot of a matrix that is not positive definite, and rejects a wrong size', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(NotPositiveDefiniteError)
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow('pivot 1 is -3')
    expect(() => cholesky(Float64Array.of(Number.NaN), 1)).toThrow('pivot 0 is NaN')
    expect(() => cholesky(new Float64Array(5), 2)).toThrow('5 numbers, expected 2² = 4')
  })
})

describe('sandwich', () => {
  it('is the triple product', () => {
    for (const size of [2, 4, 11]) {
      const bread = positiveDefinite(size, 7)
      const meat = positiveDefinite(size, 8)
      const expected = naiveProduct(naiveProduct(bread, meat, size), bread, size)
      expect(largestGap(sandwich(bread, meat, size), expected)).toBeLessThan(1e-9 * size ** 3)
      const diagonal = Float64Array.from({ length: size }, (_, i) => expected[i * (size + 1)] as number)
      expect(largestGap(sandwichDiagonal(bread, meat, size), diagonal)).toBeLessThan(1e-9 * size ** 3)
    }
  })
})
