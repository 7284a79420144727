import { type Context, candidatesOf, type Rater, type Signal } from '../signal.ts'
import type { RowFault } from './fault.ts'

/** How rows lie in a file. */
export type ContainerName = 'jsonl' | 'json' | 'delimited' | 'parquet'

export const containerNames: readonly ContainerName[] = ['jsonl', 'json', 'delimited', 'parquet']

/** A row's fields by column; a cell of delimited text is a string, and `''` where it is empty. */
export interface Fields {
  readonly [column: string]: unknown
}

/** One row of a file. */
export interface Row {
  /** Physical line on which it begins, or its position among the rows of a JSON array or a Parquet file; from 1. */
  readonly at: number
  readonly fields: Fields
}

/** A row that could not be read at all. */
export interface BrokenRow {
  readonly at: number
  readonly fault: RowFault
  /** What stands there, where it can be shown. */
  readonly raw: unknown
}

/**
 * What a column becomes: a numeric or a named feature of the context, a trait of the rater, a tag of the context, an
 * entry of the metadata (the default for columns a format does not know), nothing, or the column of another name.
 */
export type ColumnUse = 'feature' | 'category' | 'trait' | 'tag' | 'metadata' | 'ignore' | { readonly as: string }

/** Who judged when nobody says. */
export const anonymous: Rater = { id: 'anonymous', kind: 'human' }

/** How to read rows that leave something unsaid. */
export interface ReadOptions {
  /** Name of the data; every signal's `source`. */
  readonly source: string
  /** Whether `source` was asked for, rather than taken from the file's name. */
  readonly sourceStated: boolean
  /** What columns become, by name. */
  readonly columns: { readonly [column: string]: ColumnUse }
  /** Milliseconds since 1970 for rows that say no time. */
  readonly time: number
  /** Who judged, for rows that do not say. */
  readonly rater: Rater
  /** What raters are that rows name by an id alone. */
  readonly raterKind: Rater['kind']
  /** What a choice's rater did, for rows that do not say. */
  readonly action: string
  /** The scale of scores, for rows that do not say. */
  readonly scale?: { readonly min: number; readonly max: number }
  /** What numbers in time columns count. */
  readonly timeUnit: 's' | 'ms'
  /** Told once for each sort of thing the rows left unsaid, so that the report can say it. */
  readonly note: (note: string) => void
  /** Whether the file had a header line; without one, columns are named by position. */
  readonly header: boolean
}

type Without<Kind, Keys extends PropertyKey> = Kind extends unknown ? Omit<Kind, Keys> : never

/** A signal as a format reads it: its id may be missing (it is then derived), its source is the file's. */
export type Draft = Without<Signal, 'id' | 'source'> & { readonly id?: string; readonly source?: string }

/** What came of a row. */
export type Reading = { readonly row: Row; readonly draft: Draft } | { readonly row: Row; readonly fault: RowFault }

/** Reads a file's rows one after another; some formats spread one signal over several rows. */
export interface RowReader {
  /** @throws {RowFault} when the row is not what the format takes */
  read(row: Row): readonly Reading[]
  /** What was waiting for more rows. */
  end(): readonly Reading[]
}

/** What a format can be recognised by. */
export interface Sample {
  readonly container: ContainerName
  readonly columns: readonly string[]
  /** Whether delimited text has a header line. */
  readonly header: boolean
  readonly rows: readonly Fields[]
}

/** A row for a file. Undefined members are left out. */
export type OutRow = { readonly [column: string]: unknown }

/** Why a signal cannot be written in a format. */
export class Inexpressible {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** Turns signals into rows, in order; some formats gather several signals into one row. */
export interface RowWriter {
  /** `leave` is told what these rows do not hold of the signal, beyond what the format never holds. */
  write(signal: Signal, leave: (field: SignalField) => void): readonly OutRow[] | Inexpressible
  end(): readonly OutRow[]
}

/** How prompts and answers are laid out in trainers' pairs. */
export type PairStyle = 'plain' | 'conversational' | 'implicit' | 'implicit-conversational' | 'unpaired'

export interface WriteOptions {
  readonly container: ContainerName
  readonly style?: PairStyle
  /** What a choice's rater does where the format has no word for it. */
  readonly action: string
}

/** A way of writing preference data down. */
export interface Format {
  readonly name: string
  /** What it is, in a few words for people. */
  readonly title: string
  /** Who judged, where neither rows nor reader are told; default {@link anonymous}. */
  readonly rater?: Rater
  /** The containers it is read from. */
  readonly containers: readonly ContainerName[]
  /** Whether rows look like this format's. */
  detect(sample: Sample): boolean
  reader(options: ReadOptions): RowReader
  readonly write: {
    readonly containers: readonly ContainerName[]
    /** Parquet types of its columns (DuckDB's notation); other columns take the type of their values. */
    types(options: WriteOptions): { readonly [column: string]: string }
    /** Which of a signal's fields ({@link fieldsOf}) the rows hold, for signals that can be written. */
    keeps(options: WriteOptions): readonly SignalField[] | 'everything'
    writer(options: WriteOptions): RowWriter
  }
}

/** The parts of a signal that a format may have no place for. */
export type SignalField =
  | 'id'
  | 'source'
  | 'time'
  | 'weight'
  | 'rationale'
  | 'metadata'
  | 'rater'
  | 'rater.kind'
  | 'rater.traits'
  | `context.${keyof Context}`
  | 'producer'
  | 'features'
  | 'strength'
  | 'aspects'
  | 'scale'
  | 'rationales'
  | 'action'
  | 'value'

/** The parts of which a signal has anything; a rater's kind counts when it is not `human`. */
export function fieldsOf(signal: Signal): SignalField[] {
  const fields: SignalField[] = ['id', 'source', 'time', 'rater']
  if (signal.rater.kind !== 'human') fields.push('rater.kind')
  if (signal.rater.traits) fields.push('rater.traits')
  for (const key of Object.keys(signal.context)) fields.push(`context.${key as keyof Context}`)
  if (signal.weight !== undefined) fields.push('weight')
  if (signal.rationale !== undefined) fields.push('rationale')
  if (signal.metadata) fields.push('metadata')
  const candidates = candidatesOf(signal)
  if (candidates.some(({ producer }) => producer !== undefined)) fields.push('producer')
  if (candidates.some(({ features }) => features !== undefined)) fields.push('features')
  if (signal.kind === 'comparison' && signal.strength !== undefined) fields.push('strength')
  if (signal.kind === 'comparison' && signal.aspects) fields.push('aspects')
  if (signal.kind === 'rating' && signal.scale) fields.push('scale')
  if (signal.kind === 'rating' && signal.rationales) fields.push('rationales')
  if (signal.kind === 'choice') fields.push('action')
  if (signal.kind === 'choice' && signal.value !== undefined) fields.push('value')
  return fields
}

/** A reader for formats in which every row stands alone. */
export function rowByRow(read: (row: Row) => readonly Draft[]): RowReader {
  return { read: (row) => read(row).map((draft) => ({ row, draft })), end: () => [] }
}

/** A writer for formats in which every signal stands alone. */
export function signalBySignal(
  write: (signal: Signal, leave: (field: SignalField) => void) => OutRow | Inexpressible,
): RowWriter {
  return {
    write(signal, leave) {
      const row = write(signal, leave)
      return row instanceof Inexpressible ? row : [row]
    },
    end: () => [],
  }
}
