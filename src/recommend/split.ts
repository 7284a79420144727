import type { Random } from '../run/index.ts'
import { byItem, filterPairs, type InteractionSet } from './interactions/interaction-set.ts'
import { type Sequences, sequenceOf } from './interactions/sequences.ts'

/** A set taken apart; all parts count users and items alike, and no pair is in two of them. */
export interface Split {
  readonly train: InteractionSet
  /** Empty unless the split was asked for one. */
  readonly valid: InteractionSet
  readonly test: InteractionSet
  /** Users with something held out and nothing to train on, ascending; none unless they were to be kept. */
  readonly untrained: Uint32Array
  /** Held-out pairs that were removed because their user has nothing to train on. */
  readonly removed: number
}

/** What becomes of users who are left without a training item. */
export interface UntrainedOption {
  /**
   * `remove` takes what was held out of them out of the split; `keep` leaves it there, for methods that need no training
   * items. Default `remove`.
   */
  readonly untrained?: 'remove' | 'keep'
}

const [train, valid, test] = [0, 1, 2]

function share(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${name} is ${value}, expected a share from 0 to below 1`)
  return value
}

function partsOf(set: InteractionSet, parts: Uint8Array, { untrained = 'remove' }: UntrainedOption = {}): Split {
  const without: number[] = []
  let removed = 0
  const lacking = new Uint8Array(set.users)
  for (let user = 0; user < set.users; user++) {
    const own = parts.subarray(set.offsets[user], set.offsets[user + 1])
    if (own.length === 0 || own.includes(train)) continue
    lacking[user] = 1
    if (untrained === 'keep') without.push(user)
    else removed += own.length
  }
  const part = (which: number): InteractionSet =>
    filterPairs(set, (entry, user) => parts[entry] === which && (untrained === 'keep' || lacking[user] === 0))
  return { train: part(train), valid: part(valid), test: part(test), untrained: Uint32Array.from(without), removed }
}

export interface ShareOptions {
  /** Share of a user's pairs to be tested on. Default 0.2. */
  readonly test?: number
  /** Share to choose settings on. Default 0. */
  readonly valid?: number
}

/**
 * Positions of a user's pairs, told apart: of n, round(n · share) go to each of the two parts, as far as one is left to
 * train on.
 */
function cuts(count: number, shares: Required<ShareOptions>): readonly [toTest: number, toValid: number] {
  const toTest = Math.min(Math.round(count * shares.test), Math.max(0, count - 1))
  return [toTest, Math.min(Math.round(count * shares.valid), Math.max(0, count - 1 - toTest))]
}

function sharesOf(options: ShareOptions): Required<ShareOptions> {
  const shares = { test: share('test', options.test ?? 0.2), valid: share('valid', options.valid ?? 0) }
  if (shares.test + shares.valid >= 1)
    throw new RangeError(`test and valid are ${shares.test} and ${shares.valid}, expected less than 1 together`)
  return shares
}

/**
 * A share of every user's pairs at random. A user keeps at least one pair to train on, so that a user with a single one
 * is not tested.
 */
export function randomSplit(set: InteractionSet, random: Random, options: ShareOptions = {}): Split {
  const shares = sharesOf(options)
  const parts = new Uint8Array(set.columns.length)
  for (let user = 0; user < set.users; user++) {
    const [from, to] = [set.offsets[user] ?? 0, set.offsets[user + 1] ?? 0]
    const [toTest, toValid] = cuts(to - from, shares)
    const entries = Uint32Array.from({ length: to - from }, (_, at) => from + at)
    for (let at = 0; at < toTest + toValid; at++) {
      const drawn = at + random.integer(entries.length - at)
      const entry = entries[drawn] ?? 0
      entries[drawn] = entries[at] ?? 0
      parts[entry] = at < toTest ? test : valid
    }
  }
  return partsOf(set, parts)
}

/** The latest share of every user's history; the part before it, `valid` of it, to choose settings on. */
export function historySplit(set: InteractionSet, options: ShareOptions = {}): Split {
  const shares = sharesOf(options)
  const parts = new Uint8Array(set.columns.length)
  for (let user = 0; user < set.users; user++) {
    const [from, to] = [set.offsets[user] ?? 0, set.offsets[user + 1] ?? 0]
    const [toTest, toValid] = cuts(to - from, shares)
    for (let entry = from; entry < to; entry++) {
      const fromEnd = to - from - 1 - (set.places[entry] ?? 0)
      parts[entry] = fromEnd < toTest ? test : fromEnd < toTest + toValid ? valid : train
    }
  }
  return partsOf(set, parts)
}

export interface LeaveOneOutOptions {
  /** Whether the item before the last is held out too, to choose settings on. Default true. */
  readonly valid?: boolean
}

/**
 * The last item of every history for the test, the one before it for choosing settings. Users whose history is too
 * short to leave one to train on (fewer than 3 items, or 2 without `valid`) are trained on and not tested.
 */
export function leaveOneOut(set: InteractionSet, options: LeaveOneOutOptions = {}): Split {
  const held = (options.valid ?? true) ? 2 : 1
  const parts = new Uint8Array(set.columns.length)
  for (let user = 0; user < set.users; user++) {
    const [from, to] = [set.offsets[user] ?? 0, set.offsets[user + 1] ?? 0]
    if (to - from <= held) continue
    for (let entry = from; entry < to; entry++) {
      const fromEnd = to - from - 1 - (set.places[entry] ?? 0)
      if (fromEnd < held) parts[entry] = fromEnd === 0 ? test : valid
    }
  }
  return partsOf(set, parts)
}

/** Histories with repeats, their last items held out. */
export interface SequenceSplit {
  readonly train: Sequences
  /** The item before the last of each user; −1 for users who are not tested. */
  readonly valid: Int32Array
  /** The last item of each user; −1 for users who are not tested. */
  readonly test: Int32Array
}

/**
 * {@link leaveOneOut} of histories that may repeat items: the last of each is for the test, the one before it for
 * choosing settings, also where the user had met the item before. Histories of fewer than three are trained on whole.
 */
export function leaveOneOutSequences(sequences: Sequences): SequenceSplit {
  const users = sequences.offsets.length - 1
  const [validItems, testItems] = [new Int32Array(users).fill(-1), new Int32Array(users).fill(-1)]
  const offsets = new Uint32Array(users + 1)
  const kept: number[] = []
  for (let user = 0; user < users; user++) {
    const items = sequenceOf(sequences, user)
    const length = items.length < 3 ? items.length : items.length - 2
    if (items.length >= 3) {
      validItems[user] = items[length] ?? -1
      testItems[user] = items[length + 1] ?? -1
    }
    for (let at = 0; at < length; at++) kept.push((sequences.offsets[user] ?? 0) + at)
    offsets[user + 1] = kept.length
  }
  return {
    train: {
      offsets,
      items: Uint32Array.from(kept, (at) => sequences.items[at] ?? 0),
      ...(sequences.times && { times: Float64Array.from(kept, (at) => sequences.times?.[at] ?? 0) }),
    },
    valid: validItems,
    test: testItems,
  }
}

export interface TemporalSplitOptions extends UntrainedOption {
  /** Everything from this moment on is tested on: milliseconds since 1970. Default: where the last `share` begins. */
  readonly from?: number
  /** Share of all pairs that come last. Default 0.2. */
  readonly share?: number
  /** Pairs from this moment on, and before the test, are for choosing settings. Default: none. */
  readonly validFrom?: number
}

/**
 * What happened before a moment against what happened from it on, for all users alike. Users who came only later have
 * nothing to train on.
 *
 * @throws {RangeError} when the set has no times, or the moments are out of order
 */
export function temporalSplit(set: InteractionSet, options: TemporalSplitOptions = {}): Split {
  const { times } = set
  if (!times) throw new RangeError('the interactions have no times, expected some for a split by time')
  const lastShare = share('share', options.share ?? 0.2)
  const sorted = Float64Array.from(times).sort()
  const cut = sorted.length - Math.round(sorted.length * lastShare)
  const from = options.from ?? sorted[cut] ?? Number.POSITIVE_INFINITY
  const validFrom = options.validFrom ?? from
  if (!(validFrom <= from))
    throw new RangeError(`validFrom is ${validFrom}, expected at most ${from}, where the test begins`)
  const parts = Uint8Array.from(times, (time) => (time >= from ? test : time >= validFrom ? valid : train))
  return partsOf(set, parts, options)
}

/** Draws round(count · share) numbers below count, marked by 1. */
function drawn(count: number, portion: number, random: Random): Uint8Array {
  const marks = new Uint8Array(count)
  const numbers = Array.from({ length: count }, (_, number) => number)
  for (const number of random.shuffle(numbers).slice(0, Math.round(count * portion))) marks[number] = 1
  return marks
}

/**
 * A share of the users is held out whole, except for the first `known` items of their histories: those are what a
 * recommender is told of someone it was not trained on. The told items are in `valid`, the rest in `test`; users with
 * no more than `known` items are trained on.
 *
 * @param portion share of the users. Default 0.2
 * @param known Default 5
 */
export function coldUserSplit(
  set: InteractionSet,
  random: Random,
  { portion = 0.2, known = 5 }: { readonly portion?: number; readonly known?: number } = {},
): Split {
  const cold = drawn(set.users, share('portion', portion), random)
  const parts = new Uint8Array(set.columns.length)
  for (let user = 0; user < set.users; user++) {
    const [from, to] = [set.offsets[user] ?? 0, set.offsets[user + 1] ?? 0]
    if (cold[user] !== 1 || to - from <= known) continue
    for (let entry = from; entry < to; entry++) parts[entry] = (set.places[entry] ?? 0) < known ? valid : test
  }
  return partsOf(set, parts, { untrained: 'keep' })
}

/**
 * A share of the items is held out with everything that happened to them: no method has seen them with a user.
 *
 * @param portion share of the items that have interactions. Default 0.2
 */
export function coldItemSplit(
  set: InteractionSet,
  random: Random,
  { portion = 0.2, ...options }: UntrainedOption & { readonly portion?: number } = {},
): Split {
  const { offsets } = byItem(set)
  const met = Array.from({ length: set.items }, (_, item) => item).filter(
    (item) => (offsets[item + 1] ?? 0) > (offsets[item] ?? 0),
  )
  const cold = drawn(met.length, share('portion', portion), random)
  const held = new Uint8Array(set.items)
  for (const [at, item] of met.entries()) held[item] = cold[at] ?? 0
  return partsOf(
    set,
    Uint8Array.from(set.columns, (item) => (held[item] === 1 ? test : train)),
    options,
  )
}
