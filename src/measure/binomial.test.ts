import { describe, expect, it } from 'vitest'
import { binomialProbability, binomialTest, wilsonInterval } from './binomial.ts'

const near = (found: number, expected: number, relative = 1e-13): void => {
  expect(Math.abs(found / expected - 1)).toBeLessThan(relative)
}

describe('binomialProbability', () => {
  it('gives exact small values', () => {
    expect(binomialProbability(3, 10, 0.25)).toBeCloseTo((120 * 3 ** 7) / 4 ** 10, 15)
    expect(binomialProbability(0, 3, 0)).toBe(1)
    expect(binomialProbability(2, 3, 1)).toBe(0)
  })

  it('gives what SciPy 1.17 gives for large counts', () => {
    near(binomialProbability(500, 1000, 0.5), 0.025225018178360804)
    near(binomialProbability(123456, 1000000, 0.123), 0.0004630521392396493)
    near(binomialProbability(1, 1000000, 1e-6), 0.3678796251112704)
  })

  it('sums to 1', () => {
    let sum = 0
    for (let k = 0; k <= 47; k++) sum += binomialProbability(k, 47, 0.31)
    expect(sum).toBeCloseTo(1, 14)
  })
})

describe('binomialTest', () => {
  it('is exact by hand: 9 or more heads of 10 is 11 of 1024', () => {
    expect(binomialTest(9, 10, { alternative: 'greater' })).toBeCloseTo(11 / 1024, 15)
    expect(binomialTest(9, 10)).toBeCloseTo(22 / 1024, 15)
    expect(binomialTest(9, 10, { alternative: 'less' })).toBeCloseTo(1023 / 1024, 15)
    expect(binomialTest(5, 10)).toBe(1)
  })

  // scipy.stats.binomtest, SciPy 1.17
  it.each([
    [7, 20, 0.3, 'two-sided', 0.6294979666766769],
    [2, 40, 0.2, 'two-sided', 0.015857991148334357],
    [180, 300, 0.5, 'two-sided', 0.0006342200069283566],
    [180, 300, 0.5, 'greater', 0.0003171100034641783],
    [5120, 10000, 0.5, 'greater', 0.00842203357745002],
    [3, 1000, 0.01, 'less', 0.010072654772014291],
    [0, 12, 0.4, 'two-sided', 0.0024955494399999992],
    [12, 12, 0.4, 'two-sided', 1.677721600000001e-5],
    [501000, 1000000, 0.5, 'two-sided', 0.0456082998653896],
  ] as const)('%i of %i at %f, %s', (successes, trials, probability, alternative, expected) => {
    near(binomialTest(successes, trials, { probability, alternative }), expected, 1e-11)
  })

  it('is 1 without trials, and rejects impossible counts', () => {
    expect(binomialTest(0, 0)).toBe(1)
    expect(() => binomialTest(4, 3)).toThrow('successes is 4, expected an integer from 0 to 3')
    expect(() => binomialTest(1.5, 3)).toThrow('successes is 1.5')
    expect(() => binomialTest(1, 3, { probability: 1 })).toThrow('probability is 1')
  })
})

describe('wilsonInterval', () => {
  // scipy.stats.binomtest(k, n).proportion_ci(level, 'wilson'), SciPy 1.17
  it.each([
    [8, 10, 0.95, 0.4901624715366418, 0.9433178485456248],
    [0, 20, 0.95, 0, 0.16112515805281935],
    [512, 1000, 0.99, 0.4713395266216968, 0.5525022854206214],
  ] as const)('of %i in %i', (successes, trials, level, lower, upper) => {
    const found = wilsonInterval(successes, trials, level)
    expect(found[0]).toBeCloseTo(lower, 14)
    expect(found[1]).toBeCloseTo(upper, 14)
  })

  it('mirrors itself and rejects nothing to go on', () => {
    const [low, high] = wilsonInterval(3, 17)
    const [mirroredLow, mirroredHigh] = wilsonInterval(14, 17)
    expect(low).toBeCloseTo(1 - mirroredHigh, 15)
    expect(high).toBeCloseTo(1 - mirroredLow, 15)
    expect(() => wilsonInterval(0, 0)).toThrow('trials is 0')
  })
})
