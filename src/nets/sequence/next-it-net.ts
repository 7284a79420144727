import type { Random } from '../../run/index.ts'
import {
  add,
  cast,
  concat,
  equal,
  expandDims,
  gather,
  layerNorm,
  mul,
  notEqual,
  relu,
  type Symbolic,
  type Tensor,
  type TensorValue,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { earlier } from './segments.ts'
import { recentLength } from './sequence-length.ts'

export interface NextItNetConfig {
  /** Items have the ids 1 to `items`; 0 is padding. */
  readonly items: number
  /** Most positions of a sequence. */
  readonly length: number
  /** Default 64. */
  readonly width?: number
  /** Dilation of each block's first convolution; its second has twice that. Default [1, 4]. */
  readonly dilations?: readonly number[]
  /** Positions that a convolution sees. Default 3. */
  readonly kernel?: number
}

export interface NextItNetBlockParameters {
  /** [width, kernel · width]: the newest position first. */
  readonly first: LinearParameters
  readonly firstNorm: NormParameters
  /** [width, kernel · width] */
  readonly second: LinearParameters
  readonly secondNorm: NormParameters
}

export interface NextItNetParameters {
  /** [items + 1, width]; row 0 stands for padding and is not used. */
  readonly items: TensorValue
  readonly blocks: readonly NextItNetBlockParameters[]
  /** [width, width] */
  readonly output: LinearParameters
}

const defaults = { width: 64, dilations: [1, 4], kernel: 3 } as const

/** Embeddings normal with standard deviation 1/√width, maps uniform within ±1/√in, norms 1. */
export function initNextItNet(
  random: Random,
  config: NextItNetConfig,
  dtype: FloatType = 'float32',
): NextItNetParameters {
  const { items, width, dilations, kernel } = { ...defaults, ...config }
  return {
    items: normalValue(random, [items + 1, width], 1 / Math.sqrt(width), dtype),
    blocks: dilations.map(() => ({
      first: initLinear(random, kernel * width, width, { dtype }),
      firstNorm: initNorm(width, true, dtype),
      second: initLinear(random, kernel * width, width, { dtype }),
      secondNorm: initNorm(width, true, dtype),
    })),
    output: initLinear(random, width, width, { dtype }),
  }
}

export interface NextItNetInputs {
  /** [batch, length, width] to take in place of the gathered item embeddings. */
  readonly embedded?: Tensor
  /** int32 [batch, length]: which of several histories in one row a position belongs to. Default: a row is one history. */
  readonly segments?: Tensor
}

/**
 * NextItNet: what comes next after each position, by causal convolutions whose reach doubles (Yuan et al. 2019, arXiv
 * 1808.05163; residual block b: convolution, norm, ReLU, twice).
 *
 * Before the first item there are zeros at every layer, as long as there is need: the authors' program lets biases fill
 * the padding, so that a state depends on how much of it there is.
 *
 * @param ids whole numbers [batch, length], padded with 0 on the left
 * @returns states [batch, length, width], of no meaning at padding; an item's score is their product with its embedding
 */
export function applyNextItNet(
  parameters: Symbolic<NextItNetParameters>,
  ids: Tensor,
  config: NextItNetConfig,
  { embedded = gather(parameters.items, ids), segments }: NextItNetInputs = {},
): Tensor {
  const { dilations, kernel } = { ...defaults, ...config }
  recentLength('nextItNet', ids, config.length)
  const { dtype } = parameters.items
  const kept = expandDims(cast(notEqual(ids, 0), dtype), -1)
  const convolved = (map: Symbolic<LinearParameters>, x: Tensor, dilation: number): Tensor =>
    applyLinear(
      map,
      concat(
        Array.from({ length: kernel }, (_, step) => {
          const before = earlier(x, step * dilation)
          if (!segments || step === 0) return before
          return mul(before, expandDims(cast(equal(segments, earlier(segments, step * dilation)), dtype), -1))
        }),
        -1,
      ),
    )
  const part = (map: Symbolic<LinearParameters>, norm: Symbolic<NormParameters>, x: Tensor, dilation: number): Tensor =>
    mul(
      relu(
        layerNorm(convolved(map, x, dilation), {
          scale: norm.weight,
          ...(norm.bias && { bias: norm.bias }),
          epsilon: 1e-8,
        }),
      ),
      kept,
    )
  const hidden = parameters.blocks.reduce(
    (x, block, at) => {
      const dilation = dilations[at] ?? 1
      return add(x, part(block.second, block.secondNorm, part(block.first, block.firstNorm, x, dilation), 2 * dilation))
    },
    mul(embedded, kept),
  )
  return applyLinear(parameters.output, hidden)
}
