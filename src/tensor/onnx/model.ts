import type { Shape } from '../graph/dimension.ts'
import { bytesPerElement, type DType, onnxType, type TypedArray } from '../graph/dtype.ts'
import {
  bytesField,
  encode,
  type Field,
  floatField,
  integerField,
  integersField,
  type Message,
  message,
  messageField,
  textField,
} from './protobuf.ts'

/** The ONNX operator set that graphs are written in, and the file format version that goes with it. */
export const opsetVersion = 21
const irVersion = 10

/** An attribute of an ONNX node: integers are `int` attributes, `{ float }` a float, subgraphs are nested. */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph }

export interface OnnxNode {
  readonly opType: string
  /** '' is ONNX's own operators, 'com.microsoft' ONNX Runtime's. */
  readonly domain: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

export interface OnnxTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

export interface OnnxValueType {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValueType[]
  readonly outputs: readonly OnnxValueType[]
  readonly values: readonly OnnxValueType[]
  /** The name of a further output before all others, an empty sequence: see `openSession`. */
  readonly stop?: string
}

// Field numbers are those of onnx.proto (ONNX 1.16).

function tensorMessage({ name, dtype, shape, data }: OnnxTensor): Message {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * bytesPerElement[dtype])
  return message(
    shape.map((size) => integerField(1, size)),
    integerField(2, onnxType[dtype]),
    textField(8, name),
    bytesField(9, bytes),
  )
}

function attributeFields(value: OnnxAttribute): readonly Field[] {
  if (typeof value === 'number') return [integerField(3, value), integerField(20, 2)]
  if (typeof value === 'string') return [textField(4, value), integerField(20, 3)]
  if ('float' in value) return [floatField(2, value.float), integerField(20, 1)]
  if ('tensor' in value) return [messageField(5, tensorMessage(value.tensor)), integerField(20, 4)]
  if ('graph' in value) return [messageField(6, graphMessage(value.graph)), integerField(20, 5)]
  return [integersField(8, value), integerField(20, 7)]
}

function nodeMessage(node: OnnxNode): Message {
  return message(
    node.inputs.map((name) => textField(1, name)),
    node.outputs.map((name) => textField(2, name)),
    textField(3, node.name),
    textField(4, node.opType),
    Object.entries(node.attributes).map(([name, value]) =>
      messageField(5, message(textField(1, name), attributeFields(value))),
    ),
    node.domain === '' ? [] : textField(7, node.domain),
  )
}

function valueMessage({ name, dtype, shape }: OnnxValueType): Message {
  const dims = shape.map((dim) =>
    messageField(1, typeof dim === 'number' ? message(integerField(1, dim)) : message(textField(2, dim))),
  )
  const tensorType = message(integerField(1, onnxType[dtype]), messageField(2, message(dims)))
  return message(textField(1, name), messageField(2, message(messageField(1, tensorType))))
}

/** An output that is a sequence of float32 tensors. */
function sequenceMessage(name: string): Message {
  const element = message(messageField(1, message(integerField(1, onnxType.float32))))
  return message(textField(1, name), messageField(2, message(messageField(4, message(messageField(1, element))))))
}

function graphMessage(graph: OnnxGraph): Message {
  const { stop } = graph
  const emptySequence: readonly OnnxNode[] =
    stop === undefined
      ? []
      : [{ opType: 'SequenceEmpty', domain: '', name: stop, inputs: [], outputs: [stop], attributes: { dtype: 1 } }]
  return message(
    [...emptySequence, ...graph.nodes].map((node) => messageField(1, nodeMessage(node))),
    textField(2, graph.name),
    graph.initializers.map((tensor) => messageField(5, tensorMessage(tensor))),
    graph.inputs.map((value) => messageField(11, valueMessage(value))),
    stop === undefined ? [] : messageField(12, sequenceMessage(stop)),
    graph.outputs.map((value) => messageField(12, valueMessage(value))),
    graph.values.map((value) => messageField(13, valueMessage(value))),
  )
}

/**
 * The bytes of an ONNX model.
 *
 * @throws {RangeError} above protobuf's limit of 2 GiB for one message
 */
export function encodeModel(graph: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const operatorSet = (domain: string, version: number): Field =>
    messageField(8, message(textField(1, domain), integerField(2, version)))
  const model = message(
    integerField(1, irVersion),
    textField(2, 'penchant'),
    messageField(7, graphMessage(graph)),
    operatorSet('', opsetVersion),
    operatorSet('com.microsoft', 1),
    Object.entries(metadata).map(([key, value]) => messageField(14, message(textField(1, key), textField(2, value)))),
  )
  if (model.length > 2 ** 31 - 1)
    throw new RangeError(
      `the ONNX model has ${model.length} bytes, more than the 2 GiB one file can hold; keep parameters as inputs`,
    )
  return encode(model)
}
