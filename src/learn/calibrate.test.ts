import { describe, expect, it } from 'vitest'
import { logisticRegression } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import { evaluatePairs, fitTemperature } from './calibrate.ts'

describe('evaluatePairs', () => {
  it('reports what can be worked out by hand', () => {
    const report = evaluatePairs([0.8, 0.4, 0.5, 0.3], [1, 1, 0, 0.5], { weights: [1, 1, 2, 4], bins: 2 })
    expect(report.pairs).toBe(4)
    // Right 0.8, wrong 0.4, half of the weight 2 at exactly ½; the tie leans to no side.
    expect(report.accuracy).toBeCloseTo(2 / 4, 14)
    const loss = -Math.log(0.8) - Math.log(0.4) - 2 * Math.log(0.5) - 4 * 0.5 * (Math.log(0.3) + Math.log(0.7))
    expect(report.logLoss).toBeCloseTo(loss / 8, 14)
    expect(report.brier).toBeCloseTo((0.04 + 0.36 + 2 * 0.25 + 4 * 0.04) / 8, 14)
    // Both orders, bins closed on the right: [.2 .4 .5 .5 .3] with outcomes [0 1 0 1 .5], and their mirror images.
    expect(report.bins.map(({ count }) => count)).toEqual([5, 3])
    expect(report.bins[0]?.confidence).toBeCloseTo(1.9 / 5, 14)
    expect(report.bins[0]?.frequency).toBeCloseTo(2.5 / 5, 14)
  })

  it('takes the side called a for nothing', () => {
    const plain = evaluatePairs([0.8, 0.4, 0.7], [1, 1, 0])
    const swapped = evaluatePairs([0.2, 0.6, 0.7], [0, 0, 0])
    expect(swapped.expectedError).toBeCloseTo(plain.expectedError, 14)
    expect(swapped.logLoss).toBeCloseTo(plain.logLoss, 14)
  })

  it('knows nothing at ½, has no accuracy for ties alone, and refuses what is no probability', () => {
    const report = evaluatePairs([0.5, 0.5], [0.5, 0.5])
    expect(report.logLoss).toBeCloseTo(Math.LN2, 14)
    expect(report.accuracy).toBeNaN()
    expect(evaluatePairs([0, 1], [0, 1]).logLoss).toBe(0)
    expect(evaluatePairs([0], [1]).logLoss).toBe(Number.POSITIVE_INFINITY)
    expect(() => evaluatePairs([1.2], [1])).toThrow('probability 0 is 1.2')
    expect(() => evaluatePairs([], [])).toThrow('no predictions')
    expect(() => evaluatePairs([0.2], [1], { weights: [-1] })).toThrow('weight 0 is -1')
  })
})

describe('fitTemperature', () => {
  const random = seeded('temperature')
  const logits = Float64Array.from({ length: 500 }, () => 6 * random.normal())
  const targets = logits.map((logit) => Number(random.uniform() < 1 / (1 + Math.exp(-logit / 3))))

  it('is the reciprocal of the slope of a logistic regression on the log-odds', () => {
    const { coefficients } = logisticRegression({ design: logits, columns: 1, outcomes: targets })
    const fitted = fitTemperature(logits, targets)
    expect(fitted.temperature).toBeCloseTo(1 / (coefficients[0] as number), 8)
    expect(fitted.after).toBeLessThan(fitted.before)
    expect(fitted.bound).toBeUndefined()
  })

  it('is one for calibrated log-odds, and follows their scale', () => {
    const { temperature } = fitTemperature(logits, targets)
    expect(
      fitTemperature(
        logits.map((logit) => logit / temperature),
        targets,
      ).temperature,
    ).toBeCloseTo(1, 9)
    expect(
      fitTemperature(
        logits.map((logit) => 5 * logit),
        targets,
      ).temperature,
    ).toBeCloseTo(5 * temperature, 7)
  })

  it('gives the end of its range where no temperature is best', () => {
    expect(fitTemperature([1, -2, 3], [1, 0, 1])).toMatchObject({ temperature: expect.closeTo(1e-3, 9), bound: 'low' })
    expect(fitTemperature([1, -2, 3], [0, 1, 0])).toMatchObject({ temperature: expect.closeTo(1e3, 3), bound: 'high' })
    expect(fitTemperature([0, 0], [0, 1]).bound).toBe('high')
  })

  it('refuses no pairs and log-odds that are not finite', () => {
    expect(() => fitTemperature([], [])).toThrow('no pairs')
    expect(() => fitTemperature([Number.NaN], [1])).toThrow('logit 0 is NaN')
    expect(() => fitTemperature([1, 2], [1, Number.NaN])).toThrow('target 1 is NaN')
    expect(() => fitTemperature([1, 2], [1, 2])).toThrow('target 1 is 2')
    expect(() => fitTemperature([1, 2], [1, 0], [1, Number.NaN])).toThrow('weight 1 is NaN')
  })
})
