import { readFile } from 'node:fs/promises'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { writeWhole } from '../run/index.ts'
import {
  type CompileOptions,
  emitTraced,
  type InputSpecs,
  namedOutputs,
  type SymbolicInputs,
  trace,
} from './compile.ts'
import { matchInputs } from './feed.ts'
import type { TensorType } from './graph/tensor.ts'
import type { TensorValue, ValueLike } from './graph/value.ts'
import { encodeModel } from './onnx/model.ts'
import type { Symbolic } from './parameter-tree.ts'
import { fromRuntime, openSession, type SessionOptions, toRuntime } from './session.ts'

export interface ExportOptions<I extends InputSpecs, P> extends Pick<CompileOptions<I, P>, 'inputs' | 'parameters'> {
  /** Texts kept in the model: name, version, licence, what the outputs mean. */
  readonly metadata?: Readonly<Record<string, string>>
  /**
   * Use only ONNX's own operators, so that runtimes other than ONNX Runtime can run the model. Default false: fused
   * operators of ONNX Runtime (in Node, Python, browsers and elsewhere) where they are faster.
   */
  readonly portable?: boolean
}

/**
 * A graph function with its parameters as an ONNX model: inputs by their names, with named sizes left open, outputs by
 * their paths in the result (`output` for a bare tensor), parameters written into it.
 *
 * @returns the bytes of the file
 * @throws {RangeError} above 2 GiB, the most that one ONNX file can hold
 */
export function exportOnnx<const I extends InputSpecs, const P, R>(
  fn: (inputs: SymbolicInputs<I>, parameters: Symbolic<P>) => R,
  options: ExportOptions<I, P>,
): Uint8Array {
  const traced = trace(fn, options.inputs, options.parameters)
  const outputs = namedOutputs(traced.result).map(({ name, tensor }) => ({
    name: name.slice('result/'.length) || 'output',
    tensor,
  }))
  const clash = outputs.find(({ name }) => name in options.inputs)
  if (clash) throw new RangeError(`exportOnnx: "${clash.name}" is both an input and an output; rename one of them`)
  const { graph } = emitTraced(traced, outputs, { frozen: true, portable: options.portable ?? false })
  return encodeModel(graph, options.metadata)
}

/** Writes `exportOnnx` to a file, whole or not at all. */
export function saveOnnx<const I extends InputSpecs, const P, R>(
  path: string,
  fn: (inputs: SymbolicInputs<I>, parameters: Symbolic<P>) => R,
  options: ExportOptions<I, P>,
): void {
  writeWhole(path, exportOnnx(fn, options))
}

/** An ONNX model from a file, whoever made it. */
export interface OnnxModel {
  (inputs: Readonly<Record<string, ValueLike>>): Promise<Readonly<Record<string, TensorValue>>>
  readonly inputs: Readonly<Record<string, TensorType>>
  readonly outputs: Readonly<Record<string, TensorType>>
  readonly metadata: Readonly<Record<string, string>>
  dispose(): Promise<void>
}

/**
 * Opens an ONNX model.
 *
 * @param model its bytes, or the path of the file
 * @example
 * const model = await openOnnx('ranker.onnx')
 * const { score } = await model({ features: [[1, 2, 3]] })
 */
export async function openOnnx(model: Uint8Array | string, options: SessionOptions = {}): Promise<OnnxModel> {
  const metadata = readOnnxMetadata(typeof model === 'string' ? await readFile(model) : model)
  const session = await openSession(model, options)
  const declared = Object.entries(session.inputTypes).map(([name, type]) => ({ name, type }))
  const run = async (inputs: Readonly<Record<string, ValueLike>>): Promise<Readonly<Record<string, TensorValue>>> => {
    const { values } = matchInputs(declared, inputs)
    const results = await session.run(Object.fromEntries([...values].map(([name, value]) => [name, toRuntime(value)])))
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromRuntime(tensor)]))
  }
  return Object.assign(run, {
    inputs: session.inputTypes,
    outputs: session.outputTypes,
    metadata,
    dispose: () => session.dispose(),
  })
}

/** The metadata of an ONNX model's bytes (field 14 of `ModelProto`: pairs of a key, field 1, and a value, field 2). */
export function readOnnxMetadata(model: Uint8Array): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {}
  const reader = new BinaryReader(model)
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field !== 14 || type !== WireType.LengthDelimited) {
      reader.skip(type)
      continue
    }
    const end = reader.uint32() + reader.pos
    let [key, text] = ['', '']
    while (reader.pos < end) {
      const [part, partType] = reader.tag()
      if (part === 1) key = reader.string()
      else if (part === 2) text = reader.string()
      else reader.skip(partType)
    }
    metadata[key] = text
  }
  return metadata
}
