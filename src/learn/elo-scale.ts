/** The scale on which strengths are shown. */
export interface EloScale {
  /** Points that make the odds `base` to one. Default 400. */
  readonly scale?: number
  /** Default 10. */
  readonly base?: number
  /** The rating of strength 0, which is the mean strength. Default 1000. */
  readonly initial?: number
}

/** Points per unit of natural-log odds: scale / ln base, 173.7178 by default. */
export function pointsPerLogOdds({ scale = 400, base = 10 }: EloScale = {}): number {
  return scale / Math.log(base)
}

/**
 * R = initial + (scale / ln base)·θ: natural-log odds to points.
 *
 * @see Elo (1978); 400 points, base 10 and 1000 as in Chatbot Arena, Search Arena and Music Arena
 */
export function eloRatings(strengths: Float64Array, scale: EloScale = {}): Float64Array {
  const points = pointsPerLogOdds(scale)
  return strengths.map((strength) => (scale.initial ?? 1000) + points * strength)
}

/**
 * rank(m) = 1 + how many others' lower ends lie above m's upper end. Not a permutation: competitors whose intervals
 * overlap can share a rank.
 *
 * @throws {RangeError} when there are not as many upper as lower ends
 */
export function ranksFromIntervals(lower: ArrayLike<number>, upper: ArrayLike<number>): Int32Array {
  if (lower.length !== upper.length)
    throw new RangeError(`there are ${lower.length} lower and ${upper.length} upper ends, expected as many`)
  const sorted = Float64Array.from(lower).sort()
  return Int32Array.from({ length: upper.length }, (_, i) => {
    const end = upper[i] as number
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] as number) > end) high = middle
      else low = middle + 1
    }
    return 1 + sorted.length - low
  })
}
