import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { shownItemsWorld } from './shown-items.ts'

it('shows items of what is asked for, to users whose tags tell their group, by chances that are known', () => {
  const world = shownItemsWorld({}, seeded(1))
  let [dear, all, error, taken, count] = [0, 0, 0, 0, 0]
  for (const { user, query, history, shown, labels } of world.requests) {
    expect(new Set(shown).size).toBe(8)
    expect(history.length <= 4 || (history.length >= 15 && history.length <= 30)).toBe(true)
    for (const item of history) {
      all++
      if ((world.tags[item] ?? 0) % 4 === world.groups[user]) dear++
    }
    for (const [at, item] of shown.entries()) {
      expect(world.categories[item]).toBe(query)
      count++
      taken += labels[at] ?? 0
      error += (labels[at] ?? 0) - world.chance(user, item)
    }
  }
  // 0.7 by loyalty, and a quarter of the rest.
  expect(dear / all).toBeGreaterThan(0.76)
  expect(dear / all).toBeLessThan(0.79)
  // 28,800 coins: four standard deviations of their mean are at most 0.012.
  expect(Math.abs(error / count)).toBeLessThan(0.012)
  expect(taken / count).toBeGreaterThan(0.4)
  expect(taken / count).toBeLessThan(0.6)
  // Users of one group have the same chances; others do not.
  const same = (a: number, b: number): boolean => world.chance(a, 7) === world.chance(b, 7)
  for (let user = 1; user < 50; user++) expect(same(0, user)).toBe(world.groups[0] === world.groups[user])
})

it('refuses sizes that make no world', () => {
  expect(() => shownItemsWorld({ tags: 3 }, seeded(1))).toThrow('3 tags for 4 groups')
  expect(() => shownItemsWorld({ items: 20 }, seeded(1))).toThrow('there are 20 items, expected at least 32')
  expect(() => shownItemsWorld({ loyalty: 2 }, seeded(1))).toThrow('loyalty is 2')
})
