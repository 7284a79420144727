import type { BrokenRow, Row } from '../collect/index.ts'
import type { FeatureColumn, VoteColumns } from '../evaluate/index.ts'
import type { Run } from '../run/index.ts'
import { InputError } from './failure.ts'

/** Which columns of a file of votes mean what. */
export interface VoteFileOptions {
  /** Default `a`, or `model_a` where there is no `a`. */
  readonly a?: string
  /** Default `b`, or `model_b` where there is no `b`. */
  readonly b?: string
  /** Default `winner`. */
  readonly winner?: string
  /** Covariates: a column of differences a − b, or the name that two columns `NAME_a` and `NAME_b` share. */
  readonly features?: readonly string[]
}

const defaults = { a: ['a', 'model_a'], b: ['b', 'model_b'], winner: ['winner'] } as const

function quoted(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ')
}

/** The column that plays a part: the one asked for, else the first of its customary names that is there. */
function columnFor(
  part: keyof typeof defaults,
  columns: ReadonlySet<string>,
  asked: string | undefined,
  file: string,
): string {
  const names = asked === undefined ? defaults[part] : [asked]
  const column = names.find((name) => columns.has(name))
  if (column !== undefined) return column
  throw new InputError(
    `${file} has no column ${names.map((name) => JSON.stringify(name)).join(' or ')}; its columns are ${quoted([...columns].slice(0, 20))}. Say which it is with --${part} COLUMN.`,
  )
}

interface FeatureCells {
  readonly name: string
  readonly columns: readonly string[]
  readonly values: number[][]
}

function featureCells(name: string, columns: ReadonlySet<string>, file: string): FeatureCells {
  const sides = [`${name}_a`, `${name}_b`]
  if (sides.every((side) => columns.has(side))) return { name, columns: sides, values: [[], []] }
  if (columns.has(name)) return { name, columns: [name], values: [[]] }
  throw new InputError(
    `${file} has neither a column ${JSON.stringify(name)} nor ${quoted(sides)}; its columns are ${quoted([...columns].slice(0, 20))}`,
  )
}

/** Words for yes and no, as spreadsheets and statistics programs write them. */
const truths: { readonly [word: string]: number } = { true: 1, false: 0 }

function numberIn(cell: unknown, column: string, where: string): number {
  const word = typeof cell === 'string' ? cell.trim().toLowerCase() : cell
  const value = word === '' || word === null ? Number.NaN : (truths[String(word)] ?? Number(word))
  if (Number.isFinite(value)) return value
  throw new InputError(`${where}: ${column} is ${shown(cell)}, expected a number`)
}

function shown(cell: unknown): string {
  if (cell === undefined || cell === null || cell === '') return 'missing'
  return (typeof cell === 'bigint' ? String(cell) : (JSON.stringify(cell) ?? String(cell))).slice(0, 60)
}

function nameIn(cell: unknown, column: string, where: string): string {
  if (typeof cell === 'string' && cell !== '') return cell
  if (typeof cell === 'number' || typeof cell === 'bigint') return String(cell)
  throw new InputError(`${where}: ${column} is ${shown(cell)}, expected a name`)
}

function winnerIn(cell: unknown, column: string, where: string): string | null {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'bigint') return String(cell)
  throw new InputError(`${where}: ${column} is ${shown(cell)}, expected one of "a", "b", "tie", "both-bad", "skipped"`)
}

/**
 * Reads a file of votes, one a row, into columns.
 *
 * @throws {InputError} on a column that is not there, or a row that cannot be read: file, line and what would be right
 */
export async function readVotes(path: string, options: VoteFileOptions, run: Run): Promise<VoteColumns> {
  const { readRows } = await import('../collect/index.ts')
  const { name: file, unit, batches } = await readRows(path, run)
  const [a, b, winner, lines]: [string[], string[], (string | null)[], number[]] = [[], [], [], []]
  let parts: { readonly a: string; readonly b: string; readonly winner: string } | undefined
  let features: readonly FeatureCells[] = []

  function take(row: Row | BrokenRow, batch: readonly (Row | BrokenRow)[]): void {
    const where = `${file}, ${unit} ${row.at}`
    if (!('fields' in row)) throw new InputError(`${where}: ${row.fault.message}`)
    if (!parts) {
      // JSON rows may leave a field out; what is there at all shows in a batch of them.
      const columns = new Set(batch.flatMap((one) => ('fields' in one ? Object.keys(one.fields) : [])))
      parts = {
        a: columnFor('a', columns, options.a, file),
        b: columnFor('b', columns, options.b, file),
        winner: columnFor('winner', columns, options.winner, file),
      }
      features = (options.features ?? []).map((feature) => featureCells(feature, columns, file))
    }
    const { fields } = row
    a.push(nameIn(fields[parts.a], parts.a, where))
    b.push(nameIn(fields[parts.b], parts.b, where))
    winner.push(winnerIn(fields[parts.winner], parts.winner, where))
    lines.push(row.at)
    for (const { columns, values } of features)
      for (const [side, column] of columns.entries()) values[side]?.push(numberIn(fields[column], column, where))
  }

  for await (const batch of batches) for (const row of batch) take(row, batch)
  if (lines.length === 0) throw new InputError(`${file} has no rows`)
  return {
    a,
    b,
    winner,
    lines,
    source: file,
    ...(features.length > 0 && { features: features.map(columnOf) }),
  }
}

function columnOf({ name, values: [first = [], second] }: FeatureCells): FeatureColumn {
  return second ? { name, a: first, b: second } : { name, differences: first }
}
