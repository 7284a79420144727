import type { Random } from '../../run/index.ts'

export interface Clustering {
  /** [k · width] */
  readonly centroids: Float64Array
  /** [points]: the cluster of each */
  readonly assignment: Int32Array
  /** Mean squared distance of the points to their centroids. */
  readonly loss: number
  /** Rounds until the assignment stood still, or until the limit. */
  readonly iterations: number
}

export interface KMeansOptions {
  /** How centroids start: far apart (`k-means++`, default) or at points drawn at random. */
  readonly start?: 'k-means++' | 'random'
  /** Default 50. */
  readonly maxIterations?: number
}

export type Points = Float32Array | Float64Array

function countOf(name: string, points: Points, width: number, k: number): number {
  if (!(Number.isInteger(width) && width >= 1) || points.length % width !== 0)
    throw new RangeError(`${name}: ${points.length} numbers do not make points of width ${width}`)
  const count = points.length / width
  if (!(Number.isInteger(k) && k >= 1 && k <= count))
    throw new RangeError(`${name}: k is ${k}, expected a whole number from 1 to ${count}, the number of points`)
  const broken = points.findIndex((number) => !Number.isFinite(number))
  if (broken >= 0)
    throw new RangeError(
      `${name}: number ${broken % width} of point ${Math.floor(broken / width)} is ${points[broken]}`,
    )
  return count
}

function squaredDistance(a: ArrayLike<number>, at: number, b: ArrayLike<number>, from: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) {
    const difference = (a[at + i] as number) - (b[from + i] as number)
    sum += difference * difference
  }
  return sum
}

/** Centroids at different points, drawn at random. */
function randomStart(points: Points, width: number, k: number, count: number, random: Random): Float64Array {
  const order = random.shuffle(Array.from({ length: count }, (_, point) => point)).slice(0, k)
  return Float64Array.from(order.flatMap((point) => Array.from(points.subarray(point * width, (point + 1) * width))))
}

/**
 * k-means++ (Arthur & Vassilvitskii 2007): the first centroid is any point, every further one is drawn with probability
 * in proportion to its squared distance from the nearest so far.
 *
 * @param points [n · width]
 * @returns [k · width]
 */
export function kMeansPlusPlus(points: Points, width: number, k: number, random: Random): Float64Array {
  const count = countOf('kMeansPlusPlus', points, width, k)
  const centroids = new Float64Array(k * width)
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  for (let cluster = 0; cluster < k; cluster++) {
    // When every point lies on a centroid the weights are gone; any point is then as good.
    const chosen = cluster > 0 && nearest.some((far) => far > 0) ? random.weighted(nearest) : random.integer(count)
    centroids.set(points.subarray(chosen * width, (chosen + 1) * width), cluster * width)
    for (let point = 0; point < count; point++)
      nearest[point] = Math.min(
        nearest[point] ?? 0,
        squaredDistance(points, point * width, centroids, cluster * width, width),
      )
  }
  return centroids
}

/**
 * The nearest centroid of each point; of equally near ones the first.
 *
 * @param points [n · width]
 * @param centroids [k · width]
 */
export function nearestCentroids(
  points: Points,
  centroids: ArrayLike<number>,
  width: number,
): { readonly assignment: Int32Array; readonly distances: Float64Array } {
  const count = points.length / width
  const [assignment, distances] = [new Int32Array(count), new Float64Array(count)]
  for (let point = 0; point < count; point++) {
    let [best, least] = [0, Number.POSITIVE_INFINITY]
    for (let from = 0; from < centroids.length; from += width) {
      const distance = squaredDistance(points, point * width, centroids, from, width)
      if (distance < least) {
        best = from / width
        least = distance
      }
    }
    assignment[point] = best
    distances[point] = least
  }
  return { assignment, distances }
}

/** Moves centroids to the means of their points and returns how many points each has; empty ones stay. */
function moveToMeans(points: Points, assignment: Int32Array, centroids: Float64Array, width: number): Int32Array {
  const sizes = new Int32Array(centroids.length / width)
  const sums = new Float64Array(centroids.length)
  for (const [point, cluster] of assignment.entries()) {
    sizes[cluster] = (sizes[cluster] ?? 0) + 1
    for (let i = 0; i < width; i++) (sums[cluster * width + i] as number) += points[point * width + i] as number
  }
  for (const [cluster, size] of sizes.entries())
    if (size > 0)
      for (let i = 0; i < width; i++) centroids[cluster * width + i] = (sums[cluster * width + i] ?? 0) / size
  return sizes
}

function meanOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

/**
 * k-means (Lloyd 1982): points to their nearest centroid, centroids to the mean of their points, until nothing moves. A
 * cluster that loses all its points starts again at the point farthest from its own centroid.
 *
 * @param points [n · width], row by row
 * @throws {RangeError} unless k is from 1 to n, or when a number is not finite
 * @example
 * kMeans(Float64Array.of(0, 1, 10, 11), 1, 2, seeded(1)).centroids // 0.5 and 10.5 in some order
 */
export function kMeans(
  points: Points,
  width: number,
  k: number,
  random: Random,
  options: KMeansOptions = {},
): Clustering {
  const { start = 'k-means++', maxIterations = 50 } = options
  const count = countOf('kMeans', points, width, k)
  const centroids =
    start === 'random' ? randomStart(points, width, k, count, random) : kMeansPlusPlus(points, width, k, random)
  let { assignment, distances } = nearestCentroids(points, centroids, width)
  let iterations = 0
  while (iterations < maxIterations) {
    iterations++
    const sizes = moveToMeans(points, assignment, centroids, width)
    let next = nearestCentroids(points, centroids, width)
    const empty = sizes.indexOf(0)
    if (empty >= 0) {
      const farthest = next.distances.reduce(
        (best, far, point) => (far > (next.distances[best] ?? 0) ? point : best),
        0,
      )
      centroids.set(points.subarray(farthest * width, (farthest + 1) * width), empty * width)
      next = nearestCentroids(points, centroids, width)
    }
    const settled = empty < 0 && next.assignment.every((cluster, point) => cluster === assignment[point])
    ;({ assignment, distances } = next)
    if (settled) break
  }
  return { centroids, assignment, loss: meanOf(distances), iterations }
}

/** Puts the `count` smallest by (distance, index) first among places from `low` on (Hoare's selection). */
function selectNearest(order: Int32Array, distances: Float64Array, from: number, count: number): void {
  const before = (a: number, b: number): boolean => {
    const difference = (distances[a] as number) - (distances[b] as number)
    return difference < 0 || (difference === 0 && a < b)
  }
  let [low, high] = [from, order.length - 1]
  const last = from + count - 1
  while (low < high) {
    const pivot = order[(low + high) >> 1] as number
    let [i, j] = [low, high]
    while (i <= j) {
      while (before(order[i] as number, pivot)) i++
      while (before(pivot, order[j] as number)) j--
      if (i > j) break
      const held = order[i] as number
      order[i++] = order[j] as number
      order[j--] = held
    }
    if (last <= j) high = j
    else if (last >= i) low = i
    else return
  }
}

/** One round of greedy balanced assignment: each cluster in turn takes the nearest points that are left. */
function balancedAssignment(points: Points, centroids: Float64Array, width: number, k: number): Int32Array {
  const count = points.length / width
  const assignment = new Int32Array(count)
  const order = Int32Array.from({ length: count }, (_, point) => point)
  const distances = new Float64Array(count)
  let from = 0
  for (let cluster = 0; cluster < k; cluster++) {
    const size = Math.floor(count / k) + Number(cluster < count % k)
    for (let at = from; at < count; at++) {
      const point = order[at] as number
      distances[point] = squaredDistance(points, point * width, centroids, cluster * width, width)
    }
    selectNearest(order, distances, from, size)
    for (let at = from; at < from + size; at++) assignment[order[at] as number] = cluster
    from += size
  }
  return assignment
}

/** A short text that equal assignments share, and others almost surely do not. */
function fingerprint(assignment: Int32Array): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9]
  for (const cluster of assignment) {
    a = Math.imul(a ^ cluster, 0x01000193)
    b = Math.imul(b + cluster + 1, 0x85ebca6b) ^ (b >>> 13)
  }
  return `${a >>> 0}/${b >>> 0}`
}

/**
 * Balanced k-means (Deng et al. 2025, arXiv 2502.18965, algorithm 1): each cluster in turn takes the ⌊n/k⌋ nearest of
 * the points left, the first n mod k clusters one more; then centroids move to their means, until the assignment stands
 * still. Later clusters take what is left, so the loss may rise from round to round; when the rounds repeat themselves or
 * the limit is reached, the best round is the result.
 *
 * @param points [n · width], row by row
 * @returns clusters whose sizes differ by at most 1; a point is not always in the cluster of its nearest centroid
 */
export function balancedKMeans(
  points: Points,
  width: number,
  k: number,
  random: Random,
  options: KMeansOptions = {},
): Clustering {
  const { start = 'random', maxIterations = 50 } = options
  const count = countOf('balancedKMeans', points, width, k)
  const centroids =
    start === 'random' ? randomStart(points, width, k, count, random) : kMeansPlusPlus(points, width, k, random)
  const seen = new Set<string>()
  let best: Clustering | undefined
  for (let iterations = 1; iterations <= Math.max(1, maxIterations); iterations++) {
    const assignment = balancedAssignment(points, centroids, width, k)
    moveToMeans(points, assignment, centroids, width)
    let loss = 0
    for (const [point, cluster] of assignment.entries())
      loss += squaredDistance(points, point * width, centroids, cluster * width, width) / count
    const known = fingerprint(assignment)
    best =
      best === undefined || loss < best.loss
        ? { centroids: centroids.slice(), assignment, loss, iterations }
        : { ...best, iterations }
    if (seen.has(known)) break
    seen.add(known)
  }
  return best as Clustering
}
