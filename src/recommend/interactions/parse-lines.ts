import { lineBlocks, lineLimit } from '../../collect/index.ts'
import type { Run } from '../../run/index.ts'
import { LineError, type PairSink } from './pair-sink.ts'

/** Columns by name, or by number from 1. */
export interface RowColumns {
  readonly user?: string | number
  readonly item?: string | number
  /** null: do not read it. */
  readonly value?: string | number | null
  /** null: do not read it. */
  readonly time?: string | number | null
}

const [newline, returned, space, tab, quote] = [10, 13, 32, 9, 34]

/** Calls `each` with the bounds of every line that is not empty, without its line end. */
async function eachLine(
  chunks: AsyncIterable<Buffer>,
  sink: PairSink,
  run: Run,
  each: (bytes: Buffer, start: number, end: number, line: number) => void,
): Promise<void> {
  for await (const block of lineBlocks(chunks, lineLimit)) {
    run.signal.throwIfAborted()
    if ('tooLong' in block) {
      sink.reject(block.line, `is longer than ${lineLimit} bytes, which is the limit`)
      continue
    }
    const { bytes } = block
    let line = block.line
    for (let start = 0; start < bytes.length; line++) {
      const found = bytes.indexOf(newline, start)
      const next = found < 0 ? bytes.length : found + 1
      let end = found < 0 ? next : found
      if (end > start && bytes[end - 1] === returned) end--
      if (end > start)
        try {
          each(bytes, start, end, line)
        } catch (error) {
          if (!(error instanceof LineError)) throw error
          sink.reject(line, error.message)
        }
      start = next
    }
  }
}

/** Lines of a user and all of their items. Of a line that breaks off, what was read before stays out too. */
export async function parseLists(chunks: AsyncIterable<Buffer>, sink: PairSink, run: Run): Promise<void> {
  const found: number[] = []
  await eachLine(chunks, sink, run, (bytes, start, end) => {
    found.length = 0
    let user = -2
    for (let at = start; at < end; ) {
      const byte = bytes[at]
      if (byte === space || byte === tab) {
        at++
        continue
      }
      let to = at + 1
      while (to < end && bytes[to] !== space && bytes[to] !== tab) to++
      if (user === -2) user = sink.user(bytes, at, to)
      else {
        const item = sink.item(bytes, at, to)
        if (item >= 0 && user >= 0) found.push(item)
      }
      at = to
    }
    for (const item of found) sink.add(user, item, Number.NaN, Number.NaN)
  })
}

const usualNames = {
  user: ['user_id', 'userId', 'userID', 'user', 'uid', 'reviewerID', 'session_id'],
  item: ['item_id', 'itemId', 'itemID', 'item', 'movieId', 'movie_id', 'iid', 'asin', 'artistID'],
  value: ['rating', 'stars', 'value', 'weight', 'count'],
  time: ['timestamp', 'time'],
} as const

type Part = keyof typeof usualNames

/** A value without a header that is larger than this is a time in all likelihood. */
const largestValue = 1e8

const delimiters = ['\t', '::', ',', ';', ' ']

interface Layout {
  readonly columns: Readonly<Record<Part, number>>
  /** The column that tells whether 3 is a value after all. */
  readonly guessed: boolean
}

/** Places of the columns, −1 for those not to be read. */
function layoutOf(cells: readonly string[], header: boolean, given: RowColumns): Layout {
  const names = header ? cells.map((cell) => cell.trim().replace(/:(?:token|float|token_seq|float_seq)$/, '')) : []
  const place = (part: Part, position: number): number => {
    const wanted = given[part]
    if (wanted === null) return -1
    if (typeof wanted === 'number') {
      if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= cells.length))
        throw new LineError(`column ${wanted} is to be the ${part}, but there are ${cells.length} columns`)
      return wanted - 1
    }
    if (!header) {
      if (wanted !== undefined)
        throw new LineError(`there is no column "${wanted}" for the ${part}, because the file has no header`)
      return position < cells.length ? position : -1
    }
    const usual: readonly string[] = usualNames[part]
    const at = wanted === undefined ? names.findIndex((name) => usual.includes(name)) : names.indexOf(wanted)
    if (at < 0 && wanted !== undefined)
      throw new LineError(`there is no column "${wanted}" for the ${part} among ${names.join(', ')}`)
    return at
  }
  const columns = { user: place('user', 0), item: place('item', 1), value: place('value', 2), time: place('time', 3) }
  for (const part of ['user', 'item'] as const)
    if (columns[part] < 0)
      throw new LineError(`no column is the ${part} among ${header ? names.join(', ') : `${cells.length} columns`}`)
  return { columns, guessed: !header && given.value === undefined }
}

/** Cells of a line as bounds in `bytes`; a quoted cell is given without its quotes. */
function cellsInto(bytes: Buffer, start: number, end: number, delimiter: Buffer, bounds: number[]): void {
  bounds.length = 0
  const [first, width] = [delimiter[0], delimiter.length]
  const delimits = (at: number): boolean => bytes[at] === first && (width === 1 || bytes[at + 1] === delimiter[1])
  for (let at = start; ; ) {
    if (bytes[at] === quote && at < end) {
      const close = bytes.indexOf(quote, at + 1)
      if (close < 0 || close >= end || (close + 1 < end && !delimits(close + 1)))
        throw new LineError('has a quoted cell with a quote or a line end in it, expected an id, a value or a time')
      bounds.push(at + 1, close)
      at = close + 1
    } else {
      let to = at
      while (to < end && !delimits(to)) to++
      bounds.push(at, to)
      at = to
    }
    if (at >= end) return
    at += width
  }
}

function numberIn(bytes: Buffer, start: number, end: number, what: string): number {
  let number = 0
  let at = start
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    number = number * 10 + digit
  }
  if (at === end && end > start && end - start < 16) return number
  const text = bytes.toString('latin1', start, end).trim()
  const parsed = text === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(parsed)) throw new LineError(`the ${what} is ${JSON.stringify(text)}, expected a finite number`)
  return parsed
}

/** Lines of one interaction each. */
export async function parseRows(
  chunks: AsyncIterable<Buffer>,
  sink: PairSink,
  options: {
    readonly delimiter?: string
    readonly header?: boolean
    readonly columns?: RowColumns
    readonly name: string
  },
  run: Run,
): Promise<void> {
  const bounds: number[] = []
  let layout: Layout | undefined
  let delimiter = Buffer.from(options.delimiter ?? '\t')
  await eachLine(chunks, sink, run, (bytes, start, end, line) => {
    if (!layout) {
      const text = bytes.toString('utf8', start, end)
      const told = options.delimiter ?? delimiters.find((one) => text.includes(one)) ?? '\t'
      if (told.length < 1 || told.length > 2)
        throw new Error(`${options.name}: the delimiter is ${JSON.stringify(told)}, expected one or two characters`)
      delimiter = Buffer.from(told)
      cellsInto(bytes, start, end, delimiter, bounds)
      const cells = Array.from({ length: bounds.length / 2 }, (_, at) =>
        bytes.toString('utf8', bounds[2 * at], bounds[2 * at + 1]),
      )
      const header = options.header ?? !cells.some((cell) => cell.trim() !== '' && Number.isFinite(Number(cell)))
      try {
        layout = layoutOf(cells, header, options.columns ?? {})
      } catch (error) {
        // Nothing can be read without the columns, so this is no line to skip.
        throw new Error(`${options.name}, line ${line}: ${(error as Error).message}`)
      }
      if (header) return
    } else cellsInto(bytes, start, end, delimiter, bounds)
    const { columns, guessed } = layout
    const cell = (column: number, what: string): number => {
      if (2 * column >= bounds.length)
        throw new LineError(`has ${bounds.length / 2} cells, but the ${what} is in column ${column + 1}`)
      return 2 * column
    }
    const number = (part: 'value' | 'time'): number => {
      if (columns[part] < 0) return Number.NaN
      const at = cell(columns[part], part)
      return numberIn(bytes, bounds[at] ?? 0, bounds[at + 1] ?? 0, part)
    }
    const [value, time] = [number('value'), number('time')]
    if (guessed && value > largestValue)
      throw new Error(
        `${options.name}, line ${line}: column 3 is ${value}, expected a value; for a time give columns { value: null, time: 3 }`,
      )
    const [userAt, itemAt] = [cell(columns.user, 'user'), cell(columns.item, 'item')]
    const user = sink.user(bytes, bounds[userAt] ?? 0, bounds[userAt + 1] ?? 0)
    const item = sink.item(bytes, bounds[itemAt] ?? 0, bounds[itemAt + 1] ?? 0)
    if (user >= 0 && item >= 0) sink.add(user, item, value, time)
  })
}
