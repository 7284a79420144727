import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { sampleToken, tokenDistribution } from './sample-token.ts'

const logits = [1, 3, 2, 2].map(Math.log)

describe('tokenDistribution', () => {
  it('is softmax, the likeliest first and equal ones in order', () => {
    const { tokens, probabilities } = tokenDistribution(logits)
    expect([...tokens]).toEqual([1, 2, 3, 0])
    for (const [at, share] of [3 / 8, 2 / 8, 2 / 8, 1 / 8].entries()) expect(probabilities[at]).toBeCloseTo(share, 12)
  })

  it('raises odds to the power of 1/temperature', () => {
    // Odds 1 : 9 : 4 : 4 at temperature ½.
    expect(tokenDistribution(logits, { temperature: 0.5 }).probabilities[0]).toBeCloseTo(9 / 18, 12)
  })

  it('keeps the k likeliest, and those that reach probability p', () => {
    expect([...tokenDistribution(logits, { topK: 2 }).tokens]).toEqual([1, 2])
    expect(tokenDistribution(logits, { topK: 2 }).probabilities[0]).toBeCloseTo(3 / 5, 12)
    expect([...tokenDistribution(logits, { topP: 0.6 }).tokens]).toEqual([1, 2])
    expect([...tokenDistribution(logits, { topP: 0.63 }).tokens]).toEqual([1, 2, 3])
    expect([...tokenDistribution(logits, { topP: 0.01 }).tokens]).toEqual([1])
    expect([...tokenDistribution(logits, { topP: 1 }).tokens]).toHaveLength(4)
  })

  it('is what draws follow', () => {
    const random = seeded(1)
    const counts = [0, 0, 0, 0]
    const draws = 8000
    for (let draw = 0; draw < draws; draw++) {
      const token = sampleToken(logits, {}, random)
      counts[token] = (counts[token] ?? 0) + 1
    }
    // Four standard deviations of a share near ¼ of 8,000 draws are 0.02.
    for (const [token, share] of [1 / 8, 3 / 8, 2 / 8, 2 / 8].entries())
      expect(Math.abs((counts[token] ?? 0) / draws - share)).toBeLessThan(0.02)
  })

  it('says which option makes no sense', () => {
    expect(() => tokenDistribution(logits, { temperature: 0 })).toThrow('temperature is 0')
    expect(() => tokenDistribution(logits, { topK: 0 })).toThrow('topK is 0')
    expect(() => tokenDistribution(logits, { topP: 1.2 })).toThrow('topP is 1.2')
  })
})
