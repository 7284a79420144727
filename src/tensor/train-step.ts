import { emitTraced, type InputSpecs, type InputValues, namedOutputs, type SymbolicInputs, trace } from './compile.ts'
import { matchInputs } from './feed.ts'
import { gradients } from './gradient.ts'
import { ancestors } from './graph/ancestors.ts'
import { formatShape } from './graph/dimension.ts'
import { isFloat } from './graph/dtype.ts'
import { applyOne, input, inputAt, isTensor, type Node, type Op, type Tensor } from './graph/tensor.ts'
import { type TensorValue, zeros } from './graph/value.ts'
import { encodeModel } from './onnx/model.ts'
import { assertFinite } from './onnx/probe.ts'
import { add, mul } from './ops/arithmetic.ts'
import { slice } from './ops/join.ts'
import { cast, reshape } from './ops/layout.ts'
import { randomKey } from './ops/random.ts'
import type { Optimizer, ParameterInfo, Slots } from './optimizer/transform.ts'
import { type Concrete, mapTree, type Symbolic } from './parameter-tree.ts'
import { fromRuntime, openSession, type SessionOptions, stopName, toRuntime } from './session.ts'

/** What a loss function may use beside inputs and parameters. */
export interface LossContext {
  /** A number that changes from step to step, as a float32 scalar; `valueAt` counts updates from 1. */
  scalar(valueAt: (step: number) => number): Tensor
  /** A key for a random draw (uint32 [2]): another one at each call, and other ones at each step. */
  key(): Tensor
}

/** A loss, or a loss together with other results to report. */
export type LossResult = Tensor | { readonly loss: Tensor; readonly [metric: string]: unknown }

export interface TrainOptions<I extends InputSpecs, P> extends SessionOptions {
  readonly inputs: I
  /** Numbers to train. They are updated where they lie. */
  readonly parameters: P
  readonly optimizer: Optimizer
  /** Which parameters are trained, by path. Default: all of floating type. */
  readonly trainable?: (path: string) => boolean
  /** Check every intermediate value and report the first operation that gives NaN or infinity. Slow. Default false. */
  readonly debug?: boolean
  /** Seed of the keys for random draws. Default 0. */
  readonly seed?: number
  /** Keep an exponential moving average of the parameters with this decay. Default none. */
  readonly averageDecay?: number
}

/** A compiled training step: forward, backward and update in one run. */
export interface TrainStep<I extends InputSpecs, P, R> {
  /** One update. The numbers in `parameters` change; the loss is that before the update. */
  (inputs: InputValues<I>): Promise<{ readonly loss: number; readonly metrics: Concrete<Omit<R, 'loss'>> }>
  readonly parameters: P
  /** Averaged parameters, with `averageDecay`; otherwise the parameters. */
  readonly averaged: P
  /** What the optimiser carries, by name; updated where it lies. Together with `updates` and the parameters it is all. */
  readonly state: Readonly<Record<string, TensorValue>>
  /** How many updates were made; set it when restoring a checkpoint. */
  updates: number
  dispose(): Promise<void>
}

/**
 * A value that is ready only when other tensors are. ONNX runs nodes in an order of data, and the parameters are
 * overwritten in place: this holds updates back until nothing reads the old parameters any more. Written as all of the
 * value up to an end that is known only when the others are there: the largest of their sizes and its own.
 */
const afterOp: Op<Record<never, never>> = {
  name: 'after',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const sizes = inputs.map((tensor) => emitter.node('Size', [emitter.name(tensor)]))
    const end = emitter.node('Reshape', [emitter.node('Max', sizes), emitter.integers([1])])
    return emitter.node('Slice', [emitter.name(inputAt(inputs, 0)), emitter.integers([0]), end, emitter.integers([0])])
  },
}

const overwriting = new Set(['add', 'sub', 'mul', 'div', 'where'])

/**
 * Whether a new value may be written over the old one: its node works element by element, and every other reader of
 * the old value is done before it.
 */
function mayOverwrite(
  before: Tensor,
  after: Tensor,
  all: readonly Node[],
  barrier: Node | undefined,
  done: ReadonlySet<Node>,
): boolean {
  if (!overwriting.has(after.node.op.name) || formatShape(before.shape) !== formatShape(after.shape)) return false
  const own = new Set(ancestors([after]))
  // Another shape may lie over the same memory.
  const views = new Set([before])
  for (const { op, inputs, outputs } of all)
    if (op.name === 'reshape' && inputs.some((from) => views.has(from))) for (const view of outputs) views.add(view)
  return all.every(
    (node) =>
      !node.inputs.some((from) => views.has(from)) ||
      own.has(node) ||
      (barrier !== undefined && own.has(barrier) && done.has(node)),
  )
}

interface Pair {
  readonly name: string
  readonly value: TensorValue
  readonly before: Tensor
  readonly after: Tensor
}

/**
 * Compiles one training step. Parameters and optimiser state are read and written where they lie, so a step copies
 * nothing and needs no second set of them.
 *
 * @param lossFn builds the loss (a scalar) and whatever else is to be reported
 * @example
 * const step = await trainStep(({ x, y }, { w }) => mean(square(sub(matmul(x, w), y))), {
 *   inputs: { x: spec(['batch', 3]), y: spec(['batch', 1]) },
 *   parameters: { w: zeros([3, 1]) },
 *   optimizer: adam({ learningRate: 1e-2 }),
 * })
 * const { loss } = await step({ x: [[1, 2, 3]], y: [[1]] })
 */
export async function trainStep<const I extends InputSpecs, P, R extends LossResult>(
  lossFn: (inputs: SymbolicInputs<I>, parameters: Symbolic<P>, context: LossContext) => R,
  options: TrainOptions<I, P>,
): Promise<TrainStep<I, P, R>> {
  const schedules: ((step: number) => number)[] = []
  const scalarsName = 'scalars'
  const raw = input(scalarsName, ['scalars'])
  // While the loss is traced the scalars are read as they are fed; updates read them only when the gradients are done.
  let scalars = raw
  const scalar = (valueAt: (step: number) => number): Tensor => {
    schedules.push(valueAt)
    return reshape(slice(scalars, 0, schedules.length - 1, schedules.length), [])
  }

  let keyCount = 0
  const keysName = 'keys'
  const keys = input(keysName, ['keys', 2], 'uint32')
  const key = (): Tensor => {
    keyCount++
    return reshape(slice(keys, 0, keyCount - 1, keyCount), [2])
  }

  const traced = trace(
    (inputs: SymbolicInputs<I>, parameters: Symbolic<P>) => lossFn(inputs, parameters, { scalar, key }),
    options.inputs,
    options.parameters,
  )
  const result: LossResult = traced.result
  const { loss, ...metrics } = isTensor(result) ? { loss: result } : result
  if (!isTensor(loss) || loss.shape.length > 0 || !isFloat(loss.dtype))
    throw new TypeError(
      `trainStep: the loss is ${isTensor(loss) ? `${loss.dtype} ${formatShape(loss.shape)}` : typeof loss}, expected a scalar of floating type`,
    )

  const prefix = 'parameters/'
  const trained = traced.parameters.filter(
    ({ name, value }) => isFloat(value.dtype) && (options.trainable?.(name.slice(prefix.length)) ?? true),
  )
  if (trained.length === 0 && traced.parameters.length > 0)
    throw new RangeError('trainStep: none of the parameters is trained; leave the parameters empty where that is meant')
  const infos: ParameterInfo[] = trained.map(({ name, value: { shape, dtype } }) => ({
    path: name.slice(prefix.length),
    shape,
    dtype,
  }))
  const tensors = trained.map(({ tensor }) => tensor)
  const found = gradients(loss, tensors)
  const reported = namedOutputs({ loss, ...metrics })

  const awaited = [...found, ...reported.map(({ tensor }) => tensor)]
  scalars = applyOne(afterOp, [raw, ...awaited], {})
  const barrier = scalars

  const initial = options.optimizer.init(infos)
  const stateInputs: Slots<Tensor> = mapSlots(initial, (value, slot, index) =>
    input(`state/${slot}/${infos[index]?.path}`, value.shape, value.dtype),
  )
  const made = options.optimizer.update({ updates: found, parameters: tensors, infos, state: stateInputs, scalar })
  const updated = tensors.map((tensor, index) => add(tensor, inputAt(made.updates, index)))

  const pairs: Pair[] = trained.map(({ name, value, tensor }, index) => ({
    name,
    value,
    before: tensor,
    after: inputAt(updated, index),
  }))
  for (const [slot, values] of Object.entries(initial))
    values.forEach((value, index) => {
      const before = stateInputs[slot]?.[index]
      const after = made.state[slot]?.[index]
      if (value && before && after) pairs.push({ name: `state/${slot}/${infos[index]?.path}`, value, before, after })
    })
  const averages = new Map<TensorValue, TensorValue>()
  if (options.averageDecay !== undefined) {
    const decay = options.averageDecay
    const keep = scalar(() => decay)
    const take = scalar(() => 1 - decay)
    trained.forEach(({ name, value }, index) => {
      const average: TensorValue = { ...value, data: value.data.slice() as TensorValue['data'] }
      averages.set(value, average)
      const before = input(`state/average/${name.slice(prefix.length)}`, value.shape, value.dtype)
      const after = add(mul(before, cast(keep, value.dtype)), mul(inputAt(updated, index), cast(take, value.dtype)))
      pairs.push({ name: `state/average/${name.slice(prefix.length)}`, value: average, before, after })
    })
  }

  const outputs = [...reported, ...pairs.map(({ name, after }) => ({ name: `new/${name}`, tensor: after }))]
  const extra = [
    { name: keysName, type: { dtype: 'uint32' as const, shape: [Math.max(1, keyCount), 2] }, tensor: keys },
    { name: scalarsName, type: { dtype: 'float32' as const, shape: [Math.max(1, schedules.length)] }, tensor: raw },
    ...pairs
      .filter(({ name }) => name.startsWith('state/'))
      .map(({ name, value, before }) => ({ name, type: value, tensor: before })),
  ]
  const emitted = emitTraced({ ...traced, inputs: [...traced.inputs, ...extra] }, outputs, {
    probe: options.debug ?? false,
  })
  const session = await openSession(encodeModel({ ...emitted.graph, stop: stopName }), {
    ...options,
    doubles: emitted.doubles,
  })

  const held = new Map(traced.parameters.map(({ name, value }) => [name, toRuntime(value)]))
  for (const { name, value } of pairs) if (!held.has(name)) held.set(name, toRuntime(value))
  const { nodes, of } = emitted.simplified
  const done = new Set(ancestors(awaited.flatMap((tensor) => of(tensor) ?? [])))
  // While debugging old numbers stay until all new ones are found to be finite.
  const overwritten = new Map(
    pairs.map(({ name, before, after }) => [
      name,
      !options.debug && mayOverwrite(before, of(after) ?? after, nodes, of(barrier)?.node, done),
    ]),
  )
  const fed = [...held].filter(([name]) => session.inputNames.includes(name))
  const into = Object.fromEntries(
    pairs.map(({ name, value }) => {
      const place = overwritten.get(name) ? held.get(name) : undefined
      return [`new/${name}`, place ?? toRuntime(zeros(value.shape, value.dtype))]
    }),
  )
  // What is reported is written to new memory each time, so that earlier numbers stay; sizes must be known for that.
  const reportedPlaces = (): Readonly<Record<string, ReturnType<typeof toRuntime>>> =>
    Object.fromEntries(
      reported.flatMap(({ name, tensor: { shape, dtype } }) => {
        const known = shape.filter((dim) => typeof dim === 'number')
        return known.length === shape.length ? [[name, toRuntime(zeros(known, dtype))] as const] : []
      }),
    )
  const declared = Object.entries(options.inputs).map(([name, type]) => ({ name, type }))

  const run = async (inputs: InputValues<I>): Promise<{ loss: number; metrics: Concrete<Omit<R, 'loss'>> }> => {
    const { values } = matchInputs(declared, inputs)
    const number = step.updates + 1
    const numbers = Float32Array.from(schedules.length === 0 ? [0] : schedules.map((valueAt) => valueAt(number)))
    const words = Uint32Array.from({ length: 2 * Math.max(1, keyCount) })
    for (let index = 0; index < keyCount; index++)
      words.set(randomKey(options.seed ?? 0, number, index).data as Uint32Array, 2 * index)
    const feeds = Object.fromEntries([
      ...fed,
      ...(keyCount === 0
        ? []
        : [[keysName, toRuntime({ dtype: 'uint32', shape: [keyCount, 2], data: words })] as const]),
      [scalarsName, toRuntime({ dtype: 'float32', shape: [numbers.length], data: numbers })],
      ...[...values]
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, value]) => [name, toRuntime(value)] as const),
    ])
    const results = await session.run(feeds, { ...into, ...reportedPlaces() })
    if (options.debug) assertFinite(emitted, results)
    for (const { name, value } of pairs)
      if (!overwritten.get(name)) {
        const fresh = results[`new/${name}`]
        if (fresh) value.data.set(fromRuntime(fresh).data as never)
      }
    step.updates = number
    const read = (name: string): TensorValue => {
      const tensor = results[name]
      if (tensor === undefined) throw new Error(`the result "${name}" was not computed`)
      return fromRuntime(tensor)
    }
    const nameOf = new Map(reported.map(({ name, tensor }) => [tensor, name]))
    return {
      loss: Number(read('result/loss').data[0]),
      metrics: mapTree(metrics, isTensor, (tensor) => read(nameOf.get(tensor) ?? '')) as Concrete<Omit<R, 'loss'>>,
    }
  }
  const step: TrainStep<I, P, R> = Object.assign(run, {
    parameters: options.parameters,
    averaged: (averages.size === 0
      ? options.parameters
      : mapTree(
          options.parameters,
          (leaf): leaf is TensorValue => averages.has(leaf as TensorValue),
          (leaf) => averages.get(leaf),
        )) as P,
    state: Object.fromEntries(
      pairs
        .filter(({ name }) => name.startsWith('state/'))
        .map(({ name, value }) => [name.slice('state/'.length), value]),
    ),
    updates: 0,
    dispose: () => session.dispose(),
  })
  return step
}

function mapSlots(
  slots: Slots<TensorValue>,
  replace: (value: TensorValue, slot: string, index: number) => Tensor,
): Slots<Tensor> {
  return Object.fromEntries(
    Object.entries(slots).map(([slot, values]) => [
      slot,
      values.map((value, index) => value && replace(value, slot, index)),
    ]),
  )
}
