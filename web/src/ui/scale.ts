/** Round numbers that divide a range into about `count` parts: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count: number): readonly number[] {
  if (!(high > low) || count < 1) return []
  const raw = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step)
}

/** Something estimated, with the ends of its interval. */
export interface Estimate {
  readonly value: number
  readonly lower: number
  readonly upper: number
}

/**
 * The range in which estimates are drawn. It holds all values, and interval ends as far as they lie within 60 % of the
 * values' own range beyond it: one who has never lost has an interval so wide that nothing else could be seen.
 */
export function rangeOf(estimates: readonly Estimate[], include: readonly number[] = []): readonly [number, number] {
  const values = [...estimates.map(({ value }) => value), ...include]
  if (values.length === 0) return [0, 1]
  const low = Math.min(...values)
  const high = Math.max(...values)
  const widest = Math.max(...estimates.map(({ lower, upper }) => upper - lower), 1e-9)
  const reach = high > low ? (high - low) * 0.6 : widest
  const from = Math.max(low - reach, Math.min(low, ...estimates.map(({ lower }) => lower)))
  const to = Math.min(high + reach, Math.max(high, ...estimates.map(({ upper }) => upper)))
  const margin = (to - from || 1) * 0.02
  return [from - margin, to + margin]
}

/** Where a value lies in a range, in per cent. */
export const placeIn = (value: number, [low, high]: readonly [number, number]): number =>
  ((value - low) / (high - low)) * 100
