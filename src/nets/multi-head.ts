import type { Random } from '../run/index.ts'
import {
  type AttentionOptions,
  attention,
  concat,
  linear,
  reshape,
  type Symbolic,
  split,
  squeeze,
  type Tensor,
  transpose,
} from '../tensor/index.ts'
import { applyLinear, initLinear, type LinearOptions, type LinearParameters } from './linear.ts'
import { assertShape, sizeAt } from './shape.ts'

export interface MultiHeadParameters {
  /** [width, width] */
  readonly query: LinearParameters
  /** [width, memory width] */
  readonly key: LinearParameters
  /** [width, memory width] */
  readonly value: LinearParameters
  /** [width, width] */
  readonly output: LinearParameters
}

export interface MultiHeadConfig extends LinearOptions {
  /** Of the memory that is attended to. Default: width. */
  readonly memoryWidth?: number
}

/** Four linear maps of multi-head attention; the width must divide by the heads when it is applied. */
export function initMultiHead(random: Random, width: number, config: MultiHeadConfig = {}): MultiHeadParameters {
  const { memoryWidth = width, ...options } = config
  return {
    query: initLinear(random, width, width, options),
    key: initLinear(random, memoryWidth, width, options),
    value: initLinear(random, memoryWidth, width, options),
    output: initLinear(random, width, width, options),
  }
}

/** [batch, positions, width] → [batch, heads, positions, width/heads] */
function headsOf(x: Tensor, heads: number): Tensor {
  const [batch, positions, width] = [sizeAt(x, 0), sizeAt(x, 1), Number(sizeAt(x, 2))]
  return transpose(reshape(x, [batch, positions, heads, width / heads]), [0, 2, 1, 3])
}

/** Several maps of one input as a single product, when all are plain. */
function mappedTogether(maps: readonly Symbolic<LinearParameters>[], x: Tensor, heads: number): readonly Tensor[] {
  const biases = maps.flatMap(({ bias }) => (bias ? [bias] : []))
  const together =
    maps.every(({ lora }) => lora === undefined) && (biases.length === 0 || biases.length === maps.length)
  if (!together) return maps.map((map) => headsOf(applyLinear(map, x), heads))
  const weight = concat(maps.map((map) => map.weight))
  const mapped = linear(x, weight, biases.length > 0 ? concat(biases) : undefined, { transposed: true })
  const width = Number(sizeAt(weight, 0)) / maps.length
  const apart = reshape(mapped, [sizeAt(x, 0), sizeAt(x, 1), maps.length, heads, width / heads])
  return split(transpose(apart, [2, 0, 3, 1, 4]), maps.length).map((part) => squeeze(part, 0))
}

/**
 * Multi-head attention (Vaswani et al. 2017, arXiv 1706.03762) of x to a memory, or to itself.
 *
 * @param x [batch, queries, width]
 * @param memory [batch, keys, memory width]; x for self-attention
 * @param heads divides the width
 * @param options masks and biases broadcast to [batch, heads, queries, keys]
 * @returns [batch, queries, width]
 * @throws {RangeError} when the width does not divide by the heads
 */
export function applyMultiHead(
  parameters: Symbolic<MultiHeadParameters>,
  x: Tensor,
  memory: Tensor,
  heads: number,
  options: AttentionOptions = {},
): Tensor {
  assertShape('multi-head attention: x', x, [undefined, undefined, sizeAt(parameters.query.weight, 1)])
  assertShape('multi-head attention: the memory', memory, [undefined, undefined, sizeAt(parameters.key.weight, 1)])
  const width = Number(sizeAt(parameters.query.weight, 0))
  if (width % heads !== 0)
    throw new RangeError(`multi-head attention: width ${width} does not divide by ${heads} heads`)
  const { query, key, value, output } = parameters
  const mapped =
    x === memory
      ? mappedTogether([query, key, value], x, heads)
      : [headsOf(applyLinear(query, x), heads), ...mappedTogether([key, value], memory, heads)]
  const [q, k, v] = mapped
  if (q === undefined || k === undefined || v === undefined) throw new RangeError('multi-head attention: three maps')
  const attended = transpose(attention(q, k, v, options), [0, 2, 1, 3])
  return applyLinear(output, reshape(attended, [sizeAt(x, 0), sizeAt(x, 1), width]))
}
