import { dimAt, formatShape } from '../graph/dimension.ts'
import { applyOne, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { convert, type TensorValue } from '../graph/value.ts'
import { scatterSerially } from './gather.ts'
import { sparseLayout } from './sparse-layout.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

type SparseOp = Op<Record<never, never>>

/** The operations of one matrix: an operation a matrix, so that the matrix need not be plain data. */
interface SparseOps {
  readonly product: SparseOp
  readonly rows: SparseOp
  readonly scattered: SparseOp
}

// Written once however many products use them.
const singles = new WeakMap<TensorValue, TensorValue>()

function scaled(emitter: Emitter, name: string, factors: TensorValue | undefined, dtype: Tensor['dtype']): string {
  if (factors === undefined) return name
  const single = singles.get(factors) ?? convert(factors, 'float32')
  singles.set(factors, single)
  return emitter.node('Mul', [name, emitter.constant(dtype === 'float32' ? single : factors)])
}

function emitProduct(emitter: Emitter, matrix: SparseMatrix, { dtype, shape }: Tensor, name: string): string {
  const width = dimAt(shape, -1)
  const { blocks, places } = sparseLayout(matrix)
  const x = scaled(emitter, name, matrix.columnFactors, dtype)
  // One row of zeros stands before the results for empty rows, and after x for padding.
  const zeros = emitter.node('Expand', [emitter.scalar(0, dtype), emitter.sizes([1, width])])
  const padded = emitter.node('Concat', [x, zeros], { axis: 0 })
  const sums = blocks.map(({ columns, weights }) => {
    const gathered = emitter.node('Gather', [padded, emitter.constant(columns)], { axis: 0 })
    const factor =
      weights &&
      (dtype === 'float32' ? emitter.constant(weights) : emitter.node('Cast', [emitter.constant(weights)], { to: 11 }))
    const weighted = factor === undefined ? gathered : emitter.node('Mul', [gathered, factor])
    return emitter.node('ReduceSum', [weighted, emitter.integers([1])], { keepdims: 0 })
  })
  const all = emitter.node('Concat', [zeros, ...sums], { axis: 0 })
  const product = emitter.node('Gather', [all, emitter.constant(places)], { axis: 0 })
  return scaled(emitter, product, matrix.rowFactors, dtype)
}

const opsOf = new WeakMap<SparseMatrix, SparseOps>()

function sparseOps(matrix: SparseMatrix): SparseOps {
  const known = opsOf.get(matrix)
  if (known) return known
  const { starts, places, weights, rowFactors, columnFactors } = matrix
  // Empty ones for those that are absent, so that rows' factors are not taken for columns'.
  const holds = [starts, places, weights, rowFactors?.data, columnFactors?.data].map(
    (data) => data ?? new Uint8Array(0),
  )
  const product: SparseOp = {
    name: 'sparseMatmul',
    holds,
    infer: (inputs) => {
      const { dtype, shape } = inputAt(inputs, 0)
      return [{ dtype, shape: [matrix.rows, dimAt(shape, 1)] }]
    },
    emit: ({ inputs }, emitter) => {
      const x = inputAt(inputs, 0)
      return emitProduct(emitter, matrix, x, emitter.name(x))
    },
    vjp: (_, [gradient]) => [gradient && sparseMatmul(matrix.transposed(), gradient)],
  }
  const rows: SparseOp = {
    name: 'sparseRows',
    holds,
    infer: (inputs) => {
      const { dtype, shape } = inputAt(inputs, 0)
      return [{ dtype, shape: [dimAt(inputAt(inputs, 1).shape, 0), dimAt(shape, 1)] }]
    },
    emit: ({ inputs }, emitter) => {
      const [x, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
      const all = emitProduct(emitter, matrix, x, emitter.name(x))
      return emitter.node('Gather', [all, emitter.name(indices)], { axis: 0 })
    },
    vjp: ({ inputs }, [gradient]) => [
      gradient && sparseScattered(matrix.transposed(), inputAt(inputs, 1), gradient),
      undefined,
    ],
  }
  const scattered: SparseOp = {
    name: 'sparseScattered',
    holds,
    infer: (inputs) => {
      const { dtype, shape } = inputAt(inputs, 0)
      return [{ dtype, shape: [matrix.rows, dimAt(shape, 1)] }]
    },
    emit: ({ inputs }, emitter) => {
      const [given, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
      const width = dimAt(given.shape, 1)
      const zeros = emitter.node('Expand', [emitter.scalar(0, given.dtype), emitter.sizes([matrix.columns, width])])
      const column = emitter.node('Reshape', [emitter.name(indices), emitter.integers([-1, 1])])
      const x = scatterSerially(emitter, zeros, column, emitter.name(given), dimAt(indices.shape, 0), width)
      return emitProduct(emitter, matrix, given, x)
    },
    vjp: ({ inputs }, [gradient]) => [
      gradient && sparseRows(matrix.transposed(), gradient, inputAt(inputs, 1)),
      undefined,
    ],
  }
  const ops = { product, rows, scattered }
  for (const op of Object.values(ops)) matrices.set(op as unknown as Op, matrix)
  opsOf.set(matrix, ops)
  return ops
}

const matrices = new WeakMap<Op, SparseMatrix>()

/** The matrix of an operation of this file, or undefined for any other operation. */
export function matrixOf(op: Op): SparseMatrix | undefined {
  return matrices.get(op)
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
  return applyOne(sparseOps(matrix).product, [x], {})
}

/**
 * Some rows of a product: row i of the result is row `indices[i]` of the matrix times x.
 *
 * @param x [columns, width]
 * @param indices [n] int64
 * @returns [n, width]
 */
export function sparseRows(matrix: SparseMatrix, x: Tensor, indices: Tensor): Tensor {
  return applyOne(sparseOps(matrix).rows, [x, indices], {})
}

/**
 * The matrix times what is zero but for some rows: `given[i]` is added to row `indices[i]` of zeros, and the matrix is
 * multiplied by the whole. The transpose of {@link sparseRows}.
 *
 * @param indices [n] int64
 * @param given [n, width]
 * @returns [rows, width]
 */
export function sparseScattered(matrix: SparseMatrix, indices: Tensor, given: Tensor): Tensor {
  return applyOne(sparseOps(matrix).scattered, [given, indices], {})
}
