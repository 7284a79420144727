/**
 * Metrics of one ranked list. `hits` is what the list holds, best place first: 1 where the item is relevant, 0 where it
 * is not; a list shorter than k is as if the rest were not relevant. `relevant` is how many relevant items there are in
 * all, also outside the list. Averages over users are taken over those with relevant items.
 */

function assertCutoff(k: number): void {
  if (!(Number.isInteger(k) && k >= 1))
    throw new RangeError(`the cut-off is ${k}, expected a whole number of at least 1`)
}

function assertRelevant(relevant: number): void {
  if (!(relevant >= 1)) throw new RangeError(`there are ${relevant} relevant items, expected at least 1`)
}

/** Hits among the first k. */
function hitCount(hits: ArrayLike<number>, k: number): number {
  assertCutoff(k)
  let count = 0
  for (let at = 0; at < Math.min(k, hits.length); at++) if (hits[at] !== 0) count++
  return count
}

/** 1 / log₂(place + 1) for place 1, 2, …: what a hit at a place is worth. */
export function rankDiscount(place: number): number {
  return 1 / Math.log2(place + 1)
}

/**
 * Whether each item of a ranking is relevant.
 *
 * @example
 * const hits = hitsOf([4, 7, 1], [1, 4]) // [1, 0, 1]
 * ndcgAt(hits, 2, 3) // (1 + 1/2) / (1 + 1/log₂ 3)
 */
export function hitsOf(ranked: ArrayLike<number>, relevant: Iterable<number>): Uint8Array {
  const wanted = new Set(relevant)
  return Uint8Array.from(ranked, (item) => (wanted.has(item) ? 1 : 0))
}

/** Share of the relevant items that are among the first k. @throws {RangeError} when there is none, or k is below 1 */
export function recallAt(hits: ArrayLike<number>, relevant: number, k: number): number {
  assertRelevant(relevant)
  return hitCount(hits, k) / relevant
}

/** Share of the first k places that hold a relevant item; k counts whole even where the list is shorter. */
export function precisionAt(hits: ArrayLike<number>, k: number): number {
  return hitCount(hits, k) / k
}

/** 1 when a relevant item is among the first k, else 0. */
export function hitAt(hits: ArrayLike<number>, k: number): number {
  return hitCount(hits, k) > 0 ? 1 : 0
}

/** 2PR / (P + R) of precision and recall; 0 without a hit. */
export function f1At(hits: ArrayLike<number>, relevant: number, k: number): number {
  const [precision, recall] = [precisionAt(hits, k), recallAt(hits, relevant, k)]
  return precision === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}

/** 1 / the place of the first hit; 0 when it is not among the first k. Its mean is the MRR. */
export function reciprocalRankAt(hits: ArrayLike<number>, k: number): number {
  assertCutoff(k)
  for (let at = 0; at < Math.min(k, hits.length); at++) if (hits[at] !== 0) return 1 / (at + 1)
  return 0
}

/** Precision at each hit among the first k, summed, by min(relevant, k). Its mean is the MAP. */
export function averagePrecisionAt(hits: ArrayLike<number>, relevant: number, k: number): number {
  assertCutoff(k)
  assertRelevant(relevant)
  let [sum, count] = [0, 0]
  for (let at = 0; at < Math.min(k, hits.length); at++) if (hits[at] !== 0) sum += ++count / (at + 1)
  return sum / Math.min(relevant, k)
}

/**
 * Discounted cumulative gain of the first k: Σ gain / log₂(place + 1).
 *
 * @param gains of the items in the order of the list; 0 and 1 for plain hits, 2^grade − 1 for exponential gain
 */
export function dcgAt(gains: ArrayLike<number>, k: number): number {
  assertCutoff(k)
  let sum = 0
  for (let at = 0; at < Math.min(k, gains.length); at++) sum += (gains[at] ?? 0) * rankDiscount(at + 1)
  return sum
}

/** The largest DCG that k places can have: with `relevant` items of gain 1, Σ_{r ≤ min(relevant, k)} 1 / log₂(r + 1). */
export function idealDcgAt(relevant: number, k: number): number {
  assertCutoff(k)
  let sum = 0
  for (let place = 1; place <= Math.min(relevant, k); place++) sum += rankDiscount(place)
  return sum
}

/** DCG by the DCG of a list that has the relevant items first: the standard NDCG of binary relevance. */
export function ndcgAt(hits: ArrayLike<number>, relevant: number, k: number): number {
  assertRelevant(relevant)
  return dcgAt(hits, k) / idealDcgAt(relevant, k)
}

/**
 * DCG by the DCG of the same hits moved to the front; 0 without a hit. It says how early the hits come, not how many of
 * the relevant there are, and is much larger than {@link ndcgAt}; some published tables hold it under the name NDCG.
 *
 * @see NGCF (arXiv 1905.08108) and its code
 */
export function ndcgHitIdealAt(hits: ArrayLike<number>, k: number): number {
  const count = hitCount(hits, k)
  return count === 0 ? 0 : dcgAt(hits, k) / idealDcgAt(count, k)
}

/**
 * NDCG of graded relevance: DCG of the list by the DCG of all gains in falling order; 0 when no gain is positive.
 *
 * @param gains of the listed items, in the list's order
 * @param available gains of all items there are, in any order. Default: those listed
 * @throws {RangeError} on a negative gain
 */
export function gradedNdcgAt(gains: ArrayLike<number>, k: number, available: ArrayLike<number> = gains): number {
  const sorted = Float64Array.from(available).sort().reverse()
  if ((sorted.at(-1) ?? 0) < 0) throw new RangeError(`a gain is ${sorted.at(-1)}, expected at least 0`)
  const ideal = dcgAt(sorted, k)
  return ideal === 0 ? 0 : dcgAt(gains, k) / ideal
}
