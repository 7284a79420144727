import { describe, expect, it } from 'vitest'
import peers from './fixtures/peers.json' with { type: 'json' }
import { lbfgs } from './lbfgs.ts'
import { isSeparable, logisticRegression } from './logistic-regression.ts'
import { logisticLoss, sigmoid } from './sigmoid.ts'

// 26 rows with an intercept and two columns, given as distinct rows with their numbers of successes and failures.
const distinct: readonly (readonly [x1: number, x2: number, successes: number, failures: number])[] = [
  [0.5, 2, 2, 1],
  [-1, 0, 1, 4],
  [2, 1, 1, 1],
  [0.3, -1, 1, 3],
  [-0.7, 0.5, 1, 0],
  [1.1, -2, 4, 2],
  [0, 3, 0, 2],
  [-2, 1, 1, 2],
]
const rows = distinct.flatMap(([x1, x2, successes, failures]) => [
  { x: [1, x1, x2], y: 1, weight: successes },
  { x: [1, x1, x2], y: 0, weight: failures },
])
const data = {
  design: Float64Array.from(rows.flatMap(({ x }) => x)),
  columns: 3,
  outcomes: rows.map(({ y }) => y),
  weights: rows.map(({ weight }) => weight),
}

describe('logisticRegression', () => {
  it('gives the coefficients, sandwich errors and cost of statsmodels 0.15 (GLM, HC0) on the same rows', () => {
    const fit = logisticRegression(data)
    const expected = [
      [-0.3472218550826183, 0.41613848039383156],
      [0.37137228249477316, 0.4060777420597883],
      [-0.12684181588507193, 0.25680995150157593],
    ]
    expected.forEach(([coefficient, error], k) => {
      expect(fit.coefficients[k]).toBeCloseTo(coefficient as number, 9)
      expect(fit.standardErrors[k]).toBeCloseTo(error as number, 9)
    })
    expect(fit.cost).toBeCloseTo(16.913792015083892, 11)
    expect(fit.converged).toBe(true)
  })

  it('gives the coefficients of scikit-learn 1.9 (C = ½) with an intercept that is not penalised', () => {
    const { coefficients } = logisticRegression(data, { ridge: [0, 2, 2] })
    ;[-0.3355947, 0.29215514, -0.1259439].forEach((expected, k) => {
      expect(coefficients[k]).toBeCloseTo(expected, 7)
    })
  })

  it('is the same for repeated rows as for weights', () => {
    const repeated = rows.flatMap(({ x, y, weight }) => Array.from({ length: weight }, () => ({ x, y })))
    const fit = logisticRegression({
      design: Float64Array.from(repeated.flatMap(({ x }) => x)),
      columns: 3,
      outcomes: repeated.map(({ y }) => y),
    })
    const weighted = logisticRegression(data)
    fit.covariance.forEach((value, k) => {
      expect(value).toBeCloseTo(weighted.covariance[k] as number, 9)
    })
  })

  it('gives ln(odds) for an intercept alone', () => {
    const fit = logisticRegression({ design: Float64Array.of(1, 1), columns: 1, outcomes: [1, 0], weights: [3, 1] })
    expect(fit.coefficients[0]).toBeCloseTo(Math.log(3), 9)
    // n·p(1 − p) = ¾ both ways, so the variance is 4/3.
    expect(fit.standardErrors[0]).toBeCloseTo(Math.sqrt(4 / 3), 9)
  })

  it('finds what L-BFGS finds on the same cost', () => {
    const quasi = lbfgs(
      {
        size: 3,
        gradient(beta, gradient) {
          gradient.set(beta)
          let cost = beta.reduce((sum, value) => sum + (value * value) / 2, 0)
          for (const { x, y, weight } of rows) {
            const score = x.reduce((sum, value, k) => sum + value * (beta[k] as number), 0)
            cost += weight * logisticLoss(score, y)
            x.forEach((value, k) => {
              gradient[k] = (gradient[k] as number) + weight * (sigmoid(score) - y) * value
            })
          }
          return cost
        },
      },
      new Float64Array(3),
    )
    const { coefficients } = logisticRegression(data, { ridge: 1 })
    quasi.parameters.forEach((value, k) => {
      expect(value).toBeCloseTo(coefficients[k] as number, 8)
    })
  })

  it('gives the coefficients and covariance of statsmodels 0.15 (GLM) with offsets', () => {
    const { design, columns, outcomes, offsets } = peers.logistic
    // The last of six columns is always 0.
    const five = Float64Array.from(design.filter((_, i) => i % columns < 5))
    const fit = logisticRegression({ design: five, columns: 5, outcomes, offsets })
    peers.glmWithOffset.coefficients.forEach((expected, k) => {
      expect(fit.coefficients[k]).toBeCloseTo(expected, 8)
    })
    peers.glmWithOffset.covariance.forEach((expected, k) => {
      expect(fit.modelCovariance[k]).toBeCloseTo(expected, 8)
    })
  })

  it('is drawn to the centre of its ridge: wholly by a strong one, by calculation for one balanced row', () => {
    const strong = logisticRegression(data, { ridge: 1e9, centre: [0.3, -1, 2] })
    ;[0.3, -1, 2].forEach((expected, k) => {
      expect(strong.coefficients[k]).toBeCloseTo(expected, 6)
    })
    // Outcome σ(0.4) has its slope 0 at β = 0.4, where a ridge centred there adds none.
    const still = { design: Float64Array.of(1), columns: 1, outcomes: [1 / (1 + Math.exp(-0.4))] }
    const fit = logisticRegression(still, { ridge: 3, centre: [0.4] })
    expect(fit.coefficients[0]).toBeCloseTo(0.4, 12)
    expect(fit.cost).toBeCloseTo(logisticLoss(0.4, sigmoid(0.4)), 12)
  })

  it('names what does not fit', () => {
    expect(() => logisticRegression({ ...data, columns: 2 })).toThrow('48 numbers, expected 16 rows × 2 columns')
    expect(() => logisticRegression(data, { ridge: [1] })).toThrow('ridge has 1 entries, expected 3')
    expect(() => logisticRegression({ ...data, outcomes: rows.map(() => 2) })).toThrow('row 0: outcome is 2')
    expect(() => logisticRegression({ ...data, weights: [1] })).toThrow('weights has 1 entries, expected 16')
    const holed = data.design.map((value, i) => (i === 4 ? Number.NaN : value))
    expect(() => logisticRegression({ ...data, design: holed })).toThrow('row 1: column 1 is NaN')
    const doubled = { design: Float64Array.of(1, 1, 1, 1), columns: 2, outcomes: [0, 1] }
    expect(() => logisticRegression(doubled)).toThrow('not positive definite')
  })
})

describe('isSeparable', () => {
  const of = (x: readonly number[], outcomes: readonly number[], intercept = true): boolean =>
    isSeparable({
      design: Float64Array.from(x.flatMap((value) => (intercept ? [1, value] : [value]))),
      columns: intercept ? 2 : 1,
      outcomes,
    })

  it('is true where a threshold tells outcomes apart, also with rows on it', () => {
    expect(of([1, 2, 3, 4], [0, 0, 1, 1])).toBe(true)
    expect(of([1, 2, 2, 3], [0, 0, 1, 1])).toBe(true)
    expect(of([1, 2, 3], [1, 1, 1])).toBe(true)
    expect(of([1, 2, -1], [1, 1, 0], false)).toBe(true)
  })

  it('is false where outcomes cross, however far apart the rest lies', () => {
    expect(of([1, 2, 3, 4], [0, 1, 0, 1])).toBe(false)
    expect(of([0, 1, 2, 50, 60, 70, 1.5], [0, 0, 1, 1, 1, 1, 0])).toBe(true)
    expect(of([0, 1, 2, 50, 60, 70, 3], [0, 0, 1, 1, 1, 1, 0])).toBe(false)
    expect(of([1, 2, 3], [0.5, 0.5, 0.5])).toBe(false)
    expect(isSeparable(data)).toBe(false)
  })
})
