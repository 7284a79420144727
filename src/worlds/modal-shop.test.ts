import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { modalShop } from './modal-shop.ts'

const world = modalShop({ users: 200, items: 240, taken: 5, takenLate: 2, stray: 0.1 }, seeded(1))

it('gives everybody as many items as asked for, early ones and late ones, each once', () => {
  for (const [pairs, count, late] of [
    [world.early, 5, 0],
    [world.late, 2, 1],
  ] as const) {
    expect(pairs.users.length).toBe(200 * count)
    expect([...pairs.items].every((item) => world.isLate[item] === late)).toBe(true)
    expect(new Set([...pairs.users].map((user, at) => user * 240 + (pairs.items[at] ?? 0))).size).toBe(200 * count)
  }
})

it('lets people stray as often as asked for, and like two circles', () => {
  const { users, items } = world.early
  const strays = [...users].filter(
    (user, at) => !world.userCircles[user]?.includes(world.itemCircles[items[at] ?? 0] ?? -1),
  )
  // 1000 draws at 0.1: five standard deviations are 0.047.
  expect(Math.abs(strays.length / 1000 - 0.1)).toBeLessThan(0.047)
  for (const own of world.userCircles) expect(new Set(own).size).toBe(2)
})

it('describes items of a circle alike: the mean square difference is 2 within, 4 between', () => {
  for (const features of world.features) {
    const sums = { same: [0, 0], other: [0, 0] }
    for (let a = 0; a < 240; a++)
      for (let b = 0; b < a; b++) {
        const sum = sums[world.itemCircles[a] === world.itemCircles[b] ? 'same' : 'other']
        for (let at = 0; at < 16; at++) {
          sum[0] = (sum[0] ?? 0) + ((features[a * 16 + at] ?? 0) - (features[b * 16 + at] ?? 0)) ** 2
          sum[1] = (sum[1] ?? 0) + 1
        }
      }
    expect((sums.same[0] ?? 0) / (sums.same[1] ?? 1)).toBeCloseTo(2, 0)
    expect((sums.other[0] ?? 0) / (sums.other[1] ?? 1)).toBeGreaterThan(3)
  }
})

it('says what it cannot make', () => {
  expect(() => modalShop({ users: 0 }, seeded(1))).toThrow('users is 0')
  expect(() => modalShop({ lateShare: 1 }, seeded(1))).toThrow('lateShare is 1')
  expect(() => modalShop({ liked: 9 }, seeded(1))).toThrow('liked is 9')
})
