import { describe, expect, it } from 'vitest'
import { logisticRegression } from '../../measure/index.ts'
import { seeded } from '../../run/index.ts'
import { addOrderedLoss, choicesIn, orderList, rankOrderedLogit, scratchFor } from './rank-ordered-logit.ts'

const loss = (features: number[], ranks: number[], beta: number[]): number =>
  addOrderedLoss(
    orderList({ features: Float64Array.from(features), ranks }, beta.length),
    Float64Array.from(beta),
    new Float64Array(beta.length),
    undefined,
    scratchFor(beta.length),
  )

describe('the likelihood of an order', () => {
  it('is the product of choices among what is left', () => {
    // Utilities ln 1, ln 2, ln 3 in the order 3, 1, 2: 3/6 · 1/3.
    expect(loss([0, Math.log(2), Math.log(3)], [2, 3, 1], [1])).toBeCloseTo(-Math.log(1 / 6), 12)
  })
  it('sets each of those that tie against what lies below alone', () => {
    // 3 and 1 tie above 2: 3/5 · 1/3.
    expect(loss([0, Math.log(2), Math.log(3)], [1, 2, 1], [1])).toBeCloseTo(-Math.log(1 / 5), 12)
    expect(loss([0, 1, 2], [1, 1, 1], [1])).toBe(0)
  })
  it('puts what is not ranked below all that is', () => {
    const utilities = [0, Math.log(2), Math.log(3)]
    expect(loss(utilities, [Number.NaN, 1, Number.NaN], [1])).toBeCloseTo(-Math.log(2 / 6), 12)
    expect(choicesIn(orderList({ features: Float64Array.of(1, 2, 3), ranks: [Number.NaN, 1, Number.NaN] }, 1))).toBe(1)
    expect(choicesIn(orderList({ features: Float64Array.of(1, 2, 3), ranks: [1, 2, 3] }, 1))).toBe(2)
    expect(choicesIn(orderList({ features: Float64Array.of(1, 2, 3), ranks: [1, 1, 1] }, 1))).toBe(0)
  })
  it('has the derivatives that its values say', () => {
    const random = seeded('derivatives')
    const features = Array.from({ length: 18 }, () => random.normal())
    const [ranks, beta, step] = [[3, 1, 1, 2, Number.NaN, 2], [0.3, -0.7, 0.2], 1e-5]
    const list = orderList({ features: Float64Array.from(features), ranks }, 3)
    const [gradient, hessian] = [new Float64Array(3), new Float64Array(9)]
    addOrderedLoss(list, Float64Array.from(beta), gradient, hessian, scratchFor(3))
    const moved = (k: number, by: number): number[] => beta.map((value, at) => (at === k ? value + by : value))
    const slope = (at: number[]): Float64Array => {
      const found = new Float64Array(3)
      addOrderedLoss(list, Float64Array.from(at), found, undefined, scratchFor(3))
      return found
    }
    for (let k = 0; k < 3; k++) {
      const change = loss(features, ranks, moved(k, step)) - loss(features, ranks, moved(k, -step))
      expect(gradient[k]).toBeCloseTo(change / (2 * step), 7)
      const [up, down] = [slope(moved(k, step)), slope(moved(k, -step))]
      for (let l = 0; l <= k; l++)
        expect(hessian[k * 3 + l]).toBeCloseTo(((up[l] as number) - (down[l] as number)) / (2 * step), 7)
    }
  })
})

describe('rankOrderedLogit', () => {
  it('finds the β of one pair under a standard normal prior: β = σ(−β)', () => {
    const list = orderList({ features: Float64Array.of(1, 0), ranks: [1, 2] }, 1)
    const { coefficients, covariance, converged } = rankOrderedLogit([list], { mean: [0], precision: [1] })
    expect(coefficients[0]).toBeCloseTo(0.401058, 6)
    // Curvature 1 + p(1 − p) with p = σ(0.401058).
    expect(covariance[0]).toBeCloseTo(1 / (1 + 0.401058 * (1 - 0.401058)), 5)
    expect(converged).toBe(true)
  })

  it('is a logistic regression on differences where lists are pairs', () => {
    const random = seeded('pairs')
    const pairs = Array.from({ length: 60 }, () => Array.from({ length: 4 }, () => random.normal()))
    const won = pairs.map(() => random.chance(0.6))
    const lists = pairs.map((pair, at) =>
      orderList({ features: Float64Array.from(pair), ranks: won[at] ? [1, 2] : [2, 1] }, 2),
    )
    const [mean, precision] = [
      [0.1, -0.2],
      [0.5, 2],
    ]
    const own = rankOrderedLogit(lists, { mean, precision })
    const peer = logisticRegression(
      {
        design: Float64Array.from(pairs.flatMap(([a = 0, b = 0, c = 0, d = 0]) => [a - c, b - d])),
        columns: 2,
        outcomes: won.map(Number),
      },
      { ridge: precision, centre: mean },
    )
    own.coefficients.forEach((value, k) => {
      expect(value).toBeCloseTo(peer.coefficients[k] as number, 6)
    })
    own.covariance.forEach((value, k) => {
      expect(value).toBeCloseTo(peer.modelCovariance[k] as number, 6)
    })
    expect(own.cost).toBeCloseTo(peer.cost, 6)
  })

  it('refuses features that are no rows of the width, or no numbers', () => {
    expect(() => orderList({ features: Float64Array.of(1, 2, 3), ranks: [1, 2] }, 2)).toThrow('expected 2 × 2')
    expect(() => orderList({ features: Float64Array.of(1, Number.NaN), ranks: [1, 2] }, 1)).toThrow(
      'feature 0 of candidate 1 is not finite',
    )
  })
})
