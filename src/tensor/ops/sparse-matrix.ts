import { type TensorValue, value } from '../graph/value.ts'

/**
 * A fixed sparse matrix, in rows: R A C, where A has the entries and R and C are diagonals, so that a normalised graph
 * needs no weights of its own.
 */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  readonly entries: number
  /** [rows + 1]: where each row's entries begin. */
  readonly starts: Uint32Array
  /** [entries]: the columns, row after row. */
  readonly places: Uint32Array
  /** [entries]; absent where every entry is 1. */
  readonly weights?: Float32Array
  /** float64 [rows, 1]: factors on the rows of the product. */
  readonly rowFactors?: TensorValue
  /** float64 [columns, 1]: factors on the rows of what is multiplied. */
  readonly columnFactors?: TensorValue
  /** Whether it is known to be its own transpose. */
  readonly symmetric: boolean
  /** The transpose, made on first use. */
  transposed(): SparseMatrix
}

export interface SparseEntries {
  readonly rows: ArrayLike<number>
  readonly columns: ArrayLike<number>
  /** Default: all 1. */
  readonly values?: ArrayLike<number>
}

/**
 * A sparse matrix from its entries; entries at one place add up.
 *
 * @throws {RangeError} when an entry lies outside
 */
export function sparseMatrix(rows: number, columns: number, entries: SparseEntries): SparseMatrix {
  const count = entries.rows.length
  if (entries.columns.length !== count || (entries.values && entries.values.length !== count))
    throw new RangeError(
      `sparseMatrix: ${count} rows, ${entries.columns.length} columns and ${entries.values?.length ?? count} values, expected as many of each`,
    )
  const starts = new Uint32Array(rows + 1)
  for (let i = 0; i < count; i++) {
    const [row = -1, column = -1] = [entries.rows[i], entries.columns[i]]
    if (!(row >= 0 && row < rows && column >= 0 && column < columns))
      throw new RangeError(`sparseMatrix: entry ${i} is at (${row}, ${column}), outside ${rows} × ${columns}`)
    starts[row + 1] = (starts[row + 1] ?? 0) + 1
  }
  for (let row = 0; row < rows; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0)
  const places = new Uint32Array(count)
  const weights = entries.values && new Float32Array(count)
  const next = starts.slice()
  for (let i = 0; i < count; i++) {
    const row = entries.rows[i] ?? 0
    const place = next[row] ?? 0
    next[row] = place + 1
    places[place] = entries.columns[i] ?? 0
    if (weights) weights[place] = entries.values?.[i] ?? 0
  }
  const made = { rows, columns, entries: count, starts, places, ...(weights && { weights }) }
  return withTranspose(made, () =>
    sparseMatrix(columns, rows, { rows: places, columns: rowOfEntries(made), ...(weights && { values: weights }) }),
  )
}

function withTranspose(
  matrix: Omit<SparseMatrix, 'transposed' | 'symmetric'>,
  transpose: () => Omit<SparseMatrix, 'transposed'>,
): SparseMatrix {
  let flipped: SparseMatrix | undefined
  const made: SparseMatrix = {
    ...matrix,
    symmetric: false,
    transposed() {
      flipped ??= { ...transpose(), symmetric: false, transposed: () => made }
      return flipped
    },
  }
  return made
}

/** The row of each entry. */
function rowOfEntries({ rows, entries, starts }: Pick<SparseMatrix, 'rows' | 'entries' | 'starts'>): Uint32Array {
  const found = new Uint32Array(entries)
  for (let row = 0; row < rows; row++) found.fill(row, starts[row], starts[row + 1])
  return found
}

/** A matrix known to be its own transpose, which then is kept only once. */
export function selfTransposed(matrix: SparseMatrix): SparseMatrix {
  const same: SparseMatrix = { ...matrix, symmetric: true, transposed: () => same }
  return same
}

/** Factors by row and by column. */
export interface SparseFactors {
  /** [rows] or [rows, 1] */
  readonly rows?: TensorValue
  /** [columns] or [columns, 1] */
  readonly columns?: TensorValue
}

/**
 * R A C for a matrix A and diagonals R and C. The entries stay as they are, in the memory they have.
 *
 * @throws {RangeError} when there are not as many factors as rows or columns, or A has factors already
 */
export function scaledMatrix(matrix: SparseMatrix, factors: SparseFactors): SparseMatrix {
  if (matrix.rowFactors || matrix.columnFactors)
    throw new RangeError('scaledMatrix: the matrix is scaled already; multiply the factors')
  const rowFactors = factors.rows && factorsOf('row', factors.rows, matrix.rows)
  const columnFactors =
    factors.columns === factors.rows && matrix.rows === matrix.columns
      ? rowFactors
      : factors.columns && factorsOf('column', factors.columns, matrix.columns)
  const scaled = { ...matrix, ...(rowFactors && { rowFactors }), ...(columnFactors && { columnFactors }) }
  if (matrix.symmetric && rowFactors === columnFactors) return selfTransposed(scaled)
  return withTranspose(scaled, () => ({
    ...matrix.transposed(),
    ...(columnFactors && { rowFactors: columnFactors }),
    ...(rowFactors && { columnFactors: rowFactors }),
  }))
}

function factorsOf(side: string, factors: TensorValue, count: number): TensorValue {
  if (factors.data.length !== count)
    throw new RangeError(`scaledMatrix: ${factors.data.length} ${side} factors, expected ${count}`)
  return value(Float64Array.from(factors.data as ArrayLike<number>, Number), [count, 1])
}

/** Whether the entries of R A C are all 1, and need not be kept. */
export function isPlain({ weights, rowFactors, columnFactors }: SparseMatrix): boolean {
  return weights === undefined && rowFactors === undefined && columnFactors === undefined
}

/**
 * Writes the entries of R A C into an array of as many numbers as the matrix has entries.
 */
export function writeWeights(matrix: SparseMatrix, into: Float32Array): void {
  const { rows, starts, places, weights } = matrix
  const [left, right] = [matrix.rowFactors?.data, matrix.columnFactors?.data] as (Float64Array | undefined)[]
  for (let row = 0; row < rows; row++) {
    const factor = left?.[row] ?? 1
    for (let at = starts[row] ?? 0; at < (starts[row + 1] ?? 0); at++)
      into[at] = factor * (weights?.[at] ?? 1) * (right?.[places[at] ?? 0] ?? 1)
  }
}
