import { describe, expect, it } from 'vitest'
import { logisticLoss, sigmoid, softplus } from './sigmoid.ts'

describe('the logistic function', () => {
  it('neither overflows nor loses its tails', () => {
    expect(sigmoid(0)).toBe(0.5)
    expect(sigmoid(-745)).toBeGreaterThan(0)
    expect(sigmoid(-1000)).toBe(0)
    expect(sigmoid(1000)).toBe(1)
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15)
    expect(softplus(1000)).toBe(1000)
    expect(softplus(-40)).toBeCloseTo(Math.exp(-40), 30)
  })

  it('costs ln 2 at even odds, and turning a pair round changes nothing', () => {
    expect(logisticLoss(0, 1)).toBeCloseTo(Math.LN2, 15)
    for (const [x, y] of [
      [1.3, 1],
      [-2, 0.25],
      [40, 0],
    ] as const)
      expect(logisticLoss(-x, 1 - y)).toBeCloseTo(logisticLoss(x, y), 12)
    expect(logisticLoss(Math.log(3), 1)).toBeCloseTo(Math.log(4 / 3), 15)
  })
})
