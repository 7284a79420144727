import { expect, it } from 'vitest'
import { timeLeft } from './progress.ts'

it.each([
  [10_000, 0.5, '10 s left'],
  [1_000, 0.1, '9 s left'],
  [60_000, 0.25, '3 min left'],
  [3_600_000, 0.25, '3.0 h left'],
  [5_000, 0.001, ''],
  [5_000, 1, ''],
])('after %i ms with a share of %f done says %j', (elapsed, share, words) =>
  expect(timeLeft(elapsed, share)).toBe(words),
)
