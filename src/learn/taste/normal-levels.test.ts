import { expect, it } from 'vitest'
import { normalLevels } from './normal-levels.ts'

/** Members known with variance 1. */
const told = (values: readonly number[]) =>
  values.map((value) => ({ precision: Float64Array.of(1), pull: Float64Array.of(value) }))
const start = { within: Float64Array.of(1), between: Float64Array.of(1) }

it('one group: the mean, and the variance beyond that of the measurements', () => {
  // Mean 2, sample variance 10 (of −2, 0, 2, 4, 6): τ² = 10 − 1; each is shrunk by 9/10.
  const levels = normalLevels(told([-2, 0, 2, 4, 6]), [0, 0, 0, 0, 0], { start, rounds: 500 })
  expect(levels.common.mean[0]).toBeCloseTo(2, 5)
  expect(levels.within[0]).toBeCloseTo(9, 1)
  expect(levels.common.covariance[0]).toBeCloseTo(10 / 5, 1)
  expect(levels.members[0]?.mean[0]).toBeCloseTo(2 - 0.9 * 4, 1)
  // What is not known of a member: 0.9 of its own, and a tenth of the mean's.
  expect(levels.members[0]?.covariance[0]).toBeCloseTo(0.9 + 0.01 * 2, 2)
})

it('groups: the variances that an analysis of variance finds in balanced data', () => {
  // Groups (0, 4), (10, 14), (20, 24): within, a mean square of 8; between, 2 · 100 = 200.
  const levels = normalLevels(told([0, 4, 10, 14, 20, 24]), [0, 0, 1, 1, 2, 2], { start, rounds: 2_000 })
  expect(levels.within[0]).toBeCloseTo(8 - 1, 0)
  expect(levels.between[0]).toBeCloseTo((200 - 8) / 2, 0)
  expect(levels.common.mean[0]).toBeCloseTo(12, 3)
  expect(levels.groups[0]?.mean[0]).toBeCloseTo(12 - (96 / 100) * 10, 1)
  expect(levels.members[0]?.mean[0]).toBeLessThan(levels.groups[0]?.mean[0] as number)
})

it('leaves the variances as they are when told to, and then is exact', () => {
  const levels = normalLevels(told([0, 2]), [0, 1], { start, rounds: 0 })
  // Each group is one member: variance 1 + 1 about the group, 1 more about the mean 1.
  expect(levels.common.mean[0]).toBeCloseTo(1, 5)
  expect(levels.common.covariance[0]).toBeCloseTo(3 / 2, 5)
  expect(levels.groups[0]?.mean[0]).toBeCloseTo(1 - 1 / 3, 5)
  expect(levels.members[0]?.mean[0]).toBeCloseTo(1 - 2 / 3, 5)
  expect(levels.rounds).toBe(0)
})

it('takes members that differ no more than by chance to be alike', () => {
  const levels = normalLevels(told([1, 1.1, 0.9, 1, 1]), [0, 0, 0, 0, 0], { start, rounds: 500 })
  expect(levels.within[0]).toBeLessThan(0.01)
  expect(levels.members[1]?.mean[0]).toBeCloseTo(1, 2)
})
