import { RowFault, showWords } from './fault.ts'
import type { BrokenRow, Fields, Row } from './format.ts'
import { type Line, lineBlocks, linesOf } from './lines.ts'

// Delimited text after RFC 4180, read here rather than by a package because every row must know the physical line on
// which it begins, also after quoted newlines and CRLF, and because a broken row must cost no row but itself.

/** How delimited text is laid out. */
export interface Delimiting {
  /** `,`, `;`, tab, `::`, or a space, which stands for any run of spaces. */
  readonly delimiter: string
  readonly header: boolean
}

/** A record of cells; an empty cell is undefined, a quoted empty cell `''`. */
interface CellRecord {
  readonly line: number
  readonly cells: readonly (string | undefined)[]
}
interface BrokenRecord {
  readonly line: number
  readonly fault: RowFault
  readonly raw: string
}

const quotes = (delimiter: string): boolean => delimiter.length === 1 && delimiter !== ' '

function splitPlain(text: string, delimiter: string): (string | undefined)[] {
  const cells = delimiter === ' ' ? text.trim().split(/ +/) : text.split(delimiter)
  return cells.map((cell) => (cell === '' ? undefined : cell))
}

/** A line of tabs is a record of empty cells where tabs part them. */
const isBlank = (text: string, delimiter: string): boolean =>
  text.trim() === '' && (delimiter === ' ' || !text.includes(delimiter))

/** A record being put together from one or more lines. */
interface Assembly {
  readonly cells: (string | undefined)[]
  /** What an open quoted cell holds so far. */
  open: string | undefined
}

/** Takes one more line into a record. Returns a message when the quotes make no sense. */
function takeLine(assembly: Assembly, text: string, delimiter: string): string | undefined {
  let at = 0
  for (;;) {
    if (assembly.open === undefined) {
      if (text[at] !== '"') {
        const found = text.indexOf(delimiter, at)
        const cell = text.slice(at, found < 0 ? text.length : found)
        assembly.cells.push(cell === '' ? undefined : cell)
        if (found < 0) return undefined
        at = found + 1
        continue
      }
      assembly.open = ''
      at++
    }
    for (;;) {
      const found = text.indexOf('"', at)
      if (found < 0) {
        assembly.open += text.slice(at)
        return undefined
      }
      assembly.open += text.slice(at, found)
      at = found + 1
      if (text[at] !== '"') break
      assembly.open += '"'
      at++
    }
    assembly.cells.push(assembly.open)
    assembly.open = undefined
    if (at >= text.length) return undefined
    if (text[at] !== delimiter) return `cell ${assembly.cells.length} goes on after its closing quote`
    at++
  }
}

/** Records of a file's lines; after a broken one, reading goes on with the line after the one it began on. */
async function* records(
  lines: AsyncIterable<readonly Line[]>,
  delimiter: string,
  limit: number,
): AsyncGenerator<readonly (CellRecord | BrokenRecord)[]> {
  const quoted = quotes(delimiter)
  /** The lines of the record being put together, and of what must be read again after a broken one. */
  let pending: Line[] = []
  let pendingLength = 0
  let assembly: Assembly | undefined

  const take = (incoming: readonly Line[], out: (CellRecord | BrokenRecord)[]): void => {
    const queue = [...incoming].reverse()
    for (let line = queue.pop(); line; line = queue.pop()) {
      if (!assembly) {
        if (line.fault) {
          out.push({ line: line.line, fault: line.fault, raw: line.text })
          continue
        }
        if (isBlank(line.text, delimiter)) continue
        if (!quoted || !line.text.includes('"')) {
          out.push({ line: line.line, cells: splitPlain(line.text, delimiter) })
          continue
        }
        assembly = { cells: [], open: undefined }
      } else assembly.open += pending.at(-1)?.returned ? '\r\n' : '\n'
      pending.push(line)
      pendingLength += line.text.length
      const message = line.fault ? line.fault.message : takeLine(assembly, line.text, delimiter)
      const start = pending[0] as Line
      if (message !== undefined || pendingLength > limit) {
        out.push(brokenFrom(start, message ?? `the quote opened here is not closed within ${limit} characters`))
        queue.push(...pending.slice(1).reverse())
      } else if (assembly.open !== undefined) continue
      else out.push({ line: start.line, cells: assembly.cells })
      pending = []
      pendingLength = 0
      assembly = undefined
    }
  }

  for await (const incoming of lines) {
    const out: (CellRecord | BrokenRecord)[] = []
    take(incoming, out)
    yield out
  }
  while (assembly) {
    const [start, ...rest] = pending as [Line, ...Line[]]
    const out: (CellRecord | BrokenRecord)[] = [brokenFrom(start, 'the quote opened here is never closed')]
    pending = []
    pendingLength = 0
    assembly = undefined
    take(rest, out)
    yield out
  }
}

function brokenFrom(line: Line, message: string): BrokenRecord {
  return { line: line.line, fault: new RowFault('', message), raw: line.text }
}

async function* linesIn(pieces: AsyncIterable<Buffer>, limit: number): AsyncGenerator<readonly Line[]> {
  for await (const block of lineBlocks(pieces, limit)) yield linesOf(block, limit)
}

function columnsOf(cells: readonly (string | undefined)[]): string[] {
  const columns = cells.map((cell, index) => cell?.trim() || `column ${index + 1}`)
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice !== undefined) throw new RowFault(twice, `the header names ${JSON.stringify(twice)} twice`)
  if (columns.includes('__proto__')) throw new RowFault('__proto__', 'a field cannot be named __proto__')
  return columns
}

/**
 * Rows of delimited text. With a header, columns have its names; without, their positions `1`, `2`, ….
 *
 * @throws {RowFault} when the header names a column twice
 */
export async function* delimitedRows(
  pieces: AsyncIterable<Buffer>,
  delimiting: Delimiting,
  limit: number,
): AsyncGenerator<readonly (Row | BrokenRow)[]> {
  let columns: readonly string[] | undefined
  for await (const batch of records(linesIn(pieces, limit), delimiting.delimiter, limit)) {
    const rows: (Row | BrokenRow)[] = []
    for (const record of batch) {
      if ('fault' in record) {
        if (!columns && delimiting.header) throw new RowFault('', `the header cannot be read: ${record.fault.message}`)
        rows.push({ at: record.line, fault: record.fault, raw: record.raw })
        continue
      }
      if (!columns) {
        columns = delimiting.header ? columnsOf(record.cells) : record.cells.map((_, index) => `${index + 1}`)
        if (delimiting.header) continue
      }
      rows.push(rowOf(record, columns))
    }
    yield rows
  }
}

function rowOf({ line, cells }: CellRecord, columns: readonly string[]): Row | BrokenRow {
  if (cells.length !== columns.length)
    return {
      at: line,
      fault: new RowFault(
        '',
        `the row has ${cells.length} cell${cells.length === 1 ? '' : 's'}, expected ${columns.length} (${showWords(columns.slice(0, 12))}${columns.length > 12 ? ', …' : ''})`,
      ),
      raw: cells.map((cell) => cell ?? ''),
    }
  const fields: Record<string, unknown> = {}
  for (let i = 0; i < columns.length; i++) fields[columns[i] as string] = cells[i]
  return { at: line, fields: fields as Fields }
}

const delimiters = ['::', '\t', ',', ';', ' '] as const

/** Whether a cell could not be a column's name: it is a number. */
export function isNumeric(cell: string | undefined): boolean {
  return cell !== undefined && cell.trim() !== '' && Number.isFinite(Number(cell))
}

/** Whether a name comes back from a header line as it is, and does not make the header look like data. */
export function isColumnName(name: string): boolean {
  return name !== '' && name.trim() === name && !isNumeric(name) && !/^column \d+$/.test(name)
}

const promised: ReadonlyMap<string, string> = new Map([
  ['csv', ','],
  ['tsv', '\t'],
  ['tab', '\t'],
  ['inter', '\t'],
])

/**
 * How a text is laid out, told from its first line: the delimiter that the file's extension promises when the line has
 * it, else the first of `::`, tab, comma, semicolon and space that it has. A first line with a number among its cells
 * is data, not a header.
 */
export function delimitingOf(firstLine: string, extension: string): Delimiting {
  const expected = promised.get(extension)
  const delimiter =
    expected !== undefined && firstLine.includes(expected)
      ? expected
      : (delimiters.find((one) => firstLine.includes(one)) ?? expected ?? ',')
  const assembly: Assembly = { cells: [], open: undefined }
  if (quotes(delimiter)) takeLine(assembly, firstLine, delimiter)
  const cells = quotes(delimiter) ? assembly.cells : splitPlain(firstLine, delimiter)
  return { delimiter, header: !cells.some(isNumeric) }
}

/** One line of delimited text, its newline included; an empty text is quoted, an absent one is not. */
export function delimitedLine(cells: readonly (string | undefined)[], delimiter: string): string {
  const written = cells.map((cell) => {
    if (cell === undefined) return ''
    const plain = cell !== '' && !cell.includes(delimiter) && !/["\r\n]/.test(cell) && cell.trim() === cell
    return plain ? cell : `"${cell.replaceAll('"', '""')}"`
  })
  // A lone absent cell would be a blank line, which readers pass over.
  return `${written.length === 1 && written[0] === '' ? '""' : written.join(delimiter)}\n`
}
