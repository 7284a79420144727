import { applyMlp, initMlp, type MlpParameters, normalValue } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import {
  add,
  cast,
  expandDims,
  gather,
  less,
  max,
  mul,
  sum,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { assertSizes } from '../sequential/sequence-network.ts'
import { initRouting, type RoutingParameters, routeInterests } from './dynamic-routing.ts'
import { type InterestNetwork, type InterestParameters, initItems } from './interest-network.ts'
import { ratio } from './interest-set.ts'
import { attendInterests, initSelfAttentive, type SelfAttentiveParameters } from './self-attentive.ts'

/** Baselines: one vector from the mean of the history (`youtube-dnn`), or several. */
export type InterestModel = 'youtube-dnn' | 'mind' | 'comirec-dr' | 'comirec-sa'

export interface InterestModelOptions {
  /** Default 64. */
  readonly width?: number
  /** Vectors of a user; 1 for `youtube-dnn`. Default 4. */
  readonly interests?: number
  /** Items of a history that are read, the last ones. Default 120. */
  readonly length?: number
  /** Rounds of routing, for `mind` and `comirec-dr`. Default 3. */
  readonly rounds?: number
}

const defaults = { width: 64, interests: 4, length: 120, rounds: 3 } as const

interface PooledParameters extends InterestParameters {
  readonly mlp: MlpParameters
}

interface RoutedParameters extends InterestParameters {
  readonly routing: RoutingParameters
}

interface AttendedParameters extends InterestParameters {
  /** [length, width] */
  readonly positions: TensorValue
  readonly attention: SelfAttentiveParameters
}

/** 1 where ids name an item, 0 where they are padding. */
export function presence(ids: Tensor, like: Tensor): Tensor {
  return cast(less(0, ids), like.dtype)
}

/**
 * The network of a baseline.
 *
 * - `youtube-dnn`: the mean of the history's item vectors under two layers (Covington, Adams & Sargin, RecSys 2016,
 *   without side features): a two-tower model with one vector a user.
 * - `mind`: dynamic routing with one map and random starts (arXiv 1904.08030), without profile features.
 * - `comirec-dr`, `comirec-sa`: routing with a map for each interest, or self-attention (arXiv 2005.09347).
 *
 * @throws {RangeError} on sizes below 1
 */
export function interestModel(
  items: number,
  model: InterestModel,
  options: InterestModelOptions,
  random: Random,
): InterestNetwork {
  const { width, interests, length, rounds } = { ...defaults, ...options }
  assertSizes({ items, width, interests, length, rounds })
  const shared = { kind: model, items, length, width, settings: { model, width, interests, length, rounds } }
  const table = initItems(random.fork('items'), items, width)
  const behaviours = (from: Tensor, ids: Tensor): { readonly vectors: Tensor; readonly mask: Tensor } => ({
    vectors: gather(from, ids),
    mask: presence(ids, from),
  })
  if (model === 'youtube-dnn') {
    const network: InterestNetwork<PooledParameters> = {
      ...shared,
      parameters: {
        items: table,
        mlp: initMlp(random.fork('mlp'), [width, width, width], { deviation: Math.sqrt(2 / width) }),
      },
      interests({ mlp }, from, ids) {
        const { vectors, mask } = behaviours(from, ids)
        const total = sum(mul(vectors, expandDims(mask, 2)), 1)
        const mean = ratio(total, sum(mask, 1, { keepDims: true }))
        return { vectors: expandDims(applyMlp(mlp, mean), 1), valid: max(mask, 1, { keepDims: true }) }
      },
    }
    return network as InterestNetwork
  }
  if (model === 'comirec-sa') {
    const network: InterestNetwork<AttendedParameters> = {
      ...shared,
      parameters: {
        items: table,
        positions: normalValue(random.fork('positions'), [length, width], 1 / Math.sqrt(width)),
        attention: initSelfAttentive(random.fork('attention'), width, interests),
      },
      interests({ positions, attention }, from, ids) {
        const { vectors, mask } = behaviours(from, ids)
        return attendInterests(attention, vectors, add(vectors, positions), mask)
      },
    }
    return network as InterestNetwork
  }
  const variant = model === 'mind' ? 'mind' : 'comirec'
  const network: InterestNetwork<RoutedParameters> = {
    ...shared,
    parameters: { items: table, routing: initRouting(random.fork('routing'), width, interests, length, variant) },
    fixed: (path) => path.endsWith('routing.start'),
    interests({ routing }, from, ids) {
      const { vectors, mask } = behaviours(from, ids)
      return routeInterests(routing, vectors, mask, interests, rounds)
    },
  }
  return network as InterestNetwork
}
