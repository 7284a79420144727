import { type InputSpecs, namedOutputs, type SymbolicInputs, type Traced, trace } from './compile.ts'
import { gradients } from './gradient.ts'
import { formatShape } from './graph/dimension.ts'
import { isFloat } from './graph/dtype.ts'
import { applyOne, input, inputAt, isTensor, type Op, type Tensor, type TensorType } from './graph/tensor.ts'
import type { TensorValue } from './graph/value.ts'
import type { Kernels } from './kernel/kernels.ts'
import { add, mul } from './ops/arithmetic.ts'
import { slice } from './ops/join.ts'
import { cast, reshape } from './ops/layout.ts'
import { randomKey } from './ops/random.ts'
import { packParameters, packTensors, unpackTensor, unpackValue } from './optimizer/pack.ts'
import type { Optimizer, ParameterInfo, Slots } from './optimizer/transform.ts'
import type { Symbolic } from './parameter-tree.ts'

/** What a loss function may use beside inputs and parameters. */
export interface LossContext {
  /** A number that changes from step to step, as a float32 scalar; `valueAt` counts updates from 1. */
  scalar(valueAt: (step: number) => number): Tensor
  /** A key for a random draw (uint32 [2]): another one at each call, and other ones at each step. */
  key(): Tensor
}

/** A loss, or a loss together with other results to report. */
export type LossResult = Tensor | { readonly loss: Tensor; readonly [metric: string]: unknown }

/** Builds a loss from inputs and parameters. */
export type LossFunction<I extends InputSpecs, P, R extends LossResult> = (
  inputs: SymbolicInputs<I>,
  parameters: Symbolic<P>,
  context: LossContext,
) => R

export interface StepOptions<I extends InputSpecs, P> {
  readonly inputs: I
  /** Numbers to train. They are updated where they lie. */
  readonly parameters: P
  readonly optimizer: Optimizer
  /** Which parameters are trained, by path. Default: all of floating type. */
  readonly trainable?: (path: string) => boolean
  /** Seed of the keys for random draws. Default 0. */
  readonly seed?: number
  /** Keep an exponential moving average of the parameters with this decay. Default none. */
  readonly averageDecay?: number
}

/** Numbers that a step replaces by new ones: a parameter, or what is kept beside them. */
export interface Carried {
  /** The input's name: `parameters/…` or `state/…`. */
  readonly name: string
  readonly value: TensorValue
  readonly before: Tensor
  readonly after: Tensor
}

/** The graph of a training step: forward, backward and update. */
export interface StepGraph {
  /** The step's inputs are those of the loss, `keys`, `scalars` and the state. */
  readonly traced: Traced<LossResult>
  readonly loss: Tensor
  /** What is reported beside the loss. */
  readonly metrics: Readonly<Record<string, unknown>>
  /** The tensors of both by name. */
  readonly reported: readonly { readonly name: string; readonly tensor: Tensor }[]
  readonly carried: readonly Carried[]
  /** Where updates wait until nothing reads the old parameters any more, and what they wait for. */
  readonly barrier: Tensor
  readonly awaited: readonly Tensor[]
  /** Averaged parameters, by parameter. */
  readonly averages: ReadonlyMap<TensorValue, TensorValue>
  /** What is kept beside the parameters, by the name of its kind and the parameter's path. */
  readonly state: Readonly<Record<string, TensorValue>>
  /** Whether the step draws random numbers. */
  readonly draws: boolean
  /** What `scalars` and `keys` are at a step, counted from 1. */
  scalarsAt(step: number): Float32Array
  keysAt(step: number): Uint32Array
}

export const scalarsName = 'scalars'
export const keysName = 'keys'
const parameterPrefix = 'parameters/'
const statePrefix = 'state/'

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

/**
 * Traces a loss and adds gradients and updates.
 *
 * @param held the values of `carried` by name where there are some already; otherwise they are made
 * @param kernels prepares the loss, and holds what is made of `carried`
 * @param waits whether updates wait for the gradients, as they must where parameters are overwritten in place
 */
export function stepGraph<I extends InputSpecs, P, R extends LossResult>(
  lossFn: LossFunction<I, P, R>,
  options: StepOptions<I, P>,
  {
    held = new Map(),
    waits = true,
    kernels,
  }: { readonly held?: ReadonlyMap<string, TensorValue>; readonly waits?: boolean; readonly kernels?: Kernels } = {},
): StepGraph {
  const schedules: ((step: number) => number)[] = []
  const raw = input(scalarsName, ['scalars'])
  // While the loss is traced the scalars are read as they are fed; updates read them only when the gradients are done.
  let scalars = raw
  const scalar = (valueAt: (step: number) => number): Tensor => {
    schedules.push(valueAt)
    return reshape(slice(scalars, 0, schedules.length - 1, schedules.length), [])
  }
  let keyCount = 0
  const keys = input(keysName, ['keys', 2], 'uint32')
  const key = (): Tensor => {
    keyCount++
    return reshape(slice(keys, 0, keyCount - 1, keyCount), [2])
  }

  const traced = trace<I, P, LossResult>(
    (inputs, parameters) => lossFn(inputs, parameters, { scalar, key }),
    options.inputs,
    options.parameters,
  )
  const result = kernels?.prepare(traced.result) ?? traced.result
  const { loss, ...metrics } = isTensor(result) ? { loss: result } : result
  if (!isTensor(loss) || loss.shape.length > 0 || !isFloat(loss.dtype))
    throw new TypeError(
      `trainStep: the loss is ${isTensor(loss) ? `${loss.dtype} ${formatShape(loss.shape)}` : typeof loss}, expected a scalar of floating type`,
    )

  const pathOf = (name: string): string => name.slice(parameterPrefix.length)
  const trained = traced.parameters.filter(
    ({ name, value }) => isFloat(value.dtype) && (options.trainable?.(pathOf(name)) ?? true),
  )
  if (trained.length === 0 && traced.parameters.length > 0)
    throw new RangeError('trainStep: none of the parameters is trained; leave the parameters empty where that is meant')
  const infos: ParameterInfo[] = trained.map(({ name, value: { shape, dtype } }) => ({
    path: pathOf(name),
    shape,
    dtype,
  }))
  const tensors = trained.map(({ tensor }) => tensor)
  const found = gradients(loss, tensors)
  const reported = namedOutputs({ loss, ...metrics })
  const awaited = [...found, ...reported.map(({ tensor }) => tensor)]
  if (waits) scalars = applyOne(afterOp, [raw, ...awaited], {})

  const packs = packParameters(options.optimizer, infos)
  const packInfos = packs.map(({ info }) => info)
  const fresh = options.optimizer.init(packInfos)
  const nameOf = (slot: string, index: number): string => `${statePrefix}${slot}/${packInfos[index]?.path}`
  const slots = mapSlots(fresh, (value, slot, index) => {
    const name = nameOf(slot, index)
    return {
      name,
      value: held.get(name) ?? kernels?.place(value) ?? value,
      before: input(name, value.shape, value.dtype),
    }
  })
  const made = options.optimizer.update({
    updates: packs.map((pack) => packTensors(pack, found)),
    parameters: packs.map((pack) => packTensors(pack, tensors)),
    infos: packInfos,
    state: mapSlots(slots, ({ before }) => before),
    scalar,
  })
  const updates = new Map(
    packs.flatMap((pack, index) => {
      const parts = unpackTensor(pack, inputAt(made.updates, index))
      return pack.members.map((member, at) => [member, inputAt(parts, at)] as const)
    }),
  )
  const updated = tensors.map((tensor, index) => {
    const update = updates.get(index)
    return update ? add(tensor, update) : tensor
  })

  const carried: Carried[] = trained.map(({ name, value, tensor }, index) => ({
    name,
    value,
    before: tensor,
    after: inputAt(updated, index),
  }))
  for (const [slot, entries] of Object.entries(slots))
    entries.forEach((entry, index) => {
      const after = made.state[slot]?.[index]
      if (entry && after) carried.push({ ...entry, after })
    })
  const parts = Object.entries(slots).flatMap(([slot, entries]) =>
    packs.flatMap((pack, index) => {
      const entry = entries[index]
      return entry
        ? unpackValue(pack, entry.value).map((value, at) => ({ slot, member: inputAt(pack.members, at), value }))
        : []
    }),
  )
  // In the order of parameters, whichever were packed together.
  const order = Object.keys(slots)
  const state: Record<string, TensorValue> = Object.fromEntries(
    parts
      .sort((a, b) => order.indexOf(a.slot) - order.indexOf(b.slot) || a.member - b.member)
      .map(({ slot, member, value }) => [`${slot}/${inputAt(infos, member).path}`, value]),
  )

  const averages = new Map<TensorValue, TensorValue>()
  if (options.averageDecay !== undefined) {
    const decay = options.averageDecay
    const keep = scalar(() => decay)
    const take = scalar(() => 1 - decay)
    trained.forEach(({ name: parameter, value }, index) => {
      const path = `average/${pathOf(parameter)}`
      const name = `${statePrefix}${path}`
      const average = held.get(name) ?? { ...value, data: value.data.slice() as TensorValue['data'] }
      averages.set(value, average)
      state[path] = average
      const before = input(name, value.shape, value.dtype)
      const after = add(mul(before, cast(keep, value.dtype)), mul(inputAt(updated, index), cast(take, value.dtype)))
      carried.push({ name, value: average, before, after })
    })
  }

  const extra: { readonly name: string; readonly type: TensorType; readonly tensor: Tensor }[] = [
    { name: keysName, type: { dtype: 'uint32', shape: [Math.max(1, keyCount), 2] }, tensor: keys },
    { name: scalarsName, type: { dtype: 'float32', shape: [Math.max(1, schedules.length)] }, tensor: raw },
    ...carried
      .filter(({ name }) => name.startsWith(statePrefix))
      .map(({ name, value, before }) => ({ name, type: value, tensor: before })),
  ]
  return {
    traced: { ...traced, inputs: [...traced.inputs, ...extra] },
    loss,
    metrics,
    reported,
    carried,
    barrier: scalars,
    awaited,
    averages,
    state,
    draws: keyCount > 0,
    scalarsAt: (step) => Float32Array.from(schedules.length === 0 ? [0] : schedules.map((valueAt) => valueAt(step))),
    keysAt(step) {
      const words = new Uint32Array(2 * Math.max(1, keyCount))
      for (let index = 0; index < keyCount; index++)
        words.set(randomKey(options.seed ?? 0, step, index).data as Uint32Array, 2 * index)
      return words
    },
  }
}

function mapSlots<From, To>(slots: Slots<From>, replace: (leaf: From, slot: string, index: number) => To): Slots<To> {
  return Object.fromEntries(
    Object.entries(slots).map(([slot, leaves]) => [
      slot,
      leaves.map((leaf, index) => (leaf === undefined ? undefined : replace(leaf, slot, index))),
    ]),
  )
}
