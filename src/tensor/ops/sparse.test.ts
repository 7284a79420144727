import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { compile, gradients, mul, sparseMatmul, sparseMatrix, spec, sum, value } from '../index.ts'

describe('sparseMatmul', () => {
  it('is the product with the dense matrix, for rows of every length and none', async () => {
    const random = seeded('sparse')
    const [rows, columns, width] = [300, 200, 5]
    const entries: { row: number; column: number; weight: number }[] = []
    for (let row = 0; row < rows; row++) {
      const length = row % 7 === 0 ? 0 : row % 50 === 1 ? 120 : random.integer(12)
      for (let i = 0; i < length; i++) entries.push({ row, column: random.integer(columns), weight: random.normal() })
    }
    const shuffled = random.shuffle(entries)
    const matrix = sparseMatrix(rows, columns, {
      rows: shuffled.map(({ row }) => row),
      columns: shuffled.map(({ column }) => column),
      values: shuffled.map(({ weight }) => weight),
    })
    const x = value(
      Float32Array.from({ length: columns * width }, () => random.normal()),
      [columns, width],
    )
    const expected = new Float64Array(rows * width)
    const slopes = new Float64Array(columns)
    for (const { row, column, weight } of entries) {
      slopes[column] = (slopes[column] ?? 0) + weight * (row + 1)
      for (let at = 0; at < width; at++)
        expected[row * width + at] = (expected[row * width + at] ?? 0) + weight * Number(x.data[column * width + at])
    }
    const factors = value(
      Float32Array.from({ length: rows }, (_, row) => row + 1),
      [rows, 1],
    )
    const run = await compile(
      ({ x: dense, f }) => {
        const product = sparseMatmul(matrix, dense)
        return { product, gradient: gradients(sum(mul(product, f)), dense) }
      },
      { inputs: { x: spec([columns, width]), f: spec([rows, 1]) } },
    )
    const { product, gradient } = await run({ x, f: factors })
    expected.forEach((number, index) => {
      expect(Math.abs(Number(product.data[index]) - number)).toBeLessThan(1e-4)
    })
    slopes.forEach((number, column) => {
      expect(Math.abs(Number(gradient.data[column * width]) - number)).toBeLessThan(1e-2)
    })
  })

  it('needs no weights when every entry is 1, and says what lies outside', async () => {
    const matrix = sparseMatrix(2, 3, { rows: [0, 0, 1], columns: [0, 2, 2] })
    const run = await compile(({ x }) => sparseMatmul(matrix, x), { inputs: { x: spec([3, 1]) } })
    expect([...(await run({ x: [[1], [10], [100]] })).data]).toEqual([101, 100])
    expect(() => sparseMatrix(2, 3, { rows: [2], columns: [0] })).toThrow('entry 0 is at (2, 0), outside 2 × 3')
  })
})
