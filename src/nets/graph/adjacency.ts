import {
  add,
  type SparseEntries,
  type SparseMatrix,
  scaledMatrix,
  selfTransposed,
  sparseMatmul,
  sparseMatrix,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { assertShape } from '../shape.ts'

/** Entries of a square matrix over nodes. */
export interface GraphEntries extends SparseEntries {
  /** Whether the entry (a, b) comes with the entry (b, a) of equal value. The matrix is then kept only once. */
  readonly symmetric?: boolean
}

export interface AdjacencyOptions {
  /**
   * What the degrees divide: `symmetric` D^-½ A D^-½, `row` D⁻¹ A (the mean of the neighbours), `none` A. A node of
   * degree 0 gets zeros. Default `symmetric`.
   */
  readonly normalization?: 'symmetric' | 'row' | 'none'
  /** Whether every node is its own neighbour: `before` the degrees are taken (A + I), or `after`. Default `none`. */
  readonly selfLoops?: 'none' | 'before' | 'after'
}

/** A normalised adjacency for propagation. */
export interface Adjacency {
  readonly nodes: number
  /** The degrees are factors on its rows and columns. */
  readonly matrix: SparseMatrix
  /** Whether what is propagated is added to the result. */
  readonly addsOwn: boolean
}

/** Factors for rows by their degrees: degree to a power, 0 where there is none. */
export function degreeFactors(degrees: Float64Array, power: number): TensorValue {
  return value(
    degrees.map((degree) => (degree > 0 ? degree ** power : 0)),
    [degrees.length, 1],
  )
}

/** The factors that a normalisation puts on the rows and on the columns. */
export function normalizationFactors(
  degrees: Float64Array,
  normalization: 'symmetric' | 'row' | 'none',
): { readonly rows?: TensorValue; readonly columns?: TensorValue } {
  if (normalization === 'none') return {}
  if (normalization === 'row') return { rows: degreeFactors(degrees, -1) }
  const root = degreeFactors(degrees, -0.5)
  return { rows: root, columns: root }
}

/** The entries together with the diagonal. */
function withDiagonal(nodes: number, { rows, columns, values }: GraphEntries): SparseEntries {
  const diagonal = Uint32Array.from({ length: nodes }, (_, node) => node)
  const joined = (list: ArrayLike<number>): Uint32Array => {
    const all = new Uint32Array(list.length + nodes)
    all.set(list)
    all.set(diagonal, list.length)
    return all
  }
  if (values === undefined) return { rows: joined(rows), columns: joined(columns) }
  const weights = new Float64Array(values.length + nodes).fill(1)
  weights.set(values)
  return { rows: joined(rows), columns: joined(columns), values: weights }
}

/**
 * A normalised adjacency from weighted edges; equal entries add up.
 *
 * @param nodes how many there are
 * @param entries (row, column, value): what the row receives from the column
 * @throws {RangeError} when an entry lies outside, or a degree is negative
 * @example
 * const edges = userItemEntries(2, 3, { users: [0, 0, 1], items: [0, 2, 2] })
 * const lightGcnGraph = adjacency(5, edges)
 * const gcnGraph = adjacency(5, edges, { selfLoops: 'before' })
 */
export function adjacency(nodes: number, entries: GraphEntries, options: AdjacencyOptions = {}): Adjacency {
  const { normalization = 'symmetric', selfLoops = 'none' } = options
  const plain = sparseMatrix(nodes, nodes, selfLoops === 'before' ? withDiagonal(nodes, entries) : entries)
  const degrees = new Float64Array(nodes).fill(selfLoops === 'before' ? 1 : 0)
  for (let at = 0; at < entries.rows.length; at++) {
    const row = entries.rows[at] ?? 0
    degrees[row] = (degrees[row] ?? 0) + (entries.values?.[at] ?? 1)
  }
  const negative = degrees.findIndex((degree) => !(degree >= 0))
  if (negative >= 0)
    throw new RangeError(`adjacency: the degree of node ${negative} is ${degrees[negative]}, expected at least 0`)
  return {
    nodes,
    matrix: scaledMatrix(
      entries.symmetric ? selfTransposed(plain) : plain,
      normalizationFactors(degrees, normalization),
    ),
    addsOwn: selfLoops === 'after',
  }
}

/**
 * One round of message passing: the normalised adjacency times x.
 *
 * @param x [nodes, width]
 * @returns [nodes, width]
 */
export function propagate({ nodes, matrix, addsOwn }: Adjacency, x: Tensor): Tensor {
  assertShape('propagate: x', x, [nodes, undefined])
  const received = sparseMatmul(matrix, x)
  return addsOwn ? add(received, x) : received
}
