import { availableParallelism } from 'node:os'
import { type AdamRule, type ExampleColumn, kernels, type StepLoop, type TensorValue } from '../../tensor/index.ts'
import { type ColumnsShape, productsKernel, slopesKernel } from './columns-kernel.ts'
import { columnsOf, type FeatureTable, type PairColumns } from './pair-columns.ts'
import { logisticSlopes, type MixturePlaces, mixtureSlopes, stepScalars } from './pair-slopes.ts'
import {
  controlWords,
  functionNames,
  loadKernel,
  type PairStepsPlan,
  stepsKernel,
  updateKernel,
  workKernel,
} from './pair-steps-kernel.ts'

/**
 * A model whose log-odds are linear in the difference of two rows of features, as far as its training asks: Bradley–Terry
 * on one head's lead, or a mixture of heads that contexts route. Its loss is the weighted mean of −ln P of what was said.
 */
export interface LinearPairModel {
  /** [columns, width], of which the first `columns` are read; a trained parameter by its path, as all others. */
  readonly heads: string
  /** How many heads are read. */
  readonly columns: number
  /** Mixed by softmax(V c + v) of the context. Default: one head, whose lead is the log-odds. */
  readonly router?: {
    readonly weight: string
    readonly bias: string
    /** λ of λ mean Σ π ln π beside the likelihood. */
    readonly evenness: number
  }
}

/** A parameter of a step, and what Adam keeps of it; all are updated where they lie. */
export interface AdamParameter {
  readonly path: string
  readonly value: TensorValue
  readonly first: TensorValue
  readonly second: TensorValue
}

export interface PairSteps {
  /** Steps on pairs held as arrays; undefined where they do not fit. The last call's are good, those of earlier ones not. */
  on(columns: Readonly<Record<string, ExampleColumn>>): StepLoop | undefined
  dispose(): void
}

/** Pairs that a thread does at a time. It decides in which order gradients are added, so it is the same everywhere. */
const part = 128
/** Most steps of one run of the kernel. */
const mostSteps = 256
/** Bytes of tables that are copied for kernels; larger ones are left where they are, to the graph. */
const mostBytes = 2 ** 30
/** More parameters than these are better updated by many threads than by one. */
const mostParameters = 1 << 16
/** Fewer numbers in a batch are not worth waking other threads for. */
const leastShared = 1 << 16

const roundUp = (number: number, to: number): number => Math.ceil(number / to) * to
/** An odd number of cache lines: equal columns of consecutive rows then do not compete for the same place in the cache. */
const apart = (bytes: number): number => {
  const lines = Math.ceil(bytes / 64)
  return 64 * (lines % 2 === 0 ? lines + 1 : lines)
}

/** How large what is reserved for a fit's examples is. */
interface Sizes {
  readonly examples: number
  readonly rows: number
  readonly contexts: number
  readonly batch: number
}

/**
 * Training steps on labelled pairs by kernels: what a graph of the same loss and Adam does, to float32's precision, in one
 * pass over the rows of each batch. Equal numbers on any number of threads.
 *
 * @param updates counts updates, and is counted up
 * @param mostThreads default: one for small batches, otherwise as many as the machine runs at once
 * @returns undefined where the model's sizes are none that kernels are quick for
 */
export function pairSteps(
  model: LinearPairModel,
  parameters: readonly AdamParameter[],
  rule: AdamRule,
  updates: { updates: number },
  mostThreads?: number,
): PairSteps | undefined {
  const found = (path: string | undefined): TensorValue | undefined =>
    parameters.find((parameter) => parameter.path === path)?.value
  const heads = found(model.heads)
  const router = found(model.router?.weight)
  const total = parameters.reduce((sum, { value }) => sum + value.data.length, 0)
  if (heads === undefined || total > mostParameters || parameters.some(({ value }) => value.dtype !== 'float32'))
    return undefined
  const width = heads.shape[1] ?? 0
  const contextWidth = router?.shape[1] ?? 0
  let made: Made | undefined
  return {
    on(given) {
      const columns = columnsOf(given, width, contextWidth)
      if (columns === undefined) return undefined
      const wanted: Sizes = {
        examples: columns.a.length,
        rows: columns.features.rows,
        contexts: columns.contexts?.rows ?? 0,
        batch: 0,
      }
      if (4 * (wanted.rows * width + wanted.contexts * contextWidth + 8 * wanted.examples) > mostBytes) return undefined
      return async (batches, size) => {
        if (made === undefined || !fits(made.sizes, { ...wanted, batch: size })) {
          made?.dispose()
          made = make(
            model,
            parameters,
            rule,
            enlarged(made?.sizes, { ...wanted, batch: size }),
            width,
            contextWidth,
            mostThreads,
          )
        }
        if (made.holds !== columns) made.hold(columns)
        const losses = made.run(batches, size, updates.updates)
        updates.updates += losses.length
        // The steps took the thread for themselves; others may wait for it.
        await new Promise(setImmediate)
        return losses
      }
    },
    dispose() {
      made?.dispose()
      made = undefined
    },
  }
}

function fits(has: Sizes, wanted: Sizes): boolean {
  return (Object.keys(has) as (keyof Sizes)[]).every((name) => has[name] >= wanted[name])
}

/** The pieces of a stream differ a little in size. */
function enlarged(had: Sizes | undefined, wanted: Sizes): Sizes {
  if (had === undefined) return wanted
  const more = (name: keyof Sizes): number =>
    wanted[name] > had[name] ? Math.max(wanted[name], Math.ceil(1.5 * had[name])) : had[name]
  return {
    examples: more('examples'),
    rows: more('rows'),
    contexts: more('contexts'),
    batch: Math.max(had.batch, wanted.batch),
  }
}

interface Made {
  readonly sizes: Sizes
  readonly holds: PairColumns | undefined
  hold(columns: PairColumns): void
  run(batches: Uint32Array, size: number, updates: number): number[]
  dispose(): void
}

function make(
  model: LinearPairModel,
  parameters: readonly AdamParameter[],
  rule: AdamRule,
  sizes: Sizes,
  width: number,
  contextWidth: number,
  mostThreads: number | undefined,
): Made {
  const memory = kernels.kernelMemory()
  const routed = contextWidth > 0
  const recordWords = routed ? 5 : 4
  const rowBytes = roundUp(4 * width, 32)
  const contextBytes = roundUp(4 * contextWidth, 32)
  const parts = Math.ceil(sizes.batch / part)
  const padded = roundUp(sizes.batch, 4)
  const small = sizes.batch * width < leastShared
  const threads = Math.min(parts, mostThreads ?? (small ? 1 : availableParallelism()))

  // Parameters end to end: first those with rows of whole vectors, heads before the router.
  const ordered = [model.heads, model.router?.weight, model.router?.bias].flatMap(
    (path) => parameters.find((parameter) => parameter.path === path) ?? [],
  )
  const laid = [...ordered, ...parameters.filter((parameter) => !ordered.includes(parameter))]
  let size = 0
  const spans = laid.map(({ path, value, first, second }) => {
    const across = value.shape.at(-1) ?? 1
    const rows = value.data.length / Math.max(1, across)
    const span = { path, value, first, second, at: size, across, rows, stride: roundUp(4 * across, 32) }
    size += span.rows * span.stride
    return span
  })
  const placeOf = (path: string | undefined): number => spans.find((span) => span.path === path)?.at ?? 0

  const partStride = 4 * part + 64
  const rowsOf = (heads: number): number => heads * partStride
  const differenceStride = apart(rowBytes)
  const contextStride = apart(contextBytes)
  let workSize = 0
  const piece = (bytes: number): number => {
    const at = workSize
    workSize += roundUp(bytes, 64)
    return at
  }
  const work = {
    places: piece(16 * (part + 2)),
    asked: piece(4),
    targets: piece(4 * part),
    weights: piece(4 * part),
    leads: piece(rowsOf(model.columns)),
    logits: piece(rowsOf(routed ? model.columns : 0)),
    ofA: piece(rowsOf(routed ? model.columns : 0)),
    ofB: piece(rowsOf(routed ? model.columns : 0)),
    shares: piece(rowsOf(routed ? model.columns : 0)),
    differences: piece(part * differenceStride),
    contexts: piece(routed ? part * contextStride : 0),
  }
  const gradientStride = roundUp(size + 16, 64)
  const addresses = {
    control: memory.reserve(controlWords.bytes),
    // One example more, of rows of zeros and no weight, fills batches up.
    records: memory.reserve(4 * recordWords * (sizes.examples + 1)),
    rows: memory.reserve(rowBytes * (sizes.rows + 1)),
    contexts: memory.reserve(contextBytes * (sizes.contexts + 1)),
    work: memory.reserve(workSize * threads),
    parameters: memory.reserve(size),
    first: memory.reserve(size),
    second: memory.reserve(size),
    decay: memory.reserve(size),
    gradients: memory.reserve(gradientStride * parts),
    order: memory.reserve(4 * mostSteps * padded),
    scalars: memory.reserve(stepScalars.bytes * mostSteps),
    losses: memory.reserve(4 * mostSteps),
  }
  const plan: PairStepsPlan = {
    part,
    control: addresses.control,
    records: addresses.records,
    recordBytes: 4 * recordWords,
    rows: { address: addresses.rows, stride: rowBytes },
    ...(routed && { contexts: { address: addresses.contexts, stride: contextBytes } }),
    rowBytes,
    contextBytes,
    work: { address: addresses.work, stride: workSize, ...work, differenceStride, contextStride },
    parameters: {
      address: addresses.parameters,
      size,
      router: placeOf(model.router?.weight),
      bias: placeOf(model.router?.bias),
    },
    first: addresses.first,
    second: addresses.second,
    decay: addresses.decay,
    gradients: { address: addresses.gradients, stride: gradientStride },
    scalars: addresses.scalars,
    losses: addresses.losses,
    beta1: rule.beta1,
    beta2: rule.beta2,
  }
  const leads: ColumnsShape = {
    columns: model.columns,
    bytes: rowBytes,
    rowStride: differenceStride,
    productStride: partStride,
  }
  const logits: ColumnsShape = { ...leads, bytes: contextBytes, rowStride: contextStride }
  const places: MixturePlaces = { ...work, stride: partStride }
  const functions: Record<(typeof functionNames)[number], kernels.WasmFunction> = {
    steps: stepsKernel(plan),
    load: loadKernel(plan),
    work: workKernel(plan),
    update: updateKernel(plan),
    slopes: routed ? mixtureSlopes(model.columns, places) : logisticSlopes(places),
    leads: productsKernel(leads, false),
    leadGradients: slopesKernel(leads, false),
    logits: productsKernel(logits, true),
    logitGradients: slopesKernel(logits, true),
  }
  const ordering = Object.fromEntries(functionNames.map((name) => [name, functions[name]]))
  const module = new kernels.WasmModule(kernels.wasmModule(ordering))
  const group = kernels.kernelGroup(module, memory.memory, functionNames, threads)
  const { buffer } = memory.memory
  const floats = (address: number, count: number): Float32Array => new Float32Array(buffer, address, count)
  const words = (address: number, count: number): Int32Array => new Int32Array(buffer, address, count)
  const control = words(addresses.control, controlWords.bytes / 4)
  const order = words(addresses.order, mostSteps * padded)
  const scalars = floats(addresses.scalars, (stepScalars.bytes / 4) * mostSteps)

  const eachSpan = (
    address: number,
    body: (own: Float32Array, span: (typeof spans)[number], row: number) => void,
  ): void => {
    for (const span of spans)
      for (let row = 0; row < span.rows; row++)
        body(floats(address + span.at + row * span.stride, span.across), span, row)
  }
  const copyIn = (address: number, name: 'value' | 'first' | 'second'): void =>
    eachSpan(address, (own, { across, ...span }, row) =>
      own.set((span[name].data as Float32Array).subarray(row * across, (row + 1) * across)),
    )
  const copyOut = (address: number, name: 'value' | 'first' | 'second'): void =>
    eachSpan(address, (own, { across, ...span }, row) => (span[name].data as Float32Array).set(own, row * across))
  for (const address of [addresses.parameters, addresses.first, addresses.second, addresses.decay])
    floats(address, size / 4).fill(0)
  floats(addresses.gradients, (gradientStride / 4) * parts).fill(0)
  eachSpan(addresses.decay, (own, { path, value }) =>
    own.fill(rule.decayOf({ path, shape: value.shape, dtype: value.dtype })),
  )

  let holds: PairColumns | undefined
  let evenWeights = true
  const holdMatrix = (address: number, rowBytes: number, { rows, columns, data }: FeatureTable): void => {
    const across = rowBytes / 4
    const into = floats(address, across * (rows + 1))
    if (across === columns) into.set(data)
    else {
      into.fill(0)
      for (let row = 0; row < rows; row++) into.set(data.subarray(row * columns, (row + 1) * columns), row * across)
    }
    into.fill(0, across * rows)
  }
  return {
    sizes,
    get holds() {
      return holds
    },
    hold(columns) {
      const { a, b, context, target, weight, features, contexts } = columns
      holdMatrix(addresses.rows, rowBytes, features)
      if (contexts) holdMatrix(addresses.contexts, contextBytes, contexts)
      const count = a.length
      const packed = words(addresses.records, recordWords * (count + 1))
      const numbers = floats(addresses.records, recordWords * (count + 1))
      evenWeights = true
      for (let pair = 0, at = 0; pair < count; pair++, at += recordWords) {
        packed[at] = a[pair] as number
        packed[at + 1] = b[pair] as number
        numbers[at + 2] = target[pair] as number
        numbers[at + 3] = weight[pair] as number
        if (weight[pair] !== 1) evenWeights = false
        if (context) packed[at + 4] = context[pair] as number
      }
      packed.set([features.rows, features.rows, 0, 0, contexts?.rows ?? 0].slice(0, recordWords), recordWords * count)
      holds = columns
    },
    run(batches, size, updates) {
      if (holds === undefined) throw new RangeError('pair steps: no examples are held')
      const { weight } = holds
      const across = roundUp(size, 4)
      const steps = batches.length / size
      const perPair = (model.router?.evenness ?? 0) / size
      const losses: number[] = []
      copyIn(addresses.parameters, 'value')
      copyIn(addresses.first, 'first')
      copyIn(addresses.second, 'second')
      for (let from = 0; from < steps; from += mostSteps) {
        const count = Math.min(mostSteps, steps - from)
        for (let step = 0; step < count; step++) {
          const batch = batches.subarray((from + step) * size, (from + step + 1) * size)
          order.set(batch, step * across)
          order.fill(holds.a.length, step * across + size, (step + 1) * across)
          let sum = size
          if (!evenWeights) {
            sum = 0
            for (let at = 0; at < size; at++) sum += weight[batch[at] as number] as number
          }
          const number = updates + from + step + 1
          scalars.set(
            [1 / sum, perPair, rule.factorAt(number), rule.offsetAt(number), rule.rateAt(number)],
            (step * stepScalars.bytes) / 4,
          )
        }
        control.fill(0)
        group.run('steps', threads, 1, [addresses.order, count, Math.ceil(across / part), across])
        losses.push(...floats(addresses.losses, count))
      }
      copyOut(addresses.parameters, 'value')
      copyOut(addresses.first, 'first')
      copyOut(addresses.second, 'second')
      return losses
    },
    dispose() {
      group.dispose()
      memory.release()
    },
  }
}
