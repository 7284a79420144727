import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { interactionLog } from './interactions/interaction-log.ts'
import { holdsPair, interactionSet, itemsOf } from './interactions/interaction-set.ts'
import {
  adaptiveNegatives,
  aliasTable,
  inBatchNegatives,
  noItem,
  popularityNegatives,
  uniformNegatives,
  unseenAt,
  weightedNegatives,
} from './negative-sampling.ts'

// User 0 has seen 0, 2 and 5 of six items, user 1 all of them, user 2 none, user 3 all but item 4.
const set = interactionSet(
  interactionLog({
    users: [0, 0, 0, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3],
    items: [0, 2, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 5],
    userCount: 4,
    itemCount: 6,
  }),
)

/** Largest distance in standard deviations between counts and expectations. */
function deviation(drawn: Uint32Array, probabilities: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const item of drawn) counts.set(item, (counts.get(item) ?? 0) + 1)
  return Math.max(
    ...probabilities.map((probability, item) => {
      const [count, expected] = [counts.get(item) ?? 0, probability * drawn.length]
      if (probability === 0) return count === 0 ? 0 : Number.POSITIVE_INFINITY
      return Math.abs(count - expected) / Math.sqrt(Math.max(expected * (1 - probability), 1e-9))
    }),
  )
}
const many = (user: number) => Array(60_000).fill(user) as number[]

describe('negatives', () => {
  it('by weights come in their proportion, also where nearly all are turned down, and say how often', () => {
    const weights = [0.9, 0.5, 0.9, 0.1, 0.4, 0.9]
    for (const scale of [1, 1e-4]) {
      const weighted = weightedNegatives(set, 6, (_, item) => (weights[item] ?? 0) * scale, seeded(8))
      // Of user 0's unseen items 1, 3 and 4.
      const expected = [0, 0.5, 0, 0.1, 0.4, 0]
      for (const [item, chance] of expected.entries()) expect(weighted.probability(0, item)).toBeCloseTo(chance, 12)
      expect(deviation(weighted.draw(many(0).slice(0, 6000)), expected)).toBeLessThan(5)
      expect(weighted.drawOne(1)).toBe(noItem)
    }
    const none = weightedNegatives(set, 6, () => 0, seeded(9))
    expect(none.drawOne(3)).toBe(4)
    expect(none.probability(0, 3)).toBeCloseTo(1 / 3, 12)
    expect(() => weightedNegatives(set, 6, () => 1.5, seeded(9)).drawOne(3)).toThrow('is 1.5')
  })

  it('by rank are exactly the unseen items, each once, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(19), { maxLength: 19 }), (items) => {
        const row = interactionSet(interactionLog({ users: items.map(() => 0), items, userCount: 1, itemCount: 20 }))
        const unseen = Array.from({ length: 20 }, (_, item) => item).filter((item) => !items.includes(item))
        expect(unseen.map((_, rank) => unseenAt(row, 0, rank))).toEqual(unseen)
      }),
    )
  })

  it('drawn uniformly are as likely as each other, and never seen', () => {
    const sampler = uniformNegatives(set, 6, seeded(1))
    expect(deviation(sampler.draw(many(0)), [0, 1 / 3, 0, 1 / 3, 1 / 3, 0])).toBeLessThan(4.5)
    expect(deviation(sampler.draw(many(2)), Array(6).fill(1 / 6))).toBeLessThan(4.5)
    expect([...sampler.draw([3, 1, 3], 2)]).toEqual([4, 4, noItem, noItem, 4, 4])
    expect([0, 1, 2, 3, 4, 5].map((item) => sampler.probability(0, item))).toEqual([0, 1 / 3, 0, 1 / 3, 1 / 3, 0])
  })

  it('drawn by popularity follow the power of the counts among what is unseen', () => {
    // Items were taken 3, 2, 3, 2, 1 and 3 times; user 0 has not seen items 1, 3 and 4.
    for (const alpha of [1, 0.5, 0]) {
      const sampler = popularityNegatives(set, seeded(2), alpha)
      const weights = [0, 2 ** alpha, 0, 2 ** alpha, 1, 0]
      const total = weights.reduce((sum, weight) => sum + weight)
      expect(
        deviation(
          sampler.draw(many(0)),
          weights.map((weight) => weight / total),
        ),
      ).toBeLessThan(4.5)
      expect(sampler.probability(0, 1)).toBeCloseTo(2 ** alpha / total, 12)
      // Nine in ten draws meet something seen: the exact way out is taken often, and gives the same.
      expect([...new Set(sampler.draw(many(3)))]).toEqual([4])
      expect(sampler.drawOne(1)).toBe(noItem)
    }
  })

  it('drawn by popularity are even where all that was taken is seen', () => {
    const one = interactionSet(interactionLog({ users: [0, 0], items: [0, 1], itemCount: 4, userCount: 1 }))
    const sampler = popularityNegatives(one, seeded(3))
    expect(deviation(sampler.draw(many(0)), [0, 0, 0.5, 0.5])).toBeLessThan(4.5)
    expect(sampler.probability(0, 3)).toBe(0.5)
  })

  it('drawn adaptively are the highest scored of a few', () => {
    // Item 4 scores most: it is missed only when none of two draws from {1, 3, 4} is it.
    const draw = adaptiveNegatives(set, 6, (_, candidates) => Float32Array.from(candidates), seeded(4), 2)
    expect(deviation(draw(many(0)), [0, 1 / 9, 0, 3 / 9, 5 / 9, 0])).toBeLessThan(4.5)
    expect([...draw([1])]).toEqual([noItem])
    expect(() => adaptiveNegatives(set, 6, () => [], seeded(1), 0)).toThrow('among is 0')
  })

  it('of a batch leave out what each user has seen', () => {
    const { allowed, logFrequency } = inBatchNegatives(set, [0, 2, 3], [0, 4, 3], [3, 2, 3, 2, 1, 3])
    expect([...allowed]).toEqual([0, 1, 1, 1, 0, 1, 0, 1, 0])
    expect([...logFrequency].map((value) => Math.exp(value) * 14)).toEqual([
      expect.closeTo(3, 5),
      expect.closeTo(1, 5),
      expect.closeTo(2, 5),
    ])
  })

  it('are the same for a seed and another for another, and none is seen in a random set', () => {
    const random = seeded(9)
    const users = Array.from({ length: 3000 }, () => random.integer(40))
    const items = Array.from({ length: 3000 }, () => random.integer(90))
    const large = interactionSet(interactionLog({ users, items, userCount: 40, itemCount: 90 }))
    for (const make of [
      (seed: number) => uniformNegatives(large, 90, seeded(seed)),
      (seed: number) => popularityNegatives(large, seeded(seed)),
    ]) {
      const drawn = make(1).draw(users, 3)
      expect(drawn).toEqual(make(1).draw(users, 3))
      expect(drawn).not.toEqual(make(2).draw(users, 3))
      for (const [at, item] of drawn.entries())
        if (item !== noItem) expect(holdsPair(large, users[Math.floor(at / 3)] ?? 0, item)).toBe(false)
        else expect(itemsOf(large, users[Math.floor(at / 3)] ?? 0).length).toBe(90)
    }
    expect(() => uniformNegatives(large, 90, random).draw([40])).toThrow('there is no user 40')
  })
})

describe('an alias table', () => {
  it('draws in proportion to weights, never one of weight 0', () => {
    const weights = [0, 3, 1, 0, 6]
    const table = aliasTable(weights, seeded(5))
    const drawn = Uint32Array.from({ length: 60_000 }, () => table.draw())
    expect(
      deviation(
        drawn,
        weights.map((weight) => weight / 10),
      ),
    ).toBeLessThan(4.5)
    expect(() => aliasTable([0, 0], seeded(1))).toThrow('the weights sum to 0')
    expect(() => aliasTable([1, -1], seeded(1))).toThrow('weight 1 is -1')
  })
})
