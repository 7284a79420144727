import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  adam,
  add,
  compile,
  constant,
  evaluate,
  mean,
  mul,
  spec,
  square,
  sub,
  type Tensor,
  trainStep,
  value,
} from '../tensor/index.ts'
import { checkNet, distance, numbersOf } from './checks.fixture.ts'
import { applyMixture, initMixture, loadBalancingLoss, type MixtureOptions } from './mixture-of-experts.ts'
import { normalValue } from './parameters.ts'

const random = seeded('mixture')
const parameters = initMixture(random, { width: 3, experts: 4, hidden: 5, outputs: 2 }, 'float64')
const x = normalValue(random, [6, 3], 1, 'float64')
const run = (options: MixtureOptions, rows = x): Promise<number[]> =>
  numbersOf(parameters, (p) => applyMixture(p, constant(rows), options).output)

/** Row by row and expert by expert in plain arithmetic. */
function plainly(top: number, renormalize: boolean): number[] {
  const at = (data: ArrayLike<unknown>, index: number): number => Number(data[index])
  return Array.from({ length: 6 }, (_, row) => {
    const input = [0, 1, 2].map((i) => at(x.data, row * 3 + i))
    const dotted = (data: ArrayLike<unknown>, from: number, by: readonly number[]): number =>
      by.reduce((total, number, i) => total + number * at(data, from + i), 0)
    const scores = [0, 1, 2, 3].map((e) => dotted(parameters.router.weight.data, e * 3, input))
    const norm = scores.reduce((total, score) => total + Math.exp(score), 0)
    const chances = scores.map((score) => Math.exp(score) / norm)
    const chosen = [0, 1, 2, 3].sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0)).slice(0, top)
    const total = renormalize ? chosen.reduce((sum, e) => sum + (chances[e] ?? 0), 0) : 1
    return [0, 1].map((out) =>
      chosen.reduce((sum, e) => {
        const hidden = [0, 1, 2, 3, 4].map((h) =>
          Math.max(
            0,
            dotted(parameters.up.weight.data, (e * 5 + h) * 3, input) + at(parameters.up.bias.data, e * 5 + h),
          ),
        )
        const made =
          dotted(parameters.down.weight.data, (e * 2 + out) * 5, hidden) + at(parameters.down.bias.data, e * 2 + out)
        return sum + ((chances[e] ?? 0) / total) * made
      }, 0),
    )
  }).flat()
}

describe('applyMixture', () => {
  it('is the weighted sum of the chosen experts, as in plain arithmetic', async () => {
    expect(distance(await run({}), plainly(4, false))).toBeLessThan(1e-12)
    expect(distance(await run({ top: 2 }), plainly(2, false))).toBeLessThan(1e-12)
    expect(distance(await run({ top: 2, renormalize: true }), plainly(2, true))).toBeLessThan(1e-12)
    expect(distance(await run({ top: 1, renormalize: true }), plainly(1, true))).toBeLessThan(1e-12)
  })

  it('is the dense mixture when all experts are chosen', async () => {
    expect(distance(await run({ top: 4 }), await run({}))).toBeLessThan(1e-12)
    expect(distance(await run({ top: 4, renormalize: true }), await run({}))).toBeLessThan(1e-12)
  })

  it('is the same with a capacity that suffices, and drops rows beyond one that does not', async () => {
    expect(distance(await run({ top: 2, capacity: 6 }), await run({ top: 2 }))).toBeLessThan(1e-12)
    const same = value(
      Float64Array.from({ length: 18 }, (_, at) => Number(x.data[at % 3])),
      [6, 3],
    )
    const full = await run({ top: 1 }, same)
    const bounded = await run({ top: 1, capacity: 4 }, same)
    expect(distance(bounded.slice(0, 8), full.slice(0, 8))).toBeLessThan(1e-12)
    expect(bounded.slice(8)).toEqual([0, 0, 0, 0])
  })

  it('keeps leading axes', async () => {
    const cube = value(x.data, [2, 3, 3])
    expect(await run({ top: 2 }, cube)).toEqual(await run({ top: 2 }))
  })

  it('has the gradients that finite differences give', async () => {
    for (const options of [{}, { top: 2 }, { top: 2, renormalize: true, capacity: 4 }] as const) {
      const { error } = await checkNet(
        parameters,
        (p, inputs) => applyMixture(p, inputs.x as Tensor, { ...options, activation: 'silu' }).output,
        { x },
      )
      expect(error).toBeLessThan(1e-6)
    }
  })

  it('says what does not fit', async () => {
    await expect(run({ top: 5 })).rejects.toThrow('top is 5, expected a whole number from 1 to 4')
    await expect(run({ capacity: 2 })).rejects.toThrow('needs `top`')
    await expect(run({ top: 1, capacity: 7 })).rejects.toThrow('capacity is 7, expected a whole number from 1 to 6')
    await expect(run({}, value(new Float64Array(4), [2, 2]))).rejects.toThrow('x is [2, 2], expected [·, 3]')
  })
})

describe('loadBalancingLoss', () => {
  it('is 1 for even choices and probabilities, and the number of experts for one expert alone', async () => {
    const even = await evaluate(loadBalancingLoss, {
      gates: [
        [0.25, 0, 0, 0],
        [0, 0.25, 0, 0],
        [0, 0, 0.25, 0],
        [0, 0, 0, 0.25],
      ],
      probabilities: Array.from({ length: 4 }, () => [0.25, 0.25, 0.25, 0.25]),
    })
    expect(even).toBeCloseTo(1, 12)
    const alone = await evaluate(loadBalancingLoss, {
      gates: [
        [1, 0],
        [1, 0],
      ],
      probabilities: [
        [1, 0],
        [1, 0],
      ],
    })
    expect(alone).toBeCloseTo(2, 12)
    // Two of three chosen a row: shares ½·(1, ½, ½); mean probabilities (0.5, 0.3, 0.2): 3·(0.25 + 0.075 + 0.05)·…
    const mixed = await evaluate(loadBalancingLoss, {
      gates: [
        [0.6, 0.3, 0],
        [0.4, 0, 0.3],
      ],
      probabilities: [
        [0.6, 0.3, 0.1],
        [0.4, 0.3, 0.3],
      ],
    })
    expect(mixed).toBeCloseTo(3 * (0.5 * 0.5 + 0.25 * 0.3 + 0.25 * 0.2), 12)
  })

  it('spreads rows in training where without it they crowd', async () => {
    const crowd = async (weight: number): Promise<number> => {
      const net = initMixture(seeded(3), { width: 4, experts: 4, hidden: 8 })
      // All rows near one point: without help one expert takes all.
      const rows = Float32Array.from({ length: 64 * 4 }, () => 1 + 0.3 * random.normal())
      const step = await trainStep(
        ({ x: batch }, p) => {
          const made = applyMixture(p, batch, { top: 1 })
          const error = mean(square(sub(made.output, batch)))
          return { loss: add(error, mul(loadBalancingLoss(made), weight)), gates: made.gates }
        },
        { inputs: { x: spec([64, 4]) }, parameters: net, optimizer: adam({ learningRate: 0.02 }), threads: 1 },
      )
      let most = 64
      for (let round = 0; round < 150; round++) {
        const { metrics } = await step({ x: rows })
        const counts = [0, 1, 2, 3].map((e) =>
          Array.from({ length: 64 }, (_, row) => Number(Number(metrics.gates.data[row * 4 + e]) > 0)),
        )
        most = Math.max(...counts.map((count) => count.reduce((sum, n) => sum + n, 0)))
      }
      await step.dispose()
      return most
    }
    expect(await crowd(0)).toBeGreaterThan(40)
    expect(await crowd(0.5)).toBeLessThan(32)
  })

  it('compiles for any number of rows', async () => {
    const net = await compile(({ rows }, p) => applyMixture(p, rows, { top: 2 }).output, {
      inputs: { rows: spec(['batch', 3], 'float64') },
      parameters,
    })
    expect(distance((await net({ rows: x })).data as Float64Array, await run({ top: 2 }))).toBeLessThan(1e-12)
    await net.dispose()
  })
})
