import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { interestWorld } from './interests.ts'

const world = interestWorld({ users: 300, kinds: 8, itemsOfKind: 40, skew: 2, events: 60, session: 15 }, seeded(1))

it('lets passing and lasting interests decide as often as they should', () => {
  const kindOf = (item: number): number => world.itemKinds[item] ?? -1
  const counts = [0, 0, 0, 0]
  for (const [user, next] of world.next.entries())
    for (const item of next) {
      const rank = world.lasting[user]?.indexOf(kindOf(item)) ?? -1
      if (rank < 0) expect(kindOf(item)).toBe(world.passing[user])
      counts[rank + 1] = (counts[rank + 1] ?? 0) + 1
    }
  // 3,000 draws: 60 % passing, and 40 % in shares of 4 : 2 : 1; four standard deviations are at most 0.036.
  for (const [at, share] of [0.6, 0.4 * (4 / 7), 0.4 * (2 / 7), 0.4 * (1 / 7)].entries())
    expect(Math.abs((counts[at] ?? 0) / 3000 - share)).toBeLessThan(0.036)
})

it('gives every item once, and chances that sum to 1 over what is left', () => {
  for (const user of [0, 17, 299]) {
    const history = world.histories[user] ?? []
    const all = [...history, ...(world.next[user] ?? [])]
    expect(new Set(all).size).toBe(all.length)
    let total = 0
    for (let item = 0; item < world.itemCount; item++) total += world.chance(user, item)
    expect(total).toBeCloseTo(1, 12)
    expect(world.chance(user, history[0] ?? -1)).toBe(0)
  }
})

it('changes the passing interest after each session, and never the lasting ones', () => {
  for (const [user, history] of world.histories.entries()) {
    const lasting = Array.from(world.lasting[user] ?? [])
    const passing = [0, 1, 2, 3].map((session) =>
      Array.from(history.subarray(session * 15, session * 15 + 15), (item) => world.itemKinds[item] ?? -1).filter(
        (kind) => !lasting.includes(kind),
      ),
    )
    for (const kinds of passing) expect(new Set(kinds).size).toBeLessThanOrEqual(1)
    const told = passing.flatMap(([kind]) => (kind === undefined ? [] : [kind]))
    expect(new Set(told).size).toBe(told.length)
  }
})

it('says what it cannot do', () => {
  const asked = (options: object) => () => interestWorld(options, seeded(1))
  expect(asked({ kinds: 4 })).toThrow('there are 4 kinds, expected at least 5')
  expect(asked({ passing: 2 })).toThrow('passing is 2')
  expect(asked({ users: 0 })).toThrow('users is 0')
  expect(asked({ kinds: 6, itemsOfKind: 5 })).toThrow('a user has had all 5 items of a kind')
})
