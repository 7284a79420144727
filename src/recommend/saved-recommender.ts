import type { Recommender } from './contract.ts'
import type { SparseRows } from './interactions/interaction-set.ts'

/** What a saved recommender is made of. */
export interface SavedRecommender {
  readonly seen: SparseRows
  /** A tensor's numbers by name. @throws {RangeError} when there is none, or they are of another type */
  floats(name: string): Promise<Float32Array>
  words(name: string): Promise<Uint32Array>
  bytes(name: string): Promise<Uint8Array>
  /** @throws {RangeError} when it is missing */
  text(name: string): string
  /** @throws {RangeError} when it is missing or no number */
  number(name: string): number
  shape(name: string): readonly number[]
}

/**
 * Makes a recommender of a kind out of what was saved.
 *
 * @param others the readers of kinds made elsewhere, for one that is made of several
 */
export type RecommenderReader = (
  saved: SavedRecommender,
  others: Readonly<Record<string, RecommenderReader>>,
) => Promise<Recommender>
