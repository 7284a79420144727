import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { mean, variance } from './moments.ts'
import { drawInverseGaussian, drawPolyaGamma } from './polya-gamma.ts'

const draws = (make: () => number, count = 20_000): Float64Array => Float64Array.from({ length: count }, make)

describe('drawPolyaGamma', () => {
  it('has the mean and variance of PG(1, c), for small and large tilts of either sign', () => {
    const random = seeded('polya-gamma')
    for (const tilt of [0, 0.5, -2, 5, 40]) {
      const found = draws(() => drawPolyaGamma(random, tilt))
      const c = Math.abs(tilt)
      const expected = c === 0 ? 1 / 4 : Math.tanh(c / 2) / (2 * c)
      const spread = c === 0 ? 1 / 24 : (Math.sinh(c) - c) / (4 * c ** 3 * Math.cosh(c / 2) ** 2)
      expect(Math.abs(mean(found) - expected)).toBeLessThan(5 * Math.sqrt(spread / found.length))
      expect(variance(found) / spread).toBeCloseTo(1, 0.9)
    }
  })

  it('has the Laplace transform of PG(1, 0): E e^{−ωt} = 1/cosh √(t/2)', () => {
    const random = seeded('transform')
    const found = draws(() => drawPolyaGamma(random, 0))
    for (const t of [0.5, 3, 20])
      expect(mean(found.map((omega) => Math.exp(-omega * t)))).toBeCloseTo(1 / Math.cosh(Math.sqrt(t / 2)), 2)
  })

  it('refuses what is no number', () => {
    expect(() => drawPolyaGamma(seeded(1), Number.NaN)).toThrow('tilt is NaN')
  })
})

describe('drawInverseGaussian', () => {
  it('has the distribution of SciPy 1.17 (invgauss), also for a mean far above its median', () => {
    const random = seeded('wald')
    for (const { mean: centre, shape, cdf } of peers.wald) {
      const found = draws(() => drawInverseGaussian(random, centre, shape))
      for (const [at, expected] of cdf)
        expect(mean(found.map((value) => (value <= (at as number) ? 1 : 0)))).toBeCloseTo(expected as number, 1.7)
    }
  })

  it('stays positive and finite for a mean that is nearly infinite', () => {
    const random = seeded('far')
    const found = draws(() => drawInverseGaussian(random, 1e13, 100), 2000)
    expect(found.every((value) => value > 0 && value < Number.POSITIVE_INFINITY)).toBe(true)
    expect(() => drawInverseGaussian(random, Number.POSITIVE_INFINITY, 1)).toThrow('mean is Infinity')
  })
})
