import { InferenceSession, listSupportedBackends, Tensor as RuntimeTensor } from 'onnxruntime-node'
import type { TensorType } from './graph/tensor.ts'
import type { TensorValue } from './graph/value.ts'

export type Provider = 'cpu' | 'webgpu' | 'cuda'

export interface SessionOptions {
  /** Where graphs run. Default `cpu`. */
  readonly provider?: Provider
  /** Threads within an operation. Default: ONNX Runtime's, one per physical core. */
  readonly threads?: number
  /**
   * Whether threads wait for the next operation by spinning: quickest on an idle machine, but where others want the same
   * cores too, graphs of many small operations run several times slower. Default true, but false for graphs of which
   * kernels do a part (see `sparse`).
   */
  readonly spinning?: boolean
  /**
   * Who multiplies by large sparse matrices in float32 on the processor: `kernels` of this library on the same threads,
   * `onnx` (ONNX Runtime, as in an exported model), or whichever is quicker. Default `auto`.
   */
  readonly sparse?: 'auto' | 'kernels' | 'onnx'
  /** Write a trace of every operation's time to a file with this prefix (Chrome's tracing format). */
  readonly profile?: string
  /** Keep freed memory for the next run (faster) or give it back (smaller). Default true. */
  readonly keepMemory?: boolean
  /** How far ONNX Runtime may rewrite the graph. Default `all`. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all'
}

/** A loaded ONNX graph. */
export interface Session {
  /**
   * Runs it. `into` gives tensors that outputs are written to; they may be inputs, where the graph allows it. Nothing is
   * copied when every output has such a place and the graph has its `stop` output.
   */
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    into?: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<Readonly<Record<string, RuntimeTensor>>>
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputTypes: Readonly<Record<string, TensorType>>
  readonly outputTypes: Readonly<Record<string, TensorType>>
  /** Writes the trace asked for by `profile`. */
  endProfiling(): void
  dispose(): Promise<void>
}

/**
 * The name of an output that ends a run before its results are handed over. The binding to Node copies every output into
 * fresh memory, even those it was given memory for: gigabytes a second of parameters in training, caches in generation.
 * It goes through them in order once the run is done, and gives up with an error at the first that is no tensor; by then
 * everything lies where it was to be written. A binding that took sequences would copy, and be as right.
 */
export const stopName = 'stop'
const stopMessage = 'Non tensor type is temporarily not supported'

function everyPlace(
  names: readonly string[],
  into: Readonly<Record<string, RuntimeTensor | null>>,
): into is Readonly<Record<string, RuntimeTensor>> {
  return names.every((name) => into[name] != null)
}

const requirements = {
  cuda: 'it needs Linux x64, the CUDA 12 and cuDNN 9 libraries, and an onnxruntime-node whose install may fetch its GPU library',
  webgpu: 'it needs a graphics driver with Vulkan, Metal or Direct3D 12',
}

function assertAvailable(provider: Provider): void {
  const available = listSupportedBackends().map(({ name }) => name)
  if (provider !== 'cpu' && !available.includes(provider))
    throw new Error(
      `the execution provider "${provider}" is not in this build of onnxruntime-node, which has: ${available.join(', ')}; ${requirements[provider]}`,
    )
}

/**
 * Loads an ONNX model.
 *
 * @param model bytes, or the path of a file
 * @param options `doubles`: the graph computes in float64 somewhere
 * @throws when the execution provider is missing or ONNX Runtime rejects the model
 */
export async function openSession(
  model: Uint8Array | string,
  options: SessionOptions & { readonly doubles?: boolean } = {},
): Promise<Session> {
  const provider = options.provider ?? 'cpu'
  assertAvailable(provider)
  const settings: InferenceSession.SessionOptions = {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    graphOptimizationLevel: options.optimization ?? 'all',
    logSeverityLevel: 3,
    // These rewrites do not look at the type: one's kernel is for float32 only, the other keeps a factor in float32.
    extra: {
      ...(options.doubles && { optimization: { disable_specified_optimizers: 'QuickGeluFusion;MatMulScaleFusion' } }),
      ...(options.spinning === false && { session: { intra_op: { allow_spinning: '0' } } }),
    },
    enableCpuMemArena: options.keepMemory ?? true,
    // Patterns reserve one block for a whole run beside what the first run took: a third more at the peak, no faster.
    enableMemPattern: false,
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
  }
  let session: InferenceSession
  try {
    session =
      typeof model === 'string'
        ? await InferenceSession.create(model, settings)
        : await InferenceSession.create(model, settings)
  } catch (error) {
    if (provider === 'cpu') throw error
    throw new Error(`the execution provider "${provider}" could not start; ${requirements[provider]}`, { cause: error })
  }
  const outputNames = session.outputNames.filter((name) => name !== stopName)
  const anywhere = Object.fromEntries(outputNames.map((name) => [name, null]))
  const stops = outputNames.length < session.outputNames.length
  const runInPlace = async (
    feeds: Readonly<Record<string, RuntimeTensor>>,
    into: Readonly<Record<string, RuntimeTensor>>,
  ): Promise<Readonly<Record<string, RuntimeTensor>>> => {
    try {
      await session.run(feeds, { [stopName]: null, ...into })
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith(stopMessage))) throw error
    }
    return into
  }
  return {
    run: (feeds, into = {}) =>
      stops && everyPlace(outputNames, into) ? runInPlace(feeds, into) : session.run(feeds, { ...anywhere, ...into }),
    inputNames: session.inputNames,
    outputNames,
    inputTypes: typesOf(session.inputMetadata),
    outputTypes: typesOf(session.outputMetadata),
    endProfiling: () => session.endProfiling(),
    dispose: () => session.release(),
  }
}

function typesOf(metadata: readonly InferenceSession.ValueMetadata[]): Readonly<Record<string, TensorType>> {
  return Object.fromEntries(
    metadata.flatMap((entry) => {
      if (!entry.isTensor) return []
      // A size without a name in the file gets one of its own.
      const shape = entry.shape.map((dim, axis) => (dim === '' || dim === -1 ? `${entry.name}_${axis}` : dim))
      return [[entry.name, { dtype: entry.type as TensorType['dtype'], shape }]]
    }),
  )
}

/** A tensor of ONNX Runtime over the same memory. */
export function toRuntime({ dtype, shape, data }: TensorValue): RuntimeTensor {
  // The classes of arrays match by construction; ONNX Runtime's types ask for one overload per element type.
  const make = RuntimeTensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor
  const tensor = new make(dtype, data, shape)
  // The library wraps half-precision bits in a Float16Array, which its native part takes for an empty array.
  if (dtype === 'float16') Object.defineProperty(tensor, 'data', { value: data })
  return tensor
}

/** The numbers of a tensor of ONNX Runtime, over the same memory. */
export function fromRuntime(tensor: RuntimeTensor): TensorValue {
  const { type, dims, data } = tensor
  const bits =
    type === 'float16' && ArrayBuffer.isView(data) && !(data instanceof Uint16Array)
      ? new Uint16Array(data.buffer, data.byteOffset, data.length)
      : data
  return { dtype: type as TensorValue['dtype'], shape: dims, data: bits as TensorValue['data'] }
}
