import { hash } from 'node:crypto'
import type { Connection } from './connection.ts'
import type { StateTable } from './tables.ts'
import { writeRows } from './write-rows.ts'

// The one index from what things are called to their numbers. An entry's key is 48 bits of a SHA-256, so that entries
// are small whatever the ids look like and hold no text; whoever finds a number by it must check what it stands for.
//
// Hashes fall all over an index, and inserting into a large one rewrites about a page per entry. So entries go to a
// small index first and are merged into the large one in key order, many at a time, which rewrites each page once.

type Named = 'signal' | 'rater' | 'context' | 'source' | 'lineup'

/** Entries the small index holds before it is merged. */
const mostRecent = 100_000

function keyFrom(digest: string): number {
  let key = 0
  for (let position = 0; position < 6; position++) key = key * 256 + digest.charCodeAt(position)
  return key
}

/** The key under which a thing's number is found by its id. */
export function keyOf(named: Named, id: string): number {
  return keyFrom(hash('sha256', `${named} ${id}`, 'binary'))
}

/** The key under which the numbers of a rater's signals are found, given the rater's own key. */
export function keyOfSignalsBy(raterKey: number): number {
  return 2 ** 48 - 1 - raterKey
}

/** The key under which contents are found by their address, which is a hash already. */
export function keyOfContent(address: string): number {
  return Number.parseInt(address.slice(0, 12), 16)
}

/** The numbers under some keys; a key with none is missing from the map. */
export function findNumbers(connection: Connection, keys: readonly number[]): Map<number, number[]> {
  const found = new Map<number, number[]>()
  if (keys.length === 0) return found
  const wanted = `[${keys.join(',')}]`
  for (const table of ['lookup', 'lookup_recent'])
    for (const [key, number] of connection.rows(
      `select key, number from ${table} where key in (select value from json_each(?))`,
      [wanted],
    ) as [number, number][]) {
      const numbers = found.get(key)
      if (numbers === undefined) found.set(key, [number])
      else numbers.push(number)
    }
  return found
}

/** Entries to be added: keys at even places, the numbers they lead to at odd ones. */
export type Entries = number[]

/** Adds entries. Counts them in `state`, which the caller saves. */
export function addEntries(connection: Connection, state: StateTable, entries: Entries): void {
  const order = Array.from({ length: entries.length / 2 }, (_, position) => position * 2)
  order.sort((a, b) => (entries[a] as number) - (entries[b] as number))
  const sorted: number[] = []
  for (const position of order) sorted.push(entries[position] as number, entries[position + 1] as number)
  writeRows(connection, 'lookup_recent', ['key', 'number'], sorted)
  state.recent += order.length
  if (state.recent < mostRecent) return
  connection.run('insert into lookup select key, number from lookup_recent order by key, number')
  connection.run('delete from lookup_recent')
  state.recent = 0
}

/** Removes entries wherever they are. */
export function removeEntries(connection: Connection, state: StateTable, entries: Entries): void {
  for (let position = 0; position < entries.length; position += 2) {
    const entry = [entries[position] as number, entries[position + 1] as number]
    connection.run('delete from lookup where key = ? and number = ?', entry)
    state.recent -= connection.run('delete from lookup_recent where key = ? and number = ?', entry)
  }
}
