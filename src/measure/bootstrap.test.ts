import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { bootstrap, pairedBootstrap, percentileInterval } from './bootstrap.ts'
import { standardDeviation } from './moments.ts'

describe('bootstrap', () => {
  it('gives every replicate as many cases as there are', () => {
    const sums = bootstrap(7, (counts) => counts.reduce((sum, count) => sum + count, 0), seeded(1), { replicates: 50 })
    expect([...sums]).toEqual(new Array(50).fill(7))
  })

  it('finds the standard error of a mean: √(variance / n)', () => {
    const values = Array.from({ length: 60 }, (_, i) => Math.sin(7 * i))
    const means = bootstrap(
      60,
      (counts) => values.reduce((sum, value, i) => sum + value * (counts[i] as number), 0) / 60,
      seeded(2),
      { replicates: 20_000 },
    )
    expect(standardDeviation(means) / (standardDeviation(values, 0) / Math.sqrt(60))).toBeCloseTo(1, 1)
  })

  it('rejects no cases and no replicates', () => {
    expect(() => bootstrap(0, () => 0, seeded(1))).toThrow('cases is 0')
    expect(() => bootstrap(3, () => 0, seeded(1), { replicates: 0 })).toThrow('replicates is 0')
  })
})

describe('percentileInterval', () => {
  it('cuts equal tails', () => {
    const hundredOne = Array.from({ length: 101 }, (_, i) => i)
    const [lower, upper] = percentileInterval(hundredOne, 0.9)
    expect(lower).toBeCloseTo(5, 12)
    expect(upper).toBeCloseTo(95, 12)
    expect(() => percentileInterval(hundredOne, 1)).toThrow('level is 1')
  })
})

describe('pairedBootstrap', () => {
  it('cancels what makes a case hard for both', () => {
    const hardness = Array.from({ length: 30 }, (_, i) => 10 * Math.cos(i))
    const method = hardness.map((value, i) => value + 1 + 0.01 * (i % 2))
    const { difference, interval } = pairedBootstrap(method, hardness, seeded(3))
    expect(difference).toBeCloseTo(1.005, 12)
    expect(interval[0]).toBeGreaterThan(1)
    expect(interval[1]).toBeLessThan(1.01)
  })

  it('covers the true difference about as often as it says', () => {
    const random = seeded('coverage')
    let covered = 0
    for (let trial = 0; trial < 300; trial++) {
      const baseline = Array.from({ length: 40 }, () => random.normal())
      const method = baseline.map((value) => value + 0.3 + random.normal())
      const [lower, upper] = pairedBootstrap(method, baseline, random, { replicates: 400 }).interval
      if (lower <= 0.3 && 0.3 <= upper) covered++
    }
    // The percentile interval at n = 40 covers 93–95 %; four standard errors of 300 trials are 5.
    expect(covered / 300).toBeGreaterThan(0.89)
    expect(covered / 300).toBeLessThan(0.99)
  })

  it('is a point for one case, repeats itself, and rejects unequal lengths', () => {
    expect(pairedBootstrap([3], [1], seeded(1))).toEqual({ difference: 2, interval: [2, 2] })
    const again = () => pairedBootstrap([1, 5, 2], [0, 1, 3], seeded(9))
    expect(again()).toEqual(again())
    expect(() => pairedBootstrap([1], [1, 2], seeded(1))).toThrow('1 values of the method and 2 of the baseline')
  })
})
