import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { judgeWorld, obedientAnswerer, simulatedQuestions } from './judges.ts'

describe('judgeWorld', () => {
  it('gives the same votes for the same seed and others for another', () => {
    expect(judgeWorld({ pairs: 20 }, seeded(1))).toEqual(judgeWorld({ pairs: 20 }, seeded(1)))
    expect(judgeWorld({ pairs: 20 }, seeded(1)).pairs).not.toEqual(judgeWorld({ pairs: 20 }, seeded(2)).pairs)
  })

  it('lets one property decide as often as its weight says', () => {
    const weights = { only: [2, 0, 0, 0] }
    const { pairs } = judgeWorld(
      { properties: 4, scenarios: ['only'], judges: [{ name: 'one', weights }], pairs: 20_000, shared: 0 },
      seeded(3),
    )
    const ahead = pairs.filter(({ comparison }) => comparison[0] === 1)
    // σ(2) = 0.8808; Φ(−½) = 0.3085 of the pairs are ahead.
    expect(ahead.length / pairs.length).toBeCloseTo(0.3085, 1.5)
    expect(ahead.filter(({ votes }) => votes[0] === 1).length / ahead.length).toBeCloseTo(0.8808, 1.5)
  })

  it('makes judges of a family more alike than others', () => {
    const { judges, scenarios } = judgeWorld({ pairs: 1 }, seeded(4))
    const distance = (i: number, j: number): number =>
      scenarios.reduce((sum, scenario) => {
        const [a, b] = [judges[i]?.weights[scenario] ?? [], judges[j]?.weights[scenario] ?? []]
        return sum + Math.hypot(...a.map((value, k) => value - (b[k] ?? 0)))
      }, 0)
    expect(distance(0, 1)).toBeLessThan(distance(0, 3))
    expect(distance(3, 5)).toBeLessThan(distance(2, 5))
  })

  it('refuses a world that cannot be', () => {
    expect(() => judgeWorld({ pairs: 0 }, seeded(1))).toThrow('pairs is 0')
    expect(() => judgeWorld({ shared: 2 }, seeded(1))).toThrow('shared is 2')
    expect(() => judgeWorld({ judges: [{ name: 'x', weights: {} }] }, seeded(1))).toThrow(
      'x has no weights for questions, expected 29',
    )
  })
})

describe('obedientAnswerer', () => {
  it('adds what the message asks for, and changes nothing else', async () => {
    const answer = obedientAnswerer(
      [
        { name: 'clear', phrase: 'is clear' },
        { name: 'funny', phrase: 'is funny' },
      ],
      seeded(5),
    )
    const [context] = simulatedQuestions(1)
    if (!context) throw new Error('there is no question')
    const [plain, asked] = [await answer(context, undefined), await answer(context, 'An answer that\n- is funny')]
    expect(asked.features?.['clear']).toBe(plain.features?.['clear'])
    expect(asked.features?.['funny']).toBe(Math.min(3, Number(plain.features?.['funny']) + 1.5))
  })
})
