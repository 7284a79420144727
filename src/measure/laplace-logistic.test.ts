import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { laplaceLogistic } from './laplace-logistic.ts'
import { sigmoid } from './sigmoid.ts'

const { columns, outcomes } = peers.logistic
const whole = { design: Float64Array.from(peers.logistic.design), columns, outcomes }
const withoutIntercept = { design: whole.design.filter((_, i) => i % columns > 0), columns: columns - 1, outcomes }

/** Posterior mean and deviation in one dimension by the midpoint rule on a fine grid. */
function byGrid(logPosterior: (beta: number) => number): { readonly mean: number; readonly deviation: number } {
  let [mass, first, second] = [0, 0, 0]
  for (let i = 0; i < 40_000; i++) {
    const beta = -10 + (i + 0.5) / 2000
    const density = Math.exp(logPosterior(beta))
    mass += density
    first += density * beta
    second += density * beta * beta
  }
  return { mean: first / mass, deviation: Math.sqrt(second / mass - (first / mass) ** 2) }
}

describe('laplaceLogistic', () => {
  it('gives the posterior of NUTS (numpyro 0.22, 200,000 draws)', () => {
    const fit = laplaceLogistic(withoutIntercept, { scale: peers.nuts.scale, draws: 2500 }, seeded('nuts'))
    peers.nuts.mean.forEach((expected, k) => {
      expect(fit.mean[k]).toBeCloseTo(expected, 1.9)
      expect(fit.standardDeviation[k]).toBeCloseTo(peers.nuts.deviation[k] as number, 1.7)
      expect(fit.intervals[k]?.[0]).toBeCloseTo(peers.nuts.interval[k]?.[0] as number, 1)
      expect(fit.intervals[k]?.[1]).toBeCloseTo(peers.nuts.interval[k]?.[1] as number, 1)
      expect(fit.diagnostics[k]?.rHat).toBeLessThan(1.02)
    })
  })

  it('gives it with an intercept that has a flat prior too', () => {
    const scale = [Number.POSITIVE_INFINITY, ...new Array<number>(columns - 1).fill(peers.nutsWithIntercept.scale)]
    const fit = laplaceLogistic(whole, { scale, draws: 2500 }, seeded('intercept'))
    peers.nutsWithIntercept.mean.forEach((expected, k) => {
      expect(Math.abs((fit.mean[k] as number) - expected)).toBeLessThan(0.03)
      expect(
        Math.abs((fit.standardDeviation[k] as number) - (peers.nutsWithIntercept.deviation[k] as number)),
      ).toBeLessThan(0.03)
    })
  })

  it('gives the integral over a grid, with weights, offsets and outcomes between 0 and 1', () => {
    const rows = [
      { x: 1, y: 1, weight: 3, offset: 0.5 },
      { x: -2, y: 0.25, weight: 1, offset: -1 },
      { x: 0.5, y: 0, weight: 2, offset: 0 },
    ]
    const expected = byGrid((beta) =>
      rows.reduce((sum, { x, y, weight, offset }) => {
        const p = sigmoid(offset + x * beta)
        return sum + weight * (y * Math.log(p) + (1 - y) * Math.log(1 - p))
      }, -Math.abs(beta) / 0.7),
    )
    const fit = laplaceLogistic(
      {
        design: Float64Array.from(rows, ({ x }) => x),
        columns: 1,
        outcomes: rows.map(({ y }) => y),
        weights: rows.map(({ weight }) => weight),
        offsets: rows.map(({ offset }) => offset),
      },
      { scale: 0.7, draws: 5000 },
      seeded('grid'),
    )
    expect(Math.abs((fit.mean[0] as number) - expected.mean)).toBeLessThan(0.015)
    expect(Math.abs((fit.standardDeviation[0] as number) - expected.deviation)).toBeLessThan(0.015)
  })

  it('is the prior where nothing was seen: mean 0, deviation √2·b, interval ±b·ln 20', () => {
    const fit = laplaceLogistic(
      { design: new Float64Array(5), columns: 1, outcomes: [1, 1, 1, 1, 1] },
      { scale: 0.1, draws: 10_000 },
      seeded('prior'),
    )
    expect(fit.mean[0]).toBe(0)
    expect(fit.standardDeviation[0]).toBeCloseTo(0.1 * Math.SQRT2, 2)
    expect(fit.intervals[0]?.[1]).toBeCloseTo(0.1 * Math.log(20), 1)
  })

  it('is decided by the seed', () => {
    const options = { scale: 0.1, chains: 2, warmup: 10, draws: 20 }
    const drawn = (seed: number) => laplaceLogistic(withoutIntercept, options, seeded(seed)).draws
    expect(drawn(1)).toEqual(drawn(1))
    expect(drawn(1)).not.toEqual(drawn(2))
    expect(drawn(1)).toHaveLength(2 * 20 * 5)
  })

  it('names what does not fit', () => {
    const run = (options: object, data = {}) =>
      laplaceLogistic({ ...whole, ...data }, { scale: 0.1, ...options }, seeded(1))
    expect(() => run({ scale: 0 })).toThrow('scale 0 is 0')
    expect(() => run({ scale: [1] })).toThrow('scale has 1 entries, expected 6')
    expect(() => run({ draws: 2 })).toThrow('draws is 2')
    expect(() => run({ level: 1 })).toThrow('level is 1')
    expect(() => run({}, { weights: outcomes.map(() => 0.5) })).toThrow('row 0: weight is 0.5, expected a whole number')
    expect(() => run({ scale: Number.POSITIVE_INFINITY })).toThrow('not positive definite')
  })
})
