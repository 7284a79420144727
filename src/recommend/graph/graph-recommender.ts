import { type Run, startRun } from '../../run/index.ts'
import { adam, type Schedule, type TensorValue } from '../../tensor/index.ts'
import { type Factors, factorQueries, factorTensors } from '../baseline/als.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet, SparseRows } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'
import { fitVectors, given, rankingLoss, type VectorFitOptions } from './fit-vectors.ts'
import { type GraphModel, type GraphNetworkOptions, graphNetwork } from './graph-network.ts'

export interface GraphRecommenderOptions extends GraphNetworkOptions, VectorFitOptions {
  /** Adam's, or how it goes by the count of updates. Default 1e-4 for `ngcf` and `gcn` (NGCF's authors, Gowalla), 1e-3 for `light-gcn` and `mf` (LightGCN's). */
  readonly learningRate?: number | Schedule
  /** λ. Default 1e-5 for `ngcf` and `gcn`, 1e-4 for `light-gcn` and `mf`. */
  readonly lambda?: number
  /** Whether the `final` vectors are penalised or the `first` ones, the embeddings. Default `final` for `ngcf` and `gcn`. */
  readonly penalty?: 'final' | 'first'
  /** Samples in a step. Default 1024 for `ngcf` and `gcn`, 2048 for `light-gcn` and `mf`. */
  readonly batchSize?: number
  /** Share of each layer's messages that is dropped in training. Default 0.1 for `ngcf`, else 0. */
  readonly messageDropout?: number
  /** Passes at most. Default 400 for `ngcf` and `gcn`, 1000 for `light-gcn` and `mf`. */
  readonly epochs?: number
}

/** The settings of NGCF's authors (Gowalla) and of LightGCN's. */
const published = {
  ngcf: { learningRate: 1e-4, lambda: 1e-5, batchSize: 1024, epochs: 400, messageDropout: 0.1, penalty: 'final' },
  gcn: { learningRate: 1e-4, lambda: 1e-5, batchSize: 1024, epochs: 400, messageDropout: 0, penalty: 'final' },
  'light-gcn': { learningRate: 1e-3, lambda: 1e-4, batchSize: 2048, epochs: 1000, messageDropout: 0, penalty: 'first' },
  mf: { learningRate: 1e-3, lambda: 1e-4, batchSize: 2048, epochs: 1000, messageDropout: 0, penalty: 'first' },
} as const

/**
 * Collaborative filtering on the graph of users and items: vectors are refined by L rounds of messages between those who
 * met, so that what similar users took is in the vector itself, and trained by
 *
 *     −(1/B) Σ ln σ(⟨e_u, e_i⟩ − ⟨e_u, e_j⟩) + λ/(2B) Σ (‖e_u‖² + ‖e_i‖² + ‖e_j‖²)
 *
 * over batches of B users u, items i that they took and items j that they did not (see `choicesByUser`). `ngcf` is the
 * published method (see `applyNgcf`); `light-gcn`, `gcn` and `mf` are what remains when its weights, its product and
 * concatenation, or its graph are taken away. With `valid`, training stops once the recall of those items has not
 * improved for 50 epochs, and the best epoch stands. Recommendations are by inner product.
 *
 * Someone new gets one round of messages from the items of their history, at their final vectors: Σ e_i / √(|H| d_i), d_i
 * being how many users took the item in training. This is an extension: the papers know trained users only.
 *
 * Only message dropout is offered; the authors' node dropout, off in their code, is not.
 *
 * @param train the only edges of the graph
 * @throws {RangeError} on options out of range, or when no user has both taken and left something
 * @see Wang, He, Wang, Feng, Chua, Neural Graph Collaborative Filtering, SIGIR 2019, arXiv 1905.08108; He et al., LightGCN,
 *   SIGIR 2020, arXiv 2002.02126
 * @example
 * const model = await graphRecommender(train, { model: 'light-gcn', valid }, startRun({ seed: 1, folder: 'runs/shop' }))
 */
export async function graphRecommender(
  train: InteractionSet,
  options: GraphRecommenderOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const { model = 'ngcf' } = options
  const { learningRate, lambda, batchSize, epochs, messageDropout, penalty } = {
    ...published[model],
    ...given(options),
  }
  if (typeof learningRate === 'number' && !(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (!(lambda >= 0 && Number.isFinite(lambda)))
    throw new RangeError(`lambda is ${lambda}, expected a number of at least 0`)
  if (!(messageDropout >= 0 && messageDropout < 1))
    throw new RangeError(`messageDropout is ${messageDropout}, expected a share from 0 to below 1`)
  for (const [name, number] of Object.entries({ batchSize, epochs }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  const network = graphNetwork(train, options, run.random(`${model}/start`))
  return fitVectors(
    {
      ...{ name: model, train, batchSize, epochs, options },
      parameters: network.parameters,
      optimizer: adam({ learningRate }),
      loss(choices, parameters, key) {
        const drawn = messageDropout > 0 ? key() : undefined
        return rankingLoss(network.vectors(parameters, messageDropout, drawn), choices, {
          users: train.users,
          lambda,
          ...(penalty === 'first' && { penalised: parameters.embedding }),
        })
      },
      found: (parameters) => network.vectors(parameters),
      recommender: ({ data }) => graphRecommenderOf(model, factorsOf(data, train.users, network.width), train),
    },
    run,
  )
}

/** The factors out of vectors of all nodes, users first; a copy. */
export function factorsOf(data: ArrayLike<number | bigint>, users: number, width: number): Factors {
  const vectors = Float32Array.from(data as ArrayLike<number>)
  return { users: vectors.slice(0, users * width), items: vectors.slice(users * width), width }
}

/** The recommender from its saved parts. */
export function graphRecommenderOf(kind: GraphModel, factors: Factors, seen: SparseRows): Recommender {
  return messageRecommender({ kind, factors, seen })
}

export interface MessageParts {
  readonly kind: string
  readonly factors: Factors
  readonly seen: SparseRows
  /** What is saved beside the vectors. */
  readonly tensors?: Readonly<Record<string, TensorValue>>
  readonly metadata?: Readonly<Record<string, string>>
}

/** A recommender by inner products of vectors; new people get a round of messages from the items of their history. */
export function messageRecommender({ kind, factors, seen, tensors, metadata = {} }: MessageParts): Recommender {
  const { items: vectors, width } = factors
  const items = vectors.length / width
  const degrees = new Uint32Array(items)
  for (const item of seen.columns) degrees[item] = (degrees[item] ?? 0) + 1
  const fold = (history: ArrayLike<number>): Float32Array => {
    const folded = new Float32Array(width)
    // In one order, so that equal histories get equal numbers.
    const own = Uint32Array.from(new Set(Array.from(history))).sort()
    for (const item of own) {
      const weight = 1 / Math.sqrt(own.length * Math.max(1, degrees[item] ?? 0))
      for (let at = 0; at < width; at++)
        folded[at] = (folded[at] as number) + weight * (vectors[item * width + at] as number)
    }
    return folded
  }
  return recommender({
    kind,
    items,
    seen,
    scoring: {
      form: 'vectors',
      vectors,
      items,
      width,
      queries: (audience) => factorQueries(factors, audience, fold),
    },
    tensors: { ...factorTensors(factors), ...tensors },
    metadata,
  })
}
