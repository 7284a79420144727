import type { SparseRows } from '../interactions/interaction-set.ts'

/** One thing that is known of items, users or queries, such as their genres. */
export interface Field {
  readonly name: string
  /** What its values are called; a value's number is its place. Empty where the values are the rows themselves. */
  readonly labels: readonly string[]
  /** How many values there are. */
  readonly size: number
  /** The values of each row: one, several, or none where nothing is known. */
  readonly values: SparseRows
}

/** What is known of items, of users or of queries: row i is item i. */
export interface FeatureTable {
  readonly rows: number
  readonly fields: readonly Field[]
  /** Plain numbers of each row, [rows, width], best of mean 0 and deviation 1. */
  readonly numbers?: { readonly data: Float32Array; readonly width: number }
}

/** What rows hold in a column: a text, several, or nothing. */
export type FieldValues = readonly (string | readonly string[] | undefined)[]

export interface FeatureColumns {
  /** Whether the row's own number is a field, `id`, so that every row has a vector of its own. Default true. */
  readonly id?: boolean
  /** Fields by name, a value for each row. */
  readonly fields?: Readonly<Record<string, FieldValues>>
  /** Numbers by name, one for each row. They are taken as they are. */
  readonly numbers?: Readonly<Record<string, ArrayLike<number>>>
}

function fieldOf(name: string, rows: number, values: FieldValues): Field {
  if (values.length !== rows) throw new RangeError(`field "${name}" has ${values.length} rows, expected ${rows}`)
  const numbers = new Map<string, number>()
  const offsets = new Uint32Array(rows + 1)
  const columns: number[] = []
  for (const [row, held] of values.entries()) {
    const own = new Set<number>()
    for (const label of held === undefined ? [] : typeof held === 'string' ? [held] : held) {
      const number = numbers.get(label) ?? numbers.size
      numbers.set(label, number)
      own.add(number)
    }
    columns.push(...[...own].sort((a, b) => a - b))
    offsets[row + 1] = columns.length
  }
  if (numbers.size === 0) throw new RangeError(`field "${name}" has no value in any row, expected at least one`)
  return {
    name,
    labels: [...numbers.keys()],
    size: numbers.size,
    values: { offsets, columns: Uint32Array.from(columns) },
  }
}

/**
 * What is known of `rows` items, users or queries.
 *
 * @throws {RangeError} when a column has another length, a number is not finite, or nothing is known at all
 * @example
 * featureTable(2, { fields: { genres: [['Drama', 'War'], 'Comedy'], decade: ['1990', '1970'] } })
 */
export function featureTable(rows: number, columns: FeatureColumns = {}): FeatureTable {
  if (!(Number.isInteger(rows) && rows >= 1))
    throw new RangeError(`rows is ${rows}, expected a whole number of at least 1`)
  const own: Field[] =
    (columns.id ?? true)
      ? [
          {
            name: 'id',
            labels: [],
            size: rows,
            values: {
              offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
              columns: Uint32Array.from({ length: rows }, (_, row) => row),
            },
          },
        ]
      : []
  const fields = [...own, ...Object.entries(columns.fields ?? {}).map(([name, values]) => fieldOf(name, rows, values))]
  const names = fields.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new RangeError(`there are two fields "${twice}", expected one`)
  const numbers = Object.entries(columns.numbers ?? {})
  if (fields.length + numbers.length === 0)
    throw new RangeError('nothing is known of the rows, expected at least one field or number')
  const data = new Float32Array(rows * numbers.length)
  for (const [at, [name, column]] of numbers.entries()) {
    if (column.length !== rows) throw new RangeError(`"${name}" has ${column.length} numbers, expected ${rows}`)
    for (let row = 0; row < rows; row++) {
      const number = column[row] ?? Number.NaN
      if (!Number.isFinite(number))
        throw new RangeError(`"${name}" of row ${row} is ${number}, expected a finite number`)
      data[row * numbers.length + at] = number
    }
  }
  return { rows, fields, ...(numbers.length > 0 && { numbers: { data, width: numbers.length } }) }
}
