import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { balancedKMeans, kMeans, kMeansPlusPlus, nearestCentroids } from './k-means.ts'

/** Points around given centres, `each` of them, deviation 0.1. */
function blobs(centres: readonly (readonly [number, number])[], each: number, seed: string): Float64Array {
  const random = seeded(seed)
  return Float64Array.from(
    Array.from({ length: each }, () =>
      centres.flatMap((centre) => centre.map((c) => c + 0.1 * random.normal())),
    ).flat(),
  )
}

const corners = [
  [0, 0],
  [5, 0],
  [0, 5],
  [5, 5],
] as const

function sizesOf(assignment: Int32Array, k: number): number[] {
  const sizes = new Array<number>(k).fill(0)
  for (const cluster of assignment) sizes[cluster] = (sizes[cluster] ?? 0) + 1
  return sizes
}

describe('kMeans', () => {
  it('finds the clusters that are there, and their means', () => {
    const points = blobs(corners, 50, 'corners')
    for (const seed of [1, 2, 3]) {
      const { assignment, centroids, loss } = kMeans(points, 2, 4, seeded(seed))
      expect(sizesOf(assignment, 4)).toEqual([50, 50, 50, 50])
      // Point i belongs to corner i mod 4, all of a corner to one cluster.
      for (let point = 0; point < 200; point++) expect(assignment[point]).toBe(assignment[point % 4])
      const first = assignment[0] ?? 0
      const mean = (axis: number): number =>
        Array.from({ length: 50 }, (_, at) => points[at * 8 + axis] ?? 0).reduce((sum, x) => sum + x, 0) / 50
      expect(centroids[first * 2]).toBeCloseTo(mean(0), 12)
      expect(centroids[first * 2 + 1]).toBeCloseTo(mean(1), 12)
      expect(loss).toBeLessThan(0.025)
    }
  })

  it('solves a case that can be done by hand', () => {
    const { centroids, loss, assignment } = kMeans(Float64Array.of(0, 1, 10, 11), 1, 2, seeded(2))
    expect([...centroids].sort((a, b) => a - b)).toEqual([0.5, 10.5])
    expect(loss).toBe(0.25)
    expect(assignment[0]).toBe(assignment[1])
  })

  it('never gets worse with more rounds, and gives each point of few its own cluster', () => {
    const random = seeded('noise')
    const points = Float64Array.from({ length: 600 }, () => random.normal())
    const losses = [1, 2, 4, 8, 50].map((maxIterations) => kMeans(points, 3, 8, seeded(3), { maxIterations }).loss)
    losses.forEach((loss, at) => {
      expect(loss).toBeLessThanOrEqual((losses[at - 1] ?? Number.POSITIVE_INFINITY) + 1e-12)
    })
    expect(kMeans(points.slice(0, 12), 3, 4, seeded(3)).loss).toBe(0)
  })

  it('starts empty clusters again at far points', () => {
    // Three centroids may start on the copies of 0; the two lone points must still get their own.
    const points = Float64Array.of(...new Array<number>(20).fill(0), 50, 100)
    for (const seed of [1, 2, 3, 4, 5]) expect(kMeans(points, 1, 3, seeded(seed), { start: 'random' }).loss).toBe(0)
  })

  it('is the same for the same seed, and survives equal points', () => {
    const points = blobs(corners, 10, 'again')
    expect(kMeans(points, 2, 6, seeded(4))).toEqual(kMeans(points, 2, 6, seeded(4)))
    expect(kMeans(new Float64Array(10).fill(3), 2, 3, seeded(4)).loss).toBe(0)
  })

  it('says what is wrong', () => {
    expect(() => kMeans(Float64Array.of(1, 2, 3), 2, 1, seeded(1))).toThrow('3 numbers do not make points of width 2')
    expect(() => kMeans(Float64Array.of(1, 2), 1, 3, seeded(1))).toThrow('k is 3, expected a whole number from 1 to 2')
    expect(() => kMeans(Float64Array.of(1, Number.NaN), 1, 1, seeded(1))).toThrow('number 0 of point 1 is NaN')
  })
})

describe('kMeansPlusPlus', () => {
  it('spreads over clusters that random starts miss', () => {
    const points = blobs(corners, 25, 'spread')
    const covered = (starts: Float64Array): number =>
      new Set(nearestCentroids(starts, corners.flat(), 2).assignment).size
    let [spread, drawn] = [0, 0]
    for (let seed = 0; seed < 40; seed++) {
      spread += Number(covered(kMeansPlusPlus(points, 2, 4, seeded(seed))) === 4)
      drawn += Number(
        covered(kMeans(points, 2, 4, seeded(seed), { start: 'random', maxIterations: 0 }).centroids) === 4,
      )
    }
    expect(spread).toBeGreaterThan(35)
    // Four random points lie in four clusters with probability 4!/4⁴ = 0.094, about.
    expect(drawn).toBeLessThan(12)
  })
})

describe('balancedKMeans', () => {
  it('gives clusters whose sizes differ by at most one, the first ones the larger', () => {
    const random = seeded('sizes')
    for (const [count, k] of [
      [64, 8],
      [67, 8],
      [10, 3],
      [5, 5],
    ] as const) {
      const points = Float64Array.from({ length: count * 3 }, () => random.normal())
      const { assignment } = balancedKMeans(points, 3, k, seeded(count))
      const expected = Array.from({ length: k }, (_, cluster) => Math.floor(count / k) + Number(cluster < count % k))
      expect(sizesOf(assignment, k)).toEqual(expected)
    }
  })

  it('splits a crowd that plain k-means keeps together', () => {
    const points = blobs(
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [9, 9],
      ],
      10,
      'crowd',
    )
    expect(sizesOf(kMeans(points, 2, 2, seeded(1)).assignment, 2).sort()).toEqual([10, 30])
    expect(sizesOf(balancedKMeans(points, 2, 2, seeded(1)).assignment, 2)).toEqual([20, 20])
  })

  it('takes the nearest points in the order of clusters: a round by hand', () => {
    // From centroids 0 and 4 (points 0 and 3): cluster 0 takes 0 and 1, cluster 1 the rest; or the other way round.
    const { assignment, centroids, loss } = balancedKMeans(Float64Array.of(0, 1, 3, 4), 1, 2, seeded(5))
    expect(assignment[0]).toBe(assignment[1])
    expect(assignment[2]).toBe(assignment[3])
    expect([...centroids].sort()).toEqual([0.5, 3.5])
    expect(loss).toBe(0.25)
  })

  it('ends although its rounds may repeat themselves', () => {
    const random = seeded('cycles')
    for (let trial = 0; trial < 20; trial++) {
      const points = Float64Array.from({ length: 2 * 30 }, () => random.normal())
      const limited = balancedKMeans(points, 2, 7, seeded(trial), { maxIterations: 1000 })
      expect(limited.iterations).toBeLessThan(200)
      expect(limited.loss).toBeLessThanOrEqual(balancedKMeans(points, 2, 7, seeded(trial), { maxIterations: 1 }).loss)
    }
  })
})
