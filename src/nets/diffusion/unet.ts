import type { Random } from '../../run/index.ts'
import {
  add,
  concat,
  conv2d,
  type Dim,
  expandDims,
  flatten,
  groupNorm,
  layerNorm,
  mul,
  reshape,
  type Symbolic,
  silu,
  split,
  type Tensor,
  type TensorValue,
  transpose,
  upsampleNearest,
  zeros,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, initNorm, type LinearParameters, type NormParameters } from '../linear.ts'
import { applyMultiHead, initMultiHead, type MultiHeadParameters } from '../multi-head.ts'
import { type FloatType, uniformValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { applyTimeEmbedding, initTimeEmbedding, type TimeEmbeddingParameters } from './time-embedding.ts'

export interface UnetConfig {
  readonly channels: number
  /** Channels at each resolution, each half of the one before: [32, 64] sees two. */
  readonly widths: readonly number[]
  /** Residual blocks at each resolution on the way down; one more on the way up. Default 1. */
  readonly blocks?: number
  /** Groups of the norms; divides every width. Default 8. */
  readonly groups?: number
  /** Of the attention at the lowest resolution. Default 4. */
  readonly heads?: number
  /** Width of the context (embedded captions) that the lowest resolution attends to; 0 (default) for none. */
  readonly contextWidth?: number
  /** Width of the time embedding. Default 4 · widths[0]. */
  readonly timeWidth?: number
  /** Sinusoids of the time. Default widths[0]. */
  readonly frequencies?: number
}

/** A convolution: [out, in, kernel, kernel] and [out]. */
export interface ConvolutionParameters {
  readonly weight: TensorValue
  readonly bias: TensorValue
}

export interface UnetBlockParameters {
  readonly firstNorm: NormParameters
  readonly first: ConvolutionParameters
  /** [2 · out, time width]: scale and shift of the second norm. */
  readonly time: LinearParameters
  readonly secondNorm: NormParameters
  readonly second: ConvolutionParameters
  /** 1 × 1, where the channels change. */
  readonly skip?: ConvolutionParameters
}

export interface UnetParameters {
  readonly time: TimeEmbeddingParameters
  readonly input: ConvolutionParameters
  /** From the finest resolution to the coarsest; `half` is the convolution of stride 2 to the next. */
  readonly down: readonly { readonly blocks: readonly UnetBlockParameters[]; readonly half?: ConvolutionParameters }[]
  readonly middle: {
    readonly before: UnetBlockParameters
    readonly norm: NormParameters
    readonly attention: MultiHeadParameters
    readonly crossNorm?: NormParameters
    readonly cross?: MultiHeadParameters
    readonly after: UnetBlockParameters
  }
  /** From the coarsest resolution to the finest; `twice` follows the doubling to the next. */
  readonly up: readonly { readonly blocks: readonly UnetBlockParameters[]; readonly twice?: ConvolutionParameters }[]
  readonly norm: NormParameters
  readonly output: ConvolutionParameters
}

const defaults = { blocks: 1, groups: 8, heads: 4, contextWidth: 0 } as const

function initConvolution(
  random: Random,
  inputs: number,
  outputs: number,
  kernel: number,
  dtype: FloatType,
): ConvolutionParameters {
  const bound = 1 / Math.sqrt(inputs * kernel * kernel)
  return {
    weight: uniformValue(random, [outputs, inputs, kernel, kernel], bound, dtype),
    bias: uniformValue(random, [outputs], bound, dtype),
  }
}

function zeroConvolution(inputs: number, outputs: number, dtype: FloatType): ConvolutionParameters {
  return { weight: zeros([outputs, inputs, 3, 3], dtype), bias: zeros([outputs], dtype) }
}

function assertWidths({ widths, groups = defaults.groups }: UnetConfig): void {
  if (widths.length === 0 || widths.some((width) => width % groups !== 0))
    throw new RangeError(
      `unet: widths are [${widths.join(', ')}], expected at least one, all multiples of ${groups} groups`,
    )
}

/**
 * Fresh parameters: uniform within ±1/√in, with the last convolution of every block, the attention's output and the
 * net's output 0, so that it starts as the zero function.
 *
 * @throws {RangeError} when a width does not divide into the groups
 */
export function initUnet(random: Random, config: UnetConfig, dtype: FloatType = 'float32'): UnetParameters {
  assertWidths(config)
  const { channels, widths, blocks, contextWidth } = { ...defaults, ...config }
  const [finest = 1] = widths
  const lowest = widths.at(-1) ?? finest
  const timeWidth = config.timeWidth ?? 4 * finest
  const block = (inputs: number, outputs: number): UnetBlockParameters => ({
    firstNorm: initNorm(inputs, true, dtype),
    first: initConvolution(random, inputs, outputs, 3, dtype),
    time: initLinear(random, timeWidth, 2 * outputs, { dtype }),
    secondNorm: initNorm(outputs, true, dtype),
    second: zeroConvolution(outputs, outputs, dtype),
    ...(inputs !== outputs && { skip: initConvolution(random, inputs, outputs, 1, dtype) }),
  })
  const attention = (memoryWidth: number): MultiHeadParameters => ({
    ...initMultiHead(random, lowest, { memoryWidth, dtype }),
    output: { weight: zeros([lowest, lowest], dtype), bias: zeros([lowest], dtype) },
  })
  // What the way down leaves behind, in its order; the way up takes it back from the end.
  const left = [finest]
  let width = finest
  const down = widths.map((outputs, level) => {
    const made = Array.from({ length: blocks }, () => {
      const one = block(width, outputs)
      width = outputs
      left.push(width)
      return one
    })
    if (level === widths.length - 1) return { blocks: made }
    left.push(width)
    return { blocks: made, half: initConvolution(random, width, width, 3, dtype) }
  })
  const middle = {
    before: block(lowest, lowest),
    norm: initNorm(lowest, true, dtype),
    attention: attention(lowest),
    ...(contextWidth > 0 && { crossNorm: initNorm(lowest, true, dtype), cross: attention(contextWidth) }),
    after: block(lowest, lowest),
  }
  const up = widths.toReversed().map((outputs, level) => {
    const made = Array.from({ length: blocks + 1 }, () => {
      const one = block(width + (left.pop() ?? 0), outputs)
      width = outputs
      return one
    })
    return level === widths.length - 1
      ? { blocks: made }
      : { blocks: made, twice: initConvolution(random, width, width, 3, dtype) }
  })
  return {
    time: initTimeEmbedding(random, config.frequencies ?? finest, timeWidth, { dtype }),
    input: initConvolution(random, channels, finest, 3, dtype),
    down,
    middle,
    up,
    norm: initNorm(finest, true, dtype),
    output: zeroConvolution(finest, channels, dtype),
  }
}

function convolved({ weight, bias }: Symbolic<ConvolutionParameters>, x: Tensor, stride = 1): Tensor {
  return conv2d(x, weight, { bias, stride, padding: Number(sizeAt(weight, 2)) >> 1 })
}

function grouped(x: Tensor, { weight, bias }: Symbolic<NormParameters>, groups: number): Tensor {
  return groupNorm(x, groups, { scale: weight, ...(bias && { bias }) })
}

/** [batch, channels] for every position. */
function everywhere(x: Tensor): Tensor {
  return expandDims(expandDims(x, -1), -1)
}

function applyBlock(block: Symbolic<UnetBlockParameters>, x: Tensor, time: Tensor, groups: number): Tensor {
  const hidden = convolved(block.first, silu(grouped(x, block.firstNorm, groups)))
  const [scale = hidden, shift = hidden] = split(applyLinear(block.time, silu(time)), 2, 1)
  const normal = grouped(hidden, block.secondNorm, groups)
  const timed = add(mul(normal, add(everywhere(scale), 1)), everywhere(shift))
  return add(block.skip ? convolved(block.skip, x) : x, convolved(block.second, silu(timed)))
}

/** Attention among the positions of the lowest resolution, and to the context. */
function attendAt(
  middle: Symbolic<UnetParameters['middle']>,
  x: Tensor,
  context: Tensor | undefined,
  groups: number,
  heads: number,
): Tensor {
  const tokens = (picture: Tensor): Tensor => transpose(flatten(picture, 2), [0, 2, 1])
  const normal = tokens(grouped(x, middle.norm, groups))
  let rows = add(tokens(x), applyMultiHead(middle.attention, normal, normal, heads))
  if (middle.cross && middle.crossNorm) {
    if (context === undefined) throw new RangeError('unet: it reads a context, and gets none')
    const { weight, bias } = middle.crossNorm
    const queries = layerNorm(rows, { scale: weight, ...(bias && { bias }) })
    rows = add(rows, applyMultiHead(middle.cross, queries, context, heads))
  }
  return reshape(transpose(rows, [0, 2, 1]), x.shape as readonly Dim[])
}

export interface UnetConditions {
  /** [batch, words, contextWidth]: embedded captions. */
  readonly context?: Tensor
}

/**
 * A U-Net denoiser (Ho, Jain & Abbeel 2020, arXiv 2006.11239; scales and shifts by time as in Dhariwal & Nichol 2021,
 * arXiv 2105.05233): residual blocks down to a low resolution, attention there, and up again, each step joined with what
 * the way down had at its resolution.
 *
 * @param x [batch, channels, height, width]; height and width divide by 2 to the number of widths less 1
 * @param seen [batch]: times from 0 to about 1000
 * @returns the prediction, like x
 */
export function applyUnet(
  parameters: Symbolic<UnetParameters>,
  x: Tensor,
  seen: Tensor,
  config: UnetConfig,
  conditions: UnetConditions = {},
): Tensor {
  assertWidths(config)
  const { channels, widths, groups, heads } = { ...defaults, ...config }
  assertShape('unet: x', x, [undefined, channels, undefined, undefined])
  assertShape('unet: seen', seen, [sizeAt(x, 0)])
  const multiple = 2 ** (widths.length - 1)
  if ([2, 3].some((axis) => Number(sizeAt(x, axis)) % multiple !== 0))
    throw new RangeError(`unet: pictures are [${x.shape.join(', ')}], expected sizes that divide by ${multiple}`)
  const time = applyTimeEmbedding(parameters.time, seen)
  let state = convolved(parameters.input, x)
  const left = [state]
  for (const { blocks, half } of parameters.down) {
    for (const block of blocks) {
      state = applyBlock(block, state, time, groups)
      left.push(state)
    }
    if (half) {
      state = convolved(half, state, 2)
      left.push(state)
    }
  }
  const { middle } = parameters
  state = attendAt(middle, applyBlock(middle.before, state, time, groups), conditions.context, groups, heads)
  state = applyBlock(middle.after, state, time, groups)
  for (const { blocks, twice } of parameters.up) {
    for (const block of blocks) {
      const skipped = left.pop()
      if (skipped === undefined) throw new RangeError('unet: more blocks on the way up than parts to join')
      state = applyBlock(block, concat([state, skipped], 1), time, groups)
    }
    if (twice) state = convolved(twice, upsampleNearest(state, 2))
  }
  return convolved(parameters.output, silu(grouped(state, parameters.norm, groups)))
}
