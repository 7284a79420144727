import { dimAt, formatShape, type Shape } from '../graph/dimension.ts'
import { applyOne, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { type TensorValue, value } from '../graph/value.ts'

/**
 * A fixed sparse matrix, laid out for products with dense ones: rows of like length together, so that a product is a
 * few gathers and sums that run on all cores, in the same order on any number of them.
 */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  readonly entries: number
  /** Blocks of rows, each with its columns padded to one length. */
  readonly blocks: readonly SparseBlock[]
  /** For each row its place among the rows of all blocks. */
  readonly places: TensorValue
  /** The transpose, made on first use. */
  transposed(): SparseMatrix
}

interface SparseBlock {
  /** [rows, length] int32: columns; padding is the column after the last, which reads as zero. */
  readonly columns: TensorValue
  /** [rows, length, 1]; absent where every entry is 1. */
  readonly weights?: TensorValue
}

export interface SparseEntries {
  readonly rows: ArrayLike<number>
  readonly columns: ArrayLike<number>
  /** Default: all 1. */
  readonly values?: ArrayLike<number>
}

/** Gathered elements of a block are kept below this many rows, so that they stay in the cache until they are summed. */
const blockEntries = 1 << 13

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
  const order = new Uint32Array(count)
  const next = starts.slice()
  for (let i = 0; i < count; i++) {
    const row = entries.rows[i] ?? 0
    const place = next[row] ?? 0
    order[place] = i
    next[row] = place + 1
  }
  const byLength = Uint32Array.from({ length: rows }, (_, row) => row)
  const length = (row: number): number => (starts[row + 1] ?? 0) - (starts[row] ?? 0)
  byLength.sort((a, b) => length(a) - length(b) || a - b)

  const blocks: SparseBlock[] = []
  const places = new BigInt64Array(rows)
  let from = 0
  while (from < rows && length(byLength[from] ?? 0) === 0) places[byLength[from++] ?? 0] = 0n
  let place = 1
  while (from < rows) {
    // A block ends where padding to its longest row would waste more than an eighth, or where it is large enough.
    const least = length(byLength[from] ?? 0)
    let to = from + 1
    while (to < rows) {
      const longest = length(byLength[to] ?? 0)
      if (longest > least + (least >> 3) || (to + 1 - from) * longest > blockEntries) break
      to++
    }
    const longest = length(byLength[to - 1] ?? 0)
    const cells = new Int32Array((to - from) * longest).fill(columns)
    const weights = entries.values && new Float32Array(cells.length)
    for (let at = from; at < to; at++) {
      const row = byLength[at] ?? 0
      places[row] = BigInt(place++)
      for (let j = 0; j < length(row); j++) {
        const entry = order[(starts[row] ?? 0) + j] ?? 0
        const cell = (at - from) * longest + j
        cells[cell] = entries.columns[entry] ?? 0
        if (weights) weights[cell] = entries.values?.[entry] ?? 0
      }
    }
    blocks.push({
      columns: value(cells, [to - from, longest]),
      ...(weights && { weights: value(weights, [to - from, longest, 1]) }),
    })
    from = to
  }

  let flipped: SparseMatrix | undefined
  const matrix: SparseMatrix = {
    rows,
    columns,
    entries: count,
    blocks,
    places: value(places),
    transposed() {
      flipped ??= {
        ...sparseMatrix(columns, rows, {
          rows: entries.columns,
          columns: entries.rows,
          ...(entries.values && { values: entries.values }),
        }),
        transposed: () => matrix,
      }
      return flipped
    },
  }
  return matrix
}

function emitProduct(emitter: Emitter, matrix: SparseMatrix, x: Tensor, name: string): string {
  const width = dimAt(x.shape, 1)
  // One row of zeros stands before the results for empty rows, and after x for padding.
  const zeros = emitter.node('Expand', [emitter.scalar(0, x.dtype), emitter.sizes([1, width])])
  const padded = emitter.node('Concat', [name, zeros], { axis: 0 })
  const sums = matrix.blocks.map(({ columns, weights }) => {
    const gathered = emitter.node('Gather', [padded, emitter.constant(columns)], { axis: 0 })
    const factor =
      weights &&
      (x.dtype === 'float32'
        ? emitter.constant(weights)
        : emitter.node('Cast', [emitter.constant(weights)], { to: 11 }))
    const weighted = factor === undefined ? gathered : emitter.node('Mul', [gathered, factor])
    return emitter.node('ReduceSum', [weighted, emitter.integers([1])], { keepdims: 0 })
  })
  const all = emitter.node('Concat', [zeros, ...sums], { axis: 0 })
  return emitter.node('Gather', [all, emitter.constant(matrix.places)], { axis: 0 })
}

// One operation per matrix, so that equal products are recognised and the matrix need not be plain data.
const productOps = new WeakMap<SparseMatrix, Op<Record<never, never>>>()

function productOp(matrix: SparseMatrix): Op<Record<never, never>> {
  const known = productOps.get(matrix)
  if (known) return known
  const op: Op<Record<never, never>> = {
    name: 'sparseMatmul',
    infer: (inputs) => {
      const { dtype, shape } = inputAt(inputs, 0)
      const result: Shape = [matrix.rows, dimAt(shape, 1)]
      return [{ dtype, shape: result }]
    },
    emit: ({ inputs }, emitter) => {
      const x = inputAt(inputs, 0)
      return emitProduct(emitter, matrix, x, emitter.name(x))
    },
    vjp: (_, [gradient]) => [gradient && sparseMatmul(matrix.transposed(), gradient)],
  }
  productOps.set(matrix, op)
  return op
}

/**
 * A fixed sparse matrix times a dense one: [rows, columns] · [columns, width] → [rows, width]. The gradient is the
 * product with the transpose.
 */
export function sparseMatmul(matrix: SparseMatrix, x: Tensor): Tensor {
  if (x.shape.length !== 2 || x.shape[0] !== matrix.columns)
    throw new RangeError(
      `sparseMatmul: [${matrix.rows}, ${matrix.columns}] · ${formatShape(x.shape)}: expected [${matrix.columns}, width]`,
    )
  return applyOne(productOp(matrix), [x], {})
}
