import { cholesky, choleskyInverse, NotPositiveDefiniteError } from '../../measure/index.ts'
import { type Compiled, compile, type InputSpecs, matmul, neg, spec, sub, value } from '../../tensor/index.ts'

/** Rows below which the inverse is computed in float64 in one piece. */
const pieceRows = 192

/**
 * The inverse of a large symmetric positive definite matrix in float32, in place, in 4/3·n³ operations that are nearly
 * all products of large blocks:
 *
 * [A Bᵀ; B C]⁻¹ = [A⁻¹ + Wᵀ·S⁻¹·W, −Wᵀ·S⁻¹; −S⁻¹·W, S⁻¹] with W = B·A⁻¹ and S = C − W·Bᵀ
 *
 * and the same again for A and S. What is small is inverted in float64.
 *
 * @param matrix [size, size]; only its lower triangle is read, all of it is written
 * @throws {NotPositiveDefiniteError} when a pivot is not positive
 */
export async function invertPositive(matrix: Float32Array, size: number): Promise<void> {
  if (matrix.length !== size * size)
    throw new RangeError(`the matrix has ${matrix.length} numbers, expected ${size}² = ${size * size}`)
  const square = { inputs: { a: spec(['m', 'k']), b: spec(['k', 'n']) } }
  const transposed = { a: spec(['m', 'k']), b: spec(['n', 'k']), c: spec(['m', 'n']) }
  const graphs: Graphs = {
    product: (await compile(({ a, b }) => matmul(a, b), square)) as unknown as Compiled<InputSpecs, unknown>,
    negated: (await compile(({ a, b }) => neg(matmul(a, b)), square)) as unknown as Compiled<InputSpecs, unknown>,
    // C − A·Bᵀ, and C − Aᵀ·B, both with what is subtracted from in place.
    lessOuter: (await compile(({ a, b, c }) => sub(c, matmul(a, b, { transposeB: true })), {
      inputs: transposed,
    })) as unknown as Compiled<InputSpecs, unknown>,
    lessInner: (await compile(({ a, b, c }) => sub(c, matmul(a, b, { transposeA: true })), {
      inputs: { a: spec(['k', 'm']), b: spec(['k', 'n']), c: spec(['m', 'n']) },
    })) as unknown as Compiled<InputSpecs, unknown>,
  }
  try {
    await invertBlock(graphs, matrix, size, 0, size)
  } finally {
    for (const graph of Object.values(graphs)) await graph.dispose()
  }
}

type Graphs = Readonly<Record<'product' | 'negated' | 'lessOuter' | 'lessInner', Compiled<InputSpecs, unknown>>>

/** Inverts the diagonal block of rows `from` to `from + size`. */
async function invertBlock(
  graphs: Graphs,
  matrix: Float32Array,
  stride: number,
  from: number,
  size: number,
): Promise<void> {
  if (size <= pieceRows) {
    const piece = new Float64Array(size * size)
    for (let row = 0; row < size; row++)
      for (let column = 0; column <= row; column++)
        piece[row * size + column] = matrix[(from + row) * stride + from + column] ?? 0
    const inverse = invertPiece(piece, size, from)
    for (let row = 0; row < size; row++)
      matrix.set(inverse.subarray(row * size, (row + 1) * size), (from + row) * stride + from)
    return
  }
  const [first, second] = [size >> 1, size - (size >> 1)]
  const middle = from + first
  const run = async (
    graph: keyof Graphs,
    rows: number,
    columns: number,
    inputs: Readonly<Record<string, ReturnType<typeof value>>>,
  ): Promise<Float32Array> => {
    const out = new Float32Array(rows * columns)
    await graphs[graph](inputs, { '': value(out, [rows, columns]) })
    return out
  }
  await invertBlock(graphs, matrix, stride, from, first)
  const a = value(take(matrix, stride, from, from, first, first), [first, first])
  const b = value(take(matrix, stride, middle, from, second, first), [second, first])
  const w = value(await run('product', second, first, { a: b, b: a }), [second, first])
  const c = value(take(matrix, stride, middle, middle, second, second), [second, second])
  put(matrix, stride, middle, middle, second, await run('lessOuter', second, second, { a: w, b, c }))
  await invertBlock(graphs, matrix, stride, middle, second)
  const s = value(take(matrix, stride, middle, middle, second, second), [second, second])
  const lower = await run('negated', second, first, { a: s, b: w })
  put(matrix, stride, middle, from, first, lower)
  const corner = await run('lessInner', first, first, { a: w, b: value(lower, [second, first]), c: a })
  put(matrix, stride, from, from, first, corner)
  for (let row = 0; row < second; row++)
    for (let column = 0; column < first; column++)
      matrix[(from + column) * stride + middle + row] = lower[row * first + column] ?? 0
}

function invertPiece(piece: Float64Array, size: number, from: number): Float64Array {
  try {
    return choleskyInverse(cholesky(piece, size))
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError) throw new NotPositiveDefiniteError(from + error.row, Number.NaN)
    throw error
  }
}

function take(
  matrix: Float32Array,
  stride: number,
  top: number,
  left: number,
  rows: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const at = (top + row) * stride + left
    out.set(matrix.subarray(at, at + columns), row * columns)
  }
  return out
}

function put(
  matrix: Float32Array,
  stride: number,
  top: number,
  left: number,
  columns: number,
  block: Float32Array,
): void {
  for (let row = 0; row * columns < block.length; row++)
    matrix.set(block.subarray(row * columns, (row + 1) * columns), (top + row) * stride + left)
}
