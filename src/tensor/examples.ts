import { zeroed } from './graph/dtype.ts'
import { isTensorValue, type TensorValue, value } from './graph/value.ts'

/** Examples to learn from, by number. */
export interface Examples<Inputs> {
  readonly count: number
  /** The inputs of a step for some examples, in this order. */
  batch(indices: Uint32Array): Inputs | Promise<Inputs>
}

/** One row of a table for each example; examples may share rows. */
export interface TableRows {
  /** [rows, …] */
  readonly table: TensorValue
  /** Which row each example has. */
  readonly rows: Int32Array
}

/** One row for each example: rows of their own, in order, or those of a table. */
export type ExampleRows = TensorValue | TableRows

/** The arrays that some examples are, by what `examplesOf` made. */
const arrays = new WeakMap<object, Readonly<Record<string, ExampleRows>>>()

/**
 * Examples held as arrays: example i is row i of each, or row `rows[i]` of a table. From arrays a fit of a small step
 * takes its batches without leaving the runtime, which is the quickest way to train one.
 *
 * @param columns values with one first size, or tables with as many rows named; more axes stay as they are
 * @throws {RangeError} when their counts differ, or a table has no such row
 * @example
 * const examples = examplesOf({ preferred: { table: features, rows: winners }, other: { table: features, rows: losers } })
 */
export function examplesOf<K extends string>(
  columns: Readonly<Record<K, ExampleRows>>,
): Examples<Record<K, TensorValue>> {
  const entries = Object.entries<ExampleRows>(columns)
  const sizes = entries.map(([, column]) => (isTensorValue(column) ? column.shape[0] : column.rows.length))
  const [count] = sizes
  if (count === undefined || sizes.some((size) => size !== count))
    throw new RangeError(
      `examplesOf: first sizes differ or are missing (${entries.map(([name], at) => `${name}: ${sizes[at] ?? 'a scalar'}`).join(', ')})`,
    )
  for (const [name, column] of entries) if (!isTensorValue(column)) assertRows(name, column)
  const examples: Examples<Record<K, TensorValue>> = {
    count,
    batch: (indices) => takeExamples(columns, indices),
  }
  arrays.set(examples, columns)
  return examples
}

/** The arrays that examples were made of by `examplesOf`; undefined for others. */
export function arraysOf(examples: object): Readonly<Record<string, ExampleRows>> | undefined {
  return arrays.get(examples)
}

/** The rows of some examples, in this order. */
export function takeExamples<K extends string>(
  columns: Readonly<Record<K, ExampleRows>>,
  indices: ArrayLike<number>,
): Record<K, TensorValue> {
  const taken = Object.entries<ExampleRows>(columns).map(([name, column]) => {
    const own = isTensorValue(column)
    const { dtype, shape, data } = own ? column : column.table
    const size = shape.slice(1).reduce((product, dim) => product * dim, 1)
    const rows = zeroed(dtype, indices.length * size)
    for (let at = 0; at < indices.length; at++) {
      const example = indices[at] ?? 0
      const row = own ? example : (column.rows[example] ?? 0)
      rows.set(data.subarray(row * size, (row + 1) * size) as never, at * size)
    }
    return [name, value(rows, [indices.length, ...shape.slice(1)], dtype)]
  })
  return Object.fromEntries(taken) as Record<K, TensorValue>
}

function assertRows(name: string, { table, rows }: TableRows): void {
  const [count = 0] = table.shape
  const wrong = rows.findIndex((row) => !(row >= 0 && row < count))
  if (wrong >= 0)
    throw new RangeError(`examplesOf: example ${wrong} of "${name}" is row ${rows[wrong]} of a table of ${count} rows`)
}
