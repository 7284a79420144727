import { createReadStream, mkdirSync } from 'node:fs'
import { mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Run } from '../../run/index.ts'
import { delimitedLine } from './delimited.ts'
import type { ContainerName, OutRow } from './format.ts'
import { jsonLinesToParquet } from './parquet.ts'

/** Where rows go. */
export interface OutFile {
  write(row: OutRow): Promise<void>
  /** Puts the file in its place. */
  finish(): Promise<void>
  /** Throws away what was written. */
  abandon(): Promise<void>
}

/** What a column was seen to hold. */
type Seen = 'number' | 'string' | 'boolean' | 'json'

const seenAs = (value: unknown): Seen =>
  typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? (typeof value as Seen) : 'json'

/** Columns in the order in which rows first have them, with what they hold. */
type Columns = Map<string, Set<Seen>>

function note(columns: Columns, row: OutRow): void {
  for (const [column, value] of Object.entries(row)) {
    if (value === undefined) continue
    let seen = columns.get(column)
    if (!seen) {
      seen = new Set()
      columns.set(column, seen)
    }
    if (value !== null) seen.add(seenAs(value))
  }
}

const duckDbTypes = { number: 'DOUBLE', string: 'VARCHAR', boolean: 'BOOLEAN', json: 'JSON' } as const

function parquetColumns(columns: Columns, known: { readonly [column: string]: string }): { [column: string]: string } {
  const lower = new Map<string, string>()
  const found = [...columns].map(([column, seen]): [string, string] => {
    const twin = lower.get(column.toLowerCase())
    if (twin !== undefined)
      throw new Error(
        `columns ${JSON.stringify(twin)} and ${JSON.stringify(column)} differ only in case, which Parquet files do not tell apart when DuckDB writes them; write lines of JSON instead`,
      )
    lower.set(column.toLowerCase(), column)
    if (Object.hasOwn(known, column)) return [column, known[column] as string]
    const [only] = seen
    return [column, seen.size === 1 && only ? duckDbTypes[only] : seen.size === 0 ? 'VARCHAR' : 'JSON']
  })
  return Object.fromEntries(found.length > 0 ? found : Object.entries(known))
}

const cellText = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value)

/** Text gathered into larger pieces, each written before the next. */
interface Texts {
  write(text: string): Promise<void>
  end(): Promise<void>
}

function textsTo(stream: Writable): Texts {
  const done = finished(stream, { readable: false })
  // A failure is met at the next write or at the end; until then it must not count as unhandled.
  done.catch(() => undefined)
  let gathered: string[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    const text = gathered.join('')
    gathered = []
    length = 0
    if (text !== '')
      await new Promise<void>((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()))
      })
  }
  return {
    async write(text) {
      gathered.push(text)
      length += text.length
      if (length >= 1 << 18) await flush()
    },
    async end() {
      await flush()
      stream.end()
      await done
    },
  }
}

/** A stream into a file that is there from now on, so that removing it later is not overtaken by its opening. */
async function fileStream(path: string): Promise<Writable> {
  return (await open(path, 'w')).createWriteStream()
}

/**
 * Opens where an export goes: a path, where the file appears once it is whole, compressed if its name ends in `.gz`; or
 * a stream. Delimited text and Parquet, whose columns are known only at the end, are put together from lines set aside
 * in the run's folder.
 *
 * @param delimiter of delimited text
 * @param types Parquet types of columns, in DuckDB's notation
 */
export async function openOut(
  to: string | Writable,
  container: ContainerName,
  delimiter: string,
  types: { readonly [column: string]: string },
  run: Run,
): Promise<OutFile> {
  const folder = await mkdtemp(join(run.folder, 'export-'))
  const partial = typeof to === 'string' ? `${to}.${process.pid}.partial` : join(folder, 'whole')
  const linesPath = join(folder, 'rows.jsonl')
  const columns: Columns = new Map()
  const direct = container === 'jsonl' || container === 'json'
  if (typeof to === 'string') mkdirSync(dirname(to), { recursive: true })

  let file: Writable | undefined
  let compressed: Promise<void> | undefined
  const target = async (): Promise<Writable> => {
    if (typeof to !== 'string') return to
    file = await fileStream(partial)
    if (!to.toLowerCase().endsWith('.gz')) return file
    const gzip = createGzip()
    compressed = pipeline(gzip, file)
    compressed.catch(() => undefined)
    return gzip
  }
  const lines = direct ? undefined : await fileStream(linesPath)
  const out = textsTo(lines ?? (await target()))
  const json = container === 'json'
  let rows = 0
  let longest = 0

  const writeDelimited = async (): Promise<void> => {
    const names = [...columns.keys()]
    const text = textsTo(await target())
    await text.write(delimitedLine(names, delimiter))
    for await (const row of storedRows(linesPath)) {
      run.signal.throwIfAborted()
      const cells = names.map((name) => (Object.hasOwn(row, name) ? cellText(row[name]) : undefined))
      await text.write(delimitedLine(cells, delimiter))
    }
    await text.end()
  }
  const place = async (): Promise<void> => {
    await compressed
    if (typeof to !== 'string') return
    const written = await open(partial, 'r+')
    await written.sync()
    await written.close()
    await rename(partial, to)
  }

  return {
    async write(row) {
      run.signal.throwIfAborted()
      if (!direct) note(columns, row)
      if (json) await out.write(rows === 0 ? '[\n' : ',\n')
      const text = JSON.stringify(row)
      if (container === 'parquet') longest = Math.max(longest, Buffer.byteLength(text))
      await out.write(json ? text : `${text}\n`)
      rows++
    },
    async finish() {
      if (json) await out.write(rows === 0 ? '[]\n' : '\n]\n')
      await out.end()
      if (!direct) {
        if (container === 'delimited') await writeDelimited()
        else {
          await jsonLinesToParquet(linesPath, partial, parquetColumns(columns, types), longest, folder)
          if (typeof to !== 'string') await pipeline(createReadStream(partial), to)
        }
      }
      await place()
      await rm(folder, { recursive: true, force: true })
    },
    async abandon() {
      file?.destroy()
      lines?.destroy()
      // A reader must not take what it has for the whole.
      if (typeof to !== 'string') to.destroy()
      await rm(partial, { force: true })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function* storedRows(path: string): AsyncGenerator<OutRow> {
  let held = ''
  for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const parts = (held + (piece as string)).split('\n')
    held = parts.pop() ?? ''
    for (const part of parts) yield JSON.parse(part) as OutRow
  }
}
