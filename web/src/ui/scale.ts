/**
 * Round numbers that divide a range into about `count` parts: the steps of 1, 2 or 5 times a power of ten that come
 * nearest to it, on a logarithmic scale.
 */
export function ticks(low: number, high: number, count: number): readonly number[] {
  if (!(high > low) || count < 1) return []
  const raw = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const part = raw / power
  const step = (part >= Math.sqrt(50) ? 10 : part >= Math.sqrt(10) ? 5 : part >= Math.sqrt(2) ? 2 : 1) * power
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step)
}

/** Something estimated, with the ends of its interval. */
export interface Estimate {
  readonly value: number
  readonly lower: number
  readonly upper: number
}

/** Beyond this many interquartile ranges outside the quartiles a value is an outlier. */
const fence = 3
/** Among fewer estimates than this none is an outlier. */
const outliersFrom = 12

/** The values without outliers. */
function central(values: readonly number[]): readonly number[] {
  if (values.length < outliersFrom) return values
  const inOrder = values.toSorted((a, b) => a - b)
  const at = (share: number): number => inOrder[Math.round(share * (inOrder.length - 1))] ?? 0
  const [low, high] = [at(0.25), at(0.75)]
  const reach = fence * (high - low)
  return reach > 0 ? values.filter((value) => value >= low - reach && value <= high + reach) : values
}

/**
 * The range in which estimates are drawn, so that one of them cannot squeeze all others together. It holds all values
 * but outliers (more than three interquartile ranges outside the quartiles), and interval ends as far as they lie within
 * 35 % of the values' own range beyond it: who has never lost has an interval without bounds.
 *
 * @param include values that must lie in the range whatever they are
 */
export function rangeOf(estimates: readonly Estimate[], include: readonly number[] = []): readonly [number, number] {
  const values = [...central(estimates.map(({ value }) => value)), ...include]
  if (values.length === 0) return [0, 1]
  const low = Math.min(...values)
  const high = Math.max(...values)
  const drawn = estimates.filter(({ value }) => value >= low && value <= high)
  const widest = Math.max(...drawn.map(({ lower, upper }) => upper - lower), 1e-9)
  const reach = high > low ? (high - low) * 0.35 : widest
  const from = Math.max(low - reach, Math.min(low, ...drawn.map(({ lower }) => lower)))
  const to = Math.min(high + reach, Math.max(high, ...drawn.map(({ upper }) => upper)))
  const margin = (to - from || 1) * 0.02
  return [from - margin, to + margin]
}

/** Where a value lies in a range, in per cent. */
export const placeIn = (value: number, [low, high]: readonly [number, number]): number =>
  ((value - low) / (high - low)) * 100
