import type { DType } from '../graph/dtype.ts'
import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import type { TensorValue } from '../graph/value.ts'
import { mul } from '../ops/arithmetic.ts'
import { broadcastShapes, sumTo } from '../ops/layout.ts'

/** A trained parameter, as optimisers see it. */
export interface ParameterInfo {
  /** Its path in the parameter tree, such as `layers.0.weight`. */
  readonly path: string
  readonly shape: readonly number[]
  readonly dtype: DType
  /** Where several parameters are updated as one vector (see `Transform.packs`): those it consists of. */
  readonly parts?: readonly ParameterInfo[]
}

/** One list per kind of state (`momentum`, …), with one entry per parameter, or undefined where it needs none. */
export type Slots<Leaf> = Readonly<Record<string, readonly (Leaf | undefined)[]>>

/** What an update is computed from; all lists are in the order of the parameters. */
export interface UpdateContext {
  /** Gradients, or what earlier transforms of a chain made of them. */
  readonly updates: readonly Tensor[]
  readonly parameters: readonly Tensor[]
  readonly infos: readonly ParameterInfo[]
  readonly state: Slots<Tensor>
  /**
   * A number that changes from step to step, computed outside the graph, as a float32 scalar.
   *
   * @param valueAt from the number of the update, counted from 1
   */
  scalar(valueAt: (step: number) => number): Tensor
}

/** New updates and state. */
export interface Update {
  readonly updates: readonly Tensor[]
  readonly state: Slots<Tensor>
}

/**
 * A step from gradients to updates, which are added to the parameters. Optimisers are chains of them. The whole becomes
 * part of the compiled training step.
 */
export interface Transform {
  /** State before the first step. */
  init(parameters: readonly ParameterInfo[]): Slots<TensorValue>
  update(context: UpdateContext): Update
  /**
   * Told by a transform to which it makes no difference whether elements belong to one parameter or another: a key, for
   * those it treats alike. Small parameters of one key are laid end to end and updated as one vector, and their state is
   * a vector alike. Absent: every parameter is updated by itself.
   */
  packs?(parameter: ParameterInfo): string
  /** Of Adam, with or without decay, and of nothing that does more: its numbers, for code that takes its steps itself. */
  readonly adam?: AdamRule
}

/**
 * Adam's step for every number p of a parameter, by its gradient g:
 *
 *     m ← β₁ m + g,   v ← β₂ v + g²,   p ← p − rate (factor m/(√v + offset) + decay p)
 */
export interface AdamRule {
  readonly beta1: number
  readonly beta2: number
  /** By the number of the update, from 1. */
  factorAt(step: number): number
  offsetAt(step: number): number
  rateAt(step: number): number
  decayOf(parameter: ParameterInfo): number
  /** Names of the kinds of state that m and v are. */
  readonly first: string
  readonly second: string
}

/** An optimiser is a transform whose updates already descend. */
export type Optimizer = Transform

/**
 * Transforms one after another, each on the updates of the one before.
 *
 * @example chain(clipByGlobalNorm(1), adamW({ learningRate: 1e-3 }))
 */
export function chain(...transforms: readonly Transform[]): Transform {
  const keyed = (index: number, slot: string): string => `${index}.${slot}`
  const packing = transforms.flatMap((transform) => transform.packs?.bind(transform) ?? [])
  return {
    ...(packing.length === transforms.length && {
      packs: (parameter: ParameterInfo) => packing.map((packs) => packs(parameter)).join(' '),
    }),
    init: (parameters) =>
      Object.fromEntries(
        transforms.flatMap((transform, index) =>
          Object.entries(transform.init(parameters)).map(([slot, values]) => [keyed(index, slot), values]),
        ),
      ),
    update(context) {
      let { updates } = context
      const state: Record<string, readonly (Tensor | undefined)[]> = {}
      transforms.forEach((transform, index) => {
        const prefix = keyed(index, '')
        const own = Object.entries(context.state)
          .filter(([slot]) => slot.startsWith(prefix))
          .map(([slot, values]) => [slot.slice(prefix.length), values] as const)
        const made = transform.update({ ...context, updates, state: Object.fromEntries(own) })
        updates = made.updates
        for (const [slot, values] of Object.entries(made.state)) state[keyed(index, slot)] = values
      })
      return { updates, state }
    },
  }
}

/**
 * A transform without state that treats each update by itself.
 *
 * @param packs see `Transform.packs`
 */
export function stateless(
  each: (update: Tensor, parameter: Tensor, info: ParameterInfo, context: UpdateContext) => Tensor,
  packs?: (parameter: ParameterInfo) => string,
): Transform {
  return {
    ...(packs && { packs }),
    init: () => ({}),
    update(context) {
      const { updates, parameters, infos } = context
      return {
        updates: updates.map((update, index) => each(update, entry(parameters, index), entry(infos, index), context)),
        state: {},
      }
    },
  }
}

/** The key of a transform that treats all parameters alike (see `Transform.packs`). */
export function allAlike(): string {
  return ''
}

/** The entry of a list at the place of a parameter. */
export function entry<T>(list: readonly (T | undefined)[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new RangeError(`no entry for parameter ${index} of ${list.length}`)
  return found
}

/** The list of one slot. */
export function slot<T>(slots: Slots<T>, name: string): readonly (T | undefined)[] {
  const found = slots[name]
  if (found === undefined)
    throw new RangeError(`optimiser state has no "${name}"; it has ${Object.keys(slots).join(', ') || 'nothing'}`)
  return found
}

const scaleOp: Op<Record<never, never>> = {
  name: 'mul',
  infer: (inputs) => {
    const [x, factor] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return [{ dtype: x.dtype, shape: broadcastShapes('mul', x.shape, factor.shape) }]
  },
  emit: ({ inputs }, emitter) => emitter.node('Mul', inputs.map(emitter.name)),
  vjp({ inputs }, [gradient]) {
    const [x, factor] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    return gradient === undefined ? [] : [sumTo(mul(gradient, factor), x.shape), sumTo(mul(gradient, x), factor.shape)]
  },
  simplify({ inputs: [update, factor] }) {
    const [x, inner] = update?.node.inputs ?? []
    if (update?.node.op.name !== 'mul' || !x || !inner || !factor) return undefined
    return inner.shape.length === 0 && x.shape.length > 0 ? mul(x, mul(inner, factor)) : undefined
  },
}

/** An update times a scalar; two scalar factors are multiplied with each other first, so that one pass remains. */
export function scaleBy(update: Tensor, factor: Tensor): Tensor {
  return applyOne(scaleOp, [update, factor], {})
}
