import { describe, expect, it } from 'vitest'
import { mean, quantile, quantiles, standardDeviation, variance } from './moments.ts'

describe('moments', () => {
  it('keep their digits far from zero', () => {
    // 1, 2 and 4 have mean 7/3, squared deviations 14/3.
    expect(mean([1e9 + 1, 1e9 + 2, 1e9 + 4])).toBe(1e9 + 7 / 3)
    expect(variance([1e9 + 1, 1e9 + 2, 1e9 + 4])).toBeCloseTo(7 / 3, 6)
    expect(variance([1, 2, 4], 0)).toBeCloseTo(14 / 9, 15)
    expect(standardDeviation([1, 2, 4])).toBeCloseTo(Math.sqrt(7 / 3), 15)
  })

  it('interpolate quantiles as NumPy does', () => {
    // numpy.quantile([3,1,4,1,5,9,2,6], [.025,.25,.5,.9]) = 1, 1.75, 3.5, 6.9
    const found = quantiles([3, 1, 4, 1, 5, 9, 2, 6], [0.025, 0.25, 0.5, 0.9])
    found.forEach((value, i) => {
      expect(value).toBeCloseTo([1, 1.75, 3.5, 6.9][i] as number, 14)
    })
    expect(quantile([5], 0.3)).toBe(5)
    expect(quantile([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 0.9)).toBe(Number.POSITIVE_INFINITY)
  })

  it('say what they cannot do', () => {
    expect(() => mean([])).toThrow('the mean of no values')
    expect(() => variance([1])).toThrow('variance of 1 values is not defined, expected at least 2')
    expect(() => quantile([1, Number.NaN], 0.5)).toThrow('NaN')
    expect(() => quantile([1], 1.5)).toThrow('probability is 1.5')
  })
})
