import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { shopWorld } from './shop.ts'

describe('the simulated shop', () => {
  it('has customers who take what its chances say', () => {
    const world = shopWorld({ users: 300, items: 200, circles: 4, inside: 0.2, outside: 0.01 }, seeded(1))
    let [own, ownPairs, other] = [0, 0, 0]
    for (let user = 0; user < 300; user++)
      for (let item = 0; item < 200; item++) if (world.userCircles[user] === world.itemCircles[item]) ownPairs++
    for (const [at, user] of world.users.entries())
      if (world.userCircles[user] === world.itemCircles[world.items[at] ?? -1]) own++
      else other++
    const otherPairs = 300 * 200 - ownPairs
    // Within 4.5 standard deviations of a sum of coins.
    expect(Math.abs(own - 0.2 * ownPairs)).toBeLessThan(4.5 * Math.sqrt(0.16 * ownPairs))
    expect(Math.abs(other - 0.01 * otherPairs)).toBeLessThan(4.5 * Math.sqrt(0.0099 * otherPairs))
  })

  it('has better known items where fame is asked for, and is the same for a seed', () => {
    const options = { users: 400, items: 40, circles: 1, inside: 0.1, fame: 1 }
    const world = shopWorld(options, seeded(2))
    // 40 / H(40) = 9.35 times the mean for the first: a chance of 0.935; of the last 0.0234.
    expect(world.chance(0, 0)).toBeCloseTo(0.935, 3)
    expect(world.chance(0, 39)).toBeCloseTo(0.0234, 4)
    const taken = (item: number) => world.items.filter((one) => one === item).length
    expect(taken(0)).toBeGreaterThan(340)
    expect(taken(39)).toBeLessThan(25)
    expect(shopWorld(options, seeded(2)).items).toEqual(world.items)
    expect(() => shopWorld({ inside: 2 }, seeded(1))).toThrow('inside is 2, expected a chance from 0 to 1')
  })
})
