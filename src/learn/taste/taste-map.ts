import { silhouette, symmetricEigen } from '../../measure/index.ts'
import { kMeans } from '../../nets/index.ts'
import type { Run } from '../../run/index.ts'

export interface TasteMapOptions {
  /** Numbers of clusters to try. Default 2 to 6. */
  readonly clusters?: readonly number[]
  /** Starts of k-means for each. Default 5. */
  readonly starts?: number
}

export interface TasteMap {
  /** `[points · 2]` */
  readonly places: Float64Array
  /** `[width]`: what is taken from a point before it is projected. */
  readonly centre: Float64Array
  /** The two directions, each of length 1, `[width]`; the second is 0 where there is none. */
  readonly axes: readonly [Float64Array, Float64Array]
  /** Shares of the variance that the axes show. */
  readonly shares: readonly [number, number]
  /** `[points]`: from 0, the largest cluster first. All 0 where there are too few points. */
  readonly assignment: Int32Array
  readonly clusters: number
  /** Mean silhouette of these clusters over the whole vectors; 0 where there is one. */
  readonly silhouette: number
}

/**
 * A flat map of points, and clusters of them: the first two principal components, and k-means in all dimensions for the
 * number of clusters whose silhouette is largest.
 *
 * @param points `[n · width]`
 * @throws {RangeError} without points
 */
export function tasteMap(
  points: Float64Array,
  width: number,
  run: Pick<Run, 'random'>,
  { clusters = [2, 3, 4, 5, 6], starts = 5 }: TasteMapOptions = {},
): TasteMap {
  const count = points.length / width
  if (count < 1) throw new RangeError('there are no points to draw a map of')
  const centre = Float64Array.from({ length: width }, (_, k) => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += points[i * width + k] as number
    return sum / count
  })
  const covariance = new Float64Array(width * width)
  for (let i = 0; i < count; i++)
    for (let k = 0; k < width; k++) {
      const x = (points[i * width + k] as number) - (centre[k] as number)
      for (let l = 0; l <= k; l++)
        covariance[k * width + l] =
          (covariance[k * width + l] as number) +
          (x * ((points[i * width + l] as number) - (centre[l] as number))) / count
    }
  const { values, vectors } = symmetricEigen(covariance, width)
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  const axis = (k: number): Float64Array => {
    if (k >= width) return new Float64Array(width)
    const vector = vectors.slice(k * width, (k + 1) * width)
    const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
    return largest < 0 ? vector.map((value) => -value) : vector
  }
  const axes = [axis(0), axis(1)] as const
  const share = (k: number): number => (total > 0 ? Math.max(0, values[k] ?? 0) / total : 0)
  const places = Float64Array.from({ length: count * 2 }, (_, at) => {
    const i = Math.floor(at / 2)
    return (axes[at % 2] as Float64Array).reduce(
      (sum, value, k) => sum + value * ((points[i * width + k] as number) - (centre[k] as number)),
      0,
    )
  })
  return { places, centre, axes, shares: [share(0), share(1)], ...grouped(points, width, run, clusters, starts) }
}

function grouped(
  points: Float64Array,
  width: number,
  run: Pick<Run, 'random'>,
  clusters: readonly number[],
  starts: number,
): Pick<TasteMap, 'assignment' | 'clusters' | 'silhouette'> {
  const count = points.length / width
  let best = { assignment: new Int32Array(count), clusters: 1, silhouette: 0 }
  for (const k of clusters) {
    if (k < 2 || k * 3 > count) continue
    const random = run.random(`clusters/${k}`)
    const tries = Array.from({ length: starts }, (_, start) => kMeans(points, width, k, random.fork(start)))
    const { assignment } = tries.reduce((least, one) => (one.loss < least.loss ? one : least))
    if (new Set(assignment).size < 2) continue
    const score = silhouette(points, width, assignment)
    if (score > best.silhouette) best = { assignment: Int32Array.from(assignment), clusters: k, silhouette: score }
  }
  const sizes = new Int32Array(best.clusters)
  for (const cluster of best.assignment) sizes[cluster] = (sizes[cluster] as number) + 1
  const order = Array.from(sizes, (_, k) => k).sort((a, b) => (sizes[b] as number) - (sizes[a] as number))
  const place = order.map((_, k) => order.indexOf(k))
  return { ...best, assignment: best.assignment.map((cluster) => place[cluster] as number) }
}
