import { recentMap } from '../../run/index.ts'

/** Two symbols that become one. Symbols 0–255 are bytes, 256 + i is what the i-th merge makes. */
export type Merge = readonly [left: number, right: number]

/** A vocabulary of pieces of words over bytes: every text has an encoding, and its encoding gives it back. */
export interface BytePairs {
  readonly merges: readonly Merge[]
  /** How many symbols there are: 256 and one per merge. */
  readonly size: number
  /** Symbols of a text, in order. Halves of surrogate pairs become the replacement character. */
  encode(text: string): Int32Array
  /** The text of some symbols. */
  decode(symbols: Iterable<number>): string
}

export interface LearnBytePairsOptions {
  /** Symbols at most, the 256 bytes included. Default 4,096. */
  readonly size?: number
  /** A pair must occur this often to be merged. Default 2. */
  readonly minimumCount?: number
}

/** Symbols are below this, so that a pair of them is one whole number. */
const most = 2 ** 20
const pairOf = (left: number, right: number): number => left * most + right

// Words with the space before them, numbers, runs of signs, white space; at most 32 characters, so that merging within a
// piece stays cheap whatever the text.
const pieces = / ?[\p{L}\p{M}]{1,32}| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]{1,32}|\s{1,32}/gu

const encoder = new TextEncoder()

/** Pairs by how often they occur, the most frequent first, among equals the lowest symbols. */
function pairQueue(): { push(count: number, pair: number): void; pop(): { count: number; pair: number } | undefined } {
  const heap: { count: number; pair: number }[] = []
  const before = (a: { count: number; pair: number }, b: { count: number; pair: number }): boolean =>
    a.count !== b.count ? a.count > b.count : a.pair < b.pair
  const swap = (i: number, j: number): void => {
    const held = heap[i] as (typeof heap)[number]
    heap[i] = heap[j] as (typeof heap)[number]
    heap[j] = held
  }
  const precedes = (i: number, j: number): boolean =>
    before(heap[i] as (typeof heap)[number], heap[j] as (typeof heap)[number])
  return {
    push(count, pair) {
      heap.push({ count, pair })
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1
        if (!precedes(at, parent)) break
        swap(at, parent)
        at = parent
      }
    },
    pop() {
      const [top] = heap
      const last = heap.pop()
      if (heap.length === 0 || last === undefined) return top
      heap[0] = last
      for (let at = 0; ; ) {
        let first = at
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && precedes(child, first)) first = child
        if (first === at) return top
        swap(at, first)
        at = first
      }
    },
  }
}

/**
 * Learns a vocabulary from texts by byte pair encoding (Sennrich, Haddow and Birch 2016, arXiv 1508.07909): again and
 * again the pair of neighbouring symbols that occurs most often within words becomes a symbol, among equals the one whose
 * symbols came first. The same texts give the same vocabulary.
 *
 * @throws {RangeError} when size is no whole number from 256 to 2²⁰
 * @example
 * const vocabulary = learnBytePairs(judgements.map(({ candidate }) => candidateText(candidate)))
 */
export function learnBytePairs(texts: Iterable<string>, options: LearnBytePairsOptions = {}): BytePairs {
  const { size = 4_096, minimumCount = 2 } = options
  if (!Number.isInteger(size) || size < 256 || size > most)
    throw new RangeError(`size is ${size}, expected a whole number from 256 to ${most}`)
  const tally = new Map<string, number>()
  for (const text of texts) for (const [piece] of text.matchAll(pieces)) tally.set(piece, (tally.get(piece) ?? 0) + 1)
  const words = [...tally].map(([piece, count]) => ({ symbols: [...encoder.encode(piece)], count }))

  const counts = new Map<number, number>()
  const places = new Map<number, Set<number>>()
  const queue = pairQueue()
  const change = (pair: number, by: number, word: number): void => {
    counts.set(pair, (counts.get(pair) ?? 0) + by)
    if (by < 0) return
    const known = places.get(pair) ?? new Set()
    known.add(word)
    places.set(pair, known)
  }
  const eachPair = (symbols: readonly number[], visit: (pair: number) => void): void => {
    for (let at = 1; at < symbols.length; at++) visit(pairOf(symbols[at - 1] as number, symbols[at] as number))
  }
  words.forEach(({ symbols, count }, word) => {
    eachPair(symbols, (pair) => change(pair, count, word))
  })
  for (const [pair, count] of counts) queue.push(count, pair)

  const merges: Merge[] = []
  while (256 + merges.length < size) {
    const next = queue.pop()
    if (next === undefined) break
    const { pair, count: seen } = next
    const count = counts.get(pair) ?? 0
    if (count !== seen) {
      // Counts that have risen are in the queue already; those that have fallen come back at their place.
      if (count < seen && count > 0) queue.push(count, pair)
      continue
    }
    if (count < minimumCount) break
    const made: Merge = [Math.floor(pair / most), pair % most]
    const symbol = 256 + merges.length
    merges.push(made)
    const risen = new Set<number>()
    for (const at of places.get(pair) ?? []) {
      const word = words[at] as (typeof words)[number]
      eachPair(word.symbols, (old) => change(old, -word.count, at))
      word.symbols = merged(word.symbols, made, symbol)
      eachPair(word.symbols, (fresh) => {
        change(fresh, word.count, at)
        risen.add(fresh)
      })
    }
    counts.delete(pair)
    places.delete(pair)
    for (const fresh of risen) {
      const total = counts.get(fresh) ?? 0
      if (total > 0) queue.push(total, fresh)
    }
  }
  return bytePairs(merges)
}

function merged(symbols: readonly number[], [left, right]: Merge, symbol: number): number[] {
  const result: number[] = []
  for (let at = 0; at < symbols.length; at++)
    if (symbols[at] === left && symbols[at + 1] === right) {
      result.push(symbol)
      at++
    } else result.push(symbols[at] as number)
  return result
}

/**
 * A vocabulary from its merges.
 *
 * @throws {RangeError} naming the merge that joins symbols which are not there before it
 */
export function bytePairs(merges: readonly Merge[]): BytePairs {
  const ranks = new Map<number, number>()
  const bytes: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  merges.forEach(([left, right], at) => {
    const [before, after] = [bytes[left], bytes[right]]
    if (before === undefined || after === undefined)
      throw new RangeError(`merge ${at} joins ${left} and ${right}, expected symbols below ${bytes.length}`)
    ranks.set(pairOf(left, right), at)
    bytes.push(Uint8Array.of(...before, ...after))
  })
  const kept = recentMap<readonly number[]>(4_000_000, (symbols) => symbols.length + 4)

  const encodePiece = (piece: string): readonly number[] => {
    const known = kept.get(piece)
    if (known !== undefined) return known
    let symbols: number[] = [...encoder.encode(piece)]
    while (symbols.length > 1) {
      let best = Number.POSITIVE_INFINITY
      for (let at = 1; at < symbols.length; at++)
        best = Math.min(best, ranks.get(pairOf(symbols[at - 1] as number, symbols[at] as number)) ?? best)
      const merge = merges[best]
      if (merge === undefined) break
      symbols = merged(symbols, merge, 256 + best)
    }
    kept.add(piece, symbols)
    return symbols
  }

  return {
    merges,
    size: 256 + merges.length,
    encode(text) {
      const all: number[] = []
      for (const [piece] of text.matchAll(pieces)) for (const symbol of encodePiece(piece)) all.push(symbol)
      return Int32Array.from(all)
    },
    decode(symbols) {
      const parts = [...symbols].map((symbol) => {
        const known = bytes[symbol]
        if (known === undefined) throw new RangeError(`symbol ${symbol} is not among the ${bytes.length}`)
        return known
      })
      return Buffer.concat(parts).toString('utf8')
    },
  }
}
