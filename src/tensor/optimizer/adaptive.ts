import type { Tensor } from '../graph/tensor.ts'
import { filled, zeros } from '../graph/value.ts'
import { add, div, mul, sub } from '../ops/arithmetic.ts'
import { sign } from '../ops/compare.ts'
import { sqrt, square } from '../ops/elementwise.ts'
import { decayWeights, scaleByLearningRate, type WeightDecayOptions } from './basic.ts'
import type { Schedule } from './schedule.ts'
import { allAlike, chain, entry, type Optimizer, slot, type Transform } from './transform.ts'

export interface AdagradOptions {
  /** Default 0.01. */
  readonly learningRate?: number | Schedule
  /** What the sums of squares start from. Default 0. */
  readonly initial?: number
  /** Default 1e-10. */
  readonly epsilon?: number
}

/** Adagrad (Duchi, Hazan & Singer 2011): s ← s + g², update g/(√s + ε). */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { initial = 0, epsilon = 1e-10 } = options
  const transform: Transform = {
    packs: allAlike,
    init: (parameters) => ({ squares: parameters.map(({ shape, dtype }) => filled(shape, initial, dtype)) }),
    update({ updates, state }) {
      const squares = updates.map((gradient, index) => add(entry(slot(state, 'squares'), index), square(gradient)))
      return {
        updates: updates.map((gradient, index) => div(gradient, add(sqrt(entry(squares, index)), epsilon))),
        state: { squares },
      }
    },
  }
  return chain(transform, scaleByLearningRate(options.learningRate ?? 0.01))
}

export interface RmspropOptions {
  /** Default 0.01. */
  readonly learningRate?: number | Schedule
  /** Decay of the mean square. Default 0.99. */
  readonly decay?: number
  /** Default 1e-8. */
  readonly epsilon?: number
  /** Default 0: none. */
  readonly momentum?: number
  /** Divide by the standard deviation instead of the root mean square. Default false. */
  readonly centred?: boolean
}

/** RMSprop (Tieleman & Hinton 2012): s ← decay s + (1 − decay) g², update g/(√s + ε), then momentum on request. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { decay = 0.99, epsilon = 1e-8, momentum = 0, centred = false } = options
  const averaged = (before: Tensor, now: Tensor): Tensor => add(mul(before, decay), mul(now, 1 - decay))
  const transform: Transform = {
    packs: allAlike,
    init(parameters) {
      const empty = parameters.map(({ shape, dtype }) => zeros(shape, dtype))
      const copy = (): typeof empty => parameters.map(({ shape, dtype }) => zeros(shape, dtype))
      return {
        squares: empty,
        ...(centred && { means: copy() }),
        ...(momentum > 0 && { momentum: copy() }),
      }
    },
    update({ updates, state }) {
      const squares = updates.map((gradient, index) => averaged(entry(slot(state, 'squares'), index), square(gradient)))
      const means = centred
        ? updates.map((gradient, index) => averaged(entry(slot(state, 'means'), index), gradient))
        : []
      const scaled = updates.map((gradient, index) => {
        const spread = centred ? sub(entry(squares, index), square(entry(means, index))) : entry(squares, index)
        return div(gradient, add(sqrt(spread), epsilon))
      })
      if (momentum === 0) return { updates: scaled, state: { squares, ...(centred && { means }) } }
      const sums = scaled.map((update, index) => add(mul(entry(slot(state, 'momentum'), index), momentum), update))
      return { updates: sums, state: { squares, ...(centred && { means }), momentum: sums } }
    },
  }
  return chain(transform, scaleByLearningRate(options.learningRate ?? 0.01))
}

export interface LionOptions extends WeightDecayOptions {
  /** Default 1e-4. */
  readonly learningRate?: number | Schedule
  /** Default 0.9 and 0.99. */
  readonly beta1?: number
  readonly beta2?: number
  /** Default 0. */
  readonly weightDecay?: number
}

/** Lion (Chen et al. 2023, arXiv 2302.06675, algorithm 2): update sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g. */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99 } = options
  const mixed = (m: Tensor, g: Tensor, beta: number): Tensor => add(mul(m, beta), mul(g, 1 - beta))
  const transform: Transform = {
    packs: allAlike,
    init: (parameters) => ({ momentum: parameters.map(({ shape, dtype }) => zeros(shape, dtype)) }),
    update({ updates, state }) {
      const before = slot(state, 'momentum')
      return {
        updates: updates.map((gradient, index) => sign(mixed(entry(before, index), gradient, beta1))),
        state: { momentum: updates.map((gradient, index) => mixed(entry(before, index), gradient, beta2)) },
      }
    },
  }
  return chain(
    transform,
    decayWeights(options.weightDecay ?? 0, options),
    scaleByLearningRate(options.learningRate ?? 1e-4),
  )
}
