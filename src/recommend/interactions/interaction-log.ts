import { type IdMap, idTable, positionIds } from './id-map.ts'

/**
 * What happened, one interaction a position, in the order in which it was read. The same user may meet the same item
 * several times.
 */
export interface InteractionLog {
  /** Numbers in `userIds`. */
  readonly users: Uint32Array
  /** Numbers in `itemIds`. */
  readonly items: Uint32Array
  /** A rating, a weight, a count; absent where the interaction alone is known. */
  readonly values?: Float32Array
  /** Milliseconds since 1970-01-01T00:00:00Z; absent where the order is all that is known. */
  readonly times?: Float64Array
  readonly userIds: IdMap
  readonly itemIds: IdMap
}

/** Interactions as plain columns. */
export interface InteractionColumns {
  /** Ids: texts are numbered as they come; whole numbers are taken as positions. */
  readonly users: ArrayLike<string | number>
  readonly items: ArrayLike<string | number>
  readonly values?: ArrayLike<number>
  /** Milliseconds since 1970. */
  readonly times?: ArrayLike<number>
  /** How many there are where ids are positions. Default: the largest plus one. */
  readonly userCount?: number
  readonly itemCount?: number
}

function numbered(
  what: string,
  ids: ArrayLike<string | number>,
  size: number | undefined,
): { readonly numbers: Uint32Array; readonly map: IdMap } {
  const numbers = new Uint32Array(ids.length)
  if (ids.length === 0 || typeof ids[0] === 'number') {
    let largest = -1
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= (size ?? 2 ** 32 - 1))
        throw new RangeError(
          `${what} ${at} is ${JSON.stringify(id)}, expected a whole number from 0 to ${(size ?? 2 ** 32 - 1) - 1} like the first`,
        )
      numbers[at] = id
      if (id > largest) largest = id
    }
    return { numbers, map: positionIds(size ?? largest + 1) }
  }
  const map = idTable()
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at]
    if (typeof id !== 'string')
      throw new RangeError(`${what} ${at} is ${JSON.stringify(id)}, expected a text like the first`)
    numbers[at] = map.addText(id)
  }
  return { numbers, map }
}

/**
 * A log of interactions given as columns.
 *
 * @throws {RangeError} when columns differ in length, an id is of another sort than the first or out of range, or a
 *   value or time is not finite
 * @example
 * const log = interactionLog({ users: ['ann', 'ann', 'bob'], items: ['tea', 'jam', 'tea'] })
 */
export function interactionLog(columns: InteractionColumns): InteractionLog {
  const count = columns.users.length
  for (const [name, column] of Object.entries({
    items: columns.items,
    values: columns.values,
    times: columns.times,
  }))
    if (column && column.length !== count)
      throw new RangeError(`there are ${count} users and ${column.length} ${name}, expected as many of each`)
  const users = numbered('user', columns.users, columns.userCount)
  const items = numbered('item', columns.items, columns.itemCount)
  return checkedLog({
    users: users.numbers,
    items: items.numbers,
    userIds: users.map,
    itemIds: items.map,
    ...(columns.values && { values: Float32Array.from(columns.values) }),
    ...(columns.times && { times: Float64Array.from(columns.times) }),
  })
}

/** The log itself. @throws {RangeError} when a value or a time is not finite */
export function checkedLog(log: InteractionLog): InteractionLog {
  for (const [name, column] of [
    ['value', log.values],
    ['time', log.times],
  ] as const) {
    const wrong = column?.findIndex((number: number) => !Number.isFinite(number)) ?? -1
    if (wrong >= 0) throw new RangeError(`${name} ${wrong} is ${column?.[wrong]}, expected a finite number`)
  }
  return log
}

/** The interactions at the positions where `keep` says yes; every id keeps its number. */
export function filterLog(log: InteractionLog, keep: (position: number) => boolean): InteractionLog {
  const kept: number[] = []
  for (let at = 0; at < log.users.length; at++) if (keep(at)) kept.push(at)
  const positions = Uint32Array.from(kept)
  return {
    users: positions.map((at) => log.users[at] ?? 0),
    items: positions.map((at) => log.items[at] ?? 0),
    userIds: log.userIds,
    itemIds: log.itemIds,
    ...(log.values && { values: Float32Array.from(positions, (at) => log.values?.[at] ?? 0) }),
    ...(log.times && { times: Float64Array.from(positions, (at) => log.times?.[at] ?? 0) }),
  }
}

export interface CoreOptions {
  /** Users with fewer interactions go. Default 5. */
  readonly users?: number
  /** Items with fewer interactions go. Default 5. */
  readonly items?: number
}

/**
 * The core of a log: users and items with too few interactions are taken away again and again until none is left, and
 * those that remain are numbered anew, in the order of their old numbers. Every interaction counts, repeated ones too.
 */
export function coreOf(log: InteractionLog, options: CoreOptions = {}): InteractionLog {
  const least = { users: options.users ?? 5, items: options.items ?? 5 }
  const alive = new Uint8Array(log.users.length).fill(1)
  const counts = { users: new Uint32Array(log.userIds.size), items: new Uint32Array(log.itemIds.size) }
  for (let changed = true; changed; ) {
    changed = false
    counts.users.fill(0)
    counts.items.fill(0)
    for (let at = 0; at < alive.length; at++) {
      if (alive[at] === 0) continue
      const [user, item] = [log.users[at] ?? 0, log.items[at] ?? 0]
      counts.users[user] = (counts.users[user] ?? 0) + 1
      counts.items[item] = (counts.items[item] ?? 0) + 1
    }
    for (let at = 0; at < alive.length; at++) {
      if (alive[at] === 0) continue
      if (
        (counts.users[log.users[at] ?? 0] ?? 0) < least.users ||
        (counts.items[log.items[at] ?? 0] ?? 0) < least.items
      ) {
        alive[at] = 0
        changed = true
      }
    }
  }
  return renumbered(filterLog(log, (at) => alive[at] === 1))
}

/** A log without the users and items that have no interaction, the others numbered in the order of their old numbers. */
export function renumbered(log: InteractionLog): InteractionLog {
  const side = (
    numbers: Uint32Array,
    ids: IdMap,
  ): { readonly numbers: Uint32Array<ArrayBuffer>; readonly map: IdMap } => {
    const present = new Uint8Array(ids.size)
    for (const number of numbers) present[number] = 1
    const table = idTable()
    const place = Uint32Array.from(present, (there, number) => (there === 1 ? table.addText(ids.id(number)) : 0))
    return { numbers: Uint32Array.from(numbers, (number) => place[number] ?? 0), map: table }
  }
  const users = side(log.users, log.userIds)
  const items = side(log.items, log.itemIds)
  return { ...log, users: users.numbers, items: items.numbers, userIds: users.map, itemIds: items.map }
}
