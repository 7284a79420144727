import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Candidate, Context, Signal } from '../signal.ts'
import type { SignalFilter, SignalPage, SignalSource } from '../store.ts'
import { type Assembler, contentFrom, type SignalRow, signalColumns } from './assemble.ts'
import type { Connection, Value } from './connection.ts'
import { conditionOf, type ResolvedFilter, resolveFilter, type Stretch } from './filter.ts'
import { findNumbers, keyOf, keyOfContent } from './lookup.ts'
import { countTallied, isTallied } from './survey.ts'

/** Signals fetched at once, as long as they are small. */
const mostRows = 2_000
/** Characters of JSON fetched at once, about; when signals are larger, fewer are fetched. */
const mostCharacters = 4_000_000
/** Signals looked through at once when few of them match, so that other work gets its turn. */
const longestStretch = 200_000

/** Reads signals from one connection. */
export interface Reader extends SignalSource {
  get(id: string): Signal | undefined
  page(filter: SignalFilter, options: { limit: number; after?: string; newestFirst?: boolean }): Promise<SignalPage>
  candidate(id: string): Candidate | undefined
  context(id: string): Context | undefined
}

/** The statement for the signals of a stretch that match a filter. */
function select(connection: Connection, filter: ResolvedFilter, stretch: Stretch, descending: boolean, limit: number) {
  return connection.kysely
    .selectFrom('signals')
    .select(signalColumns)
    .where((signals) => conditionOf(filter, stretch, signals))
    .orderBy('signals.number', descending ? 'desc' : 'asc')
    .limit(limit)
    .compile()
}

/** The number in a cursor. */
function cursorNumber(cursor: string, newestFirst: boolean): number {
  const [, direction, digits] = /^(newest|oldest)-(\d{1,16})$/.exec(cursor) ?? []
  if (direction !== (newestFirst ? 'newest' : 'oldest') || digits === undefined)
    throw new RangeError(
      `after is ${JSON.stringify(cursor)}, expected the "next" of a page read with newestFirst ${newestFirst}`,
    )
  return Number(digits)
}

/** Opens a {@link Reader}. */
export function reader(connection: Connection, assembler: Assembler): Reader {
  const lastNumber = (): number => connection.rows('select coalesce(max(number), 0) from signals')[0]?.[0] as number

  /** The signals that match within a stretch, first ones first, with their numbers. */
  function fetch(filter: ResolvedFilter, stretch: Stretch, descending: boolean, limit: number) {
    const { sql, parameters } = select(connection, filter, stretch, descending, limit)
    return connection.reading(() => {
      const rows = connection.rows(sql, parameters as readonly Value[]) as unknown as SignalRow[]
      return { numbers: rows.map(([number]) => number), signals: assembler.signals(rows) }
    })
  }

  /** Matching signals in order, in portions whose size follows from that of the signals and how many match. */
  async function* portions(filter: SignalFilter, bounds: Stretch, descending: boolean, most: number) {
    const resolved = resolveFilter(connection, filter)
    let { after, until } = bounds
    let rows = 64
    let length = 2 * mostRows
    while (after < until) {
      const limit = Math.min(rows, most)
      const stretch = descending
        ? { after: Math.max(after, until - length), until }
        : { after, until: Math.min(until, after + length) }
      const portion = fetch(resolved, stretch, descending, limit)
      const last = portion.numbers.at(-1)
      const full = portion.numbers.length === limit
      if (descending) until = full && last !== undefined ? last - 1 : stretch.after
      else after = full && last !== undefined ? last : stretch.until
      // Few matches: look further at once. Many: there is no use in looking further than is fetched.
      length = full ? Math.max(length / 2, 2 * mostRows) : Math.min(length * 4, longestStretch)
      if (assembler.lastSize > mostCharacters) rows = Math.max(1, Math.floor(rows / 4))
      else if (assembler.lastSize < mostCharacters / 2) rows = Math.min(rows * 2, mostRows)
      yield portion
      await nextTurn()
    }
  }

  return {
    async *read(filter = {}) {
      for await (const { signals } of portions(filter, { after: 0, until: lastNumber() }, false, mostRows))
        yield* signals
    },
    async count(filter = {}) {
      return connection.reading(() => {
        if (isTallied(filter)) return countTallied(connection, filter)
        const resolved = resolveFilter(connection, filter)
        const { sql, parameters } = connection.kysely
          .selectFrom('signals')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where((signals) => conditionOf(resolved, { after: 0, until: lastNumber() }, signals))
          .compile()
        return connection.rows(sql, parameters as readonly Value[])[0]?.[0] as number
      })
    },
    async page(filter, { limit, after: cursor, newestFirst = false }) {
      if (!Number.isInteger(limit) || limit < 1)
        throw new RangeError(`limit is ${limit}, expected an integer of at least 1`)
      const bounds = { after: 0, until: lastNumber() }
      if (cursor !== undefined) {
        const number = cursorNumber(cursor, newestFirst)
        if (newestFirst) bounds.until = Math.min(bounds.until, number - 1)
        else bounds.after = number
      }
      const signals: Signal[] = []
      const numbers: number[] = []
      for await (const portion of portions(filter, bounds, newestFirst, limit + 1)) {
        signals.push(...portion.signals)
        numbers.push(...portion.numbers)
        if (numbers.length > limit) break
      }
      if (numbers.length <= limit) return { signals }
      return {
        signals: signals.slice(0, limit),
        next: `${newestFirst ? 'newest' : 'oldest'}-${numbers[limit - 1]}`,
      }
    },
    get(id) {
      return connection.reading(() => {
        const numbers =
          findNumbers(connection, [keyOf('signal', id)])
            .values()
            .next().value ?? []
        const rows = connection.rows(
          `select ${signalColumns.join(', ')} from signals where id = ? and number in (select value from json_each(?))`,
          [id, JSON.stringify(numbers)],
        ) as unknown as SignalRow[]
        return assembler.signals(rows)[0]
      })
    },
    candidate: (id) =>
      bodiesUnder(connection, 'contents', keyOfContent(id))
        .map(contentFrom)
        .find((content) => content.id === id),
    context: (id) => findContext(connection, id),
  }
}

/** The context of an id. */
export function findContext(connection: Connection, id: string): Context | undefined {
  return bodiesUnder(connection, 'contexts', keyOf('context', id))
    .map((body) => JSON.parse(body) as Context)
    .find((context) => context.id === id)
}

function bodiesUnder(connection: Connection, table: 'contents' | 'contexts', key: number): string[] {
  if (Number.isNaN(key)) return []
  return connection.reading(() => {
    const numbers = findNumbers(connection, [key]).get(key) ?? []
    return connection
      .rows(`select body from ${table} where number in (select value from json_each(?)) order by number`, [
        JSON.stringify(numbers),
      ])
      .map(([body]) => body as string)
  })
}
