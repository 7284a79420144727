import type { Random } from '../../run/index.ts'
import { type Examples, type TensorValue, value } from '../../tensor/index.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { unseenAt } from '../negative-sampling.ts'
import type { CountedStream } from '../sampled/sampled-choices.ts'

/** What a step on histories is fed. Ids are an item's number plus 1; 0 is padding. */
export interface HistorySamples {
  /** int32 [rows, length] */
  readonly ids: TensorValue
  /** int32 [targets]: where, among all positions of `ids`, the state stands that a target follows. */
  readonly at: TensorValue
  /** int32 [targets]: the ids that came next. */
  readonly targets: TensorValue
  /** int32 [targets, negatives]: ids of items that the user never took. */
  readonly negatives: TensorValue
  /** int32 [rows, length]: which history of its row a position belongs to, from 1; 0 is padding. */
  readonly segments: TensorValue
  /** int32 [rows, length]: how far from the longest history's first position. */
  readonly places: TensorValue
}

export interface HistorySampleOptions {
  /** Of the catalogue. */
  readonly items: number
  /** Most items of a history that are read. */
  readonly length: number
  /** Each user's items, ascending: what is drawn for them is none of these. */
  readonly seen: SparseRows
  /**
   * `every` item of a history after its first is a target in each pass, as SASRec's authors do; or `one` drawn for each
   * user, what came before it being the history.
   */
  readonly targets: 'every' | 'one'
  /** Items drawn for each target. */
  readonly negatives: number
  /**
   * `packed`: several short histories share a row of the full length. `rows`: one history a row, rows as long as the
   * longest of the batch, whose histories are of like length. `whole`: one history a row of the full length.
   */
  readonly layout: 'packed' | 'rows' | 'whole'
}

/** Batches among which histories of like length are put together. */
const batchesSorted = 32

/** Items `from` to `to` (exclusive) of the sequences are read; the target of the last of them stands at `to`. */
interface Span {
  readonly user: number
  readonly from: number
  readonly to: number
}

/**
 * One pass over histories: each user with at least two items once, in random order.
 *
 * @throws {RangeError} when nobody has two items and has left some
 */
export function historySamples(sequences: Sequences, options: HistorySampleOptions): CountedStream<HistorySamples> {
  const { items, seen } = options
  const users = Uint32Array.from({ length: sequences.offsets.length - 1 }, (_, user) => user).filter((user) => {
    const taken = (seen.offsets[user + 1] ?? 0) - (seen.offsets[user] ?? 0)
    return sequenceOf(sequences, user).length > 1 && taken < items
  })
  if (users.length === 0)
    throw new RangeError('no user has taken two items and left others, expected at least one to learn from')
  const count = users.length
  return {
    count,
    async *pieces(random, batchSize) {
      yield { count, open: () => openSamples(sequences, users, options, random, batchSize) }
    },
  }
}

function openSamples(
  sequences: Sequences,
  users: Uint32Array,
  options: HistorySampleOptions,
  random: Random,
  batchSize: number,
): Examples<HistorySamples> {
  const { length, targets, layout } = options
  const spans = Array.from(random.shuffle(users), (user): Span => {
    const [start, end] = [sequences.offsets[user] ?? 0, sequences.offsets[user + 1] ?? 0]
    const to = targets === 'one' ? start + 1 + random.integer(end - start - 1) : end - 1
    return { user, from: Math.max(start, to - length), to }
  })
  const ordered = layout === 'rows' ? byLength(spans, batchSize, random) : spans
  return {
    count: users.length,
    batch(indices) {
      const own = Array.from(indices, (at) => ordered[at] as Span)
      const rows = layout === 'packed' ? packed(own, length) : own.map((span) => [span])
      const longest = Math.max(...own.map(({ from, to }) => to - from))
      // Draws that do not depend on what was drawn before: a fit that goes on draws them too.
      const draws = random.fork(`batch/${indices[0] ?? 0}`)
      return laidOut(sequences, rows, layout === 'rows' ? longest : length, options, draws)
    },
  }
}

/** Spans of like length together in batches, the batches in random order; a last one that is smaller stays the last. */
function byLength(spans: readonly Span[], batchSize: number, random: Random): readonly Span[] {
  const ordered: Span[] = []
  for (let from = 0; from < spans.length; from += batchesSorted * batchSize) {
    const chunk = spans
      .slice(from, from + batchesSorted * batchSize)
      .toSorted((a, b) => a.to - a.from - (b.to - b.from))
    const whole = Math.floor(chunk.length / batchSize)
    const order = random.shuffle(Uint32Array.from({ length: whole }, (_, batch) => batch))
    for (const batch of order) ordered.push(...chunk.slice(batch * batchSize, (batch + 1) * batchSize))
    ordered.push(...chunk.slice(whole * batchSize))
  }
  return ordered
}

/** Spans put into rows of a length, the longest first, each into the first row that has room. */
function packed(spans: readonly Span[], length: number): readonly (readonly Span[])[] {
  const rows: { held: number; readonly spans: Span[] }[] = []
  for (const span of spans.toSorted((a, b) => b.to - b.from - (a.to - a.from))) {
    const size = span.to - span.from
    const row = rows.find(({ held }) => held + size <= length)
    if (row) {
      row.held += size
      row.spans.push(span)
    } else rows.push({ held: size, spans: [span] })
  }
  return rows.map(({ spans: own }) => own)
}

/** Rows of spans as numbers; each row's spans end at its end. */
function laidOut(
  { items: taken }: Sequences,
  rows: readonly (readonly Span[])[],
  width: number,
  { length, targets, negatives, items, seen }: HistorySampleOptions,
  random: Random,
): HistorySamples {
  const [ids, segments, places] = [0, 1, 2].map(() => new Int32Array(rows.length * width)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const at: number[] = []
  const wanted: number[] = []
  const drawn: number[] = []
  for (const [row, spans] of rows.entries()) {
    let place = (row + 1) * width - spans.reduce((sum, { from, to }) => sum + to - from, 0)
    for (const [segment, { user, from, to }] of spans.entries()) {
      const left = items - ((seen.offsets[user + 1] ?? 0) - (seen.offsets[user] ?? 0))
      for (let entry = from; entry < to; entry++, place++) {
        ids[place] = (taken[entry] ?? 0) + 1
        segments[place] = segment + 1
        places[place] = length - (to - entry)
        if (targets === 'one' && entry < to - 1) continue
        at.push(place)
        wanted.push((taken[entry + 1] ?? 0) + 1)
        for (let draw = 0; draw < negatives; draw++) drawn.push(unseenAt(seen, user, random.integer(left)) + 1)
      }
    }
  }
  const shape = [rows.length, width]
  return {
    ids: value(ids, shape),
    segments: value(segments, shape),
    places: value(places, shape),
    at: value(Int32Array.from(at)),
    targets: value(Int32Array.from(wanted)),
    negatives: value(Int32Array.from(drawn), [at.length, negatives]),
  }
}
