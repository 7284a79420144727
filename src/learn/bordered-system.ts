import { cholesky, choleskyInverse, choleskySolve } from '../measure/index.ts'

/** One diagonal block of a bordered matrix and its coupling to the border. */
export interface BorderedBlock {
  readonly size: number
  /** `[size, size]`, symmetric positive definite. */
  readonly matrix: Float64Array
  /** `[size, border]`. */
  readonly coupling: Float64Array
}

/** A factored bordered matrix. */
export interface BorderedSystem {
  /** Solves M·x = r; `parts[c]` is the right side and the solution of block c, `border` that of the border. */
  solve(right: BorderedVector): BorderedVector
  /** The inverse's block of the border, `[border, border]`. */
  readonly borderInverse: Float64Array
  /** The inverse between block c and the border, `[size, border]`. */
  mixedInverse(block: number): Float64Array
  /** Entry (row, column) of the inverse within block c. */
  blockInverse(block: number): (row: number, column: number) => number
}

export interface BorderedVector {
  readonly parts: readonly Float64Array[]
  readonly border: Float64Array
}

/** a[rows, inner]·b[inner, columns], skipping the zeros of a. */
function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < inner; k++) {
      const left = a[row * inner + k] as number
      if (left === 0) continue
      for (let column = 0; column < columns; column++)
        out[row * columns + column] =
          (out[row * columns + column] as number) + left * (b[k * columns + column] as number)
    }
  return out
}

/** Aᵀ·b added to `out` with a factor, for A of `[rows, columns]`. */
function addTransposed(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  columns: number,
  width: number,
  factor: number,
  out: Float64Array,
): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const left = a[row * columns + column] as number
      if (left === 0) continue
      for (let k = 0; k < width; k++)
        out[column * width + k] = (out[column * width + k] as number) + factor * left * (b[row * width + k] as number)
    }
}

/**
 * Factors a symmetric positive-definite matrix of many diagonal blocks that touch each other only through a border:
 *
 *     M = [ A₁        C₁ ]
 *         [    ⋱      ⋮  ]
 *         [        Aₘ Cₘ ]
 *         [ C₁ᵀ ⋯ Cₘᵀ  D ]
 *
 * by eliminating the blocks (Schur complement). Costs Σ size³ + Σ size·border² instead of the cube of the whole.
 *
 * @param border D, `[width, width]`
 * @throws {NotPositiveDefiniteError} when a block or the Schur complement has no Cholesky factor
 */
export function borderedSystem(blocks: readonly BorderedBlock[], border: Float64Array, width: number): BorderedSystem {
  const inverses = blocks.map(({ matrix, size }) => choleskyInverse(cholesky(matrix, size)))
  const solved = blocks.map(({ coupling, size }, c) =>
    product(inverses[c] as Float64Array, coupling, size, size, width),
  )
  const schur = Float64Array.from(border)
  for (const [c, { coupling, size }] of blocks.entries())
    addTransposed(coupling, solved[c] as Float64Array, size, width, width, -1, schur)
  const factor = cholesky(schur, width)
  const borderInverse = choleskyInverse(factor)
  const mixedInverse = (c: number): Float64Array => {
    const { size } = blocks[c] as BorderedBlock
    return product(solved[c] as Float64Array, borderInverse, size, width, width).map((entry) => -entry)
  }
  return {
    borderInverse,
    mixedInverse,
    solve({ parts, border: right }) {
      const own = parts.map((part, c) => product(inverses[c] as Float64Array, part, part.length, part.length, 1))
      const reduced = Float64Array.from(right)
      for (const [c, { coupling, size }] of blocks.entries())
        addTransposed(coupling, own[c] as Float64Array, size, width, 1, -1, reduced)
      const borderSolution = choleskySolve(factor, reduced)
      return {
        border: borderSolution,
        parts: own.map((part, c) => {
          const shift = product(solved[c] as Float64Array, borderSolution, part.length, width, 1)
          return part.map((entry, row) => entry - (shift[row] as number))
        }),
      }
    },
    blockInverse(c) {
      const { size } = blocks[c] as BorderedBlock
      const inverse = inverses[c] as Float64Array
      const coupled = solved[c] as Float64Array
      const mixed = mixedInverse(c)
      return (row, column) => {
        let sum = inverse[row * size + column] as number
        for (let k = 0; k < width; k++)
          sum -= (mixed[row * width + k] as number) * (coupled[column * width + k] as number)
        return sum
      }
    },
  }
}
