import { expect, it } from 'vitest'
import { sigmoid } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import { exposedShop } from './exposed-shop.ts'

const world = exposedShop({}, seeded(1))

it('lets people like as many items as its log odds say, and see a share of these', () => {
  let [expected, variance] = [0, 0]
  for (let user = 0; user < 300; user++)
    for (let item = 0; item < 200; item++) {
      const chance = sigmoid(world.logit(user, item))
      expected += chance
      variance += chance * (1 - chance)
    }
  expect(Math.abs(world.users.length - expected)).toBeLessThan(5 * Math.sqrt(variance))
  const share = world.taken.reduce((sum, seen) => sum + seen, 0) / world.users.length
  expect(Math.abs(share - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / world.users.length))
})

it('shows nothing of what is liked in preference: seen and unseen have the same log odds', () => {
  const mean = (seen: number): number => {
    const own = [...world.taken.keys()].filter((at) => world.taken[at] === seen)
    return own.reduce((sum, at) => sum + world.logit(world.users[at] ?? 0, world.items[at] ?? 0), 0) / own.length
  }
  // Log odds of liked items deviate by about 2: the mean of 4,000 by 0.03.
  expect(Math.abs(mean(1) - mean(0))).toBeLessThan(0.2)
})

it('says what it cannot make', () => {
  expect(() => exposedShop({ factors: 0 }, seeded(1))).toThrow('factors is 0')
  expect(() => exposedShop({ exposure: 1.2 }, seeded(1))).toThrow('exposure is 1.2')
})
