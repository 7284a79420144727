import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { type FairnessMeasureName, type FairnessValue, itemFairness } from './item-fairness.ts'

const number = (measured: FairnessValue | undefined): number =>
  measured && 'value' in measured ? measured.value : Number.NaN
const reason = (measured: FairnessValue | undefined): string =>
  measured && 'undefined' in measured ? measured.undefined : ''
const corrected: readonly FairnessMeasureName[] = ['jain', 'qf', 'entropy', 'gini', 'giniWeighted']

const random = seeded(1)
const lists = (users: number, places: number, items: number): number[][] =>
  Array.from({ length: users }, () => random.shuffle(Array.from({ length: items }, (_, item) => item)).slice(0, places))

describe('fairness to single items', () => {
  it('has the values of a worked example: two lists of two out of four items', () => {
    // c = (2, 1, 1, 0), N = 4, weights (2, 1/log₂3, 1/log₂3, 0), worked out by hand.
    const fair = itemFairness(
      [
        [0, 1],
        [0, 2],
      ],
      4,
    )
    expect(number(fair.jain.original)).toBeCloseTo(2 / 3, 12)
    expect(number(fair.jain.corrected)).toBeCloseTo(1 / 3, 12)
    expect(number(fair.qf.original)).toBeCloseTo(0.75, 12)
    expect(number(fair.qf.corrected)).toBeCloseTo(0.5, 12)
    expect(reason(fair.entropy.original)).toContain('1 of 4 items are in no list')
    expect(number(fair.entropy.corrected)).toBeCloseTo(0.5, 12)
    expect(number(fair.gini.original)).toBeCloseTo(0.375, 12)
    expect(number(fair.gini.corrected)).toBeCloseTo(0.75, 12)
    expect(number(fair.giniWeighted.original)).toBeCloseTo(0.4598604, 7)
    expect(number(fair.giniWeighted.corrected)).toBeCloseTo(0.7818957, 7)
    expect(number(fair.fsat.original)).toBeCloseTo(0.75, 12)
    expect(number(fair.fsat.corrected)).toBeCloseTo(0.5, 12)
    expect(number(fair.vocd.original)).toBeCloseTo(1 / 3, 12)
    expect(number(fair.iid.original)).toBeCloseTo(0.2075, 12)
    expect(number(fair.aid.original)).toBeCloseTo(0.1275, 12)
    expect(Object.values(fair).map(({ fairer }) => fairer)).toEqual([
      ...['higher', 'higher', 'higher', 'lower', 'lower', 'higher', 'lower', 'lower', 'lower'],
    ])
  })

  it('goes from one end to the other as the lists of all are filled with different items', () => {
    const [users, places] = [5, 4]
    const items = users * places
    const at = (changed: number) =>
      itemFairness(
        Array.from({ length: users }, (_, user) =>
          Array.from({ length: places }, (_, rank) => (rank >= places - changed ? rank * users + user : rank * users)),
        ),
        items,
      )
    const steps = Array.from({ length: places + 1 }, (_, changed) => at(changed))
    for (const name of ['jain', 'qf', 'entropy'] as const) {
      const values = steps.map((step) => number(step[name].corrected))
      expect([values[0], values.at(-1)], name).toEqual([0, 1])
      expect(values, name).toEqual(values.toSorted((a, b) => a - b))
    }
    for (const name of ['gini', 'giniWeighted'] as const) {
      const values = steps.map((step) => number(step[name].corrected))
      expect([values[0], values.at(-1)], name).toEqual([1, 0])
      expect(values, name).toEqual(values.toSorted((a, b) => b - a))
    }
    const unfair = steps[0]
    expect([number(unfair?.jain.original), number(unfair?.qf.original)]).toEqual([places / items, places / items])
    expect(number(unfair?.gini.original)).toBeCloseTo(1 - places / items, 12)
    expect(number(unfair?.vocd.original)).toBe(0)
    expect(number(unfair?.fsat.corrected)).toBe(0)
  })

  it('is perfect where every item is in as many lists, or in one more', () => {
    // 6 lists of 2 over 5 items: 12 slots, two items in three lists and three in two.
    const even = itemFairness(
      [
        [0, 1],
        [2, 3],
        [4, 0],
        [1, 2],
        [3, 4],
        [0, 1],
      ],
      5,
    )
    for (const name of ['jain', 'entropy', 'qf', 'fsat'] as const)
      expect(even[name].corrected, name).toEqual({ value: 1 })
    expect(even.gini.corrected).toEqual({ value: 0 })
    expect(number(even.giniWeighted.corrected)).toBeGreaterThan(0)
    expect(even.giniWeighted.caution).toContain('more places than items')
  })

  it('keeps the corrected measures within 0 and 1 on random lists', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 5, max: 12 }),
        (m, k, n) => {
          const fair = itemFairness(lists(m, k, n), n)
          for (const name of corrected) {
            const value = number(fair[name].corrected)
            expect(value, name).toBeGreaterThanOrEqual(0)
            expect(value, name).toBeLessThanOrEqual(1)
          }
          expect(Object.is(number(fair.gini.corrected), -0)).toBe(false)
        },
      ),
    )
  })

  it('lets fsat fall below 0 where more items are short of their share than in the unfairest lists', () => {
    // 6 lists of 4 of 6 items, share 4: two items are in 6 lists and four in 3, so that 2/6 have it, below k/n = 4/6.
    const short = [...Array(3).fill([0, 1, 2, 3]), ...Array(3).fill([0, 1, 4, 5])]
    expect(number(itemFairness(short, 6).fsat.corrected)).toBeCloseTo((2 / 6 - 4 / 6) / (1 - 4 / 6), 12)
  })

  it('gives individual disparity one value whatever is recommended, and says so', () => {
    for (const [m, k, n, gamma] of [
      [4, 3, 9, 0.8],
      [7, 2, 5, 0.5],
    ] as const) {
      const even = (1 - gamma ** k) / ((1 - gamma) * n)
      const identity = (1 - gamma ** (2 * k)) / ((1 - gamma ** 2) * n) - even ** 2
      for (let times = 0; times < 5; times++) {
        const { iid, aid } = itemFairness(lists(m, k, n), n, { gamma })
        expect(number(iid.original)).toBeCloseTo(identity, 12)
        expect(number(aid.original)).toBeLessThanOrEqual(number(iid.original))
        expect(iid.caution).toContain('whatever is recommended')
      }
      const same = itemFairness(
        Array.from({ length: m }, () => Array.from({ length: k }, (_, item) => item)),
        n,
        { gamma },
      )
      expect(number(same.aid.original)).toBeCloseTo(identity, 12)
    }
  })

  it('averages exposure over rounds before it measures disparity', () => {
    // Two rounds that swap the two items of the single user: each is seen (1 + 0.8)/2, exactly its even share.
    const { iid, aid } = itemFairness({ rounds: [[[0, 1]], [[1, 0]]] }, 2)
    expect([number(iid.original), number(aid.original)]).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12)])
    expect(iid.caution).toBeUndefined()
    expect(() => itemFairness({ rounds: [[[0, 1]], [[1]]] }, 2)).toThrow('round 1 has 1 lists of 1, expected 1 of 2')
  })

  it('does not care about the order of users, nor, but for the weighted measures, of ranks', () => {
    const made = [
      [0, 1, 2],
      [0, 1, 3],
      [0, 4, 5],
      [6, 7, 0],
    ]
    const base = itemFairness(made, 8)
    const users = itemFairness(made.toReversed(), 8)
    const ranks = itemFairness(
      made.map((list) => list.toReversed()),
      8,
    )
    for (const name of ['jain', 'qf', 'entropy', 'gini', 'fsat', 'vocd'] as const) {
      expect(users[name]).toEqual(base[name])
      expect(ranks[name]).toEqual(base[name])
    }
    expect(number(users.giniWeighted.original)).toBeCloseTo(number(base.giniWeighted.original), 12)
    expect(number(ranks.giniWeighted.original)).not.toBeCloseTo(number(base.giniWeighted.original), 6)
  })

  it('counts the violation of coverage disparity like the sum over all pairs', () => {
    const made = lists(9, 4, 15)
    const counts = Array.from({ length: 15 }, (_, item) => made.filter((list) => list.includes(item)).length)
    const exposed = counts.filter((count) => count > 0)
    const pairs = exposed.flatMap((a, i) => exposed.slice(i + 1).map((b) => Math.abs(a - b) / Math.max(a, b)))
    const mean = pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length
    expect(number(itemFairness(made, 15).vocd.original)).toBeCloseTo(mean, 12)
  })

  it('says when a value is undefined, and why, instead of giving one', () => {
    const whole = itemFairness(
      [
        [0, 1],
        [1, 0],
      ],
      2,
    )
    for (const name of ['jain', 'qf', 'entropy', 'gini', 'fsat'] as const)
      expect(reason(whole[name].corrected), name).toContain('have the same value')
    const single = itemFairness([[0, 1]], 5)
    for (const name of ['jain', 'qf', 'entropy', 'gini'] as const)
      expect(reason(single[name].corrected), name).toContain('have the same value')
    expect(reason(itemFairness([[0], [0]], 1).entropy.original)).toContain('single item')
    expect(reason(itemFairness([[3], [3]], 5).vocd.original)).toContain('1 item is in a list')
    const few = itemFairness([[0], [1]], 5).fsat
    expect([few.original, few.corrected, few.caution]).toEqual([
      { value: 1 },
      { value: 1 },
      expect.stringContaining('fewer places'),
    ])
  })

  it('refuses lists that are none', () => {
    expect(() => itemFairness([], 3)).toThrow('there are no lists')
    expect(() => itemFairness([[]], 3)).toThrow('the lists are empty')
    expect(() => itemFairness([[0, 1], [0]], 3)).toThrow('list 1 has 1 items, expected 2')
    expect(() => itemFairness([[0, 0]], 3)).toThrow('list 0 has item 0 twice')
    expect(() => itemFairness([[3]], 3)).toThrow('list 0 has item 3, expected a whole number from 0 to 2')
    expect(() => itemFairness([[0]], 3, { gamma: 1 })).toThrow('gamma is 1')
  })
})
