import type { Random } from '../../run/index.ts'
import {
  add,
  cast,
  dropout as drop,
  expandDims,
  formatShape,
  gather,
  layerNorm,
  mul,
  notEqual,
  type Symbolic,
  splitKey,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type Activation, activate } from '../mlp.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { fourierFilter, frequencyCount } from './fourier-filter.ts'

export interface FmlpConfig {
  /** Items have the ids 1 to `items`; 0 is padding. */
  readonly items: number
  /** Positions of a sequence: neither fewer nor more. */
  readonly length: number
  /** Default 64. */
  readonly width?: number
  /** Default 2. */
  readonly layers?: number
  /** Inner width of the feed-forward part. Default 4 · width. */
  readonly hidden?: number
  /** Default `gelu`. */
  readonly activation?: Activation
  /** Share dropped after the embedding and each part, when there is a key. Default 0.5. */
  readonly dropout?: number
}

export interface FmlpLayerParameters {
  /** [⌊length/2⌋ + 1, width, 2] */
  readonly filter: TensorValue
  readonly filterNorm: NormParameters
  /** [hidden, width] */
  readonly up: LinearParameters
  /** [width, hidden] */
  readonly down: LinearParameters
  readonly feedForwardNorm: NormParameters
}

export interface FmlpParameters {
  /** [items + 1, width]; row 0 stands for padding and is not used. */
  readonly items: TensorValue
  /** [length, width] */
  readonly positions: TensorValue
  readonly norm: NormParameters
  readonly layers: readonly FmlpLayerParameters[]
}

const defaults = { width: 64, layers: 2, activation: 'gelu', dropout: 0.5 } as const

/** All normal with standard deviation 0.02 as the authors' program, biases 0, norms 1. */
export function initFmlp(random: Random, config: FmlpConfig, dtype: FloatType = 'float32'): FmlpParameters {
  const { items, length, width, layers } = { ...defaults, ...config }
  const hidden = config.hidden ?? 4 * width
  const deviation = 0.02
  const map = (from: number, to: number): LinearParameters => initLinear(random, from, to, { deviation, dtype })
  return {
    items: normalValue(random, [items + 1, width], deviation, dtype),
    positions: normalValue(random, [length, width], deviation, dtype),
    norm: initNorm(width, true, dtype),
    layers: Array.from({ length: layers }, () => ({
      filter: normalValue(random, [frequencyCount(length), width, 2], deviation, dtype),
      filterNorm: initNorm(width, true, dtype),
      up: map(width, hidden),
      down: map(hidden, width),
      feedForwardNorm: initNorm(width, true, dtype),
    })),
  }
}

export interface FmlpInputs {
  /** uint32 [2]: which draw of dropout; without it nothing is dropped. */
  readonly key?: Tensor
  /** [batch, length, width] to take in place of the gathered item embeddings. */
  readonly embedded?: Tensor
}

/**
 * FMLP-Rec: learnable filters along a history in place of attention (Zhou et al. 2022, arXiv 2202.13556). A filter sees
 * the whole row, padding too, as a circle: rows must have the full length, and only the last state stands for what comes
 * next.
 *
 * @param ids whole numbers [batch, length], padded with 0 on the left
 * @returns states [batch, length, width]; an item's score is the last one's product with its embedding
 */
export function applyFmlp(
  parameters: Symbolic<FmlpParameters>,
  ids: Tensor,
  config: FmlpConfig,
  { key, embedded = gather(parameters.items, ids) }: FmlpInputs = {},
): Tensor {
  const { length, activation, dropout } = { ...defaults, ...config }
  if (ids.shape.length !== 2 || ids.shape[1] !== length)
    throw new RangeError(`fmlp: ids are ${formatShape(ids.shape)}, expected [batch, ${length}]`)
  let draws = 0
  const dropped = (x: Tensor): Tensor => (key && dropout > 0 ? drop(x, dropout, splitKey(key, draws++)) : x)
  const normed = (x: Tensor, { weight, bias }: Symbolic<NormParameters>): Tensor =>
    layerNorm(x, { scale: weight, ...(bias && { bias }), epsilon: 1e-12 })
  const kept = expandDims(cast(notEqual(ids, 0), parameters.items.dtype), -1)
  const start = dropped(normed(add(mul(embedded, kept), parameters.positions), parameters.norm))
  return parameters.layers.reduce((x, layer) => {
    const filtered = normed(add(dropped(fourierFilter(x, layer.filter)), x), layer.filterNorm)
    const inner = activate(applyLinear(layer.up, filtered), activation)
    return normed(add(dropped(applyLinear(layer.down, inner)), filtered), layer.feedForwardNorm)
  }, start)
}
