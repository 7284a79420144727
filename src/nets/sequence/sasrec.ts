import type { Random } from '../../run/index.ts'
import {
  add,
  and,
  cast,
  causalBias,
  dropout as drop,
  expandDims,
  gather,
  layerNorm,
  matmul,
  mul,
  notEqual,
  relu,
  type Symbolic,
  slice,
  splitKey,
  subtractDims,
  type Tensor,
  type TensorValue,
  where,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { applyMultiHead, initMultiHead, type MultiHeadParameters } from '../multi-head.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { sameSegment } from './segments.ts'
import { recentLength } from './sequence-length.ts'

export interface SasrecConfig {
  /** Items have the ids 1 to `items`; 0 is padding. */
  readonly items: number
  /** Positions of a sequence. */
  readonly length: number
  /** Default 50. */
  readonly width?: number
  /** Default 2. */
  readonly layers?: number
  /** Default 1. */
  readonly heads?: number
  /** Inner width of the feed-forward part. Default: width. */
  readonly hidden?: number
  /** Share dropped after the embedding and in every part, when there is a key. Default 0.2. */
  readonly dropout?: number
  /**
   * Where the norms stand: `code` (default) normalises the queries alone and adds to normalised inputs, as the authors'
   * program; `paper` is x + f(norm(x)) throughout, as the paper's equation 6.
   */
  readonly variant?: 'code' | 'paper'
}

export interface SasrecLayerParameters {
  readonly attentionNorm: NormParameters
  readonly attention: MultiHeadParameters
  readonly feedForwardNorm: NormParameters
  /** [hidden, width] */
  readonly up: LinearParameters
  /** [width, hidden] */
  readonly down: LinearParameters
}

export interface SasrecParameters {
  /** [items + 1, width]; row 0 stands for padding and is not used. */
  readonly items: TensorValue
  /** [length, width] */
  readonly positions: TensorValue
  readonly layers: readonly SasrecLayerParameters[]
  readonly norm: NormParameters
}

const defaults = { width: 50, layers: 2, heads: 1, dropout: 0.2, variant: 'code' } as const

/** Embeddings normal with standard deviation 1/√width, other maps uniform within ±1/√in, norms 1. */
export function initSasrec(random: Random, config: SasrecConfig, dtype: FloatType = 'float32'): SasrecParameters {
  const { items, length, width, layers } = { ...defaults, ...config }
  const hidden = config.hidden ?? width
  const deviation = 1 / Math.sqrt(width)
  return {
    items: normalValue(random, [items + 1, width], deviation, dtype),
    positions: normalValue(random, [length, width], deviation, dtype),
    layers: Array.from({ length: layers }, () => ({
      attentionNorm: initNorm(width, true, dtype),
      attention: initMultiHead(random, width, { dtype }),
      feedForwardNorm: initNorm(width, true, dtype),
      up: initLinear(random, width, hidden, { dtype }),
      down: initLinear(random, hidden, width, { dtype }),
    })),
    norm: initNorm(width, true, dtype),
  }
}

export interface SasrecInputs {
  /** uint32 [2]: which draw of dropout; without it nothing is dropped. */
  readonly key?: Tensor
  /** [batch, length, width] to take in place of the gathered item embeddings. */
  readonly embedded?: Tensor
  /**
   * int32 [batch, length]: which of several histories in one row a position belongs to; a history sees itself alone.
   * Default: a row is one history.
   */
  readonly segments?: Tensor
  /** int32 [batch, length]: which of the `length` positions each is at. Default: the last ones, in order. */
  readonly places?: Tensor
}

/** Norms of this net have ε = 1e-8, as the authors' program. */
function normed(x: Tensor, { weight, bias }: Symbolic<NormParameters>): Tensor {
  return layerNorm(x, { scale: weight, ...(bias && { bias }), epsilon: 1e-8 })
}

/**
 * Self-attentive sequential recommendation (Kang & McAuley 2018, arXiv 1808.09781): what comes next after each position
 * of a history. Padding is neither attended to nor passed on.
 *
 * @param ids whole numbers [batch, length], padded with 0 (on the left, so that the last position is the newest). Shorter
 *   rows are the last positions of long ones, and give the same states there
 * @returns states [batch, length, width], zeros at padding; an item's score is their product with its embedding
 */
export function applySasrec(
  parameters: Symbolic<SasrecParameters>,
  ids: Tensor,
  config: SasrecConfig,
  inputs: SasrecInputs = {},
): Tensor {
  const { length, width, heads, dropout, variant } = { ...defaults, ...config }
  const recent = recentLength('sasrec', ids, length)
  const dtype = parameters.items.dtype
  const real = notEqual(ids, 0)
  const kept = expandDims(cast(real, dtype), -1)
  // One additive mask for all layers, [batch, 1, length, length].
  const { segments, places } = inputs
  const keys = expandDims(expandDims(real, 1), 1)
  const visible = segments ? and(keys, expandDims(sameSegment(segments), 1)) : keys
  const bias = where(visible, causalBias(recent, recent, dtype), -1e30)
  let draws = 0
  const dropped = (x: Tensor): Tensor =>
    inputs.key && dropout > 0 ? drop(x, dropout, splitKey(inputs.key, draws++)) : x

  const embedded = inputs.embedded ?? gather(parameters.items, ids)
  const positions = places
    ? gather(parameters.positions, places)
    : slice(parameters.positions, 0, subtractDims(length, recent))
  let x = mul(dropped(add(mul(embedded, Math.sqrt(width)), positions)), kept)
  for (const layer of parameters.layers) {
    const queries = normed(x, layer.attentionNorm)
    const attended = applyMultiHead(layer.attention, queries, variant === 'code' ? x : queries, heads, { bias })
    const between = add(variant === 'code' ? queries : x, dropped(attended))
    const inner = normed(between, layer.feedForwardNorm)
    const fed = dropped(applyLinear(layer.down, dropped(relu(applyLinear(layer.up, inner)))))
    x = mul(add(variant === 'code' ? inner : between, fed), kept)
  }
  return mul(normed(x, parameters.norm), kept)
}

/**
 * Scores of every item after every position: states · embeddings.
 *
 * @param states [..., width]
 * @returns [..., items + 1]; entry 0 belongs to padding
 */
export function sasrecScores(parameters: Symbolic<SasrecParameters>, states: Tensor): Tensor {
  return matmul(states, parameters.items, { transposeB: true })
}
