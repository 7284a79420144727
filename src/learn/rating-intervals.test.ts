import { describe, expect, it } from 'vitest'
import { normalIntervals, ratedCompetitors, replicateIntervals } from './rating-intervals.ts'

describe('replicateIntervals', () => {
  // Two parameters, 0…100 and their doubles.
  const replicates = Float64Array.from({ length: 202 }, (_, i) => Math.floor(i / 2) * (1 + (i % 2)))
  const fit = Float64Array.of(40, 80)

  it('take percentiles around the mean', () => {
    const found = replicateIntervals(fit, replicates, {}, 0.9)
    expect([...found.centre]).toEqual([50, 100])
    expect([...found.lower].map((end) => expect.closeTo(end, 9))).toEqual([5, 10])
    expect(found.upper[0]).toBeCloseTo(95, 9)
    expect(found.upper[1]).toBeCloseTo(190, 9)
    // The variance of 0…100 as a population is (101² − 1)/12 = 850.
    expect([...found.variances]).toEqual([850, 3400])
  })

  it('stay around the fit with normal ends when asked', () => {
    const found = replicateIntervals(fit, replicates, { centre: 'fit', ends: 'normal' }, 0.95)
    expect([...found.centre]).toEqual([40, 80])
    expect(found.upper[0]).toBeCloseTo(40 + 1.959963984540054 * Math.sqrt(850), 9)
    expect(found.lower[1]).toBeCloseTo(80 - 1.959963984540054 * Math.sqrt(3400), 9)
  })
})

describe('ratedCompetitors', () => {
  it('scales, shifts to the anchor once, and ranks', () => {
    const found = normalIntervals(Float64Array.of(1, -1, 0.5), Float64Array.of(0.01, 0.01, 0.04), 0.95)
    const rated = ratedCompetitors(['x', 'y'], found, [0, 1], {
      base: Math.E,
      scale: 100,
      initial: 0,
      anchor: { name: 'y', rating: 7 },
    })
    expect([...rated.ratings]).toEqual([207, 7])
    expect([...rated.variances]).toEqual([100, 100])
    expect(rated.upper[0]).toBeCloseTo(207 + 19.59963984540054, 9)
    expect([...rated.ranks]).toEqual([1, 2])
  })
})
