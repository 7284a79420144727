import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { constant, evaluate, gradients, sum, type Tensor, value } from '../../tensor/index.ts'
import { distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { references } from '../reference.fixture.ts'
import { cosineNoise, linearNoise, zeroTerminalNoise } from './noise-schedule.ts'
import {
  batchRates,
  type DiffusionProcess,
  denoisingErrors,
  denoisingTarget,
  noised,
  ratesAt,
  recovered,
  recovery,
} from './process.ts'

const schedule = linearNoise()
const processes: readonly (readonly [DiffusionProcess, number])[] = [
  [{ parameterization: 'eps', schedule }, 400],
  [{ parameterization: 'v', schedule }, 400],
  [{ parameterization: 'flow' }, 0.4],
]

describe('noise schedules', () => {
  const known = references('denoiser').schedules as Readonly<Record<string, readonly number[]>>

  it('agree with PyTorch', () => {
    const at = (of: Float64Array): number[] => (known.at ?? []).map((t) => of[t] ?? Number.NaN)
    expect(distance(at(schedule), known.linear ?? [])).toBeLessThan(1e-12)
    expect(distance(at(zeroTerminalNoise(schedule)), known.zeroTerminal ?? [])).toBeLessThan(1e-12)
  })

  it('fall from almost all signal to almost none', () => {
    for (const made of [schedule, cosineNoise(), cosineNoise(50)]) {
      expect(made.every((kept, t) => kept > 0 && kept < (made[t - 1] ?? 1))).toBe(true)
      expect(made[0]).toBeGreaterThan(0.98)
      expect(made.at(-1)).toBeLessThan(1e-4)
    }
    // Half way, f(500)/f(0) with s = 0.008: cos²(0.503968254·π/2)/cos²(0.007936508·π/2) = 0.493844
    expect(cosineNoise()[499]).toBeCloseTo(0.493844, 5)
  })

  it('refuse what is no schedule', () => {
    expect(() => linearNoise(0)).toThrow('steps is 0')
    expect(() => linearNoise(10, 0.5, 0.1)).toThrow('β goes from 0.5 to 0.1')
    expect(() => ratesAt({ parameterization: 'eps', schedule }, 1000)).toThrow('expected a step from 0 to 999, or −1')
    expect(() => ratesAt({ parameterization: 'flow' }, 1.5)).toThrow('expected from 0 to 1')
  })
})

describe('parameterisations', () => {
  it.each(processes)('give clean picture and noise back from the target: $parameterization', async (process, time) => {
    const rates = ratesAt(process, time)
    const plain = await evaluate(
      ({ x, e, signal, noise }) => {
        const state = noised(x, e, { signal, noise })
        const target = denoisingTarget(process.parameterization, x, e, { signal, noise })
        return { state, target, back: recovered(process.parameterization, state, target, { signal, noise }) }
      },
      { x: [0.5, -1, 2], e: [1.5, 0.25, -0.5], signal: rates.signal, noise: rates.noise },
    )
    const back = plain.back as { clean: number[]; noise: number[] }
    expect(distance(back.clean, [0.5, -1, 2])).toBeLessThan(1e-12)
    expect(distance(back.noise, [1.5, 0.25, -0.5])).toBeLessThan(1e-12)
    const factors = recovery(process.parameterization, rates)
    const [state, target] = [plain.state as number[], plain.target as number[]]
    state.forEach((s, at) => {
      expect(factors.clean.state * s + factors.clean.prediction * (target[at] ?? 0)).toBeCloseTo(
        [0.5, -1, 2][at] ?? 0,
        10,
      )
      expect(factors.noise.state * s + factors.noise.prediction * (target[at] ?? 0)).toBeCloseTo(
        [1.5, 0.25, -0.5][at] ?? 0,
        10,
      )
    })
  })

  it('weigh errors against each other: |Δe|² = ᾱ |Δv|², and (1 − t)² |Δv|² for flow', () => {
    const off = (process: DiffusionProcess, time: number): number =>
      recovery(process.parameterization, ratesAt(process, time)).noise.prediction
    expect(off({ parameterization: 'v', schedule }, 400) ** 2).toBeCloseTo(schedule[400] ?? 0, 12)
    expect(off({ parameterization: 'flow' }, 0.4) ** 2).toBeCloseTo(0.36, 12)
  })

  it('have factors in a batch as one by one', async () => {
    for (const [process, time] of processes) {
      const times =
        process.parameterization === 'flow' ? value(Float32Array.of(time, 1)) : value(BigInt64Array.of(400n, 999n))
      const { signal, noise, seen } = ratesAt(process, time)
      const batch = batchRates(process, constant(times), 3)
      expect(batch.signal.shape).toEqual([2, 1, 1])
      const first = async (x: Tensor) => (await numbersOf({}, () => x))[0]
      expect(await first(batch.signal)).toBeCloseTo(signal, 6)
      expect(await first(batch.noise)).toBeCloseTo(noise, 6)
      expect(await first(batch.seen)).toBeCloseTo(seen, 3)
    }
  })
})

describe('denoisingErrors', () => {
  it.each(processes)('are the mean squares over each picture: $parameterization', async (process, time) => {
    const [clean, noise] = [
      normalValue(seeded(1), [2, 3, 2], 1, 'float64'),
      normalValue(seeded(2), [2, 3, 2], 1, 'float64'),
    ]
    const times =
      process.parameterization === 'flow' ? value(Float64Array.of(time, time)) : value(BigInt64Array.of(400n, 400n))
    const run = (predict: (x: Tensor) => Tensor) =>
      numbersOf({}, () => denoisingErrors(predict, constant(clean), constant(noise), constant(times), process))
    const { signal, noise: s } = ratesAt(process, time)
    const expected = [0, 1].map((row) => {
      let total = 0
      for (let at = row * 6; at < row * 6 + 6; at++) {
        const [x, e] = [Number(clean.data[at]), Number(noise.data[at])]
        const target = { eps: e, v: signal * e - s * x, flow: e - x }[process.parameterization]
        total += (signal * x + s * e - target) ** 2 / 6
      }
      return total
    })
    expect(distance(await run((x) => x), expected)).toBeLessThan(1e-7)
  })

  it('let gradients through to the clean picture', async () => {
    // With the state itself as prediction, flow's error is (a x + s e − e + x)²: slope 2 (1 + a)((1 + a) x + (s − 1) e)/n.
    const slope = await evaluate(
      ({ x, e, t }) => gradients(sum(denoisingErrors((state) => state, x, e, t, { parameterization: 'flow' })), x),
      { x: [[1, 2]], e: [[0.5, -1]], t: [0.25] },
    )
    expect(distance((slope as number[][]).flat(), [1.75 * (1.75 - 0.375), 1.75 * (3.5 + 0.75)])).toBeLessThan(1e-7)
  })
})
