import { openInput } from '../../collect/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { extendIds, type IdMap, type IdTable, idTable, positionIds } from './id-map.ts'
import { checkedLog, type InteractionLog } from './interaction-log.ts'
import { logBuilder } from './log-builder.ts'
import { LineError, type PairSink } from './pair-sink.ts'
import { parseJson } from './parse-json.ts'
import { parseLists, parseRows, type RowColumns } from './parse-lines.ts'

/** What can be the matter with one line. */
export interface RejectedLine {
  /** From 1. */
  readonly line: number
  readonly reason: string
}

/** What was read, and the lines that were not. */
export interface InteractionFile extends InteractionLog {
  /** How many lines were left out; 0 unless they were to be skipped. */
  readonly rejectedCount: number
  /** The first hundred of them. */
  readonly rejected: readonly RejectedLine[]
}

export interface ReadInteractionsOptions {
  /**
   * How the file is laid out. `rows`: one interaction a line. `lists`: a user and all of their items a line, between
   * spaces or tabs, in order of time if there is one. `json`: a list of lists of items, whose users are their
   * positions, or an object of such lists by user. Default: `json` for a file that ends in `.json` or `.json.gz`,
   * `rows` otherwise.
   */
  readonly layout?: 'rows' | 'lists' | 'json'
  /** Rows only. Default: the first of tab, `::`, comma, semicolon and space that the first line has. */
  readonly delimiter?: string
  /** Rows only: whether the first line names the columns. Default: when no cell of it is a number. */
  readonly header?: boolean
  /**
   * Rows only: which columns to read, by name or by number from 1. Default: with a header, the usual names (`user_id`,
   * `item_id`, `rating`, `timestamp` and like ones, with types such as `:token` passed over); without one, columns 1, 2,
   * 3 (value, if it is there) and 4 (time, if it is there).
   */
  readonly columns?: RowColumns
  /** Unit of the times in the file. Default `seconds`. */
  readonly timeUnit?: 'seconds' | 'milliseconds'
  /**
   * Ids are whole numbers counted from this and stay what they are, so that files of one split agree and the ids that
   * no line has count too. Default: ids are any texts, numbered as they come.
   */
  readonly numberedFrom?: 0 | 1
  /** With `numberedFrom`, how many users and items there are. Default: the largest id plus one. */
  readonly users?: number
  readonly items?: number
  /** Ids that have numbers already, such as those of the training file. Others get the numbers after them. */
  readonly userIds?: IdMap
  readonly itemIds?: IdMap
  /** What becomes of ids that `userIds` and `itemIds` lack. Default `add`. */
  readonly unknownIds?: 'add' | 'skip' | 'refuse'
  /** What becomes of a line that cannot be read. Default `refuse`. */
  readonly brokenLines?: 'refuse' | 'skip'
}

const shownRejects = 100
const digit0 = 48

function numberedIds(what: string, first: number, size: number | undefined) {
  let largest = -1
  const find = (bytes: Uint8Array, start: number, end: number): number => {
    let number = 0
    let digits = end - start
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] ?? 0) - digit0
      if (digit < 0 || digit > 9) digits = 0
      number = number * 10 + digit
    }
    number -= first
    if (digits === 0 || digits > 10 || number < 0 || number >= (size ?? 2 ** 32 - 1))
      throw new LineError(
        `${what} is ${JSON.stringify(Buffer.from(bytes.subarray(start, end)).toString())}, expected a whole number from ${first}${size === undefined ? '' : ` to ${size - 1 + first}`}`,
      )
    if (number > largest) largest = number
    return number
  }
  return { find, map: (): IdMap => positionIds(size ?? largest + 1, first) }
}

function textIds(what: string, known: IdMap | undefined, unknown: 'add' | 'skip' | 'refuse') {
  const table: IdTable = known ? extendIds(known) : idTable()
  const find = (bytes: Uint8Array, start: number, end: number): number => {
    if (!known || unknown === 'add') {
      try {
        return table.add(bytes, start, end)
      } catch (error) {
        throw new LineError(`${what}: ${(error as Error).message}`)
      }
    }
    const number = table.seek(bytes, start, end)
    if (number < 0 && unknown === 'refuse')
      throw new LineError(
        `${what} ${JSON.stringify(Buffer.from(bytes.subarray(start, end)).toString())} is not among the ${known.size} known ones`,
      )
    return number
  }
  return { find, map: (): IdMap => (known && unknown !== 'add' ? known : table) }
}

/**
 * Reads interactions from a file, gzipped or not, piece by piece.
 *
 * A line without a value or a time where others have one is broken. An empty line is passed over. Lines of one user may
 * lie anywhere.
 *
 * @throws {Error} naming the file and the line, when one cannot be read and broken lines are not to be skipped
 * @example
 * const log = await readInteractions('gowalla/train.txt.gz', { layout: 'lists', numberedFrom: 0 })
 * const movies = await readInteractions('ml-100k.inter') // user_id:token, item_id:token, rating:float, timestamp:float
 */
export async function readInteractions(
  path: string,
  options: ReadInteractionsOptions = {},
  run: Run = startRun(),
): Promise<InteractionFile> {
  const input = await openInput(path, run)
  const rejected: RejectedLine[] = []
  let rejectedCount = 0
  const first = options.numberedFrom
  if (first !== undefined && (options.userIds || options.itemIds))
    throw new RangeError('numberedFrom says what ids are; userIds and itemIds cannot be given too')
  const unknown = options.unknownIds ?? 'add'
  const users =
    first === undefined ? textIds('user', options.userIds, unknown) : numberedIds('user', first, options.users)
  const items =
    first === undefined ? textIds('item', options.itemIds, unknown) : numberedIds('item', first, options.items)
  const built = logBuilder(options.timeUnit === 'milliseconds' ? 1 : 1000)
  const sink: PairSink = {
    user: users.find,
    item: items.find,
    add: built.add,
    reject(line, reason) {
      if ((options.brokenLines ?? 'refuse') === 'refuse') throw new Error(`${input.name}, line ${line}: ${reason}`)
      rejectedCount++
      if (rejected.length < shownRejects) rejected.push({ line, reason })
    },
  }
  try {
    const layout = options.layout ?? (/\.json(\.gz)?$/.test(path) ? 'json' : 'rows')
    const chunks = input.chunks((done) =>
      run.progress({ label: `reading ${input.name}`, done, total: Math.max(done, input.bytes) }),
    )
    if (layout === 'json') await parseJson(chunks, sink, input.name, first ?? 0)
    else if (layout === 'lists') await parseLists(chunks, sink, run)
    else await parseRows(chunks, sink, { ...options, name: input.name }, run)
  } finally {
    await input.close()
  }
  return {
    ...checkedLog({ ...built.columns(), userIds: users.map(), itemIds: items.map() }),
    rejectedCount,
    rejected,
  }
}
