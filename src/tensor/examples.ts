import type { Random } from '../run/index.ts'
import { zeroed } from './graph/dtype.ts'
import { type TensorValue, value } from './graph/value.ts'

/** Examples to learn from, by number. */
export interface Examples<Inputs> {
  readonly count: number
  /** The inputs of a step for some examples, in this order. */
  batch(indices: Uint32Array): Inputs | Promise<Inputs>
}

/**
 * More examples than are to be held at once: they come in pieces, in the order to train on, and anew for each epoch.
 */
export interface ExampleStream<Inputs> {
  /**
   * The pieces of one epoch. Equal random numbers give equal pieces, so that a fit can go on within an epoch.
   *
   * @param batchSize what the count of each piece but the last is a multiple of
   */
  pieces(random: Random, batchSize: number): AsyncIterable<ExamplePiece<Inputs>>
}

/** Consecutive examples of a stream. */
export interface ExamplePiece<Inputs> {
  readonly count: number
  /** Makes them ready; not called for what a fit that goes on has seen already. */
  open(): Examples<Inputs> | Promise<Examples<Inputs>>
}

/** One row of a table for each example; examples may share rows. */
export interface TableRows {
  /** [rows, …] */
  readonly table: TensorValue
  /** Which row each example has. */
  readonly rows: Int32Array
}

/** The same for all examples: every step is given the whole of it. */
export interface SharedValue {
  readonly whole: TensorValue
}

/** An input of a step for all examples: a row for each of its own, in order, or one of a table, or one value for all. */
export type ExampleColumn = TensorValue | TableRows | SharedValue

/** The arrays that some examples are, by what `examplesOf` made. */
const arrays = new WeakMap<object, Readonly<Record<string, ExampleColumn>>>()

/** The numbers of a column, whichever way examples read them. */
export function columnValue(column: ExampleColumn): TensorValue {
  return 'whole' in column ? column.whole : 'table' in column ? column.table : column
}

/**
 * Examples held as arrays: example i is row i of each, or row `rows[i]` of a table. From arrays a fit of a small step
 * takes its batches without leaving the runtime, which is the quickest way to train one.
 *
 * @param columns values with one first size, tables with as many rows named, or values for all; more axes stay as they are
 * @throws {RangeError} when their counts differ or there is none, or a table has no such row
 * @example
 * const examples = examplesOf({ preferred: { table: features, rows: winners }, other: { table: features, rows: losers } })
 */
export function examplesOf<K extends string>(
  columns: Readonly<Record<K, ExampleColumn>>,
): Examples<Record<K, TensorValue>> {
  const entries = Object.entries<ExampleColumn>(columns)
  const counted = entries.flatMap(([name, column]) =>
    'whole' in column ? [] : [{ name, size: 'table' in column ? column.rows.length : column.shape[0] }],
  )
  const count = counted[0]?.size
  if (count === undefined || counted.some(({ size }) => size !== count))
    throw new RangeError(
      `examplesOf: first sizes differ or are missing (${counted.map(({ name, size }) => `${name}: ${size ?? 'a scalar'}`).join(', ')})`,
    )
  for (const [name, column] of entries) if ('table' in column) assertRows(name, column)
  const examples: Examples<Record<K, TensorValue>> = {
    count,
    batch: (indices) => takeExamples(columns, indices),
  }
  arrays.set(examples, columns)
  return examples
}

/** The arrays that examples were made of by `examplesOf`; undefined for others. */
export function arraysOf(examples: object): Readonly<Record<string, ExampleColumn>> | undefined {
  return arrays.get(examples)
}

/** The rows of some examples, in this order. */
export function takeExamples<K extends string>(
  columns: Readonly<Record<K, ExampleColumn>>,
  indices: ArrayLike<number>,
): Record<K, TensorValue> {
  const taken = Object.entries<ExampleColumn>(columns).map(([name, column]) => {
    const { dtype, shape, data } = columnValue(column)
    if ('whole' in column) return [name, column.whole]
    const size = shape.slice(1).reduce((product, dim) => product * dim, 1)
    const rows = zeroed(dtype, indices.length * size)
    for (let at = 0; at < indices.length; at++) {
      const example = indices[at] ?? 0
      const row = 'table' in column ? (column.rows[example] ?? 0) : example
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
