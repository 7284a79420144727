import { type TensorValue, value, zeros } from '../../tensor/index.ts'
import type { Judgement, Matrix } from '../contract.ts'

/** Distinct things that pairs refer to by place: their features, or judgements for an encoder to read. */
export type Rows = Matrix | readonly Judgement[]

/** Pairs to learn from. Everything with `[pairs]` has one entry per pair. */
export interface PairData {
  /** What was compared. */
  readonly rows: Rows
  /** Place of a in `rows`: [pairs]. */
  readonly a: Int32Array
  /** Place of b in `rows`: [pairs]. */
  readonly b: Int32Array
  /** P(a preferred) as people said: 1, 0, ½ for a tie, or between: [pairs]. */
  readonly targets: Float32Array
  /** How much each pair counts, above 0: [pairs]. */
  readonly weights: Float32Array
  /** Where comparisons were made, for context encoders and heads; absent where there is nothing but the pairs. */
  readonly contexts?: Rows
  /** Place of each pair's context, in `contexts` where there are some: [pairs]. Pairs of one context stay together in splits. */
  readonly context: Int32Array
  /** Names of the raters, each once. */
  readonly raters: readonly string[]
  /** Place of each pair's rater, −1 where it is not known: [pairs]. */
  readonly rater: Int32Array
  /** Names of data sets or applications, each once. */
  readonly sources: readonly string[]
  /** Place of each pair's source: [pairs]. */
  readonly source: Int32Array
  /** Further numbers per pair that losses read, such as `lead`: [pairs, …]. */
  readonly columns: Readonly<Record<string, TensorValue>>
}

/** A table of plain numbers: nested arrays, or a flat array together with its number of columns. */
export type Table = readonly (readonly number[])[] | Matrix

export interface FeaturePairs {
  /** Features of the first of each pair: [pairs, width]. */
  readonly a: Table
  /** Features of the second of each pair: [pairs, width]. */
  readonly b: Table
  /** [pairs], in [0, 1]. Default all 1: a is the preferred one. */
  readonly targets?: ArrayLike<number>
  /** [pairs], above 0. Default all 1. */
  readonly weights?: ArrayLike<number>
  /** A rater's name per pair, or the place of one among `raterNames`, −1 for an unknown one. Default unknown. */
  readonly raters?: readonly string[] | Int32Array
  /** All raters there are, by place; others may not appear. Default: those that appear, or the places themselves as words. */
  readonly raterNames?: readonly string[]
  /** Features of each pair's context: [pairs, contextWidth]. */
  readonly contexts?: Table
  /** A context's name or number per pair, for splits. Default: every pair has its own. */
  readonly contextIds?: readonly string[] | ArrayLike<number>
  /** A source's name per pair. Default: one source, `given`. */
  readonly sources?: readonly string[]
  /** Further numbers per pair: [pairs] each. */
  readonly columns?: Readonly<Record<string, ArrayLike<number>>>
}

/** A table as rows of float32. @throws {RangeError} when rows differ in length or a number is not finite */
export function matrixOf(table: Table, what = 'features'): Matrix {
  if ('columns' in table) {
    if (table.data.length !== table.rows * table.columns)
      throw new RangeError(`${what}: ${table.data.length} numbers do not fill ${table.rows} × ${table.columns}`)
    assertFiniteRows(table, what)
    return table
  }
  const columns = table[0]?.length ?? 0
  const data = new Float32Array(table.length * columns)
  table.forEach((row, at) => {
    if (row.length !== columns)
      throw new RangeError(`${what}: row ${at} has ${row.length} numbers, the first one has ${columns}`)
    data.set(row, at * columns)
  })
  const matrix = { rows: table.length, columns, data }
  assertFiniteRows(matrix, what)
  return matrix
}

function assertFiniteRows({ columns, data }: Matrix, what: string): void {
  const wrong = data.findIndex((number) => !Number.isFinite(number))
  if (wrong >= 0)
    throw new RangeError(
      `${what}: row ${Math.floor(wrong / columns)}, column ${wrong % columns} is ${data[wrong]}, expected a finite number`,
    )
}

/** Numbers each distinct name in order of appearance. */
export function numbered<Name>(names: Iterable<Name>): { readonly distinct: Name[]; readonly places: number[] } {
  const known = new Map<Name, number>()
  const places: number[] = []
  for (const name of names) {
    const place = known.get(name) ?? known.size
    known.set(name, place)
    places.push(place)
  }
  return { distinct: [...known.keys()], places }
}

/**
 * Pairs from plain arrays of features, checked.
 *
 * @throws {RangeError} when there are no pairs, sizes differ, or a number is out of range; naming where
 * @example
 * const data = featurePairs({ a: [[1, 0], [0, 1]], b: [[0, 1], [1, 1]], targets: [1, 0.5] })
 */
export function featurePairs(given: FeaturePairs): PairData {
  const [a, b] = [matrixOf(given.a, 'a'), matrixOf(given.b, 'b')]
  const pairs = a.rows
  if (pairs === 0) throw new RangeError('featurePairs: there are no pairs to learn from')
  if (b.rows !== pairs || b.columns !== a.columns)
    throw new RangeError(`a is ${pairs} × ${a.columns} and b is ${b.rows} × ${b.columns}, expected the same`)
  if (a.columns === 0 && pairs > 0) throw new RangeError('a and b have no columns, expected at least one')
  const column = (name: string, numbers: ArrayLike<number> | undefined, otherwise: number): Float32Array => {
    if (numbers !== undefined && numbers.length !== pairs)
      throw new RangeError(`${name} has ${numbers.length} entries for ${pairs} pairs`)
    return numbers === undefined ? new Float32Array(pairs).fill(otherwise) : Float32Array.from(numbers)
  }
  const data = new Float32Array(2 * a.data.length)
  data.set(a.data)
  data.set(b.data, a.data.length)
  const { raters, raterNames } = given
  const byName = isPlaces(raters) ? undefined : numbered(raters ?? [])
  const known = raterNames ?? byName?.distinct ?? namesUpTo(raters as Int32Array)
  const rater = isPlaces(raters) ? raters : placesOf(raters ?? [], known)
  const contexts = given.contexts && matrixOf(given.contexts, 'contexts')
  // Names or numbers alike: what is the same is one context.
  const contextIds = given.contextIds && numbered(Array.from(given.contextIds as ArrayLike<string | number>)).places
  if (contexts !== undefined && contexts.rows !== pairs)
    throw new RangeError(`contexts has ${contexts.rows} rows for ${pairs} pairs`)
  const sources = numbered(given.sources ?? [])
  return checkedPairs(
    {
      rows: { rows: 2 * pairs, columns: a.columns, data },
      a: Int32Array.from({ length: pairs }, (_, pair) => pair),
      b: Int32Array.from({ length: pairs }, (_, pair) => pairs + pair),
      targets: column('targets', given.targets, 1),
      weights: column('weights', given.weights, 1),
      ...(contexts && { contexts: contextIds ? firstOfEach(contexts, contextIds) : contexts }),
      context: Int32Array.from(contextIds ?? { length: pairs }, (place, pair) =>
        contextIds ? (place as number) : pair,
      ),
      raters: known,
      rater: raters === undefined ? new Int32Array(pairs).fill(-1) : rater,
      sources: given.sources === undefined ? ['given'] : sources.distinct,
      source: given.sources === undefined ? new Int32Array(pairs) : Int32Array.from(sources.places),
      columns: Object.fromEntries(
        Object.entries(given.columns ?? {}).map(([name, numbers]) => [name, value(column(name, numbers, 0))]),
      ),
    },
    'featurePairs',
  )
}

function isPlaces(raters: readonly string[] | Int32Array | undefined): raters is Int32Array {
  return ArrayBuffer.isView(raters)
}

/** @throws {RangeError} when a name is not known, or known twice */
function placesOf(names: readonly string[], known: readonly string[]): Int32Array {
  const places = new Map(known.map((name, place) => [name, place]))
  if (places.size !== known.length) throw new RangeError('raterNames has a name twice, expected each once')
  return Int32Array.from(names, (name, pair) => {
    const place = places.get(name)
    if (place === undefined) throw new RangeError(`the rater of pair ${pair}, "${name}", is not among raterNames`)
    return place
  })
}

function namesUpTo(places: Int32Array): string[] {
  return Array.from({ length: places.reduce((most, place) => Math.max(most, place + 1), 0) }, (_, place) => `${place}`)
}

/** The first row of each place. @throws {RangeError} when two rows of one place differ */
function firstOfEach(rows: Matrix, places: readonly number[]): Matrix {
  const { columns, data } = rows
  const first: number[] = []
  places.forEach((place, row) => {
    const before = first[place]
    if (before === undefined) first[place] = row
    else
      for (let column = 0; column < columns; column++)
        if (data[before * columns + column] !== data[row * columns + column])
          throw new RangeError(
            `contexts: rows ${before} and ${row} have one contextId and differ in column ${column}; expected one row of features per context`,
          )
  })
  const kept = new Float32Array(first.length * columns)
  first.forEach((row, place) => {
    kept.set(data.subarray(row * columns, (row + 1) * columns), place * columns)
  })
  return { rows: first.length, columns, data: kept }
}

/** How many rows there are. */
export function rowCount(rows: Rows): number {
  return 'columns' in rows ? rows.rows : rows.length
}

/**
 * Checks that everything fits together.
 *
 * @param what names the data in errors
 * @throws {RangeError} naming the pair that is wrong and what it should be
 */
export function checkedPairs(data: PairData, what = 'pairs'): PairData {
  const pairs = data.a.length
  if (pairs === 0) throw new RangeError(`${what}: there are no pairs to learn from`)
  const arrays = {
    b: data.b,
    targets: data.targets,
    weights: data.weights,
    context: data.context,
    rater: data.rater,
    source: data.source,
  }
  for (const [name, { length }] of Object.entries(arrays))
    if (length !== pairs) throw new RangeError(`${what}: ${name} has ${length} entries for ${pairs} pairs`)
  const rows = rowCount(data.rows)
  const within = (name: string, places: Int32Array, lowest: number, count: number): void => {
    // A loop: calling a function for each of millions takes longer than the check.
    let wrong = 0
    while (wrong < pairs && (places[wrong] as number) >= lowest && (places[wrong] as number) < count) wrong++
    if (wrong < pairs)
      throw new RangeError(
        `${what}: ${name} of pair ${wrong} is ${places[wrong]}, expected a whole number from ${lowest} to ${count - 1}`,
      )
  }
  within('a', data.a, 0, rows)
  within('b', data.b, 0, rows)
  within('rater', data.rater, -1, data.raters.length)
  within('source', data.source, 0, data.sources.length)
  within('context', data.context, 0, data.contexts ? rowCount(data.contexts) : Number.POSITIVE_INFINITY)
  const { a, b, targets, weights } = data
  for (let pair = 0; pair < pairs; pair++) {
    const target = targets[pair] as number
    const weight = weights[pair] as number
    if (!(target >= 0 && target <= 1))
      throw new RangeError(`${what}: the target of pair ${pair} is ${target}, expected a number from 0 to 1`)
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`${what}: the weight of pair ${pair} is ${weight}, expected a finite number above 0`)
    if (a[pair] === b[pair])
      throw new RangeError(`${what}: pair ${pair} compares row ${a[pair]} with itself, expected two candidates`)
  }
  for (const [name, { shape }] of Object.entries(data.columns))
    if (shape[0] !== pairs)
      throw new RangeError(`${what}: the column "${name}" has ${shape[0] ?? 'no'} entries for ${pairs} pairs`)
  return data
}

/** Some of the pairs, in the order of the indices, with the same rows, contexts, raters and sources. */
export function takePairs(data: PairData, indices: ArrayLike<number>): PairData {
  const pairs = data.a.length
  const places = Int32Array.from(indices)
  const wrong = places.find((place) => place < 0 || place >= pairs)
  if (wrong !== undefined) throw new RangeError(`takePairs: there is no pair ${wrong} among ${pairs}`)
  const whole = (numbers: Int32Array): Int32Array => places.map((place) => numbers[place] as number)
  const floats = (numbers: Float32Array): Float32Array => Float32Array.from(places, (place) => numbers[place] as number)
  return {
    ...data,
    a: whole(data.a),
    b: whole(data.b),
    targets: floats(data.targets),
    weights: floats(data.weights),
    context: whole(data.context),
    rater: whole(data.rater),
    source: whole(data.source),
    columns: Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, takeRows(column, places)])),
  }
}

/** Some rows of a tensor's numbers. */
export function takeRows({ dtype, shape, data }: TensorValue, places: Int32Array): TensorValue {
  const size = shape.slice(1).reduce((product, dim) => product * dim, 1)
  const taken = zeros([places.length, ...shape.slice(1)], dtype)
  places.forEach((place, at) => {
    taken.data.set(data.subarray(place * size, (place + 1) * size) as never, at * size)
  })
  return taken
}

/** The same pairs with further columns, or some replaced: [pairs] each. */
export function withColumns(data: PairData, columns: Readonly<Record<string, ArrayLike<number>>>): PairData {
  const added = Object.entries(columns).map(([name, numbers]) => [name, value(Float32Array.from(numbers))] as const)
  return checkedPairs({ ...data, columns: { ...data.columns, ...Object.fromEntries(added) } })
}
