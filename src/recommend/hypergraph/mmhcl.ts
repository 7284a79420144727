import { type Run, startRun } from '../../run/index.ts'
import { adam, add, mul, slice, stepDecaySchedule, type Tensor, type TensorValue, value } from '../../tensor/index.ts'
import type { Factors } from '../baseline/als.ts'
import type { Recommender } from '../contract.ts'
import { fitVectors, given, rankingLoss, type VectorFitOptions } from '../graph/fit-vectors.ts'
import { factorsOf, messageRecommender } from '../graph/graph-recommender.ts'
import { type InteractionSet, itemCounts, type SparseRows } from '../interactions/interaction-set.ts'
import { choicesByUser } from '../sampled/sampled-choices.ts'
import { type HypergraphNetworkOptions, hypergraphNetwork } from './hypergraph-network.ts'
import { type KnownItems, placeItems } from './new-items.ts'
import { synergisticContrast } from './synergistic-contrast.ts'

export interface MmhclOptions extends HypergraphNetworkOptions, VectorFitOptions {
  /** What is known of items, by kind (picture, sound, text): float32 [items, width of the kind] each. Default: nothing. */
  readonly modalities?: readonly TensorValue[]
  /** w_u of the users' contrast; 0 leaves their hypergraph out altogether. Default 0.03. */
  readonly userWeight?: number
  /** w_i of the items' contrast; 0 leaves their hypergraph out altogether. Default 0.07, and 0 without features. */
  readonly itemWeight?: number
  /** τ of the contrast. Default 0.6. */
  readonly temperature?: number
  /** Nodes of a side that are contrasted in a step, drawn anew each time where there are more. Default 2048. */
  readonly contrastNodes?: number
  /** Adam's, at the start. Default 1e-4. */
  readonly learningRate?: number
  /** What the learning rate is multiplied by over 50 epochs. Default 0.96. */
  readonly decay?: number
  /** λ of the final vectors of a batch. Default 1e-3. */
  readonly lambda?: number
  /** Samples in a step. Default 1024. */
  readonly batchSize?: number
  /** Share of each layer's messages that is dropped in training. Default 0.1 for `model: 'ngcf'`, else 0. */
  readonly messageDropout?: number
  /** Passes at most. Default 1000. */
  readonly epochs?: number
  /**
   * Items that nobody took in training: `trained` as the authors have them, only ever the item that is not taken, which
   * sinks; or `placed` after training where items with like features are (see `placeItems`). Default `trained`.
   */
  readonly coldItems?: 'trained' | 'placed'
}

/** Recommendations that know of items' features. */
export interface MmhclRecommender extends Recommender {
  /** Second-order vectors of the items, [items, width], where it was trained with features. */
  readonly secondOrder?: Float32Array
  /**
   * The same with new items at the end of the catalogue, placed by their features alone (see `placeItems`). An
   * extension.
   *
   * @param modalities features of the items that there are
   * @param fresh features of the new ones, kinds in the same order
   * @param neighbours k. Default 5
   * @throws {RangeError} when it was trained without features, or features do not fit
   */
  withNewItems(
    modalities: readonly TensorValue[],
    fresh: readonly TensorValue[],
    neighbours?: number,
  ): Promise<MmhclRecommender>
}

/** The authors' settings (TikTok). */
const published = {
  ...{ userWeight: 0.03, itemWeight: 0.07, temperature: 0.6, contrastNodes: 2048, learningRate: 1e-4, decay: 0.96 },
  ...{ lambda: 1e-3, batchSize: 1024, epochs: 1000, neighbours: 5 },
}

/**
 * Recommendations where people have taken little and something is known of the items: beside the graph of users and
 * items there is a hypergraph of users through the items they share, and one of items through the neighbours they share
 * by picture, sound or text (see `hypergraphNetwork`). Their vectors are added, and both views of a node are drawn
 * together by {@link synergisticContrast}:
 *
 *     loss = −(1/B) Σ ln σ(⟨z_u, z_i⟩ − ⟨z_u, z_j⟩) + λ/(2B) Σ (‖z_u‖² + ‖z_i‖² + ‖z_j‖²) + w_u L_users + w_i L_items
 *
 * over batches of B users, items that they took and items that they did not (see `choicesByUser`). Recommendations are by
 * inner product of z. Features only make the hypergraph; no encoder of them is trained. Without `valid` all epochs are
 * trained; with it every fifth is measured and training stops after five measurements without improvement. The authors
 * let an improvement of NDCG@20 count as well as one of recall@20; here it is the `metric` alone.
 *
 * The authors contrast all nodes of a side in each step. Here at most `contrastNodes` are, drawn evenly, their sums scaled
 * to stand for all. With `model: 'ngcf'` first-order layers are side by side, where the authors take their mean.
 *
 * Someone new gets one round of messages from the items of their history, as in `graphRecommender`: an extension.
 *
 * @param train the only edges of both graphs
 * @throws {RangeError} on options out of range, features that do not fit, or when no user has both taken and left something
 * @see Guo, Zhang, Wang, Wang, Zhang, Liu, Cui, MMHCL: Multi-Modal Hypergraph Contrastive Learning for Recommendation,
 *   ACM TOMM 2025, arXiv 2504.16576
 * @example
 * const model = await mmhcl(train, { modalities: [pictures, titles], valid }, startRun({ seed: 1, folder: 'runs/shop' }))
 */
export async function mmhcl(
  train: InteractionSet,
  options: MmhclOptions = {},
  run: Run = startRun(),
): Promise<MmhclRecommender> {
  const { modalities, coldItems = 'trained', model = 'light-gcn' } = options
  const {
    userWeight,
    itemWeight,
    temperature,
    contrastNodes,
    learningRate,
    decay,
    lambda,
    batchSize,
    epochs,
    ...rest
  } = {
    ...published,
    itemWeight: modalities ? published.itemWeight : 0,
    messageDropout: model === 'ngcf' ? 0.1 : 0,
    ...given(options),
  }
  const { messageDropout, neighbours } = rest
  for (const [name, number] of Object.entries({ userWeight, itemWeight, lambda }))
    if (!(number >= 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a number of at least 0`)
  for (const [name, number] of Object.entries({ temperature, learningRate, decay }))
    if (!(number > 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a positive number`)
  if (!(messageDropout >= 0 && messageDropout < 1))
    throw new RangeError(`messageDropout is ${messageDropout}, expected a share from 0 to below 1`)
  for (const [name, number, least] of [
    ['batchSize', batchSize, 1],
    ['epochs', epochs, 1],
    ['contrastNodes', contrastNodes, 2],
  ] as const)
    if (!(Number.isInteger(number) && number >= least))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least ${least}`)
  if (itemWeight > 0 && !modalities)
    throw new RangeError(`itemWeight is ${itemWeight}, but there are no features of items (modalities)`)
  const withItems = itemWeight > 0
  if (coldItems === 'placed' && !withItems)
    throw new RangeError('coldItems is "placed", which needs features of items (modalities) and an itemWeight above 0')
  const network = await hypergraphNetwork(
    train,
    { users: userWeight > 0, ...(withItems && modalities && { modalities }) },
    { ...options, model },
    run.random('mmhcl/start'),
  )
  const { users, items } = train
  const stepsAnEpoch = Math.ceil(choicesByUser(train, batchSize).count / batchSize)
  const fitted = await fitVectors(
    {
      ...{ name: 'mmhcl', train, batchSize, epochs, parameters: network.parameters },
      options: { validateEvery: 5, ...given(options) },
      optimizer: adam({ learningRate: stepDecaySchedule(learningRate, decay ** (1 / 50), stepsAnEpoch) }),
      loss(choices, held, key) {
        const views = network.views(held, messageDropout, messageDropout > 0 ? key() : undefined)
        const contrast = (from: number, to: number, second: Tensor): Tensor =>
          synergisticContrast(slice(views.vectors, 0, from, to), second, {
            temperature,
            ...(to - from > contrastNodes && { sample: { nodes: contrastNodes, key: key() } }),
          })
        let loss = rankingLoss(views.vectors, choices, { users, lambda })
        if (views.users) loss = add(loss, mul(contrast(0, users, views.users), userWeight))
        if (views.items) loss = add(loss, mul(contrast(users, users + items, views.items), itemWeight))
        return loss
      },
      found: (held) => network.views(held),
      recommender: ({ vectors, items: second }) =>
        mmhclOf(
          factorsOf(vectors.data, users, network.width),
          train,
          second && Float32Array.from(second.data as ArrayLike<number>),
        ),
    },
    run,
  )
  if (coldItems === 'trained' || !modalities) return fitted
  const placed = await placeCold(fitted, train, modalities, neighbours)
  await fitted.dispose()
  return placed
}

/** A recommender that keeps its vectors within reach. */
interface OpenRecommender extends MmhclRecommender {
  readonly factors: Factors
}

/** The recommender from its saved parts. */
export function mmhclOf(factors: Factors, seen: SparseRows, secondOrder?: Float32Array): OpenRecommender {
  const { users, items, width } = factors
  const base = messageRecommender({
    kind: 'mmhcl',
    factors,
    seen,
    ...(secondOrder && { tensors: { 'second/items': value(secondOrder, [secondOrder.length / width, width]) } }),
    metadata: { secondOrder: secondOrder ? '1' : '0' },
  })
  return {
    ...base,
    factors,
    ...(secondOrder && { secondOrder }),
    async withNewItems(modalities, fresh, neighbours = published.neighbours) {
      if (!secondOrder) throw new RangeError('it was trained without features of items, and cannot place new ones')
      const placed = await placeItems({ modalities, secondOrder, width }, fresh, neighbours)
      return mmhclOf({ users, items: joined(items, placed), width }, seen, joined(secondOrder, placed))
    },
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** The same with items that nobody took put where taken items with like features are. */
async function placeCold(
  { factors, secondOrder = new Float32Array(0) }: OpenRecommender,
  train: InteractionSet,
  modalities: readonly TensorValue[],
  neighbours: number,
): Promise<MmhclRecommender> {
  const { width } = factors
  const counts = itemCounts(train)
  const all = Array.from({ length: train.items }, (_, item) => item)
  const [warm, cold] = [all.filter((item) => counts[item]), all.filter((item) => !counts[item])]
  const known: KnownItems = {
    modalities: modalities.map((features) => rowsOf(features, warm)),
    secondOrder: picked(secondOrder, width, warm),
    width,
  }
  const placed = await placeItems(
    known,
    modalities.map((features) => rowsOf(features, cold)),
    neighbours,
  )
  const [items, second] = [factors.items.slice(), secondOrder.slice()]
  for (const [row, item] of cold.entries())
    for (const into of [items, second]) into.set(placed.subarray(row * width, (row + 1) * width), item * width)
  return mmhclOf({ ...factors, items }, train, second)
}

function picked(data: ArrayLike<number>, width: number, rows: readonly number[]): Float32Array {
  const taken = new Float32Array(rows.length * width)
  for (const [at, row] of rows.entries())
    for (let column = 0; column < width; column++) taken[at * width + column] = data[row * width + column] as number
  return taken
}

function rowsOf({ data, shape }: TensorValue, rows: readonly number[]): TensorValue {
  const width = shape[1] ?? 0
  return value(picked(data as ArrayLike<number>, width, rows), [rows.length, width])
}
