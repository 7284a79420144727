import type { Random } from '../../run/index.ts'
import {
  add,
  dropout as drop,
  expandDims,
  layerNorm,
  type Symbolic,
  splitKey,
  type Tensor,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type Activation, activate } from '../mlp.ts'
import { applyMultiHead, initMultiHead, type MultiHeadParameters } from '../multi-head.ts'
import type { FloatType } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'

export interface CrossEncoderConfig {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Inner width of the feed-forward part. Default 4 · width. */
  readonly hidden?: number
  /** Width of the memory that is attended to; 0 for a plain self-attention encoder without one. Default: width. */
  readonly memoryWidth?: number
  /** Whether positions attend among themselves before the memory. Default true. */
  readonly selfAttention?: boolean
  /** Whether a position sees only those up to its own. Default false. */
  readonly causal?: boolean
  /** Default `gelu`. */
  readonly activation?: Activation
  /** Share dropped after each part, when there is a key. Default 0. */
  readonly dropout?: number
}

export interface CrossEncoderLayerParameters {
  readonly self?: { readonly norm: NormParameters; readonly attention: MultiHeadParameters }
  readonly cross?: { readonly norm: NormParameters; readonly attention: MultiHeadParameters }
  readonly feedForward: {
    readonly norm: NormParameters
    /** [hidden, width] */
    readonly up: LinearParameters
    /** [width, hidden] */
    readonly down: LinearParameters
  }
}

export interface CrossEncoderParameters {
  readonly layers: readonly CrossEncoderLayerParameters[]
  readonly norm: NormParameters
}

/** Maps uniform within ±1/√in, norms 1 and 0. */
export function initCrossEncoder(
  random: Random,
  config: CrossEncoderConfig,
  dtype: FloatType = 'float32',
): CrossEncoderParameters {
  const { width, layers, hidden = 4 * width, memoryWidth = width, selfAttention = true } = config
  if (!selfAttention && memoryWidth === 0)
    throw new RangeError('cross encoder: it has neither self-attention nor a memory')
  const norm = (): NormParameters => initNorm(width, true, dtype)
  return {
    layers: Array.from({ length: layers }, () => ({
      ...(selfAttention && { self: { norm: norm(), attention: initMultiHead(random, width, { dtype }) } }),
      ...(memoryWidth > 0 && {
        cross: { norm: norm(), attention: initMultiHead(random, width, { dtype, memoryWidth }) },
      }),
      feedForward: {
        norm: norm(),
        up: initLinear(random, width, hidden, { dtype }),
        down: initLinear(random, hidden, width, { dtype }),
      },
    })),
    norm: norm(),
  }
}

export interface CrossEncoderInputs {
  /** [batch, keys, memory width] */
  readonly memory?: Tensor
  /** bool [batch, keys]: which may be attended to. Default all. */
  readonly memoryMask?: Tensor
  /** bool [batch, positions]: which may be attended to. Default all. */
  readonly mask?: Tensor
  /** uint32 [2]: which draw of dropout; without it nothing is dropped. */
  readonly key?: Tensor
}

function normed(x: Tensor, { weight, bias }: Symbolic<NormParameters>): Tensor {
  return layerNorm(x, { scale: weight, ...(bias && { bias }) })
}

/** bool [batch, keys] for all heads and queries. */
function keyMask(mask: Tensor | undefined, name: string, of: Tensor): { readonly mask?: Tensor } {
  if (mask === undefined) return {}
  assertShape(`cross encoder: ${name}`, mask, [sizeAt(of, 0), sizeAt(of, 1)])
  return { mask: expandDims(expandDims(mask, 1), 1) }
}

/**
 * A pre-norm transformer whose positions attend to each other and to a memory (the decoder of Vaswani et al. 2017,
 * arXiv 1706.03762, with norms before each part): codes of items that read a history, queries that pool a sequence,
 * histories that read preferences. Embeddings and positions are the caller's.
 *
 * @param x [batch, positions, width]
 * @returns [batch, positions, width]
 * @throws {RangeError} when the net reads a memory and none is given
 */
export function applyCrossEncoder(
  parameters: Symbolic<CrossEncoderParameters>,
  x: Tensor,
  config: CrossEncoderConfig,
  inputs: CrossEncoderInputs = {},
): Tensor {
  const { width, heads, causal = false, activation = 'gelu', dropout = 0 } = config
  assertShape('cross encoder: x', x, [undefined, undefined, width])
  const { memory, memoryMask, mask, key } = inputs
  let draws = 0
  const dropped = (part: Tensor): Tensor => (key && dropout > 0 ? drop(part, dropout, splitKey(key, draws++)) : part)
  const hidden = parameters.layers.reduce((state, { self, cross, feedForward }) => {
    let next = state
    if (self) {
      const normal = normed(next, self.norm)
      const own = { causal, ...keyMask(mask, 'the mask', next) }
      next = add(next, dropped(applyMultiHead(self.attention, normal, normal, heads, own)))
    }
    if (cross) {
      if (memory === undefined) throw new RangeError('cross encoder: it reads a memory, and none is given')
      const seen = keyMask(memoryMask, 'the memory mask', memory)
      next = add(next, dropped(applyMultiHead(cross.attention, normed(next, cross.norm), memory, heads, seen)))
    }
    const inner = activate(applyLinear(feedForward.up, normed(next, feedForward.norm)), activation)
    return add(next, dropped(applyLinear(feedForward.down, inner)))
  }, x)
  return normed(hidden, parameters.norm)
}
