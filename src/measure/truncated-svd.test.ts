import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { symmetricEigen } from './symmetric-eigen.ts'
import { truncatedSvd } from './truncated-svd.ts'

describe('symmetricEigen', () => {
  it('works out by hand', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2)
    expect(values[0]).toBeCloseTo(3, 14)
    expect(values[1]).toBeCloseTo(1, 14)
    expect(Math.abs(vectors[0] as number)).toBeCloseTo(Math.SQRT1_2, 14)
    expect((vectors[0] as number) * (vectors[1] as number)).toBeCloseTo(0.5, 14)
  })

  it('puts a random matrix together again', () => {
    const random = seeded('eigen')
    const size = 12
    const matrix = new Float64Array(size * size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) {
        matrix[i * size + j] = random.normal()
        matrix[j * size + i] = matrix[i * size + j] as number
      }
    const { values, vectors } = symmetricEigen(matrix, size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const sum = values.reduce(
          (total, value, k) => total + value * (vectors[k * size + i] as number) * (vectors[k * size + j] as number),
          0,
        )
        expect(sum).toBeCloseTo(matrix[i * size + j] as number, 12)
      }
    expect(() => symmetricEigen(matrix, 3)).toThrow('144 numbers, expected 3² = 9')
    expect(() => symmetricEigen(Float64Array.of(Number.NaN), 1)).toThrow('entry 0 of the matrix is NaN')
  })
})

describe('truncatedSvd', () => {
  const rows = peers.svd.matrix.map((row) => {
    const places = row.flatMap((value, column) => (value === 0 ? [] : [column]))
    return { places, values: places.map((column) => row[column] as number) }
  })

  it('gives the singular values and vectors of NumPy 2.4', () => {
    const found = truncatedSvd(rows, 12, 4, seeded(1))
    peers.svd.values.forEach((expected, k) => {
      expect(found.singularValues[k]).toBeCloseTo(expected, 8)
      peers.svd.right[k]?.forEach((entry, i) => {
        expect(found.right[k * 12 + i]).toBeCloseTo(entry, 6)
      })
    })
  })

  it('needs no more than the rank there is, and names what does not fit', () => {
    const flat = [0, 1, 2].map((factor) => ({ places: [0, 2], values: [factor, 2 * factor] }))
    const found = truncatedSvd(flat, 3, 2, seeded(2))
    expect(found.singularValues[0]).toBeCloseTo(5, 12)
    expect(found.singularValues[1]).toBeCloseTo(0, 6)
    expect(() => truncatedSvd(flat, 3, 4, seeded(2))).toThrow('rank is 4, expected an integer from 1 to 3')
    expect(() => truncatedSvd([{ places: [3], values: [1] }], 3, 1, seeded(2))).toThrow('row 0: place 3 lies outside')
    expect(() => truncatedSvd([{ places: [1], values: [] }], 3, 1, seeded(2))).toThrow('1 places and 0 values')
  })
})
