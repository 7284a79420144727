import { type Sequences, sequenceOf } from '../interactions/sequences.ts'

/**
 * Items that were shown in answer to requests, and what became of each: what a ranker learns from and is judged by.
 *
 * Request r (a search, a page, a feed, the survivors of an earlier stage) showed `items[offsets[r]]` to
 * `items[offsets[r + 1] − 1]`. What its user had done before is the first `known[r]` items of one sequence; sequences are
 * shared by requests, so that a long history is held once, and a request knows nothing that came after it.
 */
export interface Impressions {
  /** How many items there are in the catalogue. */
  readonly itemCount: number
  /** [requests + 1] */
  readonly offsets: Uint32Array
  /** [shown] */
  readonly items: Uint32Array
  /** What became of each, [shown]: 1 taken, 0 left, or a degree between. */
  readonly labels: Float32Array
  /** Who asked, [requests]: numbers from 0, −1 where nobody is known. */
  readonly users: Int32Array
  /** What was asked, [requests]; absent where nothing is. */
  readonly queries?: Int32Array
  /** Numbers of each shown item in its request, [shown, width], such as the score of the stage before. */
  readonly numbers?: { readonly data: Float32Array; readonly width: number }
  /** Milliseconds since 1970 of each request, where known. */
  readonly times?: Float64Array
  /** What users did, oldest first. */
  readonly behaviours: Sequences
  /** Which sequence each request knows the beginning of, [requests]. */
  readonly sequences: Uint32Array
  /** How much of it, [requests]. */
  readonly known: Uint32Array
}

/** One request in plain numbers. */
export interface ImpressionRequest {
  readonly user?: number
  readonly query?: number
  /** Milliseconds since 1970. */
  readonly time?: number
  /** What the user did before, oldest first. Default nothing. */
  readonly history?: ArrayLike<number>
  readonly shown: ArrayLike<number>
  /** What became of each shown item, from 0 to 1. */
  readonly labels: ArrayLike<number>
  /** Numbers of each shown item, as many for all. */
  readonly numbers?: readonly ArrayLike<number>[]
}

/** How many requests there are. */
export function requestCount({ offsets }: Impressions): number {
  return offsets.length - 1
}

/** What a request's user had done before it, oldest first; a view. */
export function historyBefore({ behaviours, sequences, known }: Impressions, request: number): Uint32Array {
  return sequenceOf(behaviours, sequences[request] ?? 0).subarray(0, known[request])
}

/** The request of every shown item, [shown]. */
export function requestsOf({ offsets, items }: Impressions): Uint32Array<ArrayBuffer> {
  const requests = new Uint32Array(items.length)
  for (let request = 0; request < offsets.length - 1; request++)
    requests.fill(request, offsets[request], offsets[request + 1])
  return requests
}

/**
 * Impressions that are what they should be.
 *
 * @throws {RangeError} when an item or a label is out of range, a request shows nothing, columns differ in length, or a
 *   request knows what happened at its own time or later: what it is to predict would then be among what it is told
 */
export function checkedImpressions(impressions: Impressions): Impressions {
  const { itemCount, offsets, items, labels, users, queries, numbers, times, behaviours, sequences, known } =
    impressions
  const requests = requestCount(impressions)
  if (requests < 1) throw new RangeError('there is no request, expected at least one')
  if (offsets[0] !== 0 || offsets[requests] !== items.length)
    throw new RangeError(
      `offsets go from ${offsets[0]} to ${offsets[requests]}, expected from 0 to ${items.length}, the items shown`,
    )
  for (const [name, length, expected] of [
    ['labels', labels.length, items.length],
    ['users', users.length, requests],
    ['queries', queries?.length ?? requests, requests],
    ['times', times?.length ?? requests, requests],
    ['sequences', sequences.length, requests],
    ['known', known.length, requests],
    ['numbers', numbers?.data.length ?? 0, (numbers?.width ?? 0) * items.length],
  ] as const)
    if (length !== expected) throw new RangeError(`there are ${length} ${name}, expected ${expected}`)
  for (const [what, list] of [
    ['shown item', items],
    ['behaviour', behaviours.items],
  ] as const)
    for (let at = 0; at < list.length; at++)
      if (!((list[at] ?? -1) < itemCount))
        throw new RangeError(`${what} ${at} is item ${list[at]}, expected a whole number from 0 to ${itemCount - 1}`)
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at] ?? Number.NaN
    if (!(label >= 0 && label <= 1)) throw new RangeError(`label ${at} is ${label}, expected a number from 0 to 1`)
  }
  const wrong = numbers?.data.findIndex((number) => !Number.isFinite(number)) ?? -1
  if (wrong >= 0)
    throw new RangeError(`number ${wrong} of the shown items is ${numbers?.data[wrong]}, expected a finite number`)
  for (let request = 0; request < requests; request++) {
    if (!((offsets[request + 1] ?? 0) > (offsets[request] ?? 0)))
      throw new RangeError(`request ${request} shows nothing, expected at least one item`)
    const sequence = sequences[request] ?? 0
    const from = behaviours.offsets[sequence] ?? 0
    const length = (behaviours.offsets[sequence + 1] ?? 0) - from
    const knows = known[request] ?? 0
    if (knows > length)
      throw new RangeError(`request ${request} knows ${knows} behaviours of sequence ${sequence}, which has ${length}`)
    if (!times || !behaviours.times || knows === 0) continue
    const last = behaviours.times[from + knows - 1] ?? 0
    if (!(last < (times[request] ?? 0)))
      throw new RangeError(
        `request ${request} was at ${times[request]} and knows a behaviour of ${last}, expected only what was before it`,
      )
  }
  return impressions
}

/**
 * Impressions from requests in plain numbers.
 *
 * @throws {RangeError} as {@link checkedImpressions}, and when only some requests have a query, a time or numbers
 * @example
 * impressionsOf([{ user: 0, history: [4, 1], shown: [2, 5, 3], labels: [0, 1, 0] }], 6)
 */
export function impressionsOf(requests: readonly ImpressionRequest[], itemCount: number): Impressions {
  const all = <K extends 'query' | 'time' | 'numbers'>(key: K): boolean => {
    const have = requests.filter((request) => request[key] !== undefined).length
    if (have > 0 && have < requests.length)
      throw new RangeError(`${have} of ${requests.length} requests have "${key}", expected all or none`)
    return have > 0
  }
  const [queried, timed, numbered] = [all('query'), all('time'), all('numbers')]
  const offsets = new Uint32Array(requests.length + 1)
  const ends = new Uint32Array(requests.length + 1)
  const width = numbered ? (requests[0]?.numbers?.[0]?.length ?? 0) : 0
  for (const [at, { shown, labels, history = [], numbers }] of requests.entries()) {
    if (labels.length !== shown.length)
      throw new RangeError(
        `request ${at} shows ${shown.length} items and has ${labels.length} labels, expected as many`,
      )
    if (numbers && (numbers.length !== shown.length || numbers.some((row) => row.length !== width)))
      throw new RangeError(`request ${at} has other numbers than ${width} for each of its ${shown.length} items`)
    offsets[at + 1] = (offsets[at] ?? 0) + shown.length
    ends[at + 1] = (ends[at] ?? 0) + history.length
  }
  const flat = (lists: readonly ArrayLike<number>[], what: string): Uint32Array =>
    Uint32Array.from(
      lists.flatMap((list) => Array.from(list)),
      (item) => {
        if (!(Number.isInteger(item) && item >= 0 && item < itemCount))
          throw new RangeError(`${what} is ${item}, expected a whole number from 0 to ${itemCount - 1}`)
        return item
      },
    )
  return checkedImpressions({
    itemCount,
    offsets,
    items: flat(
      requests.map(({ shown }) => shown),
      'a shown item',
    ),
    labels: Float32Array.from(requests.flatMap(({ labels }) => Array.from(labels))),
    users: Int32Array.from(requests, ({ user }) => user ?? -1),
    ...(queried && { queries: Int32Array.from(requests, ({ query }) => query ?? -1) }),
    ...(timed && { times: Float64Array.from(requests, ({ time }) => time ?? 0) }),
    ...(numbered && {
      numbers: {
        data: Float32Array.from(requests.flatMap(({ numbers }) => (numbers ?? []).flatMap((row) => Array.from(row)))),
        width,
      },
    }),
    behaviours: {
      offsets: ends,
      items: flat(
        requests.map(({ history }) => history ?? []),
        'a behaviour',
      ),
    },
    sequences: Uint32Array.from(requests, (_, at) => at),
    known: Uint32Array.from(requests, ({ history }) => history?.length ?? 0),
  })
}

/** Some requests, in their order; behaviours stay shared. */
export function selectRequests(impressions: Impressions, keep: (request: number) => boolean): Impressions {
  const { offsets, items, labels, users, queries, numbers, times, sequences, known } = impressions
  const kept = Uint32Array.from({ length: requestCount(impressions) }, (_, request) => request).filter(keep)
  if (kept.length === 0) throw new RangeError('no request was kept, expected at least one')
  const lengths = kept.map((request) => (offsets[request + 1] ?? 0) - (offsets[request] ?? 0))
  const ends = new Uint32Array(kept.length + 1)
  for (const [at, length] of lengths.entries()) ends[at + 1] = (ends[at] ?? 0) + length
  const places = new Uint32Array(ends[kept.length] ?? 0)
  for (const [at, request] of kept.entries())
    for (let step = 0; step < (lengths[at] ?? 0); step++)
      places[(ends[at] ?? 0) + step] = (offsets[request] ?? 0) + step
  const of = <A extends { readonly length: number; readonly [at: number]: number }>(list: A, at: number): number =>
    list[at] ?? 0
  return {
    ...impressions,
    offsets: ends,
    items: places.map((place) => of(items, place)),
    labels: Float32Array.from(places, (place) => of(labels, place)),
    users: Int32Array.from(kept, (request) => of(users, request)),
    ...(queries && { queries: Int32Array.from(kept, (request) => of(queries, request)) }),
    ...(times && { times: Float64Array.from(kept, (request) => of(times, request)) }),
    ...(numbers && {
      numbers: {
        width: numbers.width,
        data: Float32Array.from({ length: places.length * numbers.width }, (_, at) =>
          of(numbers.data, of(places, Math.floor(at / numbers.width)) * numbers.width + (at % numbers.width)),
        ),
      },
    }),
    sequences: kept.map((request) => of(sequences, request)),
    known: kept.map((request) => of(known, request)),
  }
}

/** Impressions taken apart; all parts share behaviours. */
export interface ImpressionSplit {
  readonly train: Impressions
  readonly valid: Impressions
  readonly test: Impressions
}

/**
 * Takes the last requests for the test, those before them for choosing settings, and trains on the rest: all users are
 * cut at the same moments. Requests of one moment stay together.
 *
 * @param shares of the requests. Default 0.1 to choose settings on, 0.2 for the test
 * @throws {RangeError} when times are not known, or a part would be empty
 */
export function splitByTime(
  impressions: Impressions,
  shares: { readonly valid?: number; readonly test?: number } = {},
): ImpressionSplit {
  const { valid = 0.1, test = 0.2 } = shares
  const { times } = impressions
  if (!times) throw new RangeError('the requests have no times, expected some for a split by time')
  if (!(valid > 0 && test > 0 && valid + test < 1))
    throw new RangeError(`valid and test are ${valid} and ${test}, expected positive shares of less than 1 together`)
  const sorted = Float64Array.from(times).sort()
  const moment = (share: number): number => sorted[Math.round(sorted.length * (1 - share))] ?? Number.POSITIVE_INFINITY
  const [first, second] = [moment(valid + test), moment(test)]
  const at = (request: number): number => times[request] ?? 0
  return {
    train: selectRequests(impressions, (request) => at(request) < first),
    valid: selectRequests(impressions, (request) => at(request) >= first && at(request) < second),
    test: selectRequests(impressions, (request) => at(request) >= second),
  }
}
