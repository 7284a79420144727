import { describe, expect, it } from 'vitest'
import { cholesky, choleskyInverse } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import { borderedSystem } from './bordered-system.ts'

/** A random symmetric positive-definite matrix whose two blocks of 3 and 2 rows meet only in a border of 2. */
function example() {
  const random = seeded('bordered')
  const sizes = [3, 2] as const
  const width = 2
  const total = 7
  const whole = new Float64Array(total * total)
  const set = (row: number, column: number, value: number): void => {
    whole[row * total + column] = value
    whole[column * total + row] = value
  }
  for (let row = 0; row < total; row++)
    for (let column = 0; column <= row; column++) {
      const apart = row >= 3 && row < 5 && column < 3
      set(row, column, row === column ? 5 + random.uniform() : apart ? 0 : random.normal() / 2)
    }
  const cut = (from: number, to: number, left: number, right: number): Float64Array => {
    const rows: number[] = []
    for (let row = from; row < to; row++)
      for (let column = left; column < right; column++) rows.push(whole[row * total + column] as number)
    return Float64Array.from(rows)
  }
  const blocks = [
    { size: sizes[0], matrix: cut(0, 3, 0, 3), coupling: cut(0, 3, 5, 7) },
    { size: sizes[1], matrix: cut(3, 5, 3, 5), coupling: cut(3, 5, 5, 7) },
  ]
  return { whole, total, system: borderedSystem(blocks, cut(5, 7, 5, 7), width) }
}

describe('borderedSystem', () => {
  it('solves what the whole matrix solves', () => {
    const { whole, total, system } = example()
    const { parts, border } = system.solve({
      parts: [Float64Array.of(1, 2, 3), Float64Array.of(4, 5)],
      border: Float64Array.of(6, 7),
    })
    const solution = [...parts.flatMap((part) => [...part]), ...border]
    for (let row = 0; row < total; row++) {
      let product = 0
      for (let column = 0; column < total; column++)
        product += (whole[row * total + column] as number) * (solution[column] as number)
      expect(product).toBeCloseTo(row + 1, 10)
    }
  })

  it('inverts what the whole matrix inverts', () => {
    const { whole, total, system } = example()
    const inverse = choleskyInverse(cholesky(whole, total))
    const at = (row: number, column: number): number => inverse[row * total + column] as number
    const first = system.blockInverse(0)
    const second = system.blockInverse(1)
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 3; column++) expect(first(row, column)).toBeCloseTo(at(row, column), 12)
    expect(second(1, 0)).toBeCloseTo(at(4, 3), 12)
    expect(system.mixedInverse(1)[1]).toBeCloseTo(at(3, 6), 12)
    expect(system.borderInverse[1]).toBeCloseTo(at(5, 6), 12)
  })
})
