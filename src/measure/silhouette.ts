/**
 * How well points lie in their clusters: the mean of (b − a)/max(a, b), a the mean distance to the others of the own
 * cluster and b that to the nearest other cluster. 1 is far apart, 0 no apart at all; a point alone counts 0.
 *
 * @param points `[n · width]`
 * @param assignment `[n]`: the cluster of each, from 0
 * @throws {RangeError} when sizes differ or there are not two clusters with points
 * @see Rousseeuw (1987), "Silhouettes", Journal of Computational and Applied Mathematics 20, 53–65
 */
export function silhouette(points: Float64Array, width: number, assignment: ArrayLike<number>): number {
  const count = assignment.length
  if (points.length !== count * width)
    throw new RangeError(`${points.length} numbers do not make ${count} points of width ${width}`)
  const clusters = Math.max(...Array.from(assignment)) + 1
  const sizes = new Int32Array(clusters)
  for (let i = 0; i < count; i++) sizes[assignment[i] as number] = (sizes[assignment[i] as number] as number) + 1
  if (sizes.filter((size) => size > 0).length < 2) throw new RangeError('there is one cluster, expected at least two')
  const sums = new Float64Array(clusters)
  let total = 0
  for (let i = 0; i < count; i++) {
    const own = assignment[i] as number
    if (sizes[own] === 1) continue
    sums.fill(0)
    for (let j = 0; j < count; j++) {
      let square = 0
      for (let k = 0; k < width; k++)
        square += ((points[i * width + k] as number) - (points[j * width + k] as number)) ** 2
      const other = assignment[j] as number
      sums[other] = (sums[other] as number) + Math.sqrt(square)
    }
    const a = (sums[own] as number) / ((sizes[own] as number) - 1)
    let b = Number.POSITIVE_INFINITY
    for (let c = 0; c < clusters; c++)
      if (c !== own && (sizes[c] as number) > 0) b = Math.min(b, (sums[c] as number) / (sizes[c] as number))
    total += a === 0 && b === 0 ? 0 : (b - a) / Math.max(a, b)
  }
  return total / count
}
