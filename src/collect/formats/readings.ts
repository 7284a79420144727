import { hash } from 'node:crypto'
import { canonicalJson, type Json, type Run } from '../../run/index.ts'
import type { Signal } from '../signal.ts'
import { checkSignal } from './check-signal.ts'
import { RowFault } from './fault.ts'
import type { BrokenRow, ColumnUse, Draft, Fields, Format, Reading, ReadOptions, Row } from './format.ts'
import { HashTable, hashOfHex } from './hash-table.ts'
import type { Input } from './input.ts'
import { type Layout, rowsOf } from './rows.ts'

/** A signal of a file, or a row that gives none. */
export type Read =
  | { readonly line: number; readonly signal: Signal; readonly named: boolean; readonly fault?: undefined }
  | { readonly line: number; readonly fault: RowFault; readonly row: unknown }

/** A batch of what was read, and how many rows it took. */
export interface ReadBatch {
  readonly rows: number
  readonly reads: readonly Read[]
}

/** Renames columns and leaves out those to ignore. Other uses are the format's business. */
export function arranged(fields: Fields, columns: { readonly [column: string]: ColumnUse }): Fields {
  const uses = Object.entries(columns)
  if (!uses.some(([, use]) => use === 'ignore' || typeof use === 'object')) return fields
  const entries = Object.entries(fields).flatMap(([column, cell]): [string, unknown][] => {
    const use = Object.hasOwn(columns, column) ? columns[column] : undefined
    if (use === 'ignore') return []
    return [[typeof use === 'object' ? use.as : column, cell]]
  })
  return Object.fromEntries(entries)
}

/**
 * Makes ids for drafts that have none: a hash of the source, of everything in the draft, and of how many equal drafts
 * came before. The same file read again with the same options gives the same ids, also when rows were added to it.
 */
export function idMaker(source: string): (draft: Draft) => string {
  const occurrences = new HashTable()
  return (draft) => {
    const content = hash('sha256', `${canonicalJson([source, draft as unknown as Json])}`)
    const before = occurrences.add(hashOfHex(content))
    return hash('sha256', `${content} ${before}`).slice(0, 32)
  }
}

/**
 * Everything a file says, in order, row by row; nothing is left out, faults are told as such.
 *
 * @param check validate every signal; without, they are known to be valid
 */
export async function* readings(
  input: Input,
  layout: Layout,
  format: Format,
  options: ReadOptions,
  limit: number,
  label: string,
  run: Run,
  check = true,
): AsyncGenerator<ReadBatch> {
  const reader = format.reader(options)
  const makeId = idMaker(options.source)

  const finish = (reading: Reading): Read => {
    const { row } = reading
    if ('fault' in reading) return { line: row.at, fault: reading.fault, row: row.fields }
    const { draft } = reading
    const named = draft.id !== undefined
    try {
      const whole = { ...draft, id: draft.id ?? makeId(draft), source: draft.source ?? options.source }
      return { line: row.at, signal: check ? checkSignal(whole) : (whole as Signal), named }
    } catch (error) {
      return { line: row.at, fault: faultIn(error), row: row.fields }
    }
  }
  const read = (row: Row | BrokenRow): readonly Read[] => {
    if ('fault' in row) return [{ line: row.at, fault: row.fault, row: row.raw }]
    try {
      return reader.read({ at: row.at, fields: arranged(row.fields, options.columns) }).map(finish)
    } catch (error) {
      return [{ line: row.at, fault: faultIn(error), row: row.fields }]
    }
  }

  for await (const rows of rowsOf(input, layout, limit, label, run))
    yield { rows: rows.length, reads: rows.flatMap(read) }
  const last = reader.end().map(finish)
  if (last.length > 0) yield { rows: 0, reads: last }
}

/** The fault that an error is; other errors are thrown on. */
function faultIn(error: unknown): RowFault {
  if (error instanceof RowFault) return error
  // Values that JSON has no text for, and values nested deeper than the stack, cannot be hashed.
  if (error instanceof TypeError && error.message.includes('JSON')) return new RowFault('', error.message)
  if (error instanceof RangeError) return new RowFault('', 'the row is nested too deeply')
  throw error
}
