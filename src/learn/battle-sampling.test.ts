import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { type Contender, drawBattle, drawInformativePair, intervalShrinkage, rivalWeights } from './battle-sampling.ts'

/** How often each (first, second) in alphabetical order is drawn, and how often the first is left. */
function battles(contenders: readonly Contender[], rounds: number) {
  const random = seeded('battles')
  const pairs = new Map<string, number>()
  let left = 0
  for (let i = 0; i < rounds; i++) {
    const battle = drawBattle(contenders, random)
    const pair = [battle.left, battle.right].sort().join('-')
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    if (battle.left < battle.right) left++
  }
  return { pairs, left }
}

describe('rivalWeights', () => {
  it('gives preferred rivals half of all first-draw weight together', () => {
    const contenders: Contender[] = [
      { name: 'x', targets: ['y', 'z'] },
      { name: 'y', boosted: true },
      { name: 'z', weight: 2 },
      { name: 'w' },
    ]
    // First-draw weights 1, 5, 2, 1: W = 9, two targets: .5·9/2 each.
    expect(rivalWeights(contenders, 0)).toEqual([0, 2.25, 2.25, 1])
    expect(rivalWeights(contenders, 3)).toEqual([1, 1, 2, 0])
  })

  it('keeps tests apart, and honours strict targets both ways', () => {
    const contenders: Contender[] = [
      { name: 'test-1', anonymousTest: true },
      { name: 'test-2', anonymousTest: true },
      { name: 'narrow', strictTargets: [/^test-1$/] },
      { name: 'open' },
    ]
    expect(rivalWeights(contenders, 0)).toEqual([0, 0, 1, 1])
    expect(rivalWeights(contenders, 2)).toEqual([1, 0, 0, 0])
    expect(rivalWeights(contenders, 3)).toEqual([1, 1, 0, 0])
  })

  it('never serves one whose weight is 0, not even as a target', () => {
    expect(rivalWeights([{ name: 'x', targets: ['y'] }, { name: 'y', weight: 0 }, { name: 'z' }], 0)).toEqual([0, 0, 1])
    expect(() => rivalWeights([{ name: 'x', weight: -1 }, { name: 'y' }], 1)).toThrow('weight of "x" is -1')
    expect(() => rivalWeights([{ name: 'x' }], 3)).toThrow('first is 3')
  })
})

describe('drawBattle', () => {
  it('draws pairs as often as the two draws together say, and sides by a fair coin', () => {
    const rounds = 40_000
    const { pairs, left } = battles([{ name: 'a', weight: 3 }, { name: 'b' }, { name: 'c', boosted: true }], rounds)
    // First draw 3 : 1 : 5 of 9; rivals by 3 : 1 : 1. P(ab) = 3/9·1/2 + 1/9·3/4, P(ac) = 3/9·1/2 + 5/9·3/4, the rest bc.
    const expected = { 'a-b': 3 / 18 + 3 / 36, 'a-c': 3 / 18 + 15 / 36, 'b-c': 1 / 36 + 5 / 36 }
    for (const [pair, probability] of Object.entries(expected)) {
      const error = Math.sqrt((probability * (1 - probability)) / rounds)
      expect(Math.abs((pairs.get(pair) ?? 0) / rounds - probability)).toBeLessThan(4 * error)
    }
    expect(Math.abs(left / rounds - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / rounds))
  })

  it('says when there is nobody to draw', () => {
    expect(() => drawBattle([{ name: 'x' }, { name: 'y', weight: 0 }], seeded(1))).toThrow('"x" has no rival')
    expect(() => drawBattle([{ name: 'x', weight: 0 }], seeded(1))).toThrow('the weights sum to 0')
  })
})

describe('adaptive pairs', () => {
  it('value a vote by how much it narrows the interval', () => {
    expect(intervalShrinkage({ probability: 0.5, votes: 3 })).toBeCloseTo(0.5 / Math.sqrt(3) - 0.25, 15)
    expect(intervalShrinkage({ probability: 0.5, votes: 0 })).toBe(0.5)
    expect(intervalShrinkage({ probability: 1, votes: 9 })).toBe(0)
    expect(() => intervalShrinkage({ probability: 2, votes: 1 })).toThrow('probability is 2')
    expect(() => intervalShrinkage({ probability: 0.5, votes: -1 })).toThrow('votes is -1')
  })

  it('are drawn in that proportion', () => {
    const pairs = [
      { probability: 0.5, votes: 1 },
      { probability: 0.5, votes: 99 },
      { probability: 0, votes: 1 },
    ]
    const random = seeded('adaptive')
    const drawn = Array.from({ length: 3000 }, () => drawInformativePair(pairs, random))
    const rare = drawn.filter((index) => index === 1).length
    const share = (1 / Math.sqrt(99) - 0.1) / (1 - Math.SQRT1_2 + 1 / Math.sqrt(99) - 0.1)
    expect(Math.abs(rare / 3000 - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / 3000))
    expect(drawn).not.toContain(2)
  })
})
