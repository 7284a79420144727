import { zeros } from '../graph/value.ts'
import { add, div, mul } from '../ops/arithmetic.ts'
import { sqrt, square } from '../ops/elementwise.ts'
import { cast } from '../ops/layout.ts'
import { decays, decayWeights, scaleByLearningRate, type WeightDecayOptions } from './basic.ts'
import { asSchedule, type Schedule } from './schedule.ts'
import { type AdamRule, allAlike, chain, entry, type Optimizer, slot, type Transform } from './transform.ts'

export interface AdamOptions {
  /** Default 1e-3. */
  readonly learningRate?: number | Schedule
  /** Decay rates of the averages of gradients and of their squares. Default 0.9 and 0.999. */
  readonly beta1?: number
  readonly beta2?: number
  /** Added to the root of the mean square. Default 1e-8. */
  readonly epsilon?: number
}

/**
 * Updates m̂/(√v̂ + ε) of Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1). The state holds the sums
 * `first` = m/(1 − β₁) and `second` = v/(1 − β₂): the factors and the bias corrections are one scalar, which saves two
 * passes over the parameters a step.
 */
export function scaleByAdam(options: Omit<AdamOptions, 'learningRate'> = {}): Transform {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  for (const [name, beta] of [
    ['beta1', beta1],
    ['beta2', beta2],
  ] as const)
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`adam: ${name} is ${beta}, expected from 0 to below 1`)
  const { factorAt, offsetAt } = adamScalars(beta1, beta2, epsilon)
  return {
    packs: allAlike,
    init: (parameters) => ({
      first: parameters.map(({ shape, dtype }) => zeros(shape, dtype)),
      second: parameters.map(({ shape, dtype }) => zeros(shape, dtype)),
    }),
    update({ updates, state, scalar }) {
      const factor = scalar(factorAt)
      const offset = scalar(offsetAt)
      const first = updates.map((gradient, index) => add(mul(entry(slot(state, 'first'), index), beta1), gradient))
      const second = updates.map((gradient, index) =>
        add(mul(entry(slot(state, 'second'), index), beta2), square(gradient)),
      )
      return {
        updates: updates.map((_, index) => {
          const root = sqrt(entry(second, index))
          return mul(div(entry(first, index), add(root, cast(offset, root.dtype))), cast(factor, root.dtype))
        }),
        state: { first, second },
      }
    },
  }
}

/** The numbers of Adam's step for code that takes it outside of a graph: p ← p − rate (factor m/(√v + offset) + decay p). */
function ruleOf(options: AdamOptions, decayOf: AdamRule['decayOf']): AdamRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  const { factorAt, offsetAt } = adamScalars(beta1, beta2, epsilon)
  const rateAt = asSchedule(options.learningRate ?? 1e-3)
  return { beta1, beta2, factorAt, offsetAt, rateAt, decayOf, first: '0.first', second: '0.second' }
}

function adamScalars(beta1: number, beta2: number, epsilon: number): Pick<AdamRule, 'factorAt' | 'offsetAt'> {
  const rootScale = (step: number): number => Math.sqrt((1 - beta2) / (1 - beta2 ** step))
  return {
    factorAt: (step) => (1 - beta1) / (1 - beta1 ** step) / rootScale(step),
    offsetAt: (step) => epsilon / rootScale(step),
  }
}

/** Adam (Kingma & Ba 2015, arXiv 1412.6980). */
export function adam(options: AdamOptions = {}): Optimizer {
  return {
    ...chain(scaleByAdam(options), scaleByLearningRate(options.learningRate ?? 1e-3)),
    adam: ruleOf(options, () => 0),
  }
}

export interface AdamWOptions extends AdamOptions, WeightDecayOptions {
  /** Default 0.01. */
  readonly weightDecay?: number
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101). */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const decay = options.weightDecay ?? 0.01
  return {
    ...chain(scaleByAdam(options), decayWeights(decay, options), scaleByLearningRate(options.learningRate ?? 1e-3)),
    adam: ruleOf(options, (parameter) => (decays(parameter, options) ? decay : 0)),
  }
}
