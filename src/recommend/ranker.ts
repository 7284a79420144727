import { type Audience, audienceSize, audienceSlice, type Recommender } from './contract.ts'
import { rowsAtOnce } from './top-items.ts'

/** Items to put in order, row by row. `Recommendations` are such lists. */
export interface CandidateLists {
  readonly rows: number
  /** Columns. */
  readonly count: number
  /** [rows, count]; −1 where there is none. */
  readonly items: Int32Array
}

/** Puts given items in order, where a `Recommender` finds them among all. */
export interface Ranker {
  /** The method, such as `hcn`. */
  readonly kind: string
  /** The catalogue that candidates are of. */
  readonly items: number
  /**
   * Scores of each row's candidates, higher is better: [rows, count], −Infinity where there is none. A row that nothing
   * is known of is scored by how often items were taken, as a `Recommender` does.
   *
   * @throws {RangeError} when there are not as many lists as the audience has rows, or one names an item that there is
   *   none of
   */
  scoreCandidates(audience: Audience, candidates: CandidateLists): Promise<Float32Array>
  /** Writes everything it needs to one file, as a `Recommender` does; absent where that is not offered. */
  save?(path: string): Promise<void>
  dispose?(): Promise<void>
}

/** @throws {RangeError} when lists do not fit the audience or the catalogue */
export function assertCandidates(audience: Audience, { rows, count, items }: CandidateLists, catalogue: number): void {
  if (rows !== audienceSize(audience) || items.length !== rows * count)
    throw new RangeError(
      `there are ${items.length} candidates in ${rows} lists of ${count}, expected a list for each of ${audienceSize(audience)} rows`,
    )
  for (const [at, item] of items.entries())
    if (item < -1 || item >= catalogue)
      throw new RangeError(
        `row ${Math.floor(at / count)} has candidate ${item}, expected an item from 0 to ${catalogue - 1}, or −1 for none`,
      )
}

/** Lists of rows `from` (inclusive) to `to` (exclusive); a view. */
export function candidateSlice({ count, items }: CandidateLists, from: number, to: number): CandidateLists {
  return { rows: to - from, count, items: items.subarray(from * count, to * count) }
}

/**
 * A recommender as a ranker: a method that scores candidates by itself does, another scores the catalogue and is asked
 * for its part.
 *
 * @example
 * const order = await rankerOf(model).scoreCandidates({ users: [3] }, { rows: 1, count: 2, items: Int32Array.of(7, 9) })
 */
export function rankerOf(method: Recommender | Ranker): Ranker {
  if ('scoreCandidates' in method) return method
  const { kind, items } = method
  return {
    kind,
    items,
    async scoreCandidates(audience, candidates) {
      assertCandidates(audience, candidates, items)
      const { rows, count } = candidates
      const scores = new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY)
      const block = rowsAtOnce(items)
      for (let from = 0; from < rows; from += block) {
        const to = Math.min(rows, from + block)
        const all = await method.scoreItems(audienceSlice(audience, from, to))
        for (let at = from * count; at < to * count; at++) {
          const item = candidates.items[at] ?? -1
          if (item >= 0) scores[at] = all[(Math.floor(at / count) - from) * items + item] as number
        }
      }
      return scores
    },
  }
}
