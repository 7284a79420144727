import { expect, it } from 'vitest'
import { silhouette } from './silhouette.ts'

it('is the mean of (b − a)/max(a, b), worked out by hand', () => {
  // 0, 1 | 4, 6. Point 0: a 1, b 5. Point 1: a 1, b 4. Point 4: a 2, b 3.5. Point 6: a 2, b 5.5.
  const expected = (4 / 5 + 3 / 4 + 1.5 / 3.5 + 3.5 / 5.5) / 4
  expect(silhouette(Float64Array.of(0, 1, 4, 6), 1, [0, 0, 1, 1])).toBeCloseTo(expected, 12)
})

it('counts 0 for a point alone, and passes over clusters without points', () => {
  // 0, 1 | 4. Point 0: a 1, b 4; point 1: a 1, b 3.
  expect(silhouette(Float64Array.of(0, 1, 4), 1, [0, 0, 2])).toBeCloseTo((3 / 4 + 2 / 3) / 3, 12)
})

it('is below 0 where points lie nearer to others, and 0 where all are alike', () => {
  expect(silhouette(Float64Array.of(0, 4, 1, 5), 1, [0, 0, 1, 1])).toBeLessThan(0)
  expect(silhouette(new Float64Array(4), 1, [0, 0, 1, 1])).toBe(0)
})

it('refuses one cluster, and sizes that differ', () => {
  expect(() => silhouette(Float64Array.of(1, 2), 1, [0, 0])).toThrow('one cluster')
  expect(() => silhouette(Float64Array.of(1, 2, 3), 2, [0, 1])).toThrow('2 points of width 2')
})
