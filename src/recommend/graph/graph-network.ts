import {
  type Adjacency,
  type AdjacencyOptions,
  adjacency,
  applyGcn,
  applyLightGcn,
  applyNgcf,
  type GcnParameters,
  initGcn,
  initLightGcn,
  initNgcf,
  type LightGcnParameters,
  type NgcfLayerParameters,
  userItemEntries,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import type { Symbolic, Tensor } from '../../tensor/index.ts'
import { type InteractionSet, pairUsers } from '../interactions/interaction-set.ts'

/** How users' and items' vectors come about. `mf` has no graph: the embeddings themselves. */
export type GraphModel = 'ngcf' | 'light-gcn' | 'gcn' | 'mf'

export interface GraphNetworkOptions {
  /** Default `ngcf`. */
  readonly model?: GraphModel
  /** NGCF's layer as in the authors' `code` (default) or in the `paper`. */
  readonly variant?: 'code' | 'paper'
  /** Width of the embeddings and of each layer. Default 64. */
  readonly width?: number
  /** Rounds of propagation; none for `mf`. 0 makes every model plain matrix factors. Default 3. */
  readonly layers?: number
  /**
   * What is propagated along. Default: (D + I)⁻¹(A + I) for NGCF's code, D^-½ A D^-½ for NGCF's paper and LightGCN,
   * (D + I)^-½ (A + I) (D + I)^-½ for GCN.
   */
  readonly adjacency?: AdjacencyOptions
}

/** Trained numbers; models without weights have no layers. */
export interface GraphParameters extends LightGcnParameters {
  readonly ngcf?: readonly NgcfLayerParameters[]
  readonly gcn?: GcnParameters
}

/** A network over users and items: users are the first nodes. */
export interface GraphNetwork {
  readonly model: GraphModel
  readonly nodes: number
  /** Width of the vectors. */
  readonly width: number
  /** As they are at the start. */
  readonly parameters: GraphParameters
  /**
   * All vectors, [nodes, width].
   *
   * @param dropout share of each layer's messages that is dropped (NGCF), or of its inputs (GCN)
   * @param key which draw; without it nothing is dropped
   */
  vectors(parameters: Symbolic<GraphParameters>, dropout?: number, key?: Tensor): Tensor
}

function graphOf(train: InteractionSet, { model = 'ngcf', variant = 'code', ...options }: GraphNetworkOptions) {
  const standard: AdjacencyOptions =
    model === 'gcn'
      ? { selfLoops: 'before' }
      : model === 'ngcf' && variant === 'code'
        ? { normalization: 'row', selfLoops: 'before' }
        : {}
  const { users, items, columns } = train
  return adjacency(
    users + items,
    userItemEntries(users, items, { users: pairUsers(train), items: columns }),
    options.adjacency ?? standard,
  )
}

/**
 * The network of a graph recommender, with its numbers at the start: Xavier uniform, or normal with standard deviation
 * 0.1 for `light-gcn` and `mf`.
 *
 * @param train the only edges that there are
 * @throws {RangeError} when the width is below 1 or the layers below 0
 */
export function graphNetwork(train: InteractionSet, options: GraphNetworkOptions, random: Random): GraphNetwork {
  const { model = 'ngcf', variant = 'code', width = 64, layers = 3 } = options
  for (const [name, number, least] of [
    ['width', width, 1],
    ['layers', layers, 0],
  ] as const)
    if (!(Number.isInteger(number) && number >= least))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least ${least}`)
  const nodes = train.users + train.items
  const rounds = model === 'mf' ? 0 : layers
  // Without propagation all models are one: it starts alike too.
  if (rounds === 0)
    return {
      model,
      nodes,
      width,
      parameters: initLightGcn(random, nodes, width),
      vectors: ({ embedding }) => embedding,
    }
  const graph: Adjacency = graphOf(train, options)
  const sizes = Array.from({ length: rounds + 1 }, () => width)
  if (model === 'light-gcn')
    return {
      model,
      nodes,
      width,
      parameters: initLightGcn(random, nodes, width),
      vectors: ({ embedding }) => applyLightGcn({ embedding }, graph, { layers: rounds }),
    }
  const dropped = (dropout: number, key: Tensor | undefined) => (key ? { dropout, key } : {})
  const { embedding, layers: ngcf } = initNgcf(random, nodes, sizes, { variant })
  if (model === 'gcn')
    return {
      model,
      nodes,
      width,
      parameters: { embedding, gcn: initGcn(random, sizes) },
      vectors: (held, dropout = 0, key) =>
        applyGcn(held.gcn ?? { layers: [] }, graph, held.embedding, dropped(dropout, key)),
    }
  return {
    model,
    nodes,
    width: width * (rounds + 1),
    parameters: { embedding, ngcf },
    vectors: (held, dropout = 0, key) =>
      applyNgcf({ embedding: held.embedding, layers: held.ngcf ?? [] }, graph, { variant, ...dropped(dropout, key) }),
  }
}
