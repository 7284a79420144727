import type { z } from 'zod'
import { issuesOf } from '../issue.ts'

/** What is wrong with one row of a file: the field, and what would have been right. */
export class RowFault extends Error {
  override readonly name = 'RowFault'
  /** The field, such as `winner` or `a.features.length`; empty when the row as a whole is at fault. */
  readonly path: string
  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

const shownLength = 60

/** A value as an error message shows it: JSON, shortened. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, shownLength + 1)) : (JSON.stringify(value) ?? '')
  return text.length <= shownLength + 2 ? text : `${text.slice(0, shownLength)}…`
}

/** A list of accepted words as an error message shows it: `"a", "b"`. */
export function showWords(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ')
}

/** The fault of a value that is not what its field takes: `winner is "modelA", expected one of "a", "b"`. */
export function unexpected(path: string, value: unknown, expected: string): RowFault {
  const absent = value === undefined || value === null || value === ''
  return new RowFault(path, `${path || 'the row'} is ${absent ? 'missing' : show(value)}, expected ${expected}`)
}

/** The first thing a schema found wrong with a value, in the words of {@link issuesOf}. */
export function faultOf(error: z.core.$ZodError, value: unknown): RowFault {
  const [first] = issuesOf(error, value)
  if (!first) return new RowFault('', 'the row is not valid')
  return new RowFault(first.path, `${first.path || 'the row'} ${first.message}`)
}

/** A bad row: where it is and what is wrong with it. */
export interface BadRow {
  /** Physical line, or position in a JSON array or a Parquet file. */
  readonly line: number
  /** The field at fault; empty when it is the row as a whole. */
  readonly path: string
  readonly message: string
}

/** Rows that stopped an import. The message is about the first; `rows` lists them all, as far as the file was read. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly file: string
  readonly line: number
  readonly path: string
  readonly rows: readonly BadRow[]
  constructor(file: string, unit: 'line' | 'row', first: BadRow, ...others: readonly BadRow[]) {
    super(
      `${file}, ${unit} ${first.line}: ${first.message}` +
        others.map(({ line, message }) => `\n${file}, ${unit} ${line}: ${message}`).join(''),
    )
    this.file = file
    this.line = first.line
    this.path = first.path
    this.rows = [first, ...others]
  }
}
