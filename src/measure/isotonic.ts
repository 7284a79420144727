/** A function that never falls (or never rises), by its values at some places. */
export interface IsotonicFit {
  /** Places where the function bends, ascending and different. */
  readonly places: Float64Array
  /** Its values there. */
  readonly values: Float64Array
}

export interface IsotonicOptions {
  /** How much each point counts; default 1. */
  readonly weights?: ArrayLike<number>
  /** Whether y rises with x; default true. */
  readonly increasing?: boolean
}

/**
 * The monotone function closest to some points: minimises Σ w·(y − f(x))² by pooling neighbours that are out of order.
 * Points of equal x are merged to their weighted mean first.
 *
 * @throws {RangeError} on unequal lengths, no points, NaN, or weights that are not positive
 * @see Barlow, Bartholomew, Bremner & Brunk (1972), Statistical Inference under Order Restrictions
 * @example
 * const fit = isotonicRegression(scores, outcomes) // turns scores into calibrated probabilities
 * isotonicValue(fit, 0.7)
 */
export function isotonicRegression(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { weights, increasing = true }: IsotonicOptions = {},
): IsotonicFit {
  const size = x.length
  if (y.length !== size) throw new RangeError(`there are ${size} and ${y.length} values, expected as many`)
  if (weights && weights.length !== size)
    throw new RangeError(`there are ${size} values and ${weights.length} weights, expected as many`)
  if (size === 0) throw new RangeError('there are no points, expected at least one')
  for (let i = 0; i < size; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i]))
      throw new RangeError(`point ${i} is (${x[i]}, ${y[i]}), expected finite numbers`)
    const weight = weights?.[i] ?? 1
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight ${i} is ${weight}, expected a finite positive number`)
  }
  const sign = increasing ? 1 : -1
  const order = Int32Array.from({ length: size }, (_, i) => i).sort((i, j) => (x[i] as number) - (x[j] as number))
  interface Block {
    readonly first: number
    readonly last: number
    readonly value: number
    readonly weight: number
  }
  const joined = (left: Block, right: Block): Block => {
    const weight = left.weight + right.weight
    return {
      first: left.first,
      last: right.last,
      weight,
      value: left.value + ((right.value - left.value) * right.weight) / weight,
    }
  }
  const points: Block[] = []
  for (const i of order) {
    const place = x[i] as number
    const point = { first: place, last: place, value: sign * (y[i] as number), weight: weights?.[i] ?? 1 }
    const before = points[points.length - 1]
    if (before?.first === place) points[points.length - 1] = joined(before, point)
    else points.push(point)
  }
  const blocks: Block[] = []
  for (const point of points) {
    let block = point
    for (let before = blocks[blocks.length - 1]; before && before.value >= block.value; before = blocks.at(-1)) {
      blocks.pop()
      block = joined(before, block)
    }
    blocks.push(block)
  }
  const bends = blocks.flatMap(({ first, last, value }) =>
    first === last
      ? [{ place: first, value }]
      : [
          { place: first, value },
          { place: last, value },
        ],
  )
  return {
    places: Float64Array.from(bends, ({ place }) => place),
    values: Float64Array.from(bends, ({ value }) => sign * value),
  }
}

/** The function at a place: linear between bends, constant beyond them. */
export function isotonicValue({ places, values }: IsotonicFit, x: number): number {
  if (Number.isNaN(x)) return Number.NaN
  let [low, high] = [0, places.length - 1]
  if (x <= (places[low] as number)) return values[low] as number
  if (x >= (places[high] as number)) return values[high] as number
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((places[middle] as number) <= x) low = middle
    else high = middle
  }
  const [left, right] = [places[low] as number, places[high] as number]
  const [from, to] = [values[low] as number, values[high] as number]
  return from + ((to - from) * (x - left)) / (right - left)
}
