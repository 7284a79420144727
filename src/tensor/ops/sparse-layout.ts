import { type TensorValue, value } from '../graph/value.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

/**
 * The entries of a sparse matrix laid out for products written in ONNX: rows of like length together, so that a product
 * is a few gathers and sums that run on all cores, in the same order on any number of them.
 */
export interface SparseLayout {
  /** Blocks of rows, each with its columns padded to one length. */
  readonly blocks: readonly SparseBlock[]
  /** For each row its place among the rows of all blocks. */
  readonly places: TensorValue
}

interface SparseBlock {
  /** [rows, length] int32: columns; padding is the column after the last, which reads as zero. */
  readonly columns: TensorValue
  /** [rows, length, 1]; absent where every entry is 1. */
  readonly weights?: TensorValue
}

/** Gathered elements of a block are kept below this many rows, so that they stay in the cache until they are summed. */
const blockEntries = 1 << 13

// Matrices that share their entries share the layout.
const layouts = new WeakMap<Uint32Array, SparseLayout>()

/** The layout of a matrix without its factors, made on first use. */
export function sparseLayout(matrix: SparseMatrix): SparseLayout {
  const known = layouts.get(matrix.places)
  if (known) return known
  const made = layOut(matrix)
  layouts.set(matrix.places, made)
  return made
}

function layOut({ rows, columns, starts, places: entries, weights: values }: SparseMatrix): SparseLayout {
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
    const weights = values && new Float32Array(cells.length)
    for (let at = from; at < to; at++) {
      const row = byLength[at] ?? 0
      places[row] = BigInt(place++)
      for (let j = 0; j < length(row); j++) {
        const entry = (starts[row] ?? 0) + j
        const cell = (at - from) * longest + j
        cells[cell] = entries[entry] ?? 0
        if (weights) weights[cell] = values[entry] ?? 0
      }
    }
    blocks.push({
      columns: value(cells, [to - from, longest]),
      ...(weights && { weights: value(weights, [to - from, longest, 1]) }),
    })
    from = to
  }
  return { blocks, places: value(places) }
}
