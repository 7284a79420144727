import type { IdMap } from './id-map.ts'
import type { InteractionLog } from './interaction-log.ts'

/** The columns of a sparse matrix of ones, row by row: row r has `columns[offsets[r]]` to `columns[offsets[r + 1] − 1]`. */
export interface SparseRows {
  /** [rows + 1], from 0 to the number of columns held. */
  readonly offsets: Uint32Array
  /** Ascending within a row, each once. */
  readonly columns: Uint32Array
}

/**
 * Who had to do with what, each pair once: users are rows, items are columns, in compressed sparse rows.
 *
 * A user's history is in order of time, equal times in the order of the log; without times, in the order of the log.
 */
export interface InteractionSet extends SparseRows {
  /** Rows, with those that have no interaction. */
  readonly users: number
  /** The catalogue, with items that nobody met. */
  readonly items: number
  /** Place of each pair in its user's history, oldest 0. */
  readonly places: Uint32Array
  readonly values?: Float32Array
  /** Milliseconds since 1970. */
  readonly times?: Float64Array
  readonly userIds: IdMap
  readonly itemIds: IdMap
}

export interface InteractionSetOptions {
  /**
   * What becomes of a pair that the log has several times: the `last` or the `first` in history order stands for all,
   * with its value, time and place; or the last stands with the `sum` of the values, an absent value counting 1; or the
   * log is to be `refuse`d. Default `last`.
   */
  readonly duplicates?: 'last' | 'first' | 'sum' | 'refuse'
}

/**
 * The set of a log. Timestamps may be in any order.
 *
 * @throws {RangeError} when the log has a pair twice and `duplicates` is `refuse`
 * @example
 * const set = interactionSet(interactionLog({ users: [0, 0, 1], items: [2, 0, 2], times: [20, 10, 5] }))
 * itemsOf(set, 0) // [0, 2]
 * historyOf(set, 0) // [0, 2]: item 0 came first
 */
export function interactionSet(log: InteractionLog, options: InteractionSetOptions = {}): InteractionSet {
  const duplicates = options.duplicates ?? 'last'
  const [users, items, count] = [log.userIds.size, log.itemIds.size, log.users.length]
  const starts = rowStarts(log.users, users)
  const order = new Uint32Array(count)
  const next = starts.slice()
  for (let at = 0; at < count; at++) {
    const user = log.users[at] ?? 0
    const place = next[user] ?? 0
    order[place] = at
    next[user] = place + 1
  }
  const summed = duplicates === 'sum'
  const values = log.values || summed ? new Float32Array(count) : undefined
  const times = log.times && new Float64Array(count)
  const columns = new Uint32Array(count)
  const places = new Uint32Array(count)
  const offsets = new Uint32Array(users + 1)
  let held = 0
  for (let user = 0; user < users; user++) {
    const row = order.subarray(starts[user], starts[user + 1])
    if (log.times) sortByTime(row, log.times)
    // Item first, place in the history second, as one number, which is exact below 2⁵³.
    const length = row.length
    if (items * length > 2 ** 53)
      throw new RangeError(
        `user ${JSON.stringify(log.userIds.id(user))} has ${length} interactions with a catalogue of ${items} items, expected their product to be at most 2⁵³`,
      )
    const keys = Float64Array.from(row, (at, place) => (log.items[at] ?? 0) * length + place).sort()
    const rowStart = held
    for (let at = 0; at < length; ) {
      const item = Math.floor((keys[at] ?? 0) / length)
      let to = at + 1
      while (to < length && Math.floor((keys[to] ?? 0) / length) === item) to++
      if (to - at > 1 && duplicates === 'refuse')
        throw new RangeError(
          `user ${JSON.stringify(log.userIds.id(user))} has item ${JSON.stringify(log.itemIds.id(item))} ${to - at} times, expected once`,
        )
      const place = (keys[duplicates === 'first' ? at : to - 1] ?? 0) - item * length
      const event = row[place] ?? 0
      columns[held] = item
      places[held] = place
      if (times) times[held] = log.times?.[event] ?? 0
      if (values) {
        let value = log.values?.[event] ?? 1
        if (summed)
          for (let earlier = at; earlier < to - 1; earlier++)
            value += log.values?.[row[(keys[earlier] ?? 0) - item * length] ?? 0] ?? 1
        values[held] = value
      }
      held++
      at = to
    }
    offsets[user + 1] = held
    if (held - rowStart < length) closeGaps(places.subarray(rowStart, held))
  }
  return {
    users,
    items,
    offsets,
    columns: columns.slice(0, held),
    places: places.slice(0, held),
    ...(values && { values: values.slice(0, held) }),
    ...(times && { times: times.slice(0, held) }),
    userIds: log.userIds,
    itemIds: log.itemIds,
  }
}

/** Where the rows would begin if the entries were in order of rows. */
function rowStarts(rows: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(count + 1)
  for (const row of rows) starts[row + 1] = (starts[row + 1] ?? 0) + 1
  for (let row = 0; row < count; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0)
  return starts
}

function sortByTime(row: Uint32Array, times: Float64Array): void {
  for (let at = 1; at < row.length; at++)
    if ((times[row[at] ?? 0] ?? 0) < (times[row[at - 1] ?? 0] ?? 0)) {
      row.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
      return
    }
}

/** Turns different numbers into their ranks from 0. */
function closeGaps(places: Uint32Array): void {
  const sorted = Uint32Array.from(places).sort()
  if (sorted.at(-1) === places.length - 1) return
  const rank = new Map<number, number>()
  for (const [at, place] of sorted.entries()) rank.set(place, at)
  for (let at = 0; at < places.length; at++) places[at] = rank.get(places[at] ?? 0) ?? 0
}

function assertUser(set: SparseRows, user: number): void {
  if (!(Number.isInteger(user) && user >= 0 && user < set.offsets.length - 1))
    throw new RangeError(`there is no user ${user}, expected a whole number from 0 to ${set.offsets.length - 2}`)
}

/** The items of a user, ascending; a view of the set's memory. @throws {RangeError} when there is no such user */
export function itemsOf(set: SparseRows, user: number): Uint32Array {
  assertUser(set, user)
  return set.columns.subarray(set.offsets[user], set.offsets[user + 1])
}

/** The items of a user, oldest first. @throws {RangeError} when there is no such user */
export function historyOf(set: InteractionSet, user: number): Uint32Array {
  assertUser(set, user)
  const [from, to] = [set.offsets[user] ?? 0, set.offsets[user + 1] ?? 0]
  const history = new Uint32Array(to - from)
  for (let at = from; at < to; at++) history[set.places[at] ?? 0] = set.columns[at] ?? 0
  return history
}

/** Whether a row holds a column. */
export function holdsPair({ offsets, columns }: SparseRows, row: number, column: number): boolean {
  let [low, high] = [offsets[row] ?? 0, offsets[row + 1] ?? 0]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((columns[middle] ?? 0) < column) low = middle + 1
    else high = middle
  }
  return low < (offsets[row + 1] ?? 0) && columns[low] === column
}

/** How many users had to do with each item: [items]. */
export function itemCounts(set: InteractionSet): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(set.items)
  for (const item of set.columns) counts[item] = (counts[item] ?? 0) + 1
  return counts
}

/** The user of every pair, in the order of `columns`: with these, a set is a list of pairs. */
export function pairUsers({ offsets, columns }: SparseRows): Uint32Array<ArrayBuffer> {
  const users = new Uint32Array(columns.length)
  for (let user = 0; user < offsets.length - 1; user++) users.fill(user, offsets[user], offsets[user + 1])
  return users
}

/** Items as rows and users as columns; `entries[k]` is where the k-th pair of the result stands in the set. */
export function byItem(set: InteractionSet): SparseRows & { readonly entries: Uint32Array } {
  const offsets = rowStarts(set.columns, set.items)
  const next = offsets.slice()
  const columns = new Uint32Array(set.columns.length)
  const entries = new Uint32Array(set.columns.length)
  for (let user = 0; user < set.users; user++)
    for (let at = set.offsets[user] ?? 0; at < (set.offsets[user + 1] ?? 0); at++) {
      const item = set.columns[at] ?? 0
      const place = next[item] ?? 0
      columns[place] = user
      entries[place] = at
      next[item] = place + 1
    }
  return { offsets, columns, entries }
}

/** The pairs at which `keep` says yes, with histories closed up; users, items and their numbers stay. */
export function filterPairs(set: InteractionSet, keep: (entry: number, user: number) => boolean): InteractionSet {
  const kept = new Uint32Array(set.columns.length)
  const offsets = new Uint32Array(set.users + 1)
  let held = 0
  for (let user = 0; user < set.users; user++) {
    for (let at = set.offsets[user] ?? 0; at < (set.offsets[user + 1] ?? 0); at++) if (keep(at, user)) kept[held++] = at
    offsets[user + 1] = held
  }
  const entries = kept.subarray(0, held)
  const places = Uint32Array.from(entries, (at) => set.places[at] ?? 0)
  for (let user = 0; user < set.users; user++) closeGaps(places.subarray(offsets[user], offsets[user + 1]))
  return {
    ...set,
    offsets,
    columns: Uint32Array.from(entries, (at) => set.columns[at] ?? 0),
    places,
    ...(set.values && { values: Float32Array.from(entries, (at) => set.values?.[at] ?? 0) }),
    ...(set.times && { times: Float64Array.from(entries, (at) => set.times?.[at] ?? 0) }),
  }
}
