import { describe, expect, it } from 'vitest'
import { comparisonSchema } from '../collect/index.ts'
import { seeded } from '../run/index.ts'
import { axisWord, feedbackSignals, feedbackWorld } from './feedback.ts'

describe('feedbackWorld', () => {
  it('gives the same feedback for the same seed and other for another', () => {
    const options = { pairs: 60 }
    expect(feedbackWorld(options, seeded(1))).toEqual(feedbackWorld(options, seeded(1)))
    expect(feedbackWorld(options, seeded(1)).differences).not.toEqual(feedbackWorld(options, seeded(2)).differences)
  })

  it('makes differences out of as many planted directions as it says', () => {
    const { amounts, differences, directions, width } = feedbackWorld({ pairs: 50 }, seeded(3))
    for (let pair = 0; pair < 50; pair++) {
      const own = amounts.subarray(12 * pair, 12 * pair + 12)
      expect(own.filter((amount) => amount !== 0)).toHaveLength(3)
      const rest = Array.from({ length: width }, (_, i) =>
        own.reduce(
          (sum, amount, k) => sum - amount * (directions[k * width + i] ?? 0),
          differences[pair * width + i] ?? 0,
        ),
      )
      expect(Math.hypot(...rest) / Math.sqrt(width)).toBeLessThan(0.04)
    }
  })

  it('decides as often as its log odds say, and rewards length beside the axes', () => {
    const { logOdds, preferred, truth, lengths } = feedbackWorld({ pairs: 20_000 }, seeded(4))
    const bold = logOdds.findIndex((odds) => odds > 1)
    expect(bold).toBeGreaterThanOrEqual(0)
    const sure = Array.from(preferred.keys()).filter((pair) => (logOdds[pair] ?? 0) > 1)
    const expected = sure.reduce((sum, pair) => sum + 1 / (1 + Math.exp(-(logOdds[pair] ?? 0))), 0) / sure.length
    expect(sure.filter((pair) => preferred[pair] === 1).length / sure.length).toBeCloseTo(expected, 1.7)
    expect(truth.slopes[truth.lengthy]).toBe(0)
    expect(lengths.some((length) => length > 50)).toBe(true)
  })

  it('refuses a world that cannot be', () => {
    expect(() => feedbackWorld({ axes: 5 }, seeded(1))).toThrow('axes is 5, expected an integer of at least 6')
    expect(() => feedbackWorld({ active: 13 }, seeded(1))).toThrow('active is 13')
    expect(() => feedbackWorld({ pairs: 3 }, seeded(1))).toThrow('pairs is 3')
  })
})

describe('feedbackSignals', () => {
  it('says in words what differs', () => {
    const world = feedbackWorld({ pairs: 40 }, seeded(5))
    for (const [pair, signal] of [...feedbackSignals(world, seeded(6))].entries()) {
      expect(comparisonSchema.safeParse(signal).success).toBe(true)
      for (let k = 0; k < 12; k++) {
        const amount = world.amounts[12 * pair + k] ?? 0
        const has = ({ content }: typeof signal.a): boolean =>
          content.modality === 'text' && [0, 1, 2, 3, 4, 5].some((letter) => content.text.includes(axisWord(k, letter)))
        expect([has(signal.a), has(signal.b)]).toEqual([amount > 0, amount < 0])
      }
    }
  })
})
