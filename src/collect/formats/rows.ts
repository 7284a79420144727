import type { Run } from '../../run/index.ts'
import { type Delimiting, delimitedRows, delimitingOf } from './delimited.ts'
import type { BrokenRow, ContainerName, Row } from './format.ts'
import type { Input } from './input.ts'
import { jsonArray, jsonLines } from './json-rows.ts'
import { linesOf } from './lines.ts'
import { parquetMagic, parquetRows } from './parquet.ts'

/** How a file's rows lie in it. */
export interface Layout extends Delimiting {
  readonly container: ContainerName
}

const headBytes = 1 << 16

/** A file's extension in lower case, without that of its compression: `csv` of `Votes.CSV.gz`. */
export function extensionOf(name: string): string {
  const parts = name.toLowerCase().replace(/\.gz$/, '').split('.')
  return parts.length > 1 ? (parts.at(-1) ?? '') : ''
}

/**
 * How a file is laid out, told from its content and, for delimited text, its extension.
 *
 * @param emptyIsFine take an empty file for lines of JSON, of which there are none
 * @throws {Error} when the file is empty or looks like no text
 */
export async function layoutOf(input: Input, container?: ContainerName, emptyIsFine = false): Promise<Layout> {
  const text = { delimiter: ',', header: true }
  let head = Buffer.alloc(0)
  for await (const piece of input.chunks()) {
    head = Buffer.concat([head, piece])
    if (head.length >= headBytes || head.includes(10)) break
  }
  if (head.length === 0 && emptyIsFine) return { container: container ?? 'jsonl', ...text }
  if (head.length === 0) throw new Error(`${input.name} is empty`)
  if (container === 'parquet' || head.toString('latin1', 0, 4) === parquetMagic)
    return { container: 'parquet', ...text }
  if (head.subarray(0, headBytes).includes(0)) throw new Error(`${input.name} is neither text nor Parquet`)
  const first = head.toString('utf8').trimStart()[0]
  const found = container ?? (first === '[' ? 'json' : first === '{' ? 'jsonl' : 'delimited')
  if (found !== 'delimited') return { container: found, ...text }
  const firstLine = linesOf({ line: 1, bytes: head }, headBytes).find((line) => line.text.trim() !== '')
  return { container: found, ...delimitingOf(firstLine?.text ?? '', extensionOf(input.name)) }
}

/** A file's rows in order, in batches, by its layout. Progress is told in bytes, under a label. */
export async function* rowsOf(
  input: Input,
  layout: Layout,
  limit: number,
  label: string,
  run: Run,
): AsyncGenerator<readonly (Row | BrokenRow)[]> {
  const onBytes = (done: number): void => {
    run.signal.throwIfAborted()
    run.progress({ label, done, total: input.bytes })
  }
  if (layout.container === 'parquet') {
    const path = await input.plainPath()
    // Parquet is read by row groups, not from front to back: the bytes are told in proportion to the rows.
    yield* parquetRows(path, run.folder, (done, total) => onBytes(Math.round((input.bytes * done) / total)))
    return
  }
  const pieces = input.chunks(onBytes)
  if (layout.container === 'jsonl') yield* jsonLines(pieces, limit)
  else if (layout.container === 'json') yield* jsonArray(pieces, limit)
  else yield* delimitedRows(pieces, layout, limit)
}
