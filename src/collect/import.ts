import { basename, join } from 'node:path'
import type { Run } from '../run/index.ts'
import { RowFault } from './formats/fault.ts'
import {
  anonymous,
  type ColumnUse,
  type ContainerName,
  containerNames,
  type Fields,
  type Format,
} from './formats/format.ts'
import { detectFormat, type FormatName, formatNames, formats, isFormatName } from './formats/formats.ts'
import { type Input, openInput } from './formats/input.ts'
import { lineLimit } from './formats/lines.ts'
import { arranged } from './formats/readings.ts'
import type { Reject } from './formats/rejects.ts'
import { extensionOf, type Layout, layoutOf, rowsOf } from './formats/rows.ts'
import { type SourceFile, storeAllOrNothing, storeGoodRows } from './formats/store-file.ts'
import type { Rater } from './signal.ts'
import type { SignalStore } from './store.ts'

export interface ImportOptions {
  readonly store: SignalStore
  /** Default: told from the file's columns and first rows. */
  readonly format?: FormatName
  /** Default: told from the file's content. */
  readonly container?: ContainerName
  /** Keep the good rows of a file that has bad ones. Default: a bad row stops the import and nothing is stored. */
  readonly keepGoing?: boolean
  /** Name of the data. Default: the file's name without its extension, or what the file's signals say. */
  readonly source?: string
  /** Where bad rows go when the good ones are kept. Default: `FILE.rejects.jsonl` in the run's folder, after the file's name. */
  readonly rejects?: string
  /** What columns become, by name. Default: what the format knows, and metadata. */
  readonly columns?: { readonly [column: string]: ColumnUse }
  /** Milliseconds since 1970 for rows that say no time. Default 0. */
  readonly time?: number
  /** What numbers in columns such as `timestamp` count. Default `s`. */
  readonly timeUnit?: 's' | 'ms'
  /** Who judged, for rows that do not say. Default: what the format says, or a human called `anonymous`. */
  readonly rater?: Rater
  /** What raters are that rows name by an id alone. Default `human`. */
  readonly raterKind?: Rater['kind']
  /** What was done where a row only says what was taken. Default `interaction`. */
  readonly action?: string
  /** The scale of scores, for rows that do not say. Default: none. */
  readonly scale?: { readonly min: number; readonly max: number }
  /** What messages call the input. Default: the file's name. */
  readonly name?: string
  /** Bytes a line, or an element of a JSON array, may have. Default 64 MiB. */
  readonly lineLimit?: number
  /** How many bad rows the report, or the error, lists. Default 20. */
  readonly listed?: number
}

/** What an import did. */
export interface ImportReport {
  readonly format: FormatName
  readonly container: ContainerName
  /** Whether the format was told from the file rather than given. */
  readonly detected: boolean
  readonly source: string
  /** Rows read, blank lines not counted. */
  readonly read: number
  readonly inserted: number
  /** Signals that were there already. */
  readonly duplicates: number
  readonly rejectedCount: number
  /** The first rejects. */
  readonly rejected: readonly Reject[]
  /** Where all rejects are, when there are any. */
  readonly rejectsFile?: string
  /** What the rows left unsaid, and how it was taken. */
  readonly notes: readonly string[]
  readonly seconds: number
}

const sampleRows = 100

/**
 * Reads a file or a stream of preference data into a store; gzip is unpacked on the way. Memory is bounded, but for 18
 * to 36 bytes for each row (and for each context) by which repeated ids are told.
 *
 * Without `keepGoing` the file is read twice: once to check every row, the ids within the file and those in the store,
 * then to insert. A bad row therefore stops the import before anything is stored. What stops the second reading (an
 * abort, a full disk) leaves whole batches stored; importing the file again completes it, because rows without an id
 * get one derived from the source's name, their content and how many equal rows came before: what is there already
 * counts as duplicates. With `keepGoing` the file is read once, good rows are stored as they come, and bad rows go to
 * a file of their own.
 *
 * @throws {ImportError} naming the bad rows, up to `listed` of them, unless `keepGoing`
 * @throws {Error} when the format cannot be told, or the file cannot be read
 * @example
 * const report = await importFile('votes.csv', { store }, startRun())
 * console.log(`${report.inserted} signals from ${report.read} rows`)
 */
export async function importFile(
  from: string | AsyncIterable<Uint8Array | string>,
  options: ImportOptions,
  run: Run,
): Promise<ImportReport> {
  const started = performance.now()
  const input = await openInput(from, run, options.name ?? (typeof from === 'string' ? basename(from) : undefined))
  const notes = new Set<string>()
  try {
    const source = await makeOut(input, options, run, (note) => notes.add(note))
    const rejects = options.rejects ?? join(run.folder, `${basename(input.name)}.rejects.jsonl`)
    const done = options.keepGoing
      ? await storeGoodRows(source, options.store, rejects, options.listed ?? 20, run)
      : await storeAllOrNothing(source, options.store, options.listed ?? 20, run)
    return {
      format: source.name,
      container: source.layout.container,
      detected: options.format === undefined,
      source: source.options.source,
      ...done,
      notes: [...notes],
      seconds: (performance.now() - started) / 1000,
    }
  } catch (error) {
    // A fault of the file as a whole: a header or a Parquet file that cannot be read.
    if (error instanceof RowFault) throw new Error(`${input.name}: ${error.message}`, { cause: error })
    throw error
  } finally {
    await input.close()
  }
}

/** Tells what a file holds, by what was asked for and by its first rows. */
async function makeOut(
  input: Input,
  options: ImportOptions,
  run: Run,
  note: (note: string) => void,
): Promise<SourceFile> {
  if (options.format !== undefined && !isFormatName(options.format))
    throw new Error(`format is ${JSON.stringify(options.format)}, expected one of ${formatNames.join(', ')}`)
  if (options.container !== undefined && !containerNames.includes(options.container))
    throw new Error(`container is ${JSON.stringify(options.container)}, expected one of ${containerNames.join(', ')}`)
  const limit = options.lineLimit ?? lineLimit
  const layout = await layoutOf(input, options.container, options.format !== undefined)
  // Without a prototype, so that no column is taken for one of its members.
  const columns: NonNullable<ImportOptions['columns']> = Object.assign(Object.create(null), options.columns)
  const name = options.format ?? (await detected(input, layout, columns, limit, run))
  const format: Format = formats[name]
  if (!format.containers.includes(layout.container))
    throw new Error(`${input.name} is ${layout.container}; ${name} is read from ${format.containers.join(', ')}`)
  if (layout.container === 'delimited' && !layout.header && name !== 'interactions')
    throw new Error(`${input.name} has no header line: its first line holds numbers; ${name} needs names of columns`)
  const extension = extensionOf(input.name)
  const bare = input.name.replace(/\.gz$/i, '')
  return {
    input,
    layout,
    name,
    format,
    limit,
    unit: layout.container === 'jsonl' || layout.container === 'delimited' ? 'line' : 'row',
    options: {
      source: options.source ?? (extension ? bare.slice(0, -extension.length - 1) : bare),
      sourceStated: options.source !== undefined,
      columns,
      time: options.time ?? 0,
      timeUnit: options.timeUnit ?? 's',
      rater: options.rater ?? format.rater ?? anonymous,
      raterKind: options.raterKind ?? 'human',
      action: options.action ?? 'interaction',
      ...(options.scale && { scale: options.scale }),
      header: layout.header,
      note,
    },
  }
}

async function detected(
  input: Input,
  layout: Layout,
  columns: NonNullable<ImportOptions['columns']>,
  limit: number,
  run: Run,
): Promise<FormatName> {
  const rows: Fields[] = []
  for await (const batch of rowsOf(input, layout, limit, `looking at ${input.name}`, run)) {
    for (const row of batch.slice(0, sampleRows)) if ('fields' in row) rows.push(arranged(row.fields, columns))
    if (rows.length > 0) break
  }
  if (rows.length === 0)
    throw new Error(`${input.name} has no rows that could be read; give the format to see what is wrong`)
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return detectFormat({ container: layout.container, columns: names, header: layout.header, rows }, input.name)
}
