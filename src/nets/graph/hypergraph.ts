import {
  cast,
  constant,
  mul,
  type SparseEntries,
  type SparseMatrix,
  scaledMatrix,
  sparseMatmul,
  sparseMatrix,
  sub,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { assertShape } from '../shape.ts'
import { degreeFactors, normalizationFactors } from './adjacency.ts'

export interface HypergraphOptions {
  /** What the degrees (row sums) divide. Default `symmetric`. */
  readonly normalization?: 'symmetric' | 'row' | 'none'
  /** Whether a hyperedge passes on the `sum` of its members (H Hᵀ) or their `mean` (H D_e⁻¹ Hᵀ). Default `sum`. */
  readonly pass?: 'sum' | 'mean'
  /** Whether a node hears itself through its hyperedges. Default true. */
  readonly ownMessages?: boolean
}

/**
 * A hypergraph for propagation between nodes that share hyperedges. The matrix of shared hyperedges is never made:
 * large hyperedges would fill it with cliques.
 */
export interface Hypergraph {
  readonly nodes: number
  readonly hyperedges: number
  /** [hyperedges, nodes]: what hyperedges hear of nodes, with the nodes' factors and those of means. */
  readonly gathering: SparseMatrix
  /** [nodes, hyperedges]: what nodes hear of hyperedges, with the nodes' factors. */
  readonly spreading: SparseMatrix
  /** float64 [nodes, 1]: what a node hears of itself, with the nodes' factors, to be left out. */
  readonly own?: TensorValue
}

/**
 * A hypergraph from its incidence entries (row: node, column: hyperedge, values at least 0; default 1). A node that
 * shares no hyperedge with any other gets zeros.
 *
 * - HGNN (Feng et al. 2019, arXiv 1809.09401), D_v^-½ H D_e⁻¹ Hᵀ D_v^-½: `{ pass: 'mean' }`.
 * - MMHCL (Guo et al. 2025, arXiv 2504.16576), users through shared items, D⁻¹ (R Rᵀ without its diagonal):
 *   `hypergraph(users, items, interactionEntries(…), { normalization: 'row', ownMessages: false })`; items through
 *   shared neighbourhoods, D^-½ H Hᵀ D^-½: `hypergraph(items, hyperedges, entries)`.
 *
 * @throws {RangeError} when an entry lies outside or is negative
 */
export function hypergraph(
  nodes: number,
  hyperedges: number,
  entries: SparseEntries,
  options: HypergraphOptions = {},
): Hypergraph {
  const { normalization = 'symmetric', pass = 'sum', ownMessages = true } = options
  const incidence = sparseMatrix(nodes, hyperedges, entries)
  const sizes = new Float64Array(hyperedges)
  const each = (visit: (node: number, edge: number, weight: number) => void): void => {
    for (let at = 0; at < entries.rows.length; at++)
      visit(entries.rows[at] ?? 0, entries.columns[at] ?? 0, entries.values?.[at] ?? 1)
  }
  each((node, edge, weight) => {
    if (!(weight >= 0))
      throw new RangeError(`hypergraph: node ${node} is in hyperedge ${edge} with ${weight}, expected at least 0`)
    sizes[edge] = (sizes[edge] ?? 0) + weight
  })
  const [degrees, own] = [new Float64Array(nodes), new Float64Array(nodes)]
  each((node, edge, weight) => {
    const size = sizes[edge] ?? 0
    const share = pass === 'mean' ? (size > 0 ? weight / size : 0) : weight
    degrees[node] = (degrees[node] ?? 0) + share * size
    own[node] = (own[node] ?? 0) + share * weight
  })
  if (!ownMessages)
    for (let node = 0; node < nodes; node++) {
      const left = (degrees[node] ?? 0) - (own[node] ?? 0)
      // What rounding leaves of a difference of equals is no degree.
      degrees[node] = left > 1e-12 * (degrees[node] ?? 0) ? left : 0
    }
  const factors = normalizationFactors(degrees, normalization)
  const [left, right] = [factors.rows?.data, factors.columns?.data]
  return {
    nodes,
    hyperedges,
    gathering: scaledMatrix(incidence.transposed(), {
      ...(pass === 'mean' && { rows: degreeFactors(sizes, -1) }),
      ...(factors.columns && { columns: factors.columns }),
    }),
    spreading: scaledMatrix(incidence, factors.rows ? { rows: factors.rows } : {}),
    ...(!ownMessages && {
      own: value(
        own.map((share, node) => share * Number(left?.[node] ?? 1) * Number(right?.[node] ?? 1)),
        [nodes, 1],
      ),
    }),
  }
}

/**
 * One round of messages from nodes to their hyperedges and back, linear and without weights.
 *
 * @param x [nodes, width]
 * @returns [nodes, width]
 */
export function propagateHypergraph(graph: Hypergraph, x: Tensor): Tensor {
  const { nodes, gathering, spreading, own } = graph
  assertShape('propagateHypergraph: x', x, [nodes, undefined])
  const received = sparseMatmul(spreading, sparseMatmul(gathering, x))
  return own === undefined ? received : sub(received, mul(x, cast(constant(own), x.dtype)))
}
