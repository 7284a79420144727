import { describe, expect, it } from 'vitest'
import { normalCdf, normalQuantile } from './normal.ts'

// SciPy 1.17, scipy.special.ndtr and ndtri; the far tail agrees with its 30-digit value.
const distribution: readonly (readonly [x: number, probability: number])[] = [
  [-20, 2.7536241186062337e-89],
  [-5.7, 5.99037140106353e-9],
  [-5.6, 1.0717590258310887e-8],
  [-3, 0.0013498980316300946],
  [-1, 0.15865525393145707],
  [-0.5, 0.3085375387259869],
  [0, 0.5],
  [0.3, 0.6179114221889526],
  [1.96, 0.9750021048517795],
  [6, 0.9999999990134123],
]
const inverse: readonly (readonly [probability: number, x: number])[] = [
  [1e-300, -37.0470962993612],
  [1e-20, -9.262340089798409],
  [1e-5, -4.264890793922825],
  [0.025, -1.9599639845400545],
  [0.2, -0.8416212335729142],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.975, 1.959963984540054],
]

describe('normalCdf', () => {
  it.each(distribution)('at %f', (x, probability) => {
    expect(Math.abs(normalCdf(x) / probability - 1)).toBeLessThan(5e-15)
  })

  it('is symmetric and ends at 0 and 1', () => {
    for (const x of [0.1, 0.67, 0.68, 2, 5.6, 5.7, 9]) expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 15)
    expect(normalCdf(Number.NEGATIVE_INFINITY)).toBe(0)
    expect(normalCdf(Number.POSITIVE_INFINITY)).toBe(1)
    expect(normalCdf(Number.NaN)).toBeNaN()
  })
})

describe('normalQuantile', () => {
  it.each(inverse)('of %f', (probability, x) => {
    expect(Math.abs(normalQuantile(probability) - x)).toBeLessThanOrEqual(2e-15 * Math.abs(x))
  })

  it('undoes normalCdf', () => {
    for (let x = -8; x < 5; x += 0.37) expect(normalQuantile(normalCdf(x))).toBeCloseTo(x, 9)
  })

  it('is infinite at the ends and rejects what is no probability', () => {
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
    expect(() => normalQuantile(1.1)).toThrow('probability is 1.1')
    expect(() => normalQuantile(Number.NaN)).toThrow('probability is NaN')
  })
})
