import type { Random } from '../../run/index.ts'
import {
  add,
  type Dim,
  expandDims,
  gather,
  gelu,
  layerNorm,
  mean,
  mul,
  reshape,
  type Symbolic,
  silu,
  split,
  type Tensor,
  type TensorValue,
  transpose,
  value,
  zeros,
} from '../../tensor/index.ts'
import { applyLinear, initLinear, type LinearParameters } from '../linear.ts'
import { applyMultiHead, initMultiHead, type MultiHeadParameters } from '../multi-head.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { applyTimeEmbedding, initTimeEmbedding, type TimeEmbeddingParameters } from './time-embedding.ts'

export interface DitConfig {
  readonly channels: number
  /** Height and width of the pictures. */
  readonly size: readonly [number, number]
  /** Side of the square patches that become tokens; divides the size. */
  readonly patch: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Inner width of the feed-forward part. Default 3 · width. */
  readonly hidden?: number
  /** How many caption tokens there are, to embed captions with; 0 (default) for a net without captions. */
  readonly vocabulary?: number
  /** Sinusoids of the time. Default 256. */
  readonly frequencies?: number
}

export interface DitLayerParameters {
  /** [6 · width, width]: shift, scale and gate of the attention, then of the feed-forward part. Starts at 0. */
  readonly modulation: LinearParameters
  readonly attention: MultiHeadParameters
  /** Attention to the caption; absent in nets without captions. */
  readonly cross?: MultiHeadParameters
  /** [hidden, width] */
  readonly up: LinearParameters
  /** [width, hidden] */
  readonly down: LinearParameters
}

export interface DitParameters {
  /** [width, channels · patch²] */
  readonly patches: LinearParameters
  /** [tokens, width] */
  readonly positions: TensorValue
  readonly time: TimeEmbeddingParameters
  /** [vocabulary, width]; absent in nets without captions. */
  readonly captions?: TensorValue
  readonly layers: readonly DitLayerParameters[]
  /** [2 · width, width]: shift and scale before the output. Starts at 0. */
  readonly modulation: LinearParameters
  /** [channels · patch², width]. Starts at 0. */
  readonly output: LinearParameters
}

/** Rows and columns of patches. @throws {RangeError} when the patch does not divide the size, or the width the heads */
function gridOf({ size: [height, width], patch, width: features, heads }: DitConfig): readonly [number, number] {
  if (height % patch !== 0 || width % patch !== 0)
    throw new RangeError(`dit: pictures of ${height} × ${width} do not divide into patches of ${patch} × ${patch}`)
  if (features % 4 !== 0 || features % heads !== 0)
    throw new RangeError(`dit: width ${features} must divide by 4 and by its ${heads} heads`)
  return [height / patch, width / patch]
}

/** Sinusoids of row and column, half of the width each: where learned positions start. */
function gridPositions([rows, columns]: readonly [number, number], width: number, dtype: FloatType): TensorValue {
  const quarter = width / 4
  const data = dtype === 'float64' ? new Float64Array(rows * columns * width) : new Float32Array(rows * columns * width)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let at = 0; at < quarter; at++) {
        const rate = 10_000 ** (-at / quarter)
        const start = (row * columns + column) * width + at
        data[start] = Math.sin(column * rate)
        data[start + quarter] = Math.cos(column * rate)
        data[start + 2 * quarter] = Math.sin(row * rate)
        data[start + 3 * quarter] = Math.cos(row * rate)
      }
  return value(data, [rows * columns, width])
}

function zeroLinear(inputs: number, outputs: number, dtype: FloatType): LinearParameters {
  return { weight: zeros([outputs, inputs], dtype), bias: zeros([outputs], dtype) }
}

/**
 * Fresh parameters: maps uniform within ±1/√in, captions normal with deviation 0.02, and everything that writes into
 * the result 0, so that each layer starts as the identity and the net as the zero function (adaLN-Zero).
 */
export function initDit(random: Random, config: DitConfig, dtype: FloatType = 'float32'): DitParameters {
  const { channels, patch, width, layers, hidden = 3 * width, vocabulary = 0, frequencies = 256 } = config
  const grid = gridOf(config)
  const numbers = channels * patch * patch
  return {
    patches: initLinear(random, numbers, width, { dtype }),
    positions: gridPositions(grid, width, dtype),
    time: initTimeEmbedding(random, frequencies, width, { dtype }),
    ...(vocabulary > 0 && { captions: normalValue(random, [vocabulary, width], 0.02, dtype) }),
    layers: Array.from({ length: layers }, () => ({
      modulation: zeroLinear(width, 6 * width, dtype),
      attention: initMultiHead(random, width, { dtype }),
      ...(vocabulary > 0 && {
        cross: { ...initMultiHead(random, width, { dtype }), output: zeroLinear(width, width, dtype) },
      }),
      up: initLinear(random, width, hidden, { dtype }),
      down: initLinear(random, hidden, width, { dtype }),
    })),
    modulation: zeroLinear(width, 2 * width, dtype),
    output: zeroLinear(width, numbers, dtype),
  }
}

/** norm(x) · (1 + scale) + shift, the norm without factors of its own. */
function modulated(x: Tensor, shift: Tensor, scale: Tensor): Tensor {
  return add(mul(layerNorm(x, { epsilon: 1e-6 }), add(scale, 1)), shift)
}

/** `count` factors of the condition for each picture: [batch, width] → [batch, 1, width] each. */
function factors(map: Symbolic<LinearParameters>, condition: Tensor, count: number): readonly Tensor[] {
  return split(expandDims(applyLinear(map, silu(condition)), 1), count, -1)
}

function applyLayer(
  { modulation, attention, cross, up, down }: Symbolic<DitLayerParameters>,
  x: Tensor,
  condition: Tensor,
  caption: Tensor | undefined,
  heads: number,
): Tensor {
  const [shift = x, scale = x, gate = x, innerShift = x, innerScale = x, innerGate = x] = factors(
    modulation,
    condition,
    6,
  )
  const normal = modulated(x, shift, scale)
  let next = add(x, mul(gate, applyMultiHead(attention, normal, normal, heads)))
  if (cross && caption) next = add(next, applyMultiHead(cross, layerNorm(next, { epsilon: 1e-6 }), caption, heads))
  const inner = gelu(applyLinear(up, modulated(next, innerShift, innerScale)), { approximate: true })
  return add(next, mul(innerGate, applyLinear(down, inner)))
}

/** [batch, channels, height, width] → [batch, tokens, channels · patch²], tokens row by row. */
export function patchify(pictures: Tensor, patch: number): Tensor {
  const [batch, channels, height, width] = pictures.shape.map((dim, axis): Dim => (axis === 0 ? dim : Number(dim)))
  const [rows, columns] = [Number(height) / patch, Number(width) / patch]
  const apart = reshape(pictures, [batch ?? 0, channels ?? 0, rows, patch, columns, patch])
  return reshape(transpose(apart, [0, 2, 4, 1, 3, 5]), [batch ?? 0, rows * columns, Number(channels) * patch * patch])
}

/** The inverse of `patchify`. */
export function unpatchify(tokens: Tensor, channels: number, size: readonly [number, number], patch: number): Tensor {
  const [rows, columns] = [size[0] / patch, size[1] / patch]
  const apart = reshape(tokens, [sizeAt(tokens, 0), rows, columns, channels, patch, patch])
  return reshape(transpose(apart, [0, 3, 1, 4, 2, 5]), [sizeAt(tokens, 0), channels, ...size])
}

export interface DitConditions {
  /** int64 [batch, words]: caption tokens, embedded by the net's own table. */
  readonly caption?: Tensor
  /** [batch, words, width]: embedded captions, in place of `caption`. */
  readonly context?: Tensor
}

/**
 * The transformer of a DiT on tokens of any origin (patches of a picture, of the frames of a clip).
 *
 * @param tokens [batch, tokens, channels · patch²]
 * @param seen [batch]: times from 0 to about 1000
 * @returns predictions like `tokens`
 * @throws {RangeError} when the net has captions and gets none
 */
export function applyDitTokens(
  parameters: Symbolic<DitParameters>,
  tokens: Tensor,
  seen: Tensor,
  config: Pick<DitConfig, 'heads'>,
  conditions: DitConditions = {},
): Tensor {
  const { captions, patches, positions, time, layers, modulation, output } = parameters
  assertShape('dit: tokens', tokens, [undefined, sizeAt(positions, 0), sizeAt(patches.weight, 1)])
  assertShape('dit: seen', seen, [sizeAt(tokens, 0)])
  const caption = conditions.context ?? (captions && conditions.caption && gather(captions, conditions.caption))
  if (captions && caption === undefined) throw new RangeError('dit: it reads captions, and gets none')
  const embedded = applyTimeEmbedding(time, seen)
  const condition = caption ? add(embedded, mean(caption, 1)) : embedded
  const start = add(applyLinear(patches, tokens), positions)
  const last = layers.reduce((x, layer) => applyLayer(layer, x, condition, caption, config.heads), start)
  const [shift = last, scale = last] = factors(modulation, condition, 2)
  return applyLinear(output, modulated(last, shift, scale))
}

/**
 * A diffusion transformer (Peebles & Xie 2023, arXiv 2212.09748): patches as tokens, the time and the mean of the
 * caption in adaptive norms, and attention to the caption's words in every layer.
 *
 * @param x [batch, channels, height, width]
 * @param seen [batch]: times from 0 to about 1000
 * @returns the prediction, like x
 * @example
 * const config = { channels: 3, size: [16, 16], patch: 2, width: 96, layers: 4, heads: 4, vocabulary: 23 } as const
 * const parameters = initDit(seeded(1), config)
 */
export function applyDit(
  parameters: Symbolic<DitParameters>,
  x: Tensor,
  seen: Tensor,
  config: DitConfig,
  conditions: DitConditions = {},
): Tensor {
  const { channels, size, patch } = config
  gridOf(config)
  assertShape('dit: x', x, [undefined, channels, ...size])
  const predicted = applyDitTokens(parameters, patchify(x, patch), seen, config, conditions)
  return unpatchify(predicted, channels, size, patch)
}
