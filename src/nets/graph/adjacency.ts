import {
  add,
  cast,
  constant,
  mul,
  type SparseEntries,
  type SparseMatrix,
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

/**
 * A normalised adjacency for propagation. The degrees are kept as factors on rows, so that the product itself needs no
 * weights: s ⊙ (A (s ⊙ x)) in place of (D^-½ A D^-½) x.
 */
export interface Adjacency {
  readonly nodes: number
  readonly matrix: SparseMatrix
  readonly selfLoops: 'none' | 'before' | 'after'
  /** float64 [nodes, 1]: factors on what is propagated. */
  readonly source?: TensorValue
  /** float64 [nodes, 1]: factors on the result. */
  readonly target?: TensorValue
}

/** Factors for rows by their degrees: degree to a power, 0 where there is none. */
export function degreeFactors(degrees: Float64Array, power: number): TensorValue {
  return value(
    degrees.map((degree) => (degree > 0 ? degree ** power : 0)),
    [degrees.length, 1],
  )
}

/** The factors that a normalisation puts on the source and on the target rows. */
export function normalizationFactors(
  degrees: Float64Array,
  normalization: 'symmetric' | 'row' | 'none',
): Pick<Adjacency, 'source' | 'target'> {
  if (normalization === 'none') return {}
  if (normalization === 'row') return { target: degreeFactors(degrees, -1) }
  const root = degreeFactors(degrees, -0.5)
  return { source: root, target: root }
}

/** x with every row multiplied by its factor, if there are factors. */
export function scaleRows(x: Tensor, factors: TensorValue | undefined): Tensor {
  return factors === undefined ? x : mul(x, cast(constant(factors), x.dtype))
}

/** A matrix that is its own transpose. */
export function selfTransposed(matrix: SparseMatrix): SparseMatrix {
  const same: SparseMatrix = { ...matrix, transposed: () => same }
  return same
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
  const plain = sparseMatrix(nodes, nodes, entries)
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
    matrix: entries.symmetric ? selfTransposed(plain) : plain,
    selfLoops,
    ...normalizationFactors(degrees, normalization),
  }
}

/**
 * One round of message passing: the normalised adjacency times x.
 *
 * @param x [nodes, width]
 * @returns [nodes, width]
 */
export function propagate({ nodes, matrix, source, target, selfLoops }: Adjacency, x: Tensor): Tensor {
  assertShape('propagate: x', x, [nodes, undefined])
  const sent = scaleRows(x, source)
  const received = sparseMatmul(matrix, sent)
  const result = scaleRows(selfLoops === 'before' ? add(received, sent) : received, target)
  return selfLoops === 'after' ? add(result, x) : result
}
