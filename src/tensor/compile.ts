import { matchInputs } from './feed.ts'
import { ancestors } from './graph/ancestors.ts'
import { dimension, namesOf, type Shape } from './graph/dimension.ts'
import type { DType } from './graph/dtype.ts'
import { describe, input, inputAt, isTensor, recordingSites, type Tensor, type TensorType } from './graph/tensor.ts'
import { isTensorValue, type TensorValue, type ValueLike } from './graph/value.ts'
import { type Kernels, kernelsFor } from './kernel/kernels.ts'
import { type Emitted, emit } from './onnx/emit.ts'
import { encodeModel } from './onnx/model.ts'
import { assertFinite } from './onnx/probe.ts'
import { type Concrete, leaves, mapTree, parameterLeaves, type Symbolic } from './parameter-tree.ts'
import { fromRuntime, openSession, type Session, type SessionOptions, stopName, toRuntime } from './session.ts'
import { type Simplified, simplify } from './simplify.ts'

/**
 * Declares an input.
 *
 * @param shape numbers and names, such as `['batch', 64]`
 * @param dtype default float32
 */
export function spec(shape: Shape, dtype: DType = 'float32'): TensorType {
  return { dtype, shape: shape.map(dimension) }
}

/** Declared inputs by name. */
export type InputSpecs = Readonly<Record<string, TensorType>>

/** The symbolic inputs that a graph function is given. */
export type SymbolicInputs<I extends InputSpecs> = { readonly [K in keyof I]: Tensor }

/** What a compiled function is called with: numbers for every declared input. */
export type InputValues<I extends InputSpecs> = { readonly [K in keyof I]: ValueLike }

export interface CompileOptions<I extends InputSpecs, P> extends SessionOptions {
  readonly inputs: I
  /** Numbers the graph reads beside its inputs. They are read where they lie at each call, so updates are seen. */
  readonly parameters?: P
  /** Write the parameters into the compiled graph: faster, but later updates are not seen. Default false. */
  readonly frozen?: boolean
  /** Check every intermediate value and report the first operation that gives NaN or infinity. Slow. Default false. */
  readonly debug?: boolean
  /** Named sizes to compile anew for each value they take, instead of once for all. Default none. */
  readonly specialize?: readonly string[]
}

/** A compiled graph, called with numbers. */
export interface Compiled<I extends InputSpecs, R> {
  /**
   * @param into memory that results are written to, by their paths. It may be that of an input only where the operation
   *   behind the result allows it, such as the caches of `cachedAttention`. When all results have such memory, none is
   *   copied
   */
  (inputs: InputValues<I>, into?: Readonly<Record<string, TensorValue>>): Promise<Concrete<R>>
  /** Types of the results by path. */
  readonly outputs: Readonly<Record<string, TensorType>>
  /** Gives the memory of its sessions back. */
  dispose(): Promise<void>
}

/** A traced function: its inputs, parameters and result as graph. */
export interface Traced<R> {
  readonly result: R
  readonly inputs: readonly { readonly name: string; readonly type: TensorType; readonly tensor: Tensor }[]
  readonly parameters: readonly { readonly name: string; readonly value: TensorValue; readonly tensor: Tensor }[]
}

/** Calls a graph function with symbolic inputs and parameters. */
export function trace<I extends InputSpecs, P, R>(
  fn: (inputs: SymbolicInputs<I>, parameters: Symbolic<P>) => R,
  inputs: I,
  parameters: P | undefined,
): Traced<R> {
  const made = Object.entries(inputs).map(([name, type]) => ({
    name,
    type,
    tensor: input(name, type.shape, type.dtype),
  }))
  const held = parameterLeaves(parameters).map(({ path, leaf }) => ({
    name: `parameters/${path}`,
    value: leaf,
    tensor: input(`parameters/${path}`, leaf.shape, leaf.dtype),
  }))
  const byValue = new Map(held.map(({ value, tensor }) => [value, tensor]))
  const symbolic = mapTree(parameters, isTensorValue, (value) => byValue.get(value)) as Symbolic<P>
  const symbolicInputs = Object.fromEntries(made.map(({ name, tensor }) => [name, tensor])) as SymbolicInputs<I>
  return { result: fn(symbolicInputs, symbolic), inputs: made, parameters: uniqueByValue(held) }
}

// One array used at two places of a tree (tied weights) is one parameter.
function uniqueByValue<T extends { readonly value: TensorValue }>(held: readonly T[]): readonly T[] {
  const last = new Map(held.map((item) => [item.value, item]))
  return [...last.values()]
}

type NamedTensors = readonly { readonly name: string; readonly tensor: Tensor }[]

/** All that outputs depend on, and the inputs and parameters among it. */
function reached(traced: Traced<unknown>, outputs: NamedTensors) {
  const nodes = ancestors(outputs.map(({ tensor }) => tensor))
  const used = new Set(nodes)
  const parameters = traced.parameters.filter(({ tensor }) => used.has(tensor.node))
  const declared = [
    ...traced.inputs.map(({ name, type }) => ({ name, type })),
    ...parameters.map(({ name, value }) => ({ name, type: value })),
  ]
  return { nodes, parameters, declared }
}

/** Emits a traced result; only inputs and parameters that it depends on are inputs of the model. */
export function emitTraced(
  traced: Traced<unknown>,
  outputs: NamedTensors,
  options: { readonly frozen?: boolean; readonly portable?: boolean; readonly probe?: boolean } = {},
): Emitted {
  const { nodes, parameters, declared } = reached(traced, outputs)
  return emit(nodes, outputs, declared, {
    portable: options.portable ?? false,
    probe: options.probe ?? false,
    embedded: new Map(options.frozen ? parameters.map(({ name, value }) => [name, value]) : []),
  })
}

/** A graph that is ready to run. */
export interface OpenedGraph {
  readonly session: Session
  /** The graph that is run. */
  readonly simplified: Simplified
  /** The one ONNX graph that does all of it; absent where kernels do a part. */
  readonly emitted?: Emitted
}

/**
 * Opens a traced result, as one ONNX graph or with kernels for some parts.
 *
 * @param carried numbers that the graph replaces, by the names of their inputs, as far as kernels hold them
 */
export async function openTraced(
  traced: Traced<unknown>,
  outputs: NamedTensors,
  options: SessionOptions & { readonly frozen?: boolean | undefined; readonly debug?: boolean | undefined },
  kernels: Kernels,
  carried?: ReadonlyMap<string, TensorValue>,
): Promise<OpenedGraph> {
  if (kernels.chosen) {
    const { nodes, declared } = reached(traced, outputs)
    const simplified = simplify(
      nodes,
      outputs.map(({ tensor }) => tensor),
    )
    const tensors = outputs.map(({ name }, index) => ({ name, tensor: inputAt(simplified.outputs, index) }))
    const session = await kernels.open({ nodes: simplified.nodes, outputs: tensors, inputs: declared }, carried)
    if (session) return { session, simplified }
  }
  const emitted = emitTraced(traced, outputs, { frozen: options.frozen ?? false, probe: options.debug ?? false })
  const session = await openSession(encodeModel({ ...emitted.graph, stop: stopName }), {
    ...options,
    doubles: emitted.doubles,
  })
  return { session, emitted, simplified: emitted.simplified }
}

/** Names for the tensors of a result: their paths, `result` for a bare tensor. */
export function namedOutputs(result: unknown): NamedTensors {
  return leaves(result, isTensor).map(({ path, leaf }) => ({ name: `result/${path}`, tensor: leaf }))
}

/**
 * Compiles a graph function: traced once with symbolic inputs, written as one ONNX graph, loaded once.
 *
 * @param fn builds the result, a tensor or a tree of tensors, from inputs and parameters
 * @returns an async function from numbers to numbers, in the form of fn's result
 * @example
 * const area = await compile(({ x, y }) => mul(x, y), { inputs: { x: spec(['n']), y: spec(['n']) } })
 * const { data } = await area({ x: [1, 2], y: [3, 4] }) // Float32Array [3, 8]
 */
export async function compile<const I extends InputSpecs, const P, R>(
  fn: (inputs: SymbolicInputs<I>, parameters: Symbolic<P>) => R,
  options: CompileOptions<I, P>,
): Promise<Compiled<I, R>> {
  const specialize = options.specialize ?? []
  const declared = Object.entries(options.inputs).map(([name, type]) => ({ name, type }))
  const loaded = new Map<string, Promise<Loaded>>()

  const load = async (sizes: ReadonlyMap<string, number>): Promise<Loaded> => {
    const bound = Object.fromEntries(
      declared.map(({ name, type }) => [
        name,
        { ...type, shape: type.shape.map((dim) => sizes.get(String(dim)) ?? dim) },
      ]),
    ) as unknown as I
    const build = (): Traced<R> => trace(fn, bound, options.parameters)
    const built = options.debug ? recordingSites(build) : build()
    const kernels = kernelsFor(options)
    const traced = { ...built, result: kernels.prepare(built.result) }
    const outputs = namedOutputs(traced.result)
    const { session, emitted } = await openTraced(traced, outputs, options, kernels)
    // What kernels read is fed in any case, and then is as it was where it is frozen.
    const copied = options.frozen && !emitted
    const feeds = Object.fromEntries(
      traced.parameters
        .filter(({ name }) => session.inputNames.includes(name))
        .map(({ name, value }) => [
          name,
          toRuntime(copied ? { ...value, data: value.data.slice() as TensorValue['data'] } : value),
        ]),
    )
    return { traced, session, feeds, outputs, ...(emitted && { emitted }) }
  }
  const loadFor = (sizes: ReadonlyMap<string, number>): Promise<Loaded> => {
    const chosen = new Map(specialize.flatMap((name) => [[name, sizes.get(name) ?? 0] as const]))
    const key = JSON.stringify([...chosen])
    const ready = loaded.get(key) ?? load(chosen)
    loaded.set(key, ready)
    return ready
  }
  for (const name of specialize)
    if (!declared.some(({ type }) => type.shape.some((dim) => namesOf(dim).includes(name))))
      throw new RangeError(`specialize: no input has a size named "${name}"`)
  const first = specialize.length === 0 ? await loadFor(new Map()) : undefined
  const shown = first?.outputs ?? namedOutputs(trace(fn, options.inputs, options.parameters).result)

  const run = async (
    inputs: InputValues<I>,
    into: Readonly<Record<string, TensorValue>> = {},
  ): Promise<Concrete<R>> => {
    const { values, sizes } = matchInputs(declared, inputs)
    const { traced, session, feeds, outputs, emitted } = first ?? (await loadFor(sizes))
    const given = Object.fromEntries(
      [...values]
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, value]) => [name, toRuntime(value)]),
    )
    const written = Object.fromEntries(
      Object.entries(into).map(([path, value]) => [`result/${path}`, toRuntime(value)]),
    )
    const made = await session.run({ ...feeds, ...given }, written)
    if (options.debug && emitted) assertFinite(emitted, made)
    const byTensor = new Map(outputs.map(({ name, tensor }) => [tensor, made[name]]))
    return mapTree(traced.result, isTensor, (tensor) => {
      const found = byTensor.get(tensor) ?? made[outputs.find((output) => output.tensor === tensor)?.name ?? '']
      if (found === undefined) throw new Error(`the result ${describe(tensor)} was not computed`)
      return fromRuntime(found)
    }) as Concrete<R>
  }
  return Object.assign(run, {
    outputs: Object.fromEntries(
      shown.map(({ name, tensor: { dtype, shape } }) => [name.slice('result/'.length), { dtype, shape }]),
    ),
    async dispose() {
      for (const { session } of await Promise.all(loaded.values())) await session.dispose()
      loaded.clear()
    },
  })
}

interface Loaded {
  readonly emitted?: Emitted
  readonly traced: Traced<unknown>
  readonly session: Session
  readonly feeds: Readonly<Record<string, ReturnType<typeof toRuntime>>>
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[]
}
