import {
  applyGru,
  applyLinear,
  applyMlp,
  type GruParameters,
  initGru,
  initLinear,
  initNorm,
  type LinearParameters,
  type MlpParameters,
  type NormParameters,
} from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  broadcastTo,
  concat,
  div,
  expandDims,
  layerNorm,
  matmul,
  mean,
  mul,
  reshape,
  type Symbolic,
  softmax,
  squeeze,
  stack,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { nothingYet, scalingMap } from './interest-network.ts'
import { ratio } from './interest-set.ts'

/** How centres follow what they are given. */
export interface ExtractionOptions {
  /** Centres K. Default 4. */
  readonly interests?: number
  /** Times R that they are moved. Default 3. */
  readonly layers?: number
  /** Whether all layers share their numbers, which makes them iterations. Default false. */
  readonly shareLayers?: boolean
  /** `mlp` adds to a centre, `gru` lets a gated cell replace it. Default `mlp`. */
  readonly update?: 'mlp' | 'gru'
  /** Whether a layer is given only what the ones before it left unexplained. Default false. */
  readonly residual?: boolean
  /** The centres that are the interests: of the `last` layer (default), their `mean`, or a map of all `concatenated`. */
  readonly read?: 'last' | 'mean' | 'concatenated'
}

/** One layer of the extraction. */
export interface ExtractionLayerParameters {
  /** W_q and W_k of the routing, and W_v of what centres take in, without biases: [width, width]. */
  readonly query: LinearParameters
  readonly key: LinearParameters
  readonly value: LinearParameters
  /** The update of a centre: one of the two. */
  readonly mlp?: MlpParameters
  readonly gru?: GruParameters
  readonly norm: NormParameters
}

export interface ExtractionParameters {
  /** C⁰, [interests, width] */
  readonly centres: TensorValue
  /** One that all share, or one for each. */
  readonly layers: readonly ExtractionLayerParameters[]
  /** [width, layers · width], with `read: 'concatenated'` */
  readonly together?: LinearParameters
}

export const extractionDefaults = {
  interests: 4,
  layers: 3,
  shareLayers: false,
  update: 'mlp',
  residual: false,
  read: 'last',
} as const satisfies ExtractionOptions

/** Keeps the division by what a centre took from dividing by 0. */
const epsilon = 1e-6

/** Rows at right angles of length 1, as far as there are as many directions: [rows, width]. */
function orthogonalRows(random: Random, rows: number, width: number): TensorValue {
  const found: Float64Array[] = []
  for (let row = 0; row < rows; row++) {
    const drawn = Float64Array.from({ length: width }, () => random.normal())
    // Those of the same group of `width`; a later group starts anew.
    for (const other of found.slice(row - (row % width))) {
      const along = drawn.reduce((sum, number, at) => sum + number * (other[at] ?? 0), 0)
      for (let at = 0; at < width; at++) drawn[at] = (drawn[at] ?? 0) - along * (other[at] ?? 0)
    }
    const length = Math.sqrt(drawn.reduce((sum, number) => sum + number * number, 0))
    found.push(drawn.map((number) => number / length))
  }
  const data = new Float32Array(rows * width)
  for (const [row, numbers] of found.entries()) data.set(numbers, row * width)
  return value(data, [rows, width])
}

/**
 * Numbers of an extraction at the start: centres of length 1 at right angles (equal ones would stay equal for ever), W_v
 * the identity, W₂ zeros, other maps normal and as wide as keeps the spread of what they map, without biases.
 */
export function initExtraction(random: Random, width: number, options: ExtractionOptions = {}): ExtractionParameters {
  const { interests, layers, shareLayers, update, read } = { ...extractionDefaults, ...options }
  const map = (): LinearParameters => initLinear(random, width, width, { bias: false, deviation: 1 / Math.sqrt(width) })
  return {
    centres: orthogonalRows(random, interests, width),
    layers: Array.from({ length: shareLayers ? 1 : layers }, () => ({
      query: map(),
      key: map(),
      value: scalingMap(width, 1),
      ...(update === 'gru'
        ? { gru: initGru(random, { inputs: width, hidden: width }) }
        : {
            mlp: { layers: [initLinear(random, width, width, { deviation: Math.sqrt(2 / width) }), nothingYet(width)] },
          }),
      norm: initNorm(width, true),
    })),
    ...(read === 'concatenated' && { together: initLinear(random, layers * width, width) }),
  }
}

/** What an extraction gives. */
export interface Extracted {
  /** [batch, interests, width] */
  readonly interests: Tensor
  /** a of the last layer, [batch, interests, behaviours]: sums to 1 over interests at each behaviour that is there. */
  readonly assignment: Tensor
}

/**
 * The share of each behaviour that each centre takes: a_kj = softmax_k((W_q C_k)·(W_k h_j)/√d). Centres compete for
 * behaviours, as in k-means; ComiRec's self-attention lets behaviours compete for interests instead.
 *
 * @param queries W_q C, [batch, interests, width]
 * @param keys W_k h, [batch, behaviours, width]
 * @param mask [batch, behaviours], 1 or 0: a behaviour that is not there is taken by none
 * @returns [batch, interests, behaviours]
 */
export function routingAssignment(queries: Tensor, keys: Tensor, mask: Tensor): Tensor {
  const scale = 1 / Math.sqrt(Number(queries.shape.at(-1)))
  return mul(softmax(matmul(queries, keys, { transposeB: true, scale }), { axis: 1 }), expandDims(mask, 1))
}

/**
 * Hierarchical extraction of interests from a sequence of behaviours h, in layers r = 1 … R:
 *
 *     a_kj = softmax_k((W_q C_k^{r−1})·(W_k h_j)/√d)
 *     m_k  = Σ_j a_kj W_v h_j / (Σ_j a_kj + ε)
 *     C_k^r = LayerNorm(C_k^{r−1} + MLP(m_k)),  MLP(m) = m + W₂ relu(W₁ m)
 *
 * and, with `residual`, h_j ← h_j − Σ_k a_kj C_k^r before the next layer. With one centre it is the mean of W_v h under
 * an MLP. Without positions in h, the order of behaviours does not matter; centres in another order give the interests
 * in that order.
 *
 * @param behaviours h, [batch, behaviours, width]
 * @param mask [batch, behaviours]: 1 where a behaviour is there, else 0
 */
export function extractInterests(
  parameters: Symbolic<ExtractionParameters>,
  behaviours: Tensor,
  mask: Tensor,
  options: ExtractionOptions = {},
): Extracted {
  const { layers, residual, read } = { ...extractionDefaults, ...options }
  const [batch = 1, , width = 1] = behaviours.shape
  const [interests = 1] = parameters.centres.shape
  let centres: Tensor = expandDims(parameters.centres, 0)
  let left = behaviours
  let assignment = mask
  const all: Tensor[] = []
  for (let at = 0; at < layers; at++) {
    const layer = parameters.layers[parameters.layers.length === 1 ? 0 : at]
    if (!layer)
      throw new RangeError(`interest extraction: there are ${parameters.layers.length} layers, expected ${layers}`)
    assignment = routingAssignment(applyLinear(layer.query, centres), applyLinear(layer.key, left), mask)
    const taken = add(sum(assignment, 2, { keepDims: true }), epsilon)
    const given = div(matmul(assignment, applyLinear(layer.value, left)), taken)
    const moved = layer.gru
      ? gatedUpdate(layer.gru, given, broadcastTo(centres, given.shape))
      : add(centres, add(given, applyMlp(layer.mlp ?? { layers: [] }, given)))
    centres = layerNorm(moved, { scale: layer.norm.weight, ...(layer.norm.bias && { bias: layer.norm.bias }) })
    all.push(centres)
    if (residual && at < layers - 1) left = sub(left, matmul(assignment, centres, { transposeA: true }))
  }
  const found =
    read === 'mean'
      ? mean(stack(all), 0)
      : read === 'concatenated' && parameters.together
        ? applyLinear(parameters.together, concat(all, -1))
        : centres
  return { interests: reshape(found, [batch, interests, width]), assignment }
}

/** One step of a gated cell for every centre: [batch, interests, width]. */
function gatedUpdate(parameters: Symbolic<GruParameters>, given: Tensor, centres: Tensor): Tensor {
  const [, , width = 1] = given.shape
  const steps = reshape(given, [-1, 1, width])
  const { last } = applyGru(parameters, steps, { initial: reshape(centres, [1, -1, width]) })
  return reshape(squeeze(last, 0), given.shape)
}

/**
 * The share of the behaviours that each centre took; a centre near 0 is dead.
 *
 * @param assignment [batch, interests, behaviours]
 * @param mask [batch, behaviours]
 * @returns [batch, interests], 0 where there is no behaviour
 */
export function centreUsage(assignment: Tensor, mask: Tensor): Tensor {
  return ratio(sum(assignment, 2), sum(mask, 1, { keepDims: true }))
}
