import type { Recommendations } from './contract.ts'
import { scaledScores } from './item-fairness.ts'

export interface DiverseRerankOptions {
  /** Places of the lists made. Default 10. */
  readonly count?: number
  /** What difference weighs: 0 keeps the order of the candidates, 1 looks at difference alone. */
  readonly weight: number
}

/** What makes items alike, [items, width]: the cosine of their vectors. */
export interface Likeness {
  readonly data: Float32Array
  readonly width: number
}

/**
 * Lists out of candidates whose items differ from each other, by maximal marginal relevance: place by place, the
 * candidate i that makes
 *
 * (1 − weight) · s_i − weight · max_{j ∈ list} cos(v_i, v_j)
 *
 * largest, with s a candidate's score, moved and scaled so that a row's candidates run from 0 to 1, and the maximum 0
 * for the first place; of equal ones the better candidate. An item without a vector is like none. Lists are in the order
 * of choosing. Rows with fewer candidates than places end with −1.
 *
 * @throws {RangeError} when the weight is no share, or a candidate has no row among the vectors
 * @see Carbonell and Goldstein, The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
 *   Summaries, SIGIR 1998; their λ is 1 − weight
 * @example
 * const candidates = await model.recommend(audience, { count: 100 })
 * diverseRerank(candidates, likeness, { count: 10, weight: 0.3 })
 */
export function diverseRerank(
  candidates: Recommendations,
  { data, width }: Likeness,
  { count = 10, weight }: DiverseRerankOptions,
): Recommendations {
  if (!(weight >= 0 && weight <= 1)) throw new RangeError(`weight is ${weight}, expected a share from 0 to 1`)
  const { rows, count: held } = candidates
  const relevance = scaledScores(candidates, 0)
  const found = {
    rows,
    count,
    items: new Int32Array(rows * count).fill(-1),
    scores: new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY),
  }
  const unit = new Float64Array(held * width)
  const nearest = new Float64Array(held)
  const open = new Uint8Array(held)
  for (let row = 0; row < rows; row++) {
    const own = candidates.items.subarray(row * held, (row + 1) * held)
    let there = 0
    for (; there < held && (own[there] ?? -1) >= 0; there++) unitRow(data, width, own[there] ?? 0, unit, there)
    nearest.fill(0)
    open.fill(1, 0, there)
    for (let place = 0; place < Math.min(count, there); place++) {
      let [best, bestValue] = [-1, Number.NEGATIVE_INFINITY]
      for (let at = 0; at < there; at++) {
        if (open[at] === 0) continue
        const value = (1 - weight) * (relevance[row * held + at] ?? 0) - weight * (nearest[at] ?? 0)
        if (value > bestValue) [best, bestValue] = [at, value]
      }
      open[best] = 0
      found.items[row * count + place] = own[best] ?? -1
      found.scores[row * count + place] = candidates.scores[row * held + best] ?? 0
      for (let at = 0; at < there; at++) {
        if (open[at] === 0) continue
        let cosine = 0
        for (let column = 0; column < width; column++)
          cosine += (unit[at * width + column] as number) * (unit[best * width + column] as number)
        // After the first place the largest cosine counts, which may be below 0.
        nearest[at] = place === 0 ? cosine : Math.max(nearest[at] as number, cosine)
      }
    }
  }
  return found
}

/** Writes an item's vector at length 1, or zeros where it has none. */
function unitRow(data: Float32Array, width: number, item: number, unit: Float64Array, place: number): void {
  if ((item + 1) * width > data.length)
    throw new RangeError(`a candidate is item ${item}, expected one of ${data.length / width}`)
  let square = 0
  for (let column = 0; column < width; column++) square += (data[item * width + column] as number) ** 2
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0
  for (let column = 0; column < width; column++)
    unit[place * width + column] = (data[item * width + column] as number) * scale
}
