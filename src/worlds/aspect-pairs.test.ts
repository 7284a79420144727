import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { aspectPairs } from './aspect-pairs.ts'

it('scores are the aspects of the embedding and noise, and choices lean on them', () => {
  const world = aspectPairs({ width: 30, pairs: 2000 }, seeded(1))
  expect([world.a[0]?.length, world.scoresB[0]?.length, world.targets.length]).toEqual([30, 7, 2000])
  const again = aspectPairs({ width: 30, pairs: 2000, noise: 0, certainty: 0 }, seeded(1))
  // Without certainty people toss a coin.
  const heads = again.targets.reduce<number>((sum, target) => sum + target, 0) / 2000
  expect(Math.abs(heads - 0.5)).toBeLessThan(0.05)
  // All weights are positive: who has more of everything wins more often than not.
  const sum = (row: readonly number[] = []) => row.reduce((total, x) => total + x, 0)
  const right = world.targets.filter(
    (target, pair) => sum(world.scoresA[pair]) > sum(world.scoresB[pair]) === (target === 1),
  )
  expect(right.length / 2000).toBeGreaterThan(0.65)
  expect(() => aspectPairs({ aspects: 0 }, seeded(1))).toThrow('aspects is 0')
})
