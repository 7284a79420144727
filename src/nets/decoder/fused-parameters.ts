import { type TensorValue, value } from '../../tensor/index.ts'
import type { LinearParameters } from '../linear.ts'
import { mergeLora } from '../lora.ts'
import type { FullDecoderConfig } from './config.ts'
import type { DecoderLayerParameters, DecoderParameters } from './parameters.ts'

/** A layer as generation reads it: maps of one input side by side, so that a step has few products. */
export interface FusedLayer
  extends Pick<DecoderLayerParameters, 'attentionNorm' | 'output' | 'feedForwardNorm' | 'down'> {
  /** Queries, keys and values: [(heads + 2 keyHeads) · fused head width, width] */
  readonly packed: LinearParameters
  /** [2 · hidden, width] */
  readonly gateUp: LinearParameters
}

export interface FusedParameters extends Pick<DecoderParameters, 'embedding' | 'norm'> {
  readonly layers: readonly FusedLayer[]
  readonly head: LinearParameters
}

/** Features of a head with those that pad it: the attention kernel wants a multiple of 16. */
export function fusedHeadWidth({ headWidth }: FullDecoderConfig): number {
  return Math.ceil(headWidth / 16) * 16
}

function float32(tensor: TensorValue): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data
  throw new TypeError(`generation runs in float32, the parameters are ${tensor.dtype}`)
}

/** Where a feature of a head lies once each half of the head, which rotary positions turn together, has been padded. */
function paddedPlace(feature: number, { headWidth }: FullDecoderConfig, padded: number): number {
  const head = Math.floor(feature / headWidth)
  const within = feature % headWidth
  const half = headWidth / 2
  return head * padded + (within < half ? within : padded / 2 + within - half)
}

/** A matrix [heads · headWidth, columns], or a vector, with zero rows added in every head. */
function padRows(tensor: TensorValue, config: FullDecoderConfig): TensorValue {
  const padded = fusedHeadWidth(config)
  if (padded === config.headWidth) return tensor
  const [rows = 0, columns = 1] = tensor.shape
  const data = float32(tensor)
  const wide = new Float32Array((rows / config.headWidth) * padded * columns)
  for (let row = 0; row < rows; row++)
    wide.set(data.subarray(row * columns, (row + 1) * columns), paddedPlace(row, config, padded) * columns)
  return value(wide, [wide.length / columns, ...tensor.shape.slice(1)])
}

/** A matrix [rows, heads · headWidth] with zero columns added in every head. */
function padColumns(tensor: TensorValue, config: FullDecoderConfig): TensorValue {
  const padded = fusedHeadWidth(config)
  if (padded === config.headWidth) return tensor
  const [rows = 0, columns = 0] = tensor.shape
  const data = float32(tensor)
  const wideColumns = (columns / config.headWidth) * padded
  const wide = new Float32Array(rows * wideColumns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      wide[row * wideColumns + paddedPlace(column, config, padded)] = data[row * columns + column] ?? 0
  return value(wide, [rows, wideColumns])
}

/** Matrices, or vectors, one after another along the first axis. */
function stacked(parts: readonly TensorValue[]): TensorValue {
  const data = new Float32Array(parts.reduce((count, part) => count + part.data.length, 0))
  let at = 0
  for (const part of parts) {
    data.set(float32(part), at)
    at += part.data.length
  }
  const rows = parts.reduce((count, { shape }) => count + (shape[0] ?? 0), 0)
  return value(data, [rows, ...(parts[0]?.shape.slice(1) ?? [])])
}

function mapTensors(map: LinearParameters, change: (tensor: TensorValue) => TensorValue): LinearParameters {
  return { weight: change(map.weight), ...(map.bias && { bias: change(map.bias) }) }
}

/** Maps of one input as one map; all have a bias or none has. */
function sideBySide(maps: readonly LinearParameters[]): LinearParameters {
  const weight = stacked(maps.map((map) => map.weight))
  const biases = maps.flatMap(({ bias }) => bias ?? [])
  return biases.length === 0 ? { weight } : { weight, bias: stacked(biases) }
}

/**
 * Parameters of a decoder in the form that generation reads: low-rank additions merged, maps of one input side by side,
 * heads padded with zeros to the width that the attention kernel takes.
 *
 * @throws {TypeError} when the parameters are not float32
 */
export function fusedParameters(parameters: DecoderParameters, config: FullDecoderConfig): FusedParameters {
  const { embedding, norm, head = { weight: embedding }, layers } = mergeLora(parameters)
  float32(embedding)
  return {
    embedding,
    norm,
    head,
    layers: layers.map(({ attentionNorm, query, key, value: values, output, feedForwardNorm, gate, up, down }) => ({
      attentionNorm,
      packed: sideBySide([query, key, values].map((map) => mapTensors(map, (tensor) => padRows(tensor, config)))),
      output: { ...output, weight: padColumns(output.weight, config) },
      feedForwardNorm,
      gateUp: sideBySide([gate, up]),
      down,
    })),
  }
}
