/**
 * Whom to recommend to: users of the training data by their numbers, or anyone by the items of their history, oldest
 * first. A history needs no training; how it is folded in is the method's own affair.
 */
export type Audience = { readonly users: ArrayLike<number> } | { readonly histories: readonly ArrayLike<number>[] }

/** Ascending or not, the items that belong to row 0, 1, … of an audience. */
export type ItemLists = (row: number) => ArrayLike<number>

export interface RecommendOptions {
  /** How many items for each row. Default 20; never more than the catalogue has. */
  readonly count?: number
  /** Items that may be recommended. Default: all. */
  readonly filter?: (item: number) => boolean
  /**
   * What a row must not get: `seen`, the items that the user was trained on or that the history holds; `nothing`; or
   * lists, which then stand instead of what was seen. Default `seen`.
   */
  readonly exclude?: 'seen' | 'nothing' | ItemLists
}

/** The best items of each row, best first; equal scores are ordered by the item's number. */
export interface Recommendations {
  readonly rows: number
  /** Columns: the count asked for, or the whole catalogue where that is smaller. */
  readonly count: number
  /** [rows, count]; −1 after the last where fewer items were allowed. */
  readonly items: Int32Array
  /** [rows, count]; −Infinity where there is no item. */
  readonly scores: Float32Array
}

/** One reason for a recommendation: an item of the history and its share in the score. */
export interface Reason {
  readonly item: number
  readonly weight: number
}

/** Items as vectors, to be searched by inner product. */
export interface ItemVectors {
  /** [items, width] */
  readonly vectors: Float32Array
  readonly items: number
  readonly width: number
}

/**
 * Chooses from a catalogue. Users and items are numbers, as an `InteractionSet` counts them; its id maps translate.
 *
 * A row that nothing is known of (an empty history, a user without training items) is scored by how often items were
 * taken, so that it gets what most took.
 */
export interface Recommender {
  /** The method, such as `ease`; saved files are told apart by it. */
  readonly kind: string
  /** How many users it was trained on. */
  readonly users: number
  readonly items: number
  /**
   * Scores of all items, higher is better, nothing excluded: [rows, items]. Scores of different rows need not be
   * comparable.
   *
   * @throws {RangeError} on a user or an item that there is none of
   */
  scoreItems(audience: Audience): Promise<Float32Array>
  /** @throws {RangeError} on a user or an item that there is none of, or a count below 1 */
  recommend(audience: Audience, options?: RecommendOptions): Promise<Recommendations>
  /**
   * Where scores are inner products of vectors: those of the items, which are not to be written to, and those of an
   * audience, [rows, width], for other ways to search. A row that nothing is known of may get anything.
   */
  readonly vectors?: ItemVectors & {
    /** @throws {RangeError} on a user or an item that there is none of */
    queries(audience: Audience): Promise<Float32Array>
    /** What is known of a row: the items that its user was trained on, or its history. */
    known(audience: Audience): ItemLists
  }
  /** Which items of the history speak for an item, strongest first, where the method can tell. */
  explain?(history: ArrayLike<number>, item: number): readonly Reason[]
  /** Writes everything it needs to one file, `.safetensors`; `loadRecommender` reads it. */
  save(path: string): Promise<void>
  /** Gives the memory of its compiled graphs back. */
  dispose(): Promise<void>
}

/** Number of rows of an audience. */
export function audienceSize(audience: Audience): number {
  return 'users' in audience ? audience.users.length : audience.histories.length
}

/** Rows `from` (inclusive) to `to` (exclusive) of an audience. */
export function audienceSlice(audience: Audience, from: number, to: number): Audience {
  if ('histories' in audience) return { histories: audience.histories.slice(from, to) }
  return { users: Uint32Array.from({ length: to - from }, (_, at) => audience.users[from + at] ?? 0) }
}
