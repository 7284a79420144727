import type { Random } from '../../run/index.ts'
import { matrixOf, numbered, type PairData, type Rows, rowCount, type Table } from '../pairs/pair-data.ts'

/** Lists to learn from: some things each, with labels that say which are better. */
export interface ListData {
  /** What the lists are made of; lists may share rows. */
  readonly rows: Rows
  /** Place in `rows` of each entry, one list after another: [entries]. */
  readonly items: Int32Array
  /** List l has the entries from `starts[l]` to before `starts[l + 1]`: [lists + 1]. */
  readonly starts: Int32Array
  /** Greater is better, equal labels are ties; only labels of one list are compared: [entries]. */
  readonly labels: Float32Array
  /** How much each list counts, above 0: [lists]. */
  readonly weights: Float32Array
  /** Lists of one context stay together in splits: [lists]. */
  readonly context: Int32Array
  /** Names of the raters, each once. */
  readonly raters: readonly string[]
  /** Place of each list's rater, −1 where it is not known: [lists]. */
  readonly rater: Int32Array
}

/** How many lists there are. */
export function listCount({ starts }: Pick<ListData, 'starts'>): number {
  return starts.length - 1
}

/** Entries of the longest list. */
export function longestList({ starts }: Pick<ListData, 'starts'>): number {
  let longest = 0
  for (let list = 0; list + 1 < starts.length; list++)
    longest = Math.max(longest, (starts[list + 1] as number) - (starts[list] as number))
  return longest
}

/** Whether some labels differ, so that a list says anything. */
export function speaks(labels: ArrayLike<number>): boolean {
  for (let at = 1; at < labels.length; at++) if (labels[at] !== labels[0]) return true
  return false
}

/**
 * Checks that everything fits together.
 *
 * @throws {RangeError} naming the list that is wrong and what it should be
 */
export function checkedLists(data: ListData, what = 'lists'): ListData {
  const { rows, items, starts, labels, weights, context, rater, raters } = data
  const lists = listCount(data)
  if (!(lists > 0)) throw new RangeError(`${what}: there are no lists to learn from`)
  if (starts[0] !== 0 || starts[lists] !== items.length || labels.length !== items.length)
    throw new RangeError(
      `${what}: starts run from ${starts[0]} to ${starts[lists]} for ${items.length} items and ${labels.length} labels`,
    )
  for (const [name, { length }] of Object.entries({ weights, context, rater }))
    if (length !== lists) throw new RangeError(`${what}: ${name} has ${length} entries for ${lists} lists`)
  const count = rowCount(rows)
  for (let list = 0; list < lists; list++) {
    const [from, to] = [starts[list] as number, starts[list + 1] as number]
    if (to < from) throw new RangeError(`${what}: list ${list} ends at ${to}, before it starts at ${from}`)
    for (let at = from; at < to; at++) {
      const [item, label] = [items[at] as number, labels[at] as number]
      if (!(item >= 0 && item < count))
        throw new RangeError(`${what}: an item of list ${list} is row ${item}, expected one from 0 to ${count - 1}`)
      if (!Number.isFinite(label))
        throw new RangeError(`${what}: label ${at - from} of list ${list} is ${label}, expected a finite number`)
    }
    const [weight, of] = [weights[list] as number, rater[list] as number]
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`${what}: the weight of list ${list} is ${weight}, expected a finite number above 0`)
    if (!(of >= -1 && of < raters.length))
      throw new RangeError(`${what}: the rater of list ${list} is ${of}, expected one from −1 to ${raters.length - 1}`)
  }
  return data
}

export interface FeatureLists {
  /** Features of the items of each list: [items, width]. */
  readonly features: readonly Table[]
  /** Labels of the items of each list, greater is better. */
  readonly labels: readonly ArrayLike<number>[]
  /** [lists], above 0. Default all 1. */
  readonly weights?: ArrayLike<number>
  /** A rater's name per list. Default unknown. */
  readonly raters?: readonly string[]
  /** A context's name or number per list, for splits. Default: every list has its own. */
  readonly contextIds?: readonly (string | number)[]
}

/**
 * Lists from plain arrays of features, checked.
 *
 * @throws {RangeError} when there are no lists, sizes differ, or a number is not finite; naming where
 * @example
 * const data = featureLists({ features: [[[1, 0], [0, 1], [1, 1]]], labels: [[2, 3, 1]] })
 */
export function featureLists({ features, labels, weights, raters, contextIds }: FeatureLists): ListData {
  const tables = features.map((table, list) => matrixOf(table, `list ${list}`))
  const columns = tables[0]?.columns ?? 0
  tables.forEach((table, list) => {
    if (table.columns !== columns)
      throw new RangeError(`list ${list} has ${table.columns} columns, the first one has ${columns}`)
    if (table.rows !== labels[list]?.length)
      throw new RangeError(`list ${list} has ${labels[list]?.length ?? 'no'} labels for ${table.rows} items`)
  })
  const starts = Int32Array.from({ length: tables.length + 1 }, () => 0)
  tables.forEach((table, list) => {
    starts[list + 1] = (starts[list] as number) + table.rows
  })
  const entries = starts[tables.length] as number
  const data = new Float32Array(entries * columns)
  tables.forEach((table, list) => {
    data.set(table.data, (starts[list] as number) * columns)
  })
  const named = numbered(raters ?? [])
  return checkedLists({
    rows: { rows: entries, columns, data },
    items: Int32Array.from({ length: entries }, (_, at) => at),
    starts,
    labels: Float32Array.from(labels.flatMap((list) => Array.from(list))),
    weights: weights === undefined ? new Float32Array(tables.length).fill(1) : Float32Array.from(weights),
    context: Int32Array.from(contextIds ? numbered(contextIds).places : tables.keys()),
    raters: named.distinct,
    rater: raters === undefined ? new Int32Array(tables.length).fill(-1) : Int32Array.from(named.places),
  })
}

export interface SampledListsOptions {
  /** How many lists to draw. */
  readonly lists: number
  /** Items in each, drawn without repetition. Default 8. */
  readonly length?: number
}

/**
 * Lists sampled from rated items: each is some items at random, labelled by their ratings. That is how values on a scale
 * (arousal from 1 to 7, stars) become orders to learn.
 *
 * @param rated features [items, width] or judgements, and a rating of each
 * @throws {RangeError} when sizes differ, a rating is not finite, or lists would be longer than there are items
 */
export function sampledLists(
  rated: { readonly rows: Rows; readonly ratings: ArrayLike<number> },
  { lists, length = 8 }: SampledListsOptions,
  random: Random,
): ListData {
  const count = rowCount(rated.rows)
  if (rated.ratings.length !== count)
    throw new RangeError(`sampledLists: there are ${rated.ratings.length} ratings of ${count} items`)
  if (!(Number.isInteger(lists) && lists >= 1))
    throw new RangeError(`sampledLists: lists is ${lists}, expected a whole number of at least 1`)
  if (!(Number.isInteger(length) && length >= 2 && length <= count))
    throw new RangeError(`sampledLists: length is ${length}, expected a whole number from 2 to the ${count} items`)
  const items = new Int32Array(lists * length)
  const order = Int32Array.from({ length: count }, (_, item) => item)
  for (let list = 0; list < lists; list++)
    // The first places of a shuffle, which may start from any order.
    for (let at = 0; at < length; at++) {
      const other = at + random.integer(count - at)
      const taken = order[other] as number
      order[other] = order[at] as number
      order[at] = taken
      items[list * length + at] = taken
    }
  return checkedLists(
    {
      rows: rated.rows,
      items,
      starts: Int32Array.from({ length: lists + 1 }, (_, list) => list * length),
      labels: Float32Array.from(items, (item) => rated.ratings[item] as number),
      weights: new Float32Array(lists).fill(1),
      context: Int32Array.from({ length: lists }, (_, list) => list),
      raters: [],
      rater: new Int32Array(lists).fill(-1),
    },
    'sampledLists',
  )
}

/** Some of the lists, in the order of the indices, with the same rows and raters. */
export function takeLists(data: ListData, indices: ArrayLike<number>): ListData {
  const places = Int32Array.from(indices)
  const wrong = places.find((place) => !(place >= 0 && place < listCount(data)))
  if (wrong !== undefined) throw new RangeError(`takeLists: there is no list ${wrong} among ${listCount(data)}`)
  const entries = [...places].flatMap((list) => {
    const from = data.starts[list] as number
    return Array.from({ length: (data.starts[list + 1] as number) - from }, (_, at) => from + at)
  })
  const starts = new Int32Array(places.length + 1)
  places.forEach((list, at) => {
    starts[at + 1] = (starts[at] as number) + (data.starts[list + 1] as number) - (data.starts[list] as number)
  })
  return {
    ...data,
    items: Int32Array.from(entries, (entry) => data.items[entry] as number),
    starts,
    labels: Float32Array.from(entries, (entry) => data.labels[entry] as number),
    weights: Float32Array.from(places, (list) => data.weights[list] as number),
    context: places.map((list) => data.context[list] as number),
    rater: places.map((list) => data.rater[list] as number),
  }
}

export interface PairsOfListsOptions {
  /** Least difference of labels for a pair. Default 0; equal labels make no pair. */
  readonly minimumGap?: number
  /** `pair`: every pair counts as its list; `list`: the pairs of one list share its weight. Default pair. */
  readonly share?: 'pair' | 'list'
}

/**
 * Every pair of a list whose labels differ, the better one first.
 *
 * @throws {RangeError} when there is no such pair
 */
export function pairsOfLists(data: ListData, { minimumGap = 0, share = 'pair' }: PairsOfListsOptions = {}): PairData {
  const [a, b, list, weights]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let of = 0; of < listCount(data); of++) {
    const [from, to] = [data.starts[of] as number, data.starts[of + 1] as number]
    const before = a.length
    for (let i = from; i < to; i++)
      for (let j = from; j < to; j++) {
        const gap = (data.labels[i] as number) - (data.labels[j] as number)
        // A thing that is twice in a list is not compared with itself.
        if (!(gap > 0 && gap >= minimumGap) || data.items[i] === data.items[j]) continue
        a.push(data.items[i] as number)
        b.push(data.items[j] as number)
        list.push(of)
      }
    const weight = (data.weights[of] as number) / (share === 'pair' ? 1 : a.length - before)
    while (weights.length < a.length) weights.push(weight)
  }
  if (a.length === 0) throw new RangeError('pairsOfLists: no list has two labels far enough apart')
  return {
    rows: data.rows,
    a: Int32Array.from(a),
    b: Int32Array.from(b),
    targets: new Float32Array(a.length).fill(1),
    weights: Float32Array.from(weights),
    context: Int32Array.from(list, (of) => data.context[of] as number),
    raters: data.raters,
    rater: Int32Array.from(list, (of) => data.rater[of] as number),
    sources: ['lists'],
    source: new Int32Array(a.length),
    columns: {},
  }
}
