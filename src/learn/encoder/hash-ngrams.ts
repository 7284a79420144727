import { contentHash } from '../../run/index.ts'

/** Which pieces of a text count, and how. Fields left out have the defaults of {@link fullNgramOptions}. */
export interface NgramOptions {
  /** Fewest and most words in a row. Default [1, 2]; `false` for none. */
  readonly words?: readonly [fewest: number, most: number] | false
  /** Fewest and most characters in a row. Default [3, 4]; `false` for none. */
  readonly characters?: readonly [fewest: number, most: number] | false
  /** Default true. */
  readonly lowerCase?: boolean
  /** How many places the pieces are hashed to. Default 32,768. */
  readonly buckets?: number
  /** What an n-gram that occurs c times weighs: ln(1 + c), c, or 1. Default `log1p`. */
  readonly counts?: 'log1p' | 'raw' | 'binary'
  /** Give half of the n-grams a minus sign, so that those that meet in a bucket cancel on average. Default true. */
  readonly signed?: boolean
  /** Length of the row of weights: 1, or as it falls. Default `l2`. */
  readonly norm?: 'l2' | 'none'
  /** Names a space of hashes of its own: the same n-gram falls elsewhere in another. Default `''`. */
  readonly namespace?: string
  /** [buckets], multiplies the weights; see `inverseDocumentFrequencies`. Default all 1. */
  readonly idf?: Float32Array
}

/** Options with every default filled in; `idf` stays absent where there is none. */
export type FullNgramOptions = Required<Omit<NgramOptions, 'idf'>> & Pick<NgramOptions, 'idf'>

/** Weights of the buckets that a text touches, each bucket once, in order of the n-grams' first occurrence. */
export interface SparseRow {
  readonly buckets: Int32Array
  readonly weights: Float32Array
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {RangeError} naming the option that is wrong and what it may be
 */
export function fullNgramOptions(options: NgramOptions = {}): FullNgramOptions {
  const full = {
    words: [1, 2] as const,
    characters: [3, 4] as const,
    lowerCase: true,
    buckets: 32_768,
    counts: 'log1p' as const,
    signed: true,
    norm: 'l2' as const,
    namespace: '',
    ...options,
  }
  const { buckets, idf } = full
  for (const name of ['words', 'characters'] as const) {
    const range = full[name]
    if (range === false) continue
    const [fewest, most] = range
    if (!Number.isInteger(fewest) || !Number.isInteger(most) || fewest < 1 || most < fewest || most > 32)
      throw new RangeError(`${name} is [${fewest}, ${most}], expected whole numbers 1 ≤ fewest ≤ most ≤ 32, or false`)
  }
  if (full.words === false && full.characters === false)
    throw new RangeError('words and characters are both false: no n-grams are left')
  if (!Number.isInteger(buckets) || buckets < 2 || buckets > 2 ** 24)
    throw new RangeError(`buckets is ${buckets}, expected a whole number from 2 to ${2 ** 24}`)
  if (idf && idf.length !== buckets)
    throw new RangeError(`idf has ${idf.length} entries, expected ${buckets}, one a bucket`)
  if (idf?.some((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY)))
    throw new RangeError('idf has an entry that is no finite number of at least 0')
  return full
}

const [unknownClass, wordClass, spaceClass, otherClass] = [0, 1, 2, 3]
/** Class of each code point met so far; asking the regular expressions once each keeps reading fast. */
const classes = new Uint8Array(0x110000)

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint)
  const found = /[\p{L}\p{N}\p{M}_]/u.test(character) ? wordClass : /\s/u.test(character) ? spaceClass : otherClass
  classes[codePoint] = found
  return found
}

/** Code points of a text with each run of two or more white-space characters made one space, and their classes. */
interface Characters {
  readonly points: Int32Array
  readonly classes: Uint8Array
  readonly length: number
}

let points = new Int32Array(1 << 16)
let pointClasses = new Uint8Array(1 << 16)

/** Reads a text into memory that the next call reuses. */
function readCharacters(text: string): Characters {
  if (points.length < text.length) {
    points = new Int32Array(2 * text.length)
    pointClasses = new Uint8Array(2 * text.length)
  }
  let length = 0
  let spaces = 0
  for (let at = 0; at < text.length; at++) {
    let point = text.charCodeAt(at)
    if (point >= 0xd800 && point < 0xdc00) {
      point = text.codePointAt(at) as number
      if (point > 0xffff) at++
    }
    const known = classes[point] as number
    const found = known === unknownClass ? classify(point) : known
    spaces = found === spaceClass ? spaces + 1 : 0
    if (spaces > 1) {
      points[length - 1] = 32
      continue
    }
    points[length] = point
    pointClasses[length++] = found
  }
  return { points, classes: pointClasses, length }
}

// Odd constants with well-spread bits: 2³² divided by the golden ratio (Knuth), and those of MurmurHash3's finaliser.
const golden = 0x9e3779b1

/** MurmurHash3's finaliser: every bit of the input moves half of the bits of the result. */
function finish(hash: number): number {
  let mixed = hash
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Counts of 32-bit hashes, in order of first occurrence; the memory is reused from text to text. */
interface Counts {
  readonly hashes: Uint32Array
  readonly counts: Uint32Array
  size: number
}

let slots = new Int32Array(1 << 13).fill(-1)
let counted: Counts = { hashes: new Uint32Array(1 << 12), counts: new Uint32Array(1 << 12), size: 0 }

function clearCounts(): void {
  const mask = slots.length - 1
  if (counted.size > slots.length >>> 3) slots.fill(-1)
  else
    for (let at = counted.size - 1; at >= 0; at--) {
      // Backwards, so that each hash is found where probing left it.
      let slot = (counted.hashes[at] as number) & mask
      while (slots[slot] !== at) slot = (slot + 1) & mask
      slots[slot] = -1
    }
  counted.size = 0
}

function growCounts(): void {
  const [hashes, counts] = [new Uint32Array(2 * counted.hashes.length), new Uint32Array(2 * counted.hashes.length)]
  hashes.set(counted.hashes)
  counts.set(counted.counts)
  counted = { hashes, counts, size: counted.size }
  slots = new Int32Array(2 * slots.length).fill(-1)
  const mask = slots.length - 1
  for (let at = 0; at < counted.size; at++) {
    let slot = (hashes[at] as number) & mask
    while (slots[slot] !== -1) slot = (slot + 1) & mask
    slots[slot] = at
  }
}

function count(hash: number): void {
  const mask = slots.length - 1
  let slot = hash & mask
  for (;;) {
    const at = slots[slot] as number
    if (at === -1) break
    if (counted.hashes[at] === hash) {
      counted.counts[at] = (counted.counts[at] as number) + 1
      return
    }
    slot = (slot + 1) & mask
  }
  slots[slot] = counted.size
  counted.hashes[counted.size] = hash
  counted.counts[counted.size++] = 1
  if (counted.size === counted.hashes.length) growCounts()
}

function countCharacters({ points: held, length }: Characters, fewest: number, most: number, seed: number): void {
  for (let start = 0; start + fewest <= length; start++) {
    const end = Math.min(length, start + most)
    let hash = seed
    for (let at = start; at < end; at++) {
      hash = Math.imul(hash ^ (held[at] as number), golden)
      hash = (hash << 13) | (hash >>> 19)
      if (at - start + 1 >= fewest) count(finish(hash))
    }
  }
}

let wordHashes = new Uint32Array(1 << 12)

function countWords(read: Characters, fewest: number, most: number, seed: number): void {
  let words = 0
  for (let at = 0; at < read.length; ) {
    if (read.classes[at] !== wordClass) {
      at++
      continue
    }
    let hash = seed
    for (; at < read.length && read.classes[at] === wordClass; at++) {
      hash = Math.imul(hash ^ (read.points[at] as number), golden)
      hash = (hash << 13) | (hash >>> 19)
    }
    if (words === wordHashes.length) {
      const grown = new Uint32Array(2 * words)
      grown.set(wordHashes)
      wordHashes = grown
    }
    wordHashes[words++] = finish(hash)
  }
  for (let start = 0; start + fewest <= words; start++) {
    const end = Math.min(words, start + most)
    let hash = seed
    for (let at = start; at < end; at++) {
      hash = Math.imul(hash ^ (wordHashes[at] as number), golden)
      hash = (hash << 13) | (hash >>> 19)
      if (at - start + 1 >= fewest) count(finish(hash))
    }
  }
}

const seeds = new Map<string, number>()
/** A seed from a name, so that spaces of hashes with other names have nothing to do with each other. */
function seedOf(name: string): number {
  const known = seeds.get(name) ?? Number.parseInt(contentHash(name).slice(0, 8), 16)
  seeds.set(name, known)
  return known
}

let places = new Int32Array(0)
let sums = new Float64Array(0)

/** ln(1 + c) of the counts that most n-grams have. */
const logarithms = Float64Array.from({ length: 64 }, (_, occurrences) => Math.log1p(occurrences))

/**
 * Hashes the n-grams of a text into a row of `buckets` weights (feature hashing, Weinberger et al. 2009,
 * arXiv 0902.2206):
 *
 *     w_b = idf_b Σ_{n-grams g with bucket(g) = b} sign(g) f(count(g)),   f(c) = ln(1 + c)
 *
 * then divided by its Euclidean length. N-grams are those that scikit-learn's HashingVectorizer takes: of words (runs
 * of letters, digits, marks and `_`) in order, and of all characters, white space included, once runs of white space are
 * one space. Signs and buckets come from a hash of our own over code points: 32 bits, of which the lowest is the sign
 * (1 is minus) and the others, as a fraction of 2³¹, the place among the buckets; n-grams whose 32 bits agree are counted
 * as one. N-grams that cancel in a
 * bucket leave it with weight 0. The empty text touches nothing. There is no limit on length.
 *
 * @example
 * hashNgrams('tea or coffee', { words: [1, 1], characters: false }).weights // three of ±0.577
 */
export function hashNgrams(text: string, options: NgramOptions = {}): SparseRow {
  return hashChecked(text, fullNgramOptions(options))
}

/** The same with options already checked. */
export function hashChecked(text: string, options: FullNgramOptions): SparseRow {
  const { words, characters, buckets, counts, signed, idf, namespace } = options
  const read = readCharacters(options.lowerCase ? text.toLowerCase() : text)
  clearCounts()
  if (words) countWords(read, words[0], words[1], seedOf(`words ${namespace}`))
  if (characters) countCharacters(read, characters[0], characters[1], seedOf(`characters ${namespace}`))

  if (places.length < buckets) places = new Int32Array(buckets).fill(-1)
  const touched = new Int32Array(Math.min(counted.size, buckets))
  if (sums.length < touched.length) sums = new Float64Array(2 * touched.length)
  const { hashes, counts: occurring, size } = counted
  const stretch = buckets / 2 ** 31
  // A sign without a branch: half of the guesses at one would be wrong.
  const flip = signed ? 2 : 0
  let used = 0
  for (let at = 0; at < size; at++) {
    const hash = hashes[at] as number
    const bucket = ((hash >>> 1) * stretch) | 0
    const occurrences = occurring[at] as number
    const weight =
      counts === 'log1p' ? (logarithms[occurrences] ?? Math.log1p(occurrences)) : counts === 'raw' ? occurrences : 1
    let place = places[bucket] as number
    if (place === -1) {
      place = used++
      places[bucket] = place
      touched[place] = bucket
      sums[place] = 0
    }
    sums[place] = (sums[place] as number) + weight * (1 - flip * (hash & 1))
  }
  let squares = 0
  for (let place = 0; place < used; place++) {
    const bucket = touched[place] as number
    places[bucket] = -1
    if (idf) sums[place] = (sums[place] as number) * (idf[bucket] as number)
    squares += (sums[place] as number) ** 2
  }
  const scale = options.norm === 'l2' && squares > 0 ? 1 / Math.sqrt(squares) : 1
  const weights = new Float32Array(used)
  for (let place = 0; place < used; place++) weights[place] = (sums[place] as number) * scale
  return { buckets: touched.slice(0, used), weights }
}

/**
 * How rare each bucket is among some texts, as the logarithm that tf-idf weights multiply by:
 *
 *     idf_b = ln((1 + n) / (1 + df_b)) + 1
 *
 * with n texts of which df_b touch bucket b; a bucket never met gets the most (the smooth form of scikit-learn's
 * TfidfTransformer).
 *
 * @param options those of the rows it is for; `idf` among them is not read
 * @returns [buckets]
 */
export function inverseDocumentFrequencies(texts: Iterable<string>, options: NgramOptions = {}): Float32Array {
  const { idf: _, ...others } = options
  const full = fullNgramOptions({ ...others, norm: 'none' })
  const frequencies = new Float64Array(full.buckets)
  let documents = 0
  for (const text of texts) {
    documents++
    for (const bucket of hashChecked(text, full).buckets) frequencies[bucket] = (frequencies[bucket] as number) + 1
  }
  return Float32Array.from(frequencies, (frequency) => Math.log((1 + documents) / (1 + frequency)) + 1)
}

/**
 * The n-grams of a text and how often each occurs, spelled out: what {@link hashNgrams} hashes. Slow, to look at.
 * N-grams of words are joined by spaces.
 */
export function ngramCounts(
  text: string,
  options: NgramOptions = {},
): {
  readonly words: ReadonlyMap<string, number>
  readonly characters: ReadonlyMap<string, number>
} {
  const full = fullNgramOptions(options)
  const cased = full.lowerCase ? text.toLowerCase() : text
  const tally = (
    pieces: readonly string[],
    range: readonly [number, number] | false,
    glue: string,
  ): Map<string, number> => {
    const found = new Map<string, number>()
    if (range === false) return found
    for (let start = 0; start < pieces.length; start++)
      for (let size = range[0]; size <= range[1] && start + size <= pieces.length; size++) {
        const gram = pieces.slice(start, start + size).join(glue)
        found.set(gram, (found.get(gram) ?? 0) + 1)
      }
    return found
  }
  return {
    words: tally(cased.match(/[\p{L}\p{N}\p{M}_]+/gu) ?? [], full.words, ' '),
    characters: tally([...cased.replace(/\s\s+/gu, ' ')], full.characters, ''),
  }
}
