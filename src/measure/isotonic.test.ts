import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import peers from './fixtures/peers.json' with { type: 'json' }
import { isotonicRegression, isotonicValue } from './isotonic.ts'

describe('isotonicRegression', () => {
  it('gives what scikit-learn 1.9 gives, with ties in x and weights, rising and falling', () => {
    const { x, y, weights, at, rising, falling } = peers.isotonic
    for (const [increasing, expected] of [
      [true, rising],
      [false, falling],
    ] as const) {
      const fit = isotonicRegression(x, y, { weights, increasing })
      at.forEach((place, k) => {
        expect(isotonicValue(fit, place)).toBeCloseTo(expected[k] as number, 12)
      })
    }
  })

  it('pools neighbours that are out of order: by hand', () => {
    const fit = isotonicRegression([1, 2, 3, 4], [1, 4, 2, 6])
    expect([...fit.places]).toEqual([1, 2, 3, 4])
    expect([...fit.values]).toEqual([1, 3, 3, 6])
    expect(isotonicValue(fit, 1.5)).toBe(2)
    expect(isotonicValue(fit, 9)).toBe(6)
  })

  it('never falls, keeps the weighted mean, and leaves what is in order as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.integer({ min: -5, max: 5 })), { minLength: 1 }), (points) => {
        const [x, y] = [points.map(([place]) => place), points.map(([, value]) => value)]
        const fit = isotonicRegression(x, y)
        for (let k = 1; k < fit.values.length; k++)
          expect(fit.values[k]).toBeGreaterThanOrEqual((fit.values[k - 1] as number) - 1e-12)
        const fitted = x.map((place) => isotonicValue(fit, place))
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
        expect(sum(fitted)).toBeCloseTo(sum(y), 9)
        const again = isotonicRegression(x, fitted)
        x.forEach((place, i) => {
          expect(isotonicValue(again, place)).toBeCloseTo(fitted[i] as number, 9)
        })
      }),
    )
  })

  it('names what does not fit', () => {
    expect(() => isotonicRegression([1], [1, 2])).toThrow('1 and 2 values')
    expect(() => isotonicRegression([], [])).toThrow('no points')
    expect(() => isotonicRegression([1, Number.NaN], [1, 2])).toThrow('point 1 is (NaN, 2)')
    expect(() => isotonicRegression([1], [1], { weights: [0] })).toThrow('weight 0 is 0')
  })
})
