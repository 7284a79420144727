import type { Candidate, Signal, SignalSource } from '../../collect/index.ts'
import type { Random } from '../../run/index.ts'
import { pairBuilder } from './pair-builder.ts'
import { checkedPairs, type PairData } from './pair-data.ts'
import { defaultKinds, noPairs, type PairedKind, type PairsOptions, pairFinder, readSignals } from './pairs-of.ts'

export interface StreamPairsOptions extends PairsOptions {
  /** As for `pairsOf`, but for ratings, which wait for others of their rater and context. Default comparisons, rankings and choices. */
  readonly kinds?: readonly Exclude<PairedKind, 'rating'>[]
  /** Most pairs held at once: what is shuffled together. At least two batches. Default 16,384. */
  readonly buffer?: number
  /** Raters that a model may know, by name; all others are unknown ones. Default none. */
  readonly raters?: readonly string[]
}

/** A pair as a stream holds it. */
export interface StreamedPair {
  readonly signal: Signal
  readonly a: Candidate
  readonly b: Candidate
  readonly target: number
  readonly weight: number
}

/** Pairs that are read again for each epoch instead of being held. */
export interface PairStream {
  readonly buffer: number
  readonly raters: readonly string[]
  /** Every pair once, in the order of the signals; each call reads anew. */
  read(): AsyncIterable<StreamedPair>
  /** How many signals there are of all sorts, where the source can tell: names the data in checkpoints. */
  count(): Promise<number>
  /** What the last reading that came to its end left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
}

/** Whether pairs are a stream of them. */
export function isPairStream(data: PairData | PairStream): data is PairStream {
  return 'read' in data
}

/**
 * Pairs from more signals than are to be held at once, such as a store's: `fitPreferences` reads them anew for each
 * epoch, shuffles as many as the buffer holds, and trains on half of it before it reads on. Memory does not grow with
 * the signals; where all pairs fit into the buffer they stay there, and the fit is that of
 * `pairsOf`, with the same raters.
 *
 * Signals that lie further apart than the buffer are not mixed, so a store in which one source or one rater follows
 * another wants a large one. An encoder that keeps features in memory keeps those of all contents: give
 * `sentenceTransformer` or `embeddingEndpoint` the store's `embeddings` as `cache`, and each content is embedded once.
 *
 * @param signals read again and again; each reading must give the same ones in the same order, as a store's snapshot does
 * @throws {RangeError} when the buffer is not a whole number of at least 2 or ratings are asked for; while reading, as
 *   `pairsOf` does
 * @example
 * const data = streamPairs(await store.snapshot(), { buffer: 65_536 })
 * const model = await fitPreferences({ kind: rewardKind, data, encoder: hashedNgrams(), epochs: 2 })
 */
export function streamPairs(signals: SignalSource | readonly Signal[], options: StreamPairsOptions = {}): PairStream {
  const { buffer = 16_384, raters = [], kinds = defaultKinds.filter((kind) => kind !== 'rating') } = options
  if (!Number.isInteger(buffer) || buffer < 2)
    throw new RangeError(`streamPairs: buffer is ${buffer}, expected a whole number of at least 2`)
  if ((kinds as readonly PairedKind[]).includes('rating'))
    throw new RangeError(
      'streamPairs: ratings are compared with others of their rater and context, wherever those are; use pairsOf',
    )
  let leftOut: Readonly<Record<string, number>> = {}
  return {
    buffer,
    raters,
    async *read() {
      const found: StreamedPair[] = []
      const finder = pairFinder(options, (signal, a, b, target, weight) => found.push({ signal, a, b, target, weight }))
      let pairs = 0
      for await (const signal of readSignals(signals, kinds)) {
        finder.take(signal)
        pairs += found.length
        yield* found
        found.length = 0
      }
      finder.finish()
      if (pairs === 0) throw noPairs(finder, kinds)
      leftOut = finder.leftOut
    },
    count: async () => ('count' in signals ? await signals.count({ kinds }) : signals.length),
    get leftOut() {
      return leftOut
    },
  }
}

/** The first pairs of a stream, as many as its buffer holds, and whether there are no more. */
export async function firstPairs(stream: PairStream): Promise<{ readonly data: PairData; readonly all: boolean }> {
  const held: StreamedPair[] = []
  let all = true
  for await (const pair of stream.read()) {
    if (held.length === stream.buffer) {
      all = false
      break
    }
    held.push(pair)
  }
  return { data: pairsFrom(held, stream.raters), all }
}

/**
 * The pairs of a stream in an order shuffled within its buffer: whenever it is full and there are more, a random half is
 * given out. Where everything fits into the buffer, the order is that of one shuffle of all.
 *
 * @param batchSize what the length of each part but the last is a multiple of
 * @throws {RangeError} when the buffer holds fewer than two batches
 */
export async function* shuffledParts(
  stream: PairStream,
  random: Random,
  batchSize: number,
): AsyncGenerator<readonly StreamedPair[]> {
  const part = Math.floor(stream.buffer / 2 / batchSize) * batchSize
  if (part === 0)
    throw new RangeError(`the stream's buffer of ${stream.buffer} pairs holds less than two batches of ${batchSize}`)
  let held: StreamedPair[] = []
  for await (const pair of stream.read()) {
    if (held.length === stream.buffer) {
      const mixed = shuffled(held, random)
      held = mixed.splice(part)
      yield mixed
    }
    held.push(pair)
  }
  yield shuffled(held, random)
}

/** As a fit of held examples shuffles their numbers. */
function shuffled(pairs: readonly StreamedPair[], random: Random): StreamedPair[] {
  const order = random.shuffle(new Uint32Array(pairs.length).map((_, at) => at))
  return Array.from(order, (at) => pairs[at] as StreamedPair)
}

/** Some pairs of a stream as data, in their order. */
export function pairsFrom(pairs: readonly StreamedPair[], raters: readonly string[]): PairData {
  const built = pairBuilder()
  for (const { signal, a, b, target, weight } of pairs) built.add(signal, a, b, target, weight)
  const data = built.data()
  const places = new Map(raters.map((name, place) => [name, place]))
  const known = data.raters.map((name) => places.get(name) ?? -1)
  return checkedPairs({ ...data, raters, rater: data.rater.map((place) => known[place] ?? -1) })
}
