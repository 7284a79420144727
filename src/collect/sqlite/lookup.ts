import { hash } from 'node:crypto'
import type { Connection } from './connection.ts'
import { rowsAt, writeRows } from './rows.ts'
import type { StateTable } from './tables.ts'

// The one index from what things are called to their numbers. An entry's key is 40 bits of a SHA-256, so that entries
// are small whatever the ids look like and hold no text; whoever finds a number by it must check what it stands for.
//
// Hashes fall all over an index, and inserting into a large one rewrites about a page per entry. So entries go to a
// small index first and are merged into the large one in key order, many at a time, which rewrites each page once.

type Named = 'signal' | 'rater' | 'context' | 'source' | 'lineup'

const keys = 2 ** 40
/** Entries the small index holds before it is merged, at least; and as a share of the large one. */
const mostRecent = 100_000
const recentShare = 1 / 16

/** The key under which a thing's number is found by its id. */
export function keyOf(named: Named, id: string): number {
  const digest = hash('sha256', `${named} ${id}`, 'binary')
  let key = 0
  for (let position = 0; position < 5; position++) key = key * 256 + digest.charCodeAt(position)
  return key
}

/** The key under which the numbers of a rater's signals are found, given the rater's own key. */
export function keyOfSignalsBy(raterKey: number): number {
  return keys - 1 - raterKey
}

/** The key under which contents are found by their address, which is a hash already. */
export function keyOfContent(address: string): number {
  return Number.parseInt(address.slice(0, 10), 16)
}

/** The numbers under some keys; a key with none is missing from the map. */
export function findNumbers(connection: Connection, wanted: readonly number[]): Map<number, number[]> {
  const found = new Map<number, number[]>()
  const ascending = [...new Float64Array(wanted).sort()]
  for (const table of ['lookup', 'lookup_recent'])
    for (const [key, number] of rowsAt(connection, table, ['key', 'number'], ascending) as [number, number][]) {
      const numbers = found.get(key)
      if (numbers === undefined) found.set(key, [number])
      else numbers.push(number)
    }
  return found
}

/** Entries of the lookup: keys at even places, the numbers they lead to at odd ones. */
export type Entries = number[]

/** Entries that are sorted together: a key of 40 bits and a place below this make a number of 53 bits. */
const sortedTogether = 2 ** 13

/** Adds entries. Counts them in `state`, which the caller saves. */
export function addEntries(connection: Connection, state: StateTable, entries: Entries): void {
  for (let start = 0; start < entries.length; start += 2 * sortedTogether) {
    const count = Math.min(sortedTogether, (entries.length - start) / 2)
    const places = new Float64Array(count)
    for (let place = 0; place < count; place++)
      places[place] = (entries[start + 2 * place] as number) * sortedTogether + place
    const sorted: number[] = []
    for (const packed of places.sort()) {
      const place = start + 2 * (packed % sortedTogether)
      sorted.push(entries[place] as number, entries[place + 1] as number)
    }
    writeRows(connection, 'lookup_recent', ['key', 'number'], sorted)
  }
  state.recent += entries.length / 2
  if (state.recent < Math.max(mostRecent, state.merged * recentShare)) return
  connection.run('insert into lookup select key, number from lookup_recent order by key, number')
  connection.run('delete from lookup_recent')
  state.merged += state.recent
  state.recent = 0
}

/** Removes entries wherever they are. */
export function removeEntries(connection: Connection, state: StateTable, entries: Entries): void {
  for (let place = 0; place < entries.length; place += 2) {
    const entry = [entries[place] as number, entries[place + 1] as number]
    state.merged -= connection.run('delete from lookup where key = ? and number = ?', entry)
    state.recent -= connection.run('delete from lookup_recent where key = ? and number = ?', entry)
  }
}
