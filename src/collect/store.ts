import type { Candidate, Context, Signal, SignalKind } from './signal.ts'

/** Which signals to read. Everything given must hold; lists mean "one of". */
export interface SignalFilter {
  readonly kinds?: readonly SignalKind[]
  readonly raters?: readonly string[]
  readonly raterKinds?: readonly ('human' | 'model' | 'simulated')[]
  /** Rater traits that must have exactly these values. */
  readonly raterTraits?: { readonly [trait: string]: string | number | boolean }
  readonly sources?: readonly string[]
  /** Context tags, any of which must be present. */
  readonly tags?: readonly string[]
  readonly languages?: readonly string[]
  /** Producers of any candidate in the signal. */
  readonly producers?: readonly string[]
  /** Milliseconds since 1970, inclusive. */
  readonly from?: number
  /** Milliseconds since 1970, exclusive. */
  readonly to?: number
}

/** Signals that can be read again and again; each reading sees the same ones in the same order. */
export interface SignalSource {
  /** In order of insertion, in bounded memory. */
  read(filter?: SignalFilter): AsyncIterable<Signal>
  count(filter?: SignalFilter): Promise<number>
}

/** The signals as they were at one moment, whatever is written meanwhile. Close it when done. */
export interface SignalSnapshot extends SignalSource {
  /** Names the data: equal versions hold equal signals. */
  readonly version: string
  close(): Promise<void>
}

export interface InsertResult {
  /** One entry per signal given, in order. */
  readonly statuses: readonly ('inserted' | 'duplicate')[]
  readonly inserted: number
  readonly duplicates: number
}

/** A page of signals for browsing. */
export interface SignalPage {
  readonly signals: readonly Signal[]
  /** Give it back to read on; absent on the last page. */
  readonly next?: string
}

/** How many signals there are of each sort. */
export interface SignalCounts {
  readonly total: number
  readonly kinds: { readonly [kind: string]: number }
  readonly sources: { readonly [source: string]: number }
  readonly raters: number
  readonly candidates: number
}

/** The values that filters can take within some signals, most frequent first, at most 1,000 of each sort. */
export interface SignalFacets {
  readonly tags: readonly { readonly value: string; readonly count: number }[]
  readonly languages: readonly { readonly value: string; readonly count: number }[]
  readonly producers: readonly { readonly value: string; readonly count: number }[]
  readonly traits: {
    readonly [trait: string]: readonly { readonly value: string | number | boolean; readonly count: number }[]
  }
}

/** Small JSON documents by collection and id, kept beside the signals: definitions, cached results, markers. */
export interface DocumentStore {
  get(collection: string, id: string): Promise<unknown>
  put(collection: string, id: string, document: unknown): Promise<void>
  delete(collection: string, id: string): Promise<boolean>
  list(collection: string): Promise<readonly { readonly id: string; readonly document: unknown }[]>
}

/**
 * Vectors that encoders made of contents, kept so that none is computed twice. A vector is named by its encoder and by
 * the address of what was encoded: a candidate's id, or for the words of a context its {@link contextAddress}.
 */
export interface EmbeddingStore {
  /** The vectors of some contents, in their order; undefined where none is kept. Any number may be asked for. */
  get(encoder: string, addresses: readonly string[]): Promise<readonly (Float32Array | undefined)[]>
  /** Keeps vectors by the address of what was encoded, in place of earlier ones. */
  put(encoder: string, vectors: ReadonlyMap<string, Float32Array>): Promise<void>
  /** Forgets an encoder's vectors. */
  clear(encoder: string): Promise<void>
}

/**
 * Where signals are kept. What `insert` has answered for is on the disk: a crash afterwards loses nothing, and a crash
 * before leaves nothing of the batch.
 */
export interface SignalStore extends SignalSource {
  /**
   * Writes a batch whole or not at all. A signal whose id and content are already there is a duplicate and changes
   * nothing.
   *
   * The signals must be valid, as `signalSchema` gives them.
   *
   * @throws {SignalConflictError} when a signal's or a context's id is there with other content, or comes twice in the
   * batch with different content; nothing of the batch is written
   */
  insert(signals: readonly Signal[]): Promise<InsertResult>
  get(id: string): Promise<Signal | undefined>
  page(filter: SignalFilter, options: { limit: number; after?: string; newestFirst?: boolean }): Promise<SignalPage>
  counts(): Promise<SignalCounts>
  facets(filter?: SignalFilter): Promise<SignalFacets>
  candidate(id: string): Promise<Candidate | undefined>
  context(id: string): Promise<Context | undefined>
  /** Changes exactly when the signals change. */
  version(): Promise<string>
  snapshot(): Promise<SignalSnapshot>
  /**
   * Removes a rater's signals, and contents and contexts nothing else mentions with the embeddings of those, down to the
   * bytes on the disk; bytes that an open snapshot still shows go when it is closed. Takes time in proportion to the
   * whole store. Returns how many signals went.
   */
  eraseRater(id: string): Promise<number>
  readonly documents: DocumentStore
  readonly embeddings: EmbeddingStore
  close(): Promise<void>
}

/** Ids that came a second time with different content. */
export class SignalConflictError extends Error {
  override readonly name = 'SignalConflictError'
  /** Ids of the signals given that cannot be written; without them the others can. */
  readonly ids: readonly string[]
  /** Ids of contexts in these signals that stand for another context; empty when the signals' own ids are taken. */
  readonly contexts: readonly string[]
  constructor(ids: readonly string[], contexts: readonly string[] = []) {
    const some = (list: readonly string[]): string => `${list.slice(0, 5).join(', ')}${list.length > 5 ? ', …' : ''}`
    const taken = (sort: string, list: readonly string[]): string =>
      `${list.length} ${sort} id${list.length === 1 ? ' is' : 's are'} taken by other content: ${some(list)}`
    super(
      contexts.length === 0
        ? taken('signal', ids)
        : `${taken('context', contexts)} (in ${ids.length === 1 ? 'signal' : 'signals'} ${some(ids)}); a context that differs needs an id of its own`,
    )
    this.ids = ids
    this.contexts = contexts
  }
}
