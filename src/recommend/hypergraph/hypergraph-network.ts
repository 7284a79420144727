import {
  type Hypergraph,
  hypergraph,
  interactionEntries,
  neighbourEntries,
  propagateHypergraph,
  uniformValue,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  concat,
  normalize,
  type SparseEntries,
  type Symbolic,
  slice,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import {
  type GraphModel,
  type GraphNetwork,
  type GraphNetworkOptions,
  type GraphParameters,
  graphNetwork,
} from '../graph/graph-network.ts'
import { type InteractionSet, pairUsers } from '../interactions/interaction-set.ts'

export interface HypergraphNetworkOptions extends GraphNetworkOptions {
  /** What refines the first-order vectors. Default `light-gcn`. */
  readonly model?: GraphModel
  /** Rounds on the graph of users and items. Default 2. */
  readonly layers?: number
  /** Rounds between users who share items. Default 3. */
  readonly userLayers?: number
  /** Rounds between items that share neighbours. Default 2. */
  readonly itemLayers?: number
  /** k: neighbours of an item in each kind of features, itself included. Default 5. */
  readonly neighbours?: number
}

/** Trained numbers; second-order tables are there for the sides that have a hypergraph. */
export interface HypergraphParameters {
  readonly graph: GraphParameters
  /** [users, width] */
  readonly users?: TensorValue
  /** [items, width] */
  readonly items?: TensorValue
}

/** Views of all nodes. */
export interface HypergraphViews {
  /** Both orders together, [users + items, width]. */
  readonly vectors: Tensor
  /** Second order alone, not brought to length 1, [users, width] and [items, width]. */
  readonly users?: Tensor
  readonly items?: Tensor
}

/** A graph network with hypergraphs beside it. */
export interface HypergraphNetwork {
  readonly width: number
  readonly parameters: HypergraphParameters
  views(parameters: Symbolic<HypergraphParameters>, dropout?: number, key?: Tensor): HypergraphViews
}

/** Users through the items they share: D⁻¹ of R Rᵀ without its diagonal. */
export function userHypergraph(train: InteractionSet): Hypergraph {
  const { users, items, columns } = train
  const entries = interactionEntries(users, items, { users: pairUsers(train), items: columns })
  return hypergraph(users, items, entries, { normalization: 'row', ownMessages: false })
}

/**
 * Which items are near which, in every kind of features: item i is in the hyperedge of j when j is among its k nearest
 * by cosine. Hyperedge `v · items + j` is that of item j by the v-th kind.
 *
 * @param modalities features, float32 [items, width of the kind]
 * @param neighbours k, the item itself included
 * @throws {RangeError} when there are no features, or a kind has other rows than there are items
 */
export async function neighbourhoodEntries(
  items: number,
  modalities: readonly TensorValue[],
  neighbours: number,
): Promise<SparseEntries> {
  if (modalities.length === 0) throw new RangeError('there are no features of items, expected at least one kind')
  const rows: number[] = []
  const columns: number[] = []
  for (const [kind, features] of modalities.entries()) {
    if (features.shape.length !== 2 || features.shape[0] !== items)
      throw new RangeError(
        `features ${kind} are [${features.shape.join(', ')}], expected a row for each of the ${items} items`,
      )
    const found = await neighbourEntries(features, Math.min(neighbours, items))
    for (const row of found.rows) rows.push(row)
    for (const column of found.columns) columns.push(kind * items + column)
  }
  return { rows: Int32Array.from(rows), columns: Int32Array.from(columns) }
}

/** Items through the neighbours they share: D^-½ H Hᵀ D^-½, H of all kinds side by side. */
export async function itemHypergraph(
  items: number,
  modalities: readonly TensorValue[],
  neighbours: number,
): Promise<Hypergraph> {
  return hypergraph(items, modalities.length * items, await neighbourhoodEntries(items, modalities, neighbours))
}

function whole(name: string, number: number, least: number): number {
  if (!(Number.isInteger(number) && number >= least))
    throw new RangeError(`${name} is ${number}, expected a whole number of at least ${least}`)
  return number
}

/** Xavier uniform for a table by itself, as the authors start. */
function table(random: Random, rows: number, width: number): TensorValue {
  return uniformValue(random, [rows, width], Math.sqrt(6 / (rows + width)))
}

/**
 * First-order vectors of a graph network, with second-order ones of users and items added at length 1:
 *
 *     z_u = u + û/‖û‖,  û = U^(user layers) · table;   z_i = i + î/‖î‖,  î = I^(item layers) · table
 *
 * with U and I of {@link userHypergraph} and {@link itemHypergraph}; of each only the last round is kept. A side without
 * its hypergraph stays the first-order vectors, and a node without neighbours gets nothing.
 *
 * @param sides which hypergraphs there are: users' from `train`, items' from features
 * @throws {RangeError} on sizes out of range
 */
export async function hypergraphNetwork(
  train: InteractionSet,
  sides: { readonly users: boolean; readonly modalities?: readonly TensorValue[] },
  options: HypergraphNetworkOptions,
  random: Random,
): Promise<HypergraphNetwork> {
  const { model = 'light-gcn', layers = 2, userLayers = 3, itemLayers = 2, neighbours = 5 } = options
  for (const [name, number] of Object.entries({ userLayers, itemLayers, neighbours })) whole(name, number, 1)
  const { users, items } = train
  const network: GraphNetwork = graphNetwork(train, { ...options, model, layers }, random)
  const { embedding } = network.parameters
  const base = Number(embedding.shape[1])
  const first = new Float32Array((users + items) * base)
  first.set(table(random, users, base).data as Float32Array)
  first.set(table(random, items, base).data as Float32Array, users * base)
  const ofUsers = sides.users ? userHypergraph(train) : undefined
  const ofItems = sides.modalities ? await itemHypergraph(items, sides.modalities, neighbours) : undefined
  const { width } = network
  return {
    width,
    parameters: {
      graph: { ...network.parameters, embedding: value(first, [users + items, base]) },
      ...(ofUsers && { users: table(random, users, width) }),
      ...(ofItems && { items: table(random, items, width) }),
    },
    views(held, dropout = 0, key) {
      const ui = network.vectors(held.graph, dropout, key)
      const rounds = (graph: Hypergraph | undefined, start: Tensor | undefined, count: number): Tensor | undefined => {
        if (!graph || !start) return undefined
        let state = start
        for (let round = 0; round < count; round++) state = propagateHypergraph(graph, state)
        return state
      }
      const second = { users: rounds(ofUsers, held.users, userLayers), items: rounds(ofItems, held.items, itemLayers) }
      if (!second.users && !second.items) return { vectors: ui }
      const fused = (part: Tensor, view: Tensor | undefined): Tensor => (view ? add(part, normalize(view)) : part)
      return {
        vectors: concat(
          [fused(slice(ui, 0, 0, users), second.users), fused(slice(ui, 0, users, users + items), second.items)],
          0,
        ),
        ...(second.users && { users: second.users }),
        ...(second.items && { items: second.items }),
      }
    },
  }
}
