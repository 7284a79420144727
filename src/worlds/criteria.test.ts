import { expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { criteriaWorld } from './criteria.ts'

it('every reversal is one: each side is ahead by its own criterion', () => {
  const world = criteriaWorld({ criteria: 5 }, seeded(1))
  for (const direction of world.directions) expect(Math.hypot(...direction)).toBeCloseTo(1, 12)
  for (const { a, b, favoursA, favoursB } of world.reversals(50, seeded(2))) {
    expect(world.lead(favoursA, a, b)).toBeGreaterThanOrEqual(1)
    expect(world.lead(favoursB, a, b)).toBeLessThanOrEqual(-1)
  }
  expect(world.pairs(3, seeded(3)).length).toBe(3)
  expect(() => criteriaWorld({ lead: 9 }, seeded(1))).toThrow('lead is 9')
})
