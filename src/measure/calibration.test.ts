import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { calibration, pairCalibration } from './calibration.ts'

describe('calibration', () => {
  it('works out by hand', () => {
    // Two bins: {.2, .4} with outcomes 0, 1: confidence .3, frequency .5; {.6, .9, 1} with 1, 1, 0: 2.5/3 and 2/3.
    const found = calibration([0.2, 0.4, 0.6, 0.9, 1], [0, 1, 1, 1, 0], { bins: 2 })
    expect(found.bins.map(({ count }) => count)).toEqual([2, 3])
    expect(found.bins[1]?.confidence).toBeCloseTo(2.5 / 3, 15)
    expect(found.expectedError).toBeCloseTo((2 * 0.2 + 3 * (0.5 / 3)) / 5, 15)
    expect(found.averageError).toBeCloseTo((0.2 + 0.5 / 3) / 2, 15)
    expect(found.maximumError).toBeCloseTo(0.2, 15)
    expect(found.brier).toBeCloseTo((0.04 + 0.36 + 0.16 + 0.01 + 1) / 5, 15)
  })

  it('puts equal counts in bins, equal probabilities together', () => {
    const { bins } = calibration([0.1, 0.2, 0.2, 0.3, 0.8, 0.9], [0, 0, 1, 0, 1, 1], { bins: 3, by: 'count' })
    expect(bins.map(({ count }) => count)).toEqual([3, 1, 2])
  })

  it('closes bins on the right, also where p times the number of bins is rounded', () => {
    // 0.3·10 is 3 and 0.07·100 is 7.000000000000001 in floating point; both lie on an edge and belong below it.
    const alone = (p: number, bins: number): number => {
      const marks = Array.from({ length: bins }, (_, k) => (k + 0.5) / bins)
      const { bins: found } = calibration([...marks, p], [...marks, p], { bins })
      return found.findIndex(({ count }) => count === 2)
    }
    expect([0, 0.1, 0.3, 0.30000001, 0.5, 0.9, 1].map((p) => alone(p, 10))).toEqual([0, 0, 2, 3, 4, 8, 9])
    expect(alone(0.07, 100)).toBe(6)
    expect(alone(0.29, 100)).toBe(28)
  })

  it('finds little error in true probabilities and much in overconfident ones', () => {
    const random = seeded('calibration')
    const truth = Array.from({ length: 20_000 }, () => random.uniform())
    const outcomes = truth.map((p) => (random.chance(p) ? 1 : 0))
    expect(calibration(truth, outcomes).expectedError).toBeLessThan(0.02)
    const sharp = truth.map((p) => (p > 0.5 ? 0.95 : 0.05))
    expect(calibration(sharp, outcomes).expectedError).toBeCloseTo(0.2, 1)
  })

  it('rejects what is no probability', () => {
    expect(() => calibration([1.2], [1])).toThrow('probability 0 is 1.2')
    expect(() => calibration([0.2], [1, 0])).toThrow('1 probabilities have 2 outcomes')
    expect(() => calibration([], [])).toThrow('no predictions')
    expect(() => calibration([0.1], [0], { bins: 0 })).toThrow('bins is 0')
  })
})

describe('pairCalibration', () => {
  it('does not depend on which side was called a', () => {
    const p = [0.83, 0.35, 0.61, 0.07]
    const y = [1, 0.5, 0, 0]
    const turned = p.map((value, i) => (i % 2 === 0 ? 1 - value : value))
    const turnedOutcomes = y.map((value, i) => (i % 2 === 0 ? 1 - value : value))
    const { bins, expectedError } = pairCalibration(p, y)
    const other = pairCalibration(turned, turnedOutcomes)
    expect(other.expectedError).toBeCloseTo(expectedError, 14)
    bins.forEach((bin, k) => {
      const mirror = bins[bins.length - 1 - k]
      expect(mirror?.confidence).toBeCloseTo(1 - bin.confidence, 14)
      expect(mirror?.frequency).toBeCloseTo(1 - bin.frequency, 14)
    })
  })
})
