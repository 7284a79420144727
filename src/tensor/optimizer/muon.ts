import type { Tensor } from '../graph/tensor.ts'
import { zeros } from '../graph/value.ts'
import { add, div, mul } from '../ops/arithmetic.ts'
import { maximum } from '../ops/compare.ts'
import { transpose } from '../ops/layout.ts'
import { matmul } from '../ops/matmul.ts'
import { norm } from '../ops/reduce.ts'
import { type AdamWOptions, adamW } from './adam.ts'
import { decayWeights, scaleByLearningRate, type WeightDecayOptions } from './basic.ts'
import type { Schedule } from './schedule.ts'
import { chain, entry, type Optimizer, type ParameterInfo, type Slots, slot, type Transform } from './transform.ts'

/** Coefficients of the quintic iteration (Jordan et al. 2024): largest slope at 0 that keeps singular values near 1. */
const [linear, cubic, quintic] = [3.4445, -4.775, 2.0315]

/**
 * A matrix with the singular vectors of x and singular values near 1: Newton–Schulz iterations
 * `X ← a X + (b A + c A²) X` with A = X Xᵀ, from X/‖X‖.
 *
 * @param x [rows, columns]
 * @param steps default 5
 */
export function orthogonalized(x: Tensor, steps = 5, epsilon = 1e-7): Tensor {
  const [rows, columns] = x.shape
  const tall = typeof rows === 'number' && typeof columns === 'number' && rows > columns
  let current = tall ? transpose(x) : x
  current = div(current, maximum(norm(current), epsilon))
  for (let step = 0; step < steps; step++) {
    const gram = matmul(current, current, { transposeB: true })
    const polynomial = add(mul(gram, cubic), matmul(gram, gram, { scale: quintic }))
    current = add(mul(current, linear), matmul(polynomial, current))
  }
  return tall ? transpose(current) : current
}

export interface MuonOptions extends WeightDecayOptions {
  /** Default 0.02. */
  readonly learningRate?: number | Schedule
  /** Default 0.95. */
  readonly momentum?: number
  /** Default true. */
  readonly nesterov?: boolean
  /** Newton–Schulz iterations. Default 5. */
  readonly steps?: number
  /** Default 0. */
  readonly weightDecay?: number
  /** Which parameters are updated so. Default: matrices. The others are updated by AdamW. */
  readonly orthogonalizes?: (parameter: ParameterInfo) => boolean
  /** For the other parameters. */
  readonly others?: AdamWOptions
}

/**
 * Muon (Jordan et al. 2024): for matrices, momentum `m ← μ m + (1 − μ) g` made orthogonal and scaled by
 * √max(1, rows/columns), rows counted as outputs: for a parameter [in, out] that is out/in; other parameters by AdamW.
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { momentum = 0.95, nesterov = true, steps = 5 } = options
  const chosen = options.orthogonalizes ?? (({ shape }: ParameterInfo) => shape.length === 2)
  const mixed = (m: Tensor, g: Tensor): Tensor => add(mul(m, momentum), mul(g, 1 - momentum))
  const orthogonal: Transform = {
    init: (parameters) => ({ momentum: parameters.map(({ shape, dtype }) => zeros(shape, dtype)) }),
    update({ updates, state, infos }) {
      const moments = updates.map((gradient, index) => mixed(entry(slot(state, 'momentum'), index), gradient))
      return {
        updates: updates.map((gradient, index) => {
          const looked = nesterov ? mixed(entry(moments, index), gradient) : entry(moments, index)
          const [rows = 1, columns = 1] = entry(infos, index).shape
          return mul(orthogonalized(looked, steps), Math.sqrt(Math.max(1, columns / rows)))
        }),
        state: { momentum: moments },
      }
    },
  }
  const matrices = chain(
    orthogonal,
    decayWeights(options.weightDecay ?? 0, options),
    scaleByLearningRate(options.learningRate ?? 0.02),
  )
  return partition(chosen, matrices, adamW(options.others))
}

/** One transform for the parameters of a kind, another for the rest. */
export function partition(
  chosen: (parameter: ParameterInfo) => boolean,
  forChosen: Transform,
  forOthers: Transform,
): Transform {
  const parts = [
    { key: 'chosen', transform: forChosen, takes: chosen },
    { key: 'others', transform: forOthers, takes: (info: ParameterInfo) => !chosen(info) },
  ]
  const indicesOf = (infos: readonly ParameterInfo[], takes: (info: ParameterInfo) => boolean): readonly number[] =>
    infos.flatMap((info, index) => (takes(info) ? [index] : []))
  const spread = <T>(
    values: readonly (T | undefined)[],
    indices: readonly number[],
    count: number,
  ): (T | undefined)[] => {
    const whole: (T | undefined)[] = Array.from({ length: count }, () => undefined)
    indices.forEach((index, at) => {
      whole[index] = values[at]
    })
    return whole
  }
  return {
    init: (infos) =>
      Object.fromEntries(
        parts.flatMap(({ key, transform, takes }) => {
          const indices = indicesOf(infos, takes)
          const made = transform.init(indices.map((index) => entry(infos, index)))
          return Object.entries(made).map(([name, values]) => [`${key}.${name}`, spread(values, indices, infos.length)])
        }),
      ),
    update(context) {
      const updates: Tensor[] = [...context.updates]
      const state: Record<string, readonly (Tensor | undefined)[]> = {}
      for (const { key, transform, takes } of parts) {
        const indices = indicesOf(context.infos, takes)
        if (indices.length === 0) continue
        const pick = <T>(values: readonly (T | undefined)[]): T[] => indices.map((index) => entry(values, index))
        const own: Slots<Tensor> = Object.fromEntries(
          Object.entries(context.state)
            .filter(([name]) => name.startsWith(`${key}.`))
            .map(([name, values]) => [name.slice(key.length + 1), indices.map((index) => values[index])]),
        )
        const made = transform.update({
          ...context,
          updates: pick(context.updates),
          parameters: pick(context.parameters),
          infos: pick(context.infos),
          state: own,
        })
        indices.forEach((index, at) => {
          updates[index] = entry(made.updates, at)
        })
        for (const [name, values] of Object.entries(made.state))
          state[`${key}.${name}`] = spread(values, indices, context.infos.length)
      }
      return { updates, state }
    },
  }
}
