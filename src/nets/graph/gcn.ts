import type { Random } from '../../run/index.ts'
import { add, dropout, linear, type Symbolic, splitKey, type Tensor, zeros } from '../../tensor/index.ts'
import type { LinearParameters } from '../linear.ts'
import { type Activation, activate } from '../mlp.ts'
import { type FloatType, uniformValue } from '../parameters.ts'
import { type Adjacency, propagate } from './adjacency.ts'

export interface GcnParameters {
  readonly layers: readonly LinearParameters[]
}

/** A linear map with Xavier uniform weights (Glorot & Bengio 2010) and zero biases. */
export function initXavier(
  random: Random,
  inputs: number,
  outputs: number,
  bias: boolean,
  dtype: FloatType = 'float32',
): LinearParameters {
  const weight = uniformValue(random, [outputs, inputs], Math.sqrt(6 / (inputs + outputs)), dtype)
  return bias ? { weight, bias: zeros([outputs], dtype) } : { weight }
}

/**
 * @param sizes features at the input and after each layer: at least two numbers
 * @throws {RangeError} when there are fewer
 */
export function initGcn(random: Random, sizes: readonly number[], dtype: FloatType = 'float32'): GcnParameters {
  if (sizes.length < 2) throw new RangeError(`initGcn: sizes are [${sizes.join(', ')}], expected at least two`)
  return { layers: sizes.slice(1).map((outputs, at) => initXavier(random, sizes[at] ?? 0, outputs, true, dtype)) }
}

export interface GcnOptions {
  /** Between layers, not after the last. Default `relu`. */
  readonly activation?: Activation
  /** Share of the features of each layer's input that is dropped. Default 0; needs `key`. */
  readonly dropout?: number
  /** uint32 [2]: which draw of dropout. */
  readonly key?: Tensor
}

/** x with a share of its elements dropped, when there is a key to draw with. */
export function droppedOut(x: Tensor, rate: number, key: Tensor | undefined, index: number): Tensor {
  return rate === 0 || key === undefined ? x : dropout(x, rate, splitKey(key, index))
}

/**
 * Graph convolutions (Kipf & Welling 2017, arXiv 1609.02907): H_l = σ(Â H_{l−1} Wᵀ + b), Â usually
 * (D + I)^-½ (A + I) (D + I)^-½.
 *
 * @param graph `adjacency(nodes, entries, { selfLoops: 'before' })`
 * @param x [nodes, sizes[0]]
 * @returns [nodes, sizes.at(-1)]
 */
export function applyGcn(
  parameters: Symbolic<GcnParameters>,
  graph: Adjacency,
  x: Tensor,
  options: GcnOptions = {},
): Tensor {
  const { activation = 'relu', dropout: rate = 0, key } = options
  return parameters.layers.reduce((hidden, { weight, bias }, index) => {
    const active = droppedOut(index === 0 ? hidden : activate(hidden, activation), rate, key, index)
    // The narrower side is propagated: Â (H Wᵀ) = (Â H) Wᵀ.
    const narrows = Number(weight.shape[0]) <= Number(weight.shape[1])
    const mixed = narrows
      ? propagate(graph, linear(active, weight, undefined, { transposed: true }))
      : linear(propagate(graph, active), weight, undefined, { transposed: true })
    return bias ? add(mixed, bias) : mixed
  }, x)
}
