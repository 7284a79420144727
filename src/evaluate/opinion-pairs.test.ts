import { expect, it } from 'vitest'
import { startRun } from '../run/index.ts'
import { opinionPairs } from './opinion-pairs.ts'

it('gives choices between summaries in their parts, standardised by what is learned from alone', async () => {
  const { train, validation } = await opinionPairs(startRun())
  expect([train.a.length, validation.a.length]).toEqual([800, 140])
  for (const { rows, a, b } of [train, validation]) expect('columns' in rows && rows.rows).toBe(a.length + b.length)
  const momentsOf = ({ rows }: typeof train, column: number): readonly [mean: number, variance: number] => {
    if (!('columns' in rows)) throw new TypeError('there are no features')
    const values = Array.from({ length: rows.rows }, (_, row) => rows.data[row * rows.columns + column] as number)
    const centre = values.reduce((sum, x) => sum + x, 0) / values.length
    return [centre, values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1)]
  }
  for (let column = 0; column < 7; column++) {
    const [centre, variance] = momentsOf(train, column)
    expect(centre).toBeCloseTo(0, 5)
    expect(variance).toBeCloseTo(1, 4)
    // The other part was not asked: its scores are near that, and no more.
    expect(Math.abs(momentsOf(validation, column)[0])).toBeGreaterThan(1e-4)
  }
})
