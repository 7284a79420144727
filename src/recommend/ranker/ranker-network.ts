import { applyMlp, initMlp, type MlpParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  cast,
  concat,
  div,
  expandDims,
  gather,
  less,
  maximum,
  mul,
  type Symbolic,
  softmax,
  squeeze,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  zeros,
} from '../../tensor/index.ts'
import type { FeatureTable } from '../impressions/feature-table.ts'
import { applyBehaviourUnit, initBehaviourUnit } from './behaviour-unit.ts'
import { applyExperts, type ExpertsParameters, initExperts } from './experts.ts'
import { applyFeatures, type FieldVectors, featureWidth, initFieldVectors } from './feature-vectors.ts'

/** What is known of items, and of users and queries where something is. */
export interface RankerFeatures {
  readonly items: FeatureTable
  readonly users?: FeatureTable
  readonly queries?: FeatureTable
  /** How many numbers each shown item has in its request (see `Impressions.numbers`). Default 0. */
  readonly numbers?: number
}

/**
 * How what is known becomes a score: `aw-moe`, experts mixed by attention over the behaviours; `category-moe`, experts
 * mixed by what is asked; `din`, one perceptron after attention; `dnn`, one perceptron after the mean of the behaviours.
 */
export type RankerModel = (typeof rankerModels)[number]

/** All models. */
export const rankerModels = ['aw-moe', 'category-moe', 'din', 'dnn'] as const

/** The shape of a network. */
export interface RankerShape {
  readonly model: RankerModel
  /** K, of the mixtures. */
  readonly experts: number
  /** d, of each field. */
  readonly width: number
  /** Hidden layers of each expert. */
  readonly hidden: readonly number[]
  /** Hidden layers of attention, gate and activation units. */
  readonly unitHidden: readonly number[]
  /** M: behaviours that are read, the latest. */
  readonly length: number
  /** How behaviours become one vector: weighted by attention to the item, or averaged. Always averaged for `dnn`. */
  readonly pooling: 'attention' | 'mean'
  /** What the gate is told beside the behaviours. */
  readonly gateBy: 'query' | 'target'
  /** Whether gates are as they come, or a softmax over the experts. */
  readonly gateNorm: 'none' | 'softmax'
}

export interface RankerParameters {
  readonly items: FieldVectors
  readonly users?: FieldVectors
  readonly queries?: FieldVectors
  /** AU_in; absent where behaviours are averaged. */
  readonly attention?: MlpParameters
  /** GU, AU_g and g₀ [experts], the gate of who has done nothing. */
  readonly gate?: { readonly unit: MlpParameters; readonly activation: MlpParameters; readonly none: TensorValue }
  /** From a query's or an item's vector to the experts' weights. */
  readonly categoryGate?: MlpParameters
  readonly experts: ExpertsParameters
}

/** Whether a model mixes several experts. */
export function mixes(model: RankerModel): boolean {
  return model === 'aw-moe' || model === 'category-moe'
}

/** What a network is given: row numbers of tables; the number after the last stands for nothing. */
export interface RankerInputs {
  /** int32 [rows] */
  readonly target: Tensor
  /** int32 [requests, behaviours] */
  readonly history: Tensor
  /** int32 [requests] */
  readonly user?: Tensor
  /** int32 [requests] */
  readonly query?: Tensor
  /** [rows, numbers] */
  readonly numbers?: Tensor
  /** Which request each row is of: int32 [rows]. Absent where each row is a request of its own. */
  readonly request?: Tensor
}

export interface RankerOutputs {
  /** Σ_k g_k e_k, the log-odds that the item is taken: [rows] */
  readonly logits: Tensor
  /** g, of mixtures: [rows, experts] */
  readonly gates?: Tensor
  /** e, [rows, experts] */
  readonly experts: Tensor
  /** How the gates of `aw-moe` came about; by a query, one for each request instead of each row. */
  readonly gate?: GateParts
}

/** The gates of requests or rows, and what they are sums of. */
export interface GateParts {
  /** g, [rows, experts] */
  readonly gates: Tensor
  /** What each behaviour gives, w_j G_j: [rows, behaviours, experts] */
  readonly contributions: Tensor
  /** bool, what is no padding: [rows, behaviours] */
  readonly present: Tensor
}

export function initRankerNetwork(random: Random, features: RankerFeatures, shape: RankerShape): RankerParameters {
  const { model, experts, width, hidden, unitHidden, gateBy, pooling } = shape
  const of = (table: FeatureTable | undefined): number => (table ? featureWidth(table, width) : 0)
  const [item, user, query] = [of(features.items), of(features.users), of(features.queries)]
  const vector = 2 * item + user + query + (features.numbers ?? 0)
  const other = gateBy === 'query' ? query : item
  const count = mixes(model) ? experts : 1
  return {
    items: initFieldVectors(random, features.items, width),
    ...(features.users && { users: initFieldVectors(random, features.users, width) }),
    ...(features.queries && { queries: initFieldVectors(random, features.queries, width) }),
    ...(pooling === 'attention' && { attention: initBehaviourUnit(random, 'target', item, item, [...unitHidden, 1]) }),
    ...(model === 'aw-moe' && {
      gate: {
        unit: initBehaviourUnit(random, gateBy, item, other, [...unitHidden, experts]),
        activation: initBehaviourUnit(random, gateBy, item, other, [...unitHidden, 1]),
        // As if all experts agreed, until somebody without a history is learned from.
        none: { ...zeros([experts]), data: new Float32Array(experts).fill(1 / experts) },
      },
    }),
    ...(model === 'category-moe' && { categoryGate: initMlp(random, [other, ...unitHidden, experts]) }),
    experts: initExperts(random, count, [vector, ...hidden]),
  }
}

/**
 * g = Σ_j w_j G_j over the behaviours that are left, or g₀ where none is. Linear in the behaviours: one more adds its own
 * share exactly, order does not matter, and padding adds nothing.
 *
 * @param contributions w_j G_j, [rows, behaviours, experts]
 * @param present bool [rows, behaviours]
 * @param none g₀, [experts]
 * @returns [rows, experts]
 */
export function expertGate(contributions: Tensor, present: Tensor, none: Tensor): Tensor {
  const weights = cast(present, contributions.dtype)
  const count = sum(weights, -1, { keepDims: true })
  const empty = maximum(sub(1, count), 0)
  return add(sum(mul(contributions, expandDims(weights, -1)), 1), mul(empty, none))
}

/** Gates as the shape has them. */
export function normedGates(gates: Tensor, { gateNorm }: Pick<RankerShape, 'gateNorm'>): Tensor {
  return gateNorm === 'softmax' ? softmax(gates) : gates
}

/** The graph of a network. */
export function applyRankerNetwork(
  parameters: Symbolic<RankerParameters>,
  inputs: RankerInputs,
  features: RankerFeatures,
  shape: RankerShape,
): RankerOutputs {
  const { model, gateBy } = shape
  const { target, history, request } = inputs
  const catalogue = applyFeatures(parameters.items, features.items)
  const byRow = (x: Tensor): Tensor => (request ? gather(x, request) : x)
  const behaviours = gather(catalogue, history)
  const there = less(history, features.items.rows)
  const present = byRow(there)
  const item = gather(catalogue, target)
  const own = byRow(behaviours)
  const known = cast(present, item.dtype)
  const pooled = parameters.attention
    ? sum(mul(own, mul(applyBehaviourUnit(parameters.attention, 'target', own, item), expandDims(known, -1))), 1)
    : byRow(meanOf(behaviours, cast(there, item.dtype)))
  const query =
    features.queries && parameters.queries && inputs.query
      ? gather(applyFeatures(parameters.queries, features.queries), inputs.query)
      : undefined
  const user =
    features.users && parameters.users && inputs.user
      ? gather(applyFeatures(parameters.users, features.users), inputs.user)
      : undefined
  const vector = concat(
    [
      pooled,
      item,
      ...(query ? [byRow(query)] : []),
      ...(user ? [byRow(user)] : []),
      ...(inputs.numbers ? [inputs.numbers] : []),
    ],
    -1,
  )
  const experts = applyExperts(parameters.experts, vector)
  if (!mixes(model)) return { logits: squeeze(experts, -1), experts }
  // By a query, a request's gate is the same for all of its items, and is computed once.
  const asked = gateBy === 'query' ? query : item
  if (!asked) throw new RangeError('the gate is by the query, and there is none')
  const once = (x: Tensor): Tensor => (gateBy === 'query' ? byRow(x) : x)
  if (parameters.categoryGate) {
    const gates = once(softmax(applyMlp(parameters.categoryGate, asked)))
    return { logits: sum(mul(gates, experts), -1), gates, experts }
  }
  if (!parameters.gate) throw new RangeError(`a network of ${model} without a gate`)
  const { unit, activation, none } = parameters.gate
  const met = gateBy === 'query' ? behaviours : own
  const contributions = mul(
    applyBehaviourUnit(activation, gateBy, met, asked),
    applyBehaviourUnit(unit, gateBy, met, asked),
  )
  const counted = gateBy === 'query' ? there : present
  const made = normedGates(expertGate(contributions, counted, none), shape)
  const gates = once(made)
  const gate = { gates: made, contributions, present: counted }
  return { logits: sum(mul(gates, experts), -1), gates, experts, gate }
}

/** The mean of the behaviours that are there, zeros without any. */
function meanOf(behaviours: Tensor, known: Tensor): Tensor {
  const count = maximum(sum(known, -1, { keepDims: true }), 1)
  return div(sum(mul(behaviours, expandDims(known, -1)), 1), count)
}
