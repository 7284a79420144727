import { recentMap } from '../../run/index.ts'
import { sameJson } from '../same.ts'
import type { Connection, Value } from './connection.ts'
import { rowsAt, writeRows } from './rows.ts'

/** What is known of something that signals refer to by number. */
export interface Entry {
  /** 0 until {@link Dictionary.settle} has found or given it. */
  number: number
  /** Under which its number is found in the lookup. */
  readonly key: number
  /** What is stored of it; forgotten once settled where ids have versions, because the cache key says it all. */
  body: string
}

/** An entry that is not settled yet. */
interface Unsettled<Item> {
  readonly entry: Entry
  readonly item: Item
  /** The one before it that is written now under the same key. */
  earlier: Unsettled<Item> | undefined
}

/** How one sort of repeated thing is stored. */
export interface DictionaryOptions<Item> {
  readonly table: string
  /** Columns after `number`; one of them is `body`. */
  readonly columns: readonly string[]
  readonly values: (item: Item, body: string) => readonly Value[]
  readonly body: (item: Item) => string
  /** The part of an item that its body says. */
  readonly said: (item: Item) => unknown
  readonly parse: (body: string) => unknown
  readonly id: (item: Item) => string
  /** The id of the thing that a body says. */
  readonly idOf: (body: string) => string
  readonly lookupKey: (id: string) => number
  /** Whether one id may stand for several things that differ in the rest. Otherwise that is a conflict. */
  readonly versions: boolean
  /** Under what it is remembered: its id, and what tells versions apart. */
  readonly cacheKey: (item: Item) => string
  /** What is indexed of a new one: rows of a value and its number. */
  readonly indexed?: {
    readonly table: string
    readonly columns: readonly string[]
    /** The columns but the last, which is the number, row by row. */
    readonly rows: (item: Item) => readonly (readonly Value[])[]
  }
}

/** The repeated things of one sort: found by what they are, stored once. */
export interface Dictionary<Item> {
  /** The entry of an item, its number still 0 if it is not known yet; undefined when its id stands for another. */
  want(item: Item): Entry | undefined
  /** The lookup keys of what was wanted and is not known yet. */
  unknownKeys(): number[]
  /**
   * Gives everything wanted its number, writing what is new.
   *
   * @param numbersUnder what the lookup has under the unknown keys
   * @param next the first number that is free
   */
  settle(numbersUnder: ReadonlyMap<number, readonly number[]>, next: number): Settled<Item>
  /** Forgets everything remembered, after an erasure or a transaction that failed. */
  forget(): void
}

export interface Settled<Item> {
  /** The first number that is free now. */
  readonly next: number
  /** How many ids were not there before. */
  readonly newIds: number
  /** Additions to the lookup, see `addEntries`. */
  readonly entries: readonly number[]
  /** Items whose id stands for another. */
  readonly conflicts: readonly Item[]
}

/** Characters that each dictionary remembers, once to twice. */
const remembered = 4_000_000
/** What remembering an entry costs besides its text, in characters. */
const entryCost = 200

/** Opens one sort of repeated thing. */
export function dictionary<Item>(connection: Connection, options: DictionaryOptions<Item>): Dictionary<Item> {
  const cache = recentMap<Entry>(remembered, ({ body }) => (options.versions ? 0 : body.length) + entryCost)
  let lastKey: string | undefined
  let lastEntry: Entry | undefined
  let unsettled: Unsettled<Item>[] = []

  const isSame = (body: string, item: Item, itemBody: string): boolean =>
    body === itemBody || sameJson(options.parse(body), options.said(item))

  function storedBodies(numbersUnder: ReadonlyMap<number, readonly number[]>): Map<number, string> {
    const numbers: number[] = []
    for (const { entry } of unsettled) for (const number of numbersUnder.get(entry.key) ?? []) numbers.push(number)
    return new Map(rowsAt(connection, options.table, ['number', 'body'], numbers) as [number, string][])
  }

  function writeIndexed(written: readonly Unsettled<Item>[]): void {
    if (options.indexed === undefined) return
    const { table, columns, rows } = options.indexed
    const values: Value[] = []
    for (const { item, entry } of written) for (const row of rows(item)) values.push(...row, entry.number)
    writeRows(connection, table, columns, values)
  }

  return {
    want(item) {
      const cacheKey = options.cacheKey(item)
      // Most signals of a batch have the same source and many the same context.
      const known = cacheKey === lastKey ? lastEntry : cache.get(cacheKey)
      lastKey = cacheKey
      lastEntry = known
      if (known !== undefined)
        return options.versions || isSame(known.body, item, options.body(item)) ? known : undefined
      const entry: Entry = { number: 0, key: options.lookupKey(options.id(item)), body: options.body(item) }
      unsettled.push({ entry, item, earlier: undefined })
      cache.add(cacheKey, entry)
      lastEntry = entry
      return entry
    },
    unknownKeys: () => unsettled.map(({ entry }) => entry.key),
    settle(numbersUnder, next) {
      const stored = storedBodies(numbersUnder)
      // What is written now, the last by key: one thing may be wanted twice when the cache could not hold it that long.
      const fresh = new Map<number, Unsettled<Item>>()
      const written: Unsettled<Item>[] = []
      const conflicts: Item[] = []
      const values: Value[] = []
      const entries: number[] = []
      let newIds = 0
      for (const one of unsettled) {
        const { item, entry } = one
        let sameId = false
        for (const number of numbersUnder.get(entry.key) ?? []) {
          const body = stored.get(number)
          if (body === undefined) continue
          if (isSame(body, item, entry.body)) entry.number = number
          else sameId ||= options.idOf(body) === options.id(item)
        }
        one.earlier = fresh.get(entry.key)
        for (let other = one.earlier; other !== undefined; other = other.earlier) {
          if (isSame(other.entry.body, item, entry.body)) entry.number = other.entry.number
          else sameId ||= options.id(other.item) === options.id(item)
        }
        if (entry.number !== 0) continue
        if (sameId && !options.versions) {
          conflicts.push(item)
          continue
        }
        entry.number = next++
        if (!sameId) newIds++
        values.push(entry.number, ...options.values(item, entry.body))
        entries.push(entry.key, entry.number)
        written.push(one)
        fresh.set(entry.key, one)
      }
      writeRows(connection, options.table, ['number', ...options.columns], values)
      writeIndexed(written)
      if (options.versions) for (const { entry } of unsettled) entry.body = ''
      unsettled = []
      return { next, newIds, entries, conflicts }
    },
    forget() {
      cache.clear()
      lastKey = undefined
      unsettled = []
    },
  }
}
