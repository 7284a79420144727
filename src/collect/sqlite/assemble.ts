import { recentMap } from '../../run/index.ts'
import { type Content, type Context, candidateId, type Rater, type Signal } from '../signal.ts'
import type { Connection } from './connection.ts'
import { contentNumber, frozen, type Stored, type StoredCandidate, signalFrom } from './record.ts'
import { rowsAt } from './rows.ts'

/** A row of `signals`, columns in the order of {@link signalColumns}. */
export type SignalRow = readonly [
  number: number,
  id: string,
  kind: number,
  rater: number,
  context: number,
  source: number,
  time: number,
  candidates: string,
  body: string,
]
export const signalColumns = [
  'number',
  'id',
  'kind',
  'rater',
  'context',
  'source',
  'time',
  'candidates',
  'body',
] as const

/** Puts rows together into signals, remembering what they refer to. */
export interface Assembler {
  /** The signals of some rows, in order. Must be called in the reading that gave the rows. */
  signals(rows: readonly SignalRow[]): Signal[]
  /** How many characters of JSON the last call went through. */
  readonly lastSize: number
  forget(): void
}

/** Characters of JSON remembered of each sort, once to twice. */
const remembered = 8_000_000
/** What remembering a thing costs besides its text, in characters. */
const thingCost = 200

/** Things referred to by number: those in memory, and those it takes a query to get. */
function things<Thing>(connection: Connection, table: string, parse: (body: string) => Thing) {
  const cache = recentMap<{ readonly thing: Thing; readonly size: number }>(remembered, ({ size }) => size + thingCost)
  return {
    /** Gets all of some numbers; `size` is what the new ones came to in characters. */
    get(numbers: Iterable<number>): { readonly found: ReadonlyMap<number, Thing>; readonly size: number } {
      const found = new Map<number, Thing>()
      const missing = new Set<number>()
      for (const number of numbers) {
        if (found.has(number)) continue
        const known = cache.get(number)
        if (known !== undefined) found.set(number, known.thing)
        else missing.add(number)
      }
      let size = 0
      for (const [number, body] of rowsAt(connection, table, ['number', 'body'], [...missing]) as [number, string][]) {
        const thing = parse(body)
        size += body.length
        cache.add(number, { thing, size: body.length })
        found.set(number, thing)
      }
      return { found, size }
    },
    forget: () => cache.clear(),
  }
}

function had<Thing>(found: ReadonlyMap<number, Thing>, number: number, what: string): Thing {
  const thing = found.get(number)
  if (thing === undefined) throw new Error(`the store is damaged: ${what} ${number} is missing`)
  return thing
}

/** A content with its address, which is not stored because it follows from the content. */
export function contentFrom(body: string): { readonly id: string; readonly content: Content } {
  const content = JSON.parse(body) as Content
  return frozen({ id: candidateId(content), content })
}

/** Opens an {@link Assembler} on a connection. */
export function assembler(connection: Connection): Assembler {
  const raters = things(connection, 'raters', (body) => frozen(JSON.parse(body) as Rater))
  const contexts = things(connection, 'contexts', (body) => frozen(JSON.parse(body) as Context))
  const contents = things(connection, 'contents', contentFrom)
  const sources = things(connection, 'sources', (body) => body)
  let lastSize = 0
  return {
    signals(rows) {
      const candidates = rows.map((row) => JSON.parse(row[7]) as readonly StoredCandidate[])
      const numbers: number[] = []
      for (const list of candidates) for (const entry of list) numbers.push(contentNumber(entry))
      const content = contents.get(numbers)
      const rater = raters.get(rows.map((row) => row[3]))
      const context = contexts.get(rows.map((row) => row[4]))
      const source = sources.get(rows.map((row) => row[5]))
      lastSize = content.size + rater.size + context.size
      const contentOf = (number: number) => had(content.found, number, 'content')
      return rows.map((row, position) => {
        lastSize += row[7].length + row[8].length
        const stored: Stored = {
          id: row[1],
          kind: row[2],
          rater: had(rater.found, row[3], 'rater'),
          context: had(context.found, row[4], 'context'),
          source: had(source.found, row[5], 'source'),
          time: row[6],
          candidates: candidates[position] ?? [],
          body: row[8],
        }
        return signalFrom(stored, contentOf)
      })
    },
    get lastSize() {
      return lastSize
    },
    forget() {
      for (const sort of [raters, contexts, contents, sources]) sort.forget()
    },
  }
}
