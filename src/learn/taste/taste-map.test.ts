import { expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { tasteMap } from './taste-map.ts'

it('projects on the two directions of most variance, and says how much they show', () => {
  // A cross: variances 8, 2 and ½ along the axes, in the order second, first, third.
  const points = Float64Array.of(0, 4, 0, 0, -4, 0, 2, 0, 0, -2, 0, 0, 0, 0, 1, 0, 0, -1)
  const { places, shares, axes, clusters } = tasteMap(points, 3, startRun(), { clusters: [] })
  const total = 32 + 8 + 2
  expect(shares[0]).toBeCloseTo(32 / total, 10)
  expect(shares[1]).toBeCloseTo(8 / total, 10)
  expect([...axes[0]].map((x) => Math.round(x * 1e6) / 1e6 + 0)).toEqual([0, 1, 0])
  expect([...places.slice(0, 6)].map((x) => Math.round(x * 1e6) / 1e6 + 0)).toEqual([4, 0, -4, 0, 0, 2])
  expect(clusters).toBe(1)
})

it('finds as many clusters as there are, the largest first', () => {
  const random = startRun({ seed: 3 }).random('points')
  const around = (x: number, y: number, count: number): number[] =>
    Array.from({ length: count }, () => [x + 0.2 * random.normal(), y + 0.2 * random.normal()]).flat()
  const points = Float64Array.from([...around(0, 0, 10), ...around(5, 0, 30), ...around(0, 5, 20)])
  const { assignment, clusters, silhouette } = tasteMap(points, 2, startRun())
  expect(clusters).toBe(3)
  expect([assignment[0], assignment[10], assignment[40]]).toEqual([2, 0, 1])
  expect(new Set(assignment.slice(10, 40)).size).toBe(1)
  expect(silhouette).toBeGreaterThan(0.9)
})

it('is a line where there is one column, and a point where all are alike', () => {
  expect(tasteMap(Float64Array.of(1, 2, 3), 1, startRun()).places).toEqual(Float64Array.of(-1, 0, 0, 0, 1, 0))
  const same = tasteMap(Float64Array.of(1, 1, 1, 1, 1, 1), 2, startRun())
  expect(same.shares).toEqual([0, 0])
  expect(() => tasteMap(new Float64Array(0), 2, startRun())).toThrow('no points')
})
