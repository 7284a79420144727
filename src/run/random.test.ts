import { describe, expect, it } from 'vitest'
import { seeded } from './random.ts'

const draws = (seed: number | string, count: number): number[] => {
  const random = seeded(seed)
  return Array.from({ length: count }, () => random.uniform())
}

describe('seeded', () => {
  it('repeats itself for the same seed and differs for another', () => {
    expect(draws(1, 5)).toEqual(draws(1, 5))
    expect(draws(1, 5)).not.toEqual(draws(2, 5))
  })

  it('is uniform: mean 1/2 and variance 1/12 within four standard errors', () => {
    const values = draws('uniform', 200_000)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / values.length))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / values.length))
  })

  it('draws standard normals', () => {
    const random = seeded(3)
    const values = Array.from({ length: 100_000 }, () => random.normal())
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length
    expect(Math.abs(moment(1))).toBeLessThan(0.013)
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.018)
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.13)
  })

  it('draws every integer below the bound equally often', () => {
    const random = seeded(4)
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) {
      const drawn = random.integer(7)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquare).toBeLessThan(22.5)
  })

  it('forks streams that do not depend on what was drawn before', () => {
    const first = seeded(5)
    const second = seeded(5)
    second.uniform()
    expect(first.fork('a').uniform()).toBe(second.fork('a').uniform())
    expect(first.fork('a').uniform()).not.toBe(first.fork('b').uniform())
  })

  it('draws by weight, never an index of weight 0', () => {
    const random = seeded(6)
    const counts = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) {
      const drawn = random.weighted([1, 0, 2])
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    expect(counts[1]).toBe(0)
    expect(Math.abs((counts[2] ?? 0) / 30_000 - 2 / 3)).toBeLessThan(0.012)
    expect(() => random.weighted([0, 0])).toThrow('sum to 0')
  })

  it('shuffles without losing anything', () => {
    const shuffled = seeded(7).shuffle([1, 2, 3, 4, 5, 6])
    expect([...shuffled].sort()).toEqual([1, 2, 3, 4, 5, 6])
  })
})
