import { mean } from './moments.ts'

function sameLength(x: ArrayLike<number>, y: ArrayLike<number>, atLeast: number): void {
  if (x.length !== y.length) throw new RangeError(`there are ${x.length} and ${y.length} values, expected as many`)
  if (x.length < atLeast) throw new RangeError(`there are ${x.length} values, expected at least ${atLeast}`)
}

/** Positions in ascending order of value. @throws {RangeError} on NaN */
function ascending(values: ArrayLike<number>): Int32Array {
  for (let i = 0; i < values.length; i++)
    if (Number.isNaN(values[i])) throw new RangeError(`value ${i} is NaN, expected a number`)
  return Int32Array.from({ length: values.length }, (_, i) => i).sort((i, j) => {
    const [x, y] = [values[i] as number, values[j] as number]
    return x < y ? -1 : x > y ? 1 : 0
  })
}

/**
 * Ranks from 1 for the smallest value; equal values share the mean of their places.
 *
 * @throws {RangeError} on NaN
 * @example
 * midranks([10, 30, 10]) // [1.5, 3, 1.5]
 */
export function midranks(values: ArrayLike<number>): Float64Array {
  const order = ascending(values)
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let k = from; k < to; k++) ranks[order[k] as number] = (from + 1 + to) / 2
    from = to
  }
  return ranks
}

/** Number of pairs within runs of equal values of a sorted sequence, and of pairs that are equal in both. */
function tiedPairs(sorted: Int32Array, equal: (i: number, j: number) => boolean): number {
  let pairs = 0
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1
    while (to < sorted.length && equal(sorted[from] as number, sorted[to] as number)) to++
    pairs += ((to - from) * (to - from - 1)) / 2
    from = to
  }
  return pairs
}

/** Pairs in the wrong order, counted by merging; sorts `values` on the way. */
function inversions(values: Float64Array): number {
  let swaps = 0
  let from: Float64Array = values
  let to: Float64Array = new Float64Array(values.length)
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length)
      const end = Math.min(start + 2 * width, values.length)
      let [left, right] = [start, middle]
      for (let k = start; k < end; k++) {
        if (left < middle && (right >= end || (from[left] as number) <= (from[right] as number)))
          to[k] = from[left++] as number
        else {
          swaps += middle - left
          to[k] = from[right++] as number
        }
      }
    }
    ;[from, to] = [to, from]
  }
  return swaps
}

/**
 * Kendall's τ-b: (concordant − discordant) / √((pairs − ties in x)(pairs − ties in y)). NaN when either has no two
 * different values. In O(n log n) (Knight 1966).
 *
 * @throws {RangeError} on unequal lengths, fewer than two values, or NaN
 * @example
 * kendallTau([1, 2, 3], [1, 3, 2]) // 1/3
 */
export function kendallTau(x: ArrayLike<number>, y: ArrayLike<number>): number {
  sameLength(x, y, 2)
  const yRanks = midranks(y)
  const order = ascending(x).sort((i, j) => {
    const [a, b] = [x[i] as number, x[j] as number]
    return a < b ? -1 : a > b ? 1 : (yRanks[i] as number) - (yRanks[j] as number)
  })
  const pairs = (x.length * (x.length - 1)) / 2
  const tiedX = tiedPairs(order, (i, j) => x[i] === x[j])
  const tiedBoth = tiedPairs(order, (i, j) => x[i] === x[j] && y[i] === y[j])
  const tiedY = tiedPairs(ascending(y), (i, j) => y[i] === y[j])
  const discordant = inversions(Float64Array.from(order, (i) => yRanks[i] as number))
  const concordant = pairs - tiedX - tiedY + tiedBoth - discordant
  return (concordant - discordant) / Math.sqrt((pairs - tiedX) * (pairs - tiedY))
}

/**
 * Pearson's correlation. NaN when either has no spread.
 *
 * @throws {RangeError} on unequal lengths or fewer than two values
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  sameLength(x, y, 2)
  const [meanX, meanY] = [mean(x), mean(y)]
  let [xx, xy, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [(x[i] as number) - meanX, (y[i] as number) - meanY]
    xx += dx * dx
    xy += dx * dy
    yy += dy * dy
  }
  // One root of the product is exactly 1 for equal columns; two roots keep large and small numbers in range.
  const product = Math.sqrt(xx * yy)
  return product > 0 && product < Number.POSITIVE_INFINITY ? xy / product : xy / Math.sqrt(xx) / Math.sqrt(yy)
}

/**
 * Spearman's ρ: Pearson's correlation of the midranks, which is right with ties too.
 *
 * @throws {RangeError} on unequal lengths, fewer than two values, or NaN
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(midranks(x), midranks(y))
}

/** Share of predictions equal to their label. @throws {RangeError} on unequal lengths or none */
export function accuracy(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  sameLength(predictions, labels, 1)
  let right = 0
  for (let i = 0; i < labels.length; i++) if (predictions[i] === labels[i]) right++
  return right / labels.length
}

export interface PairAccuracy {
  /** Share of the decided pairs on the right side of ½; a probability of exactly ½ counts half. NaN without any. */
  readonly decided: number
  /** Share right over all pairs: ties are right when |p − ½| is at most the margin, decided pairs when beyond it. */
  readonly withTies: number
}

/**
 * Accuracy of P(a preferred to b) against what people said, with and without ties.
 *
 * @param outcomes 1 when a was preferred, ½ for a tie, 0 when b was
 * @param margin how far from ½ a probability still says "tie". Default 0.05
 * @throws {RangeError} on other outcomes, unequal lengths or none
 * @see 3DGen-Bench (arXiv 2503.21745), agreement of automatic evaluators with people
 */
export function pairAccuracy(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  margin = 0.05,
): PairAccuracy {
  sameLength(probabilities, outcomes, 1)
  let [decided, right, rightWithTies] = [0, 0, 0]
  for (let i = 0; i < outcomes.length; i++) {
    const lean = (probabilities[i] as number) - 0.5
    const outcome = outcomes[i] as number
    if (outcome !== 0 && outcome !== 0.5 && outcome !== 1)
      throw new RangeError(`outcome ${i} is ${outcome}, expected 0, ½ or 1`)
    if (outcome === 0.5) {
      if (Math.abs(lean) <= margin) rightWithTies++
      continue
    }
    decided++
    const towards = (outcome - 0.5) * lean
    right += towards > 0 ? 1 : towards === 0 ? 0.5 : 0
    if (towards > 0 && Math.abs(lean) > margin) rightWithTies++
  }
  return { decided: right / decided, withTies: rightWithTies / outcomes.length }
}
