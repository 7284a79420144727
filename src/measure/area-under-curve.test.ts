import { describe, expect, it } from 'vitest'
import { areaInterval, areaUnderCurve, compareAreas } from './area-under-curve.ts'
import peers from './fixtures/peers.json' with { type: 'json' }

const { scores, other, labels, weights } = peers.curve

/** DeLong's variance from its definition: all pairs of a positive and a negative, one by one. */
function byPairs(first: readonly number[], second: readonly number[]): number {
  const up = labels.flatMap((label, i) => (label === 1 ? [i] : []))
  const down = labels.flatMap((label, i) => (label === 0 ? [i] : []))
  const won = (values: readonly number[], i: number, j: number): number =>
    (Math.sign((values[i] ?? 0) - (values[j] ?? 0)) + 1) / 2
  const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const covariance = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, k) => sum + (value - average(x)) * ((y[k] ?? 0) - average(y)), 0) / (x.length - 1)
  const rows = (values: readonly number[]): number[] => up.map((i) => average(down.map((j) => won(values, i, j))))
  const cells = (values: readonly number[]): number[] => down.map((j) => average(up.map((i) => won(values, i, j))))
  return covariance(rows(first), rows(second)) / up.length + covariance(cells(first), cells(second)) / down.length
}

describe('areaUnderCurve', () => {
  it('counts ties half', () => {
    // Positives .4 .4 .8 .9, negatives .1 .4 .3 .85: 2.5 + 2.5 + 3 + 4 of 16 pairs.
    expect(areaUnderCurve([0.1, 0.4, 0.4, 0.4, 0.8, 0.3, 0.9, 0.85], [0, 1, 1, 0, 1, 0, 1, 0])).toBe(12 / 16)
  })

  it('gives what scikit-learn 1.9 gives, with and without weights', () => {
    expect(areaUnderCurve(scores, labels)).toBeCloseTo(peers.curve.area, 14)
    expect(areaUnderCurve(scores, labels, weights)).toBeCloseTo(peers.curve.weighted, 14)
  })

  it('is NaN without negatives and rejects what does not fit', () => {
    expect(areaUnderCurve([1, 2], [1, 1])).toBeNaN()
    expect(() => areaUnderCurve([1, 2], [0.5, 1])).toThrow('label 0 is 0.5, expected 0 or 1')
    expect(() => areaUnderCurve([1, Number.NaN], [0, 1])).toThrow('score 1 is NaN')
    expect(() => areaUnderCurve([1, 2], [0, 1], [1, -1])).toThrow('weight 1 is -1')
    expect(() => areaUnderCurve([1, 2], [0, 1, 1])).toThrow('there are 2 scores and 3 labels')
  })
})

describe('areaInterval', () => {
  it('has the standard error of the definition, ties included', () => {
    const found = areaInterval(scores, labels)
    expect(found.area).toBeCloseTo(peers.curve.area, 14)
    expect(found.standardError).toBeCloseTo(Math.sqrt(byPairs(scores, scores)), 14)
    expect(found.interval[1] - found.area).toBeCloseTo(1.959963984540054 * found.standardError, 12)
  })

  it('is a point where positives and negatives are apart, and needs two of each', () => {
    expect(areaInterval([1, 2, 3, 4], [0, 0, 1, 1])).toEqual({ area: 1, standardError: 0, interval: [1, 1] })
    expect(() => areaInterval([1, 2, 3], [0, 0, 1])).toThrow('1 positives and 2 negatives')
  })
})

describe('compareAreas', () => {
  it('has the standard error of the definition', () => {
    const found = compareAreas(scores, other, labels)
    expect(found.difference).toBeCloseTo(areaUnderCurve(scores, labels) - areaUnderCurve(other, labels), 14)
    const expected = byPairs(scores, scores) + byPairs(other, other) - 2 * byPairs(scores, other)
    expect(found.standardError).toBeCloseTo(Math.sqrt(expected), 13)
    expect(found.pValue).toBeGreaterThan(0)
    expect(found.pValue).toBeLessThan(1)
  })

  it('finds no difference between scores of one order', () => {
    const found = compareAreas(
      scores,
      scores.map((score) => score ** 3),
      labels,
    )
    expect(found.difference).toBe(0)
    expect(found.standardError).toBeCloseTo(0, 7)
  })
})
