import { applyOne, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { zeros } from '../graph/value.ts'
import { add, addAll, div, mul } from '../ops/arithmetic.ts'
import { clip, maximum } from '../ops/compare.ts'
import { sqrt } from '../ops/elementwise.ts'
import { cast } from '../ops/layout.ts'
import { asSchedule, type Schedule } from './schedule.ts'
import {
  allAlike,
  chain,
  entry,
  type Optimizer,
  type ParameterInfo,
  scaleBy,
  slot,
  stateless,
  type Transform,
} from './transform.ts'

/** Updates times −rate, so that adding them descends. */
export function scaleByLearningRate(rate: number | Schedule): Transform {
  const schedule = asSchedule(rate)
  return {
    packs: allAlike,
    init: () => ({}),
    update({ updates, scalar }) {
      const factor = scalar((step) => -schedule(step))
      return { updates: updates.map((update) => scaleBy(update, cast(factor, update.dtype))), state: {} }
    },
  }
}

const sumOfSquaresOp: Op<Record<never, never>> = {
  name: 'sumOfSquares',
  infer: (inputs) => [{ dtype: inputAt(inputs, 0).dtype, shape: [] }],
  emit: ({ inputs }, emitter) => emitter.node('ReduceSumSquare', inputs.map(emitter.name), { keepdims: 0 }),
  vjp: ({ inputs }, [gradient]) => [gradient && mul(mul(inputAt(inputs, 0), 2), gradient)],
}

/** √Σ g² over all elements of all tensors, in float32. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  return sqrt(addAll(tensors.map((tensor) => cast(applyOne(sumOfSquaresOp, [tensor], {}), 'float32'))))
}

/** Scales all updates together so that their joint Euclidean norm is at most `limit`. */
export function clipByGlobalNorm(limit: number): Transform {
  if (!(limit > 0)) throw new RangeError(`clipByGlobalNorm: the limit is ${limit}, expected a positive number`)
  return {
    packs: allAlike,
    init: () => ({}),
    update({ updates }) {
      // max(norm, limit)/limit is 1 below the limit.
      const factor = div(maximum(globalNorm(updates), limit), limit)
      return { updates: updates.map((update) => div(update, cast(factor, update.dtype))), state: {} }
    },
  }
}

/** Keeps every element of the updates within [−limit, limit]. */
export function clipByValue(limit: number): Transform {
  if (!(limit > 0)) throw new RangeError(`clipByValue: the limit is ${limit}, expected a positive number`)
  return stateless((update) => clip(update, -limit, limit), allAlike)
}

export interface WeightDecayOptions {
  /** Which parameters decay. Default: those of rank 2 or more, so neither biases nor norm scales. */
  readonly decays?: (parameter: ParameterInfo) => boolean
}

/** Whether a parameter decays. */
export function decays(parameter: ParameterInfo, options: WeightDecayOptions): boolean {
  return options.decays?.(parameter) ?? parameter.shape.length >= 2
}

/** Adds `decay · parameter` to the updates. */
export function decayWeights(decay: number, options: WeightDecayOptions = {}): Transform {
  const decayed = (info: ParameterInfo): boolean => decay !== 0 && decays(info.parts?.[0] ?? info, options)
  return stateless(
    (update, parameter, info) => (decayed(info) ? add(update, mul(parameter, decay)) : update),
    (info) => (decayed(info) ? 'decays' : ''),
  )
}

export interface MomentumOptions {
  readonly momentum: number
  /** Look ahead (Nesterov). Default false. */
  readonly nesterov?: boolean
}

/** Sums of past updates, `m ← momentum · m + g`; the update is m, or `g + momentum · m` with Nesterov. */
export function accumulateMomentum({ momentum, nesterov = false }: MomentumOptions): Transform {
  return {
    packs: allAlike,
    init: (parameters) => ({ momentum: parameters.map(({ shape, dtype }) => zeros(shape, dtype)) }),
    update({ updates, state }) {
      const sums = updates.map((update, index) => add(mul(entry(slot(state, 'momentum'), index), momentum), update))
      return {
        updates: nesterov ? updates.map((update, index) => add(update, mul(entry(sums, index), momentum))) : sums,
        state: { momentum: sums },
      }
    },
  }
}

export interface SgdOptions extends WeightDecayOptions {
  /** Default 0.01. */
  readonly learningRate?: number | Schedule
  /** Default 0. */
  readonly momentum?: number
  readonly nesterov?: boolean
  /** Added to the gradients as `weightDecay · parameter`. Default 0. */
  readonly weightDecay?: number
}

/** Stochastic gradient descent, with momentum on request. */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options
  return chain(
    ...(weightDecay === 0 ? [] : [decayWeights(weightDecay, options)]),
    ...(momentum === 0 ? [] : [accumulateMomentum({ momentum, nesterov })]),
    scaleByLearningRate(options.learningRate ?? 0.01),
  )
}
