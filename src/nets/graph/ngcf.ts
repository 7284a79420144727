import type { Random } from '../../run/index.ts'
import {
  add,
  concat,
  leakyRelu,
  mul,
  normalize,
  type Symbolic,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { applyLinear, type LinearParameters } from '../linear.ts'
import { type FloatType, uniformValue } from '../parameters.ts'
import { type Adjacency, propagate } from './adjacency.ts'
import { droppedOut, initXavier } from './gcn.ts'

export interface NgcfLayerParameters {
  /** W₁ [out, in], of the sum of messages. */
  readonly sum: LinearParameters
  /** W₂ [out, in], of the product with the node itself. */
  readonly product: LinearParameters
}

export interface NgcfParameters {
  /** [nodes, width] */
  readonly embedding: TensorValue
  readonly layers: readonly NgcfLayerParameters[]
}

export interface NgcfOptions {
  /** Which form of the layer: the authors' `code` (default) or the `paper`'s equation. */
  readonly variant?: 'code' | 'paper'
  /** Of the leaky ReLU for negative numbers. Default 0.2, as the authors' code (TensorFlow's default). */
  readonly slope?: number
  /** Message dropout: share of each layer's result that is dropped. Default 0; the authors train with 0.1. */
  readonly dropout?: number
  /** uint32 [2]: which draw of dropout; without it nothing is dropped. */
  readonly key?: Tensor
}

/**
 * Embeddings and layers, Xavier uniform with zero biases. The paper's variant has no biases.
 *
 * @param sizes width of the embedding and of each layer; the authors' are [64, 64, 64, 64]
 */
export function initNgcf(
  random: Random,
  nodes: number,
  sizes: readonly number[],
  options: Pick<NgcfOptions, 'variant'> = {},
  dtype: FloatType = 'float32',
): NgcfParameters {
  const [width, ...outputs] = sizes
  if (width === undefined) throw new RangeError('initNgcf: sizes are empty, expected at least the embedding width')
  const bias = options.variant !== 'paper'
  return {
    embedding: uniformValue(random, [nodes, width], Math.sqrt(6 / (nodes + width)), dtype),
    layers: outputs.map((out, at) => ({
      sum: initXavier(random, sizes[at] ?? 0, out, bias, dtype),
      product: initXavier(random, sizes[at] ?? 0, out, bias, dtype),
    })),
  }
}

/**
 * Neural graph collaborative filtering (Wang et al. 2019, arXiv 1905.08108), with φ a leaky ReLU and P the graph:
 *
 * - code: S = P E; E' = φ(S W₁ᵀ + b₁) + φ((E ⊙ S) W₂ᵀ + b₂), P = (D + I)⁻¹ (A + I) by default
 *   (`adjacency(n, entries, { normalization: 'row', selfLoops: 'before' })`);
 * - paper: E' = φ((P E + E) W₁ᵀ + (P E ⊙ E) W₂ᵀ), P = D^-½ A D^-½ (`adjacency(n, entries)`).
 *
 * Each layer's rows go into the result with length 1, and into the next layer as they are; the embeddings themselves
 * are not normalised.
 *
 * @returns [nodes, sum of all sizes]: [E_0 ‖ E_1/‖E_1‖ ‖ …]
 */
export function applyNgcf(parameters: Symbolic<NgcfParameters>, graph: Adjacency, options: NgcfOptions = {}): Tensor {
  const { variant = 'code', slope = 0.2, dropout = 0, key } = options
  let state = parameters.embedding
  const parts = [state]
  parameters.layers.forEach((layer, index) => {
    const received = propagate(graph, state)
    const sum = applyLinear(layer.sum, variant === 'code' ? received : add(received, state))
    const product = applyLinear(layer.product, mul(received, state))
    const active =
      variant === 'code' ? add(leakyRelu(sum, slope), leakyRelu(product, slope)) : leakyRelu(add(sum, product), slope)
    state = droppedOut(active, dropout, key, index)
    parts.push(normalize(state))
  })
  return concat(parts, 1)
}
