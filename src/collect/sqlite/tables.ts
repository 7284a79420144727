/**
 * The tables, as Kysely knows them. What repeats between signals is stored once and referred to by number; numbers grow
 * and are never used twice. A `body` is JSON where nothing else is said.
 */
export interface Tables {
  /** One row: what is known about the whole. */
  state: StateTable
  signals: SignalTable
  /** A rater as a signal gave it: the same id with other traits is another row. */
  raters: { number: number; kind: string; body: string }
  /** `value` is JSON. */
  rater_traits: { trait: string; value: string; rater: number }
  contexts: { number: number; language: string | null; body: string }
  context_tags: { tag: string; context: number }
  /** A content; a medium kept at two places is two rows. */
  contents: { number: number; body: string }
  /** The `body` is the bare name. */
  sources: { number: number; body: string }
  /** A set of producers met in one signal, as their sorted list. */
  lineups: { number: number; body: string }
  lineup_producers: { producer: string; lineup: number }
  /** From hashes of ids to numbers, see `lookup.ts`. */
  lookup: { key: number; number: number }
  lookup_recent: { key: number; number: number }
  /** How many signals there are by kind and source. */
  tallies: { kind: number; source: number; signals: number }
  /** Encoders by the hash that names them. */
  encoders: { number: number; id: string }
  /** `address` is that of what was encoded, `vector` its float32 numbers, least significant byte first. */
  embeddings: { address: string; encoder: number; vector: Uint8Array }
  documents: { collection: string; id: string; body: string }
}

export interface StateTable {
  /** Always 1. */
  id: number
  /** Another random text whenever the signals change. */
  version: string
  /** How often something was erased: numbers remembered from before may be gone. */
  erasures: number
  /** While erased bytes may still be in the files: 2 when the file must be rewritten, 1 when only the log must go. */
  unscrubbed: number
  /** Rows in `lookup_recent`. */
  recent: number
  /** Rows in `lookup`. */
  merged: number
  next_signal: number
  next_rater: number
  next_context: number
  next_content: number
  next_source: number
  next_lineup: number
  /** Distinct rater ids. */
  raters: number
  /** Distinct content addresses. */
  candidates: number
}

export interface SignalTable {
  number: number
  id: string
  /** Position in `signalKinds`. */
  kind: number
  rater: number
  context: number
  source: number
  lineup: number | null
  /** Milliseconds since 1970. */
  time: number
  /** The candidates in order: a content's number, or `[number, producer, features]`. */
  candidates: string
  /** Everything else the signal says. */
  body: string
}
