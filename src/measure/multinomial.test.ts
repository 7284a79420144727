import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { binomialProbability } from './binomial.ts'
import { drawBinomial, drawMultinomial } from './multinomial.ts'

describe('drawBinomial', () => {
  // Small mean by inversion, large by rejection, both through the mirror of p > ½: χ² against the exact distribution.
  it.each([
    [12, 0.3],
    [400, 0.01],
    [60, 0.4],
    [5000, 0.25],
    [80, 0.85],
  ])('follows the distribution of %i trials at %f', (trials, probability) => {
    const random = seeded(`binomial ${trials}`)
    const draws = 40_000
    const counts = new Map<number, number>()
    for (let i = 0; i < draws; i++) {
      const drawn = drawBinomial(random, trials, probability)
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1)
    }
    let [chiSquare, cells, restSeen, restExpected] = [0, 0, 0, 0]
    for (let k = 0; k <= trials; k++) {
      const expected = draws * binomialProbability(k, trials, probability)
      if (expected < 20) {
        restSeen += counts.get(k) ?? 0
        restExpected += expected
        continue
      }
      chiSquare += ((counts.get(k) ?? 0) - expected) ** 2 / expected
      cells++
    }
    chiSquare += (restSeen - restExpected) ** 2 / restExpected
    // Four standard deviations of χ² above its mean.
    expect(chiSquare).toBeLessThan(cells + 4 * Math.sqrt(2 * cells))
  })

  it('knows the certain cases and rejects the impossible', () => {
    const random = seeded(1)
    expect([drawBinomial(random, 0, 0.5), drawBinomial(random, 9, 0), drawBinomial(random, 9, 1)]).toEqual([0, 0, 9])
    expect(() => drawBinomial(random, -1, 0.5)).toThrow('trials is -1')
    expect(() => drawBinomial(random, 1.5, 0.5)).toThrow('trials is 1.5')
    expect(() => drawBinomial(random, 1, 1.5)).toThrow('probability is 1.5')
  })
})

describe('drawMultinomial', () => {
  it('always throws as many balls as asked, none into cells of weight 0', () => {
    const random = seeded(2)
    for (let i = 0; i < 200; i++) {
      const counts = drawMultinomial(random, 1000, [0, 0.1, 3, 0, 1e-9, 7, 0])
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000)
      expect([counts[0], counts[3], counts[6]]).toEqual([0, 0, 0])
    }
  })

  it('has mean n·p, variance n·p(1 − p) and covariance −n·p·q', () => {
    const random = seeded(3)
    const weights = [5, 3, 2]
    const rounds = 20_000
    const sums = [0, 0, 0]
    let [square, product] = [0, 0]
    for (let i = 0; i < rounds; i++) {
      const counts = drawMultinomial(random, 50, weights)
      counts.forEach((count, k) => {
        sums[k] = (sums[k] as number) + count
      })
      square += ((counts[0] as number) - 25) ** 2
      product += ((counts[0] as number) - 25) * ((counts[2] as number) - 10)
    }
    sums.forEach((sum, k) => {
      const p = (weights[k] as number) / 10
      expect(Math.abs(sum / rounds - 50 * p)).toBeLessThan(4 * Math.sqrt((50 * p * (1 - p)) / rounds))
    })
    expect(square / rounds / 12.5).toBeCloseTo(1, 1)
    expect(product / rounds / -5).toBeCloseTo(1, 1)
  })

  it('rejects weights that say nothing', () => {
    expect(() => drawMultinomial(seeded(1), 3, [0, 0])).toThrow('the weights sum to 0')
    expect(() => drawMultinomial(seeded(1), 3, [1, -1])).toThrow('weight 1 is -1')
    expect([...drawMultinomial(seeded(1), 0, [0, 0])]).toEqual([0, 0])
  })
})
