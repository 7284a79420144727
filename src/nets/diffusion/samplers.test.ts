import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  compile,
  constant,
  cosineSchedule,
  mean,
  randomNormal,
  randomUniform,
  spec,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { distance } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { linearNoise } from './noise-schedule.ts'
import { type DiffusionProcess, denoisingErrors, ratesAt } from './process.ts'
import { type Denoise, ddimStep, ddimTimes, guided, invertDdim, sampleDdim, sampleEuler } from './samplers.ts'
import { applyVectorDenoiser, initVectorDenoiser } from './vector-denoiser.ts'

const schedule = linearNoise()
const numbers = (x: { readonly data: ArrayLike<unknown> }): number[] => Array.from(x.data, Number)

/** A denoiser that knows the picture: what it predicts is the truth at any state on the way. */
function knowing(picture: ArrayLike<number>, process: DiffusionProcess): Denoise {
  return (state, seen) => {
    const { signal, noise } = ratesAt(process, process.parameterization === 'flow' ? seen / 1000 : seen)
    const predicted = numbers(state).map((x, at) => {
      const clean = picture[at] ?? 0
      const e = (x - signal * clean) / noise
      return { eps: e, v: signal * e - noise * clean, flow: e - clean }[process.parameterization]
    })
    return value(Float32Array.from(predicted), state.shape)
  }
}

/** The best denoiser of standard normal data. */
const ofNormalData: Denoise = (state, seen) =>
  value(
    Float32Array.from(numbers(state), (x) => x * ratesAt({ parameterization: 'eps', schedule }, seen).noise),
    state.shape,
  )

describe('ddim', () => {
  const picture = Array.from(normalValue(seeded(1), [2, 3], 0.5).data, Number)
  const noise = normalValue(seeded(2), [2, 3], 1)

  it.each(['eps', 'v'] as const)(
    'returns the picture under the true noise, in any number of steps: %s',
    async (parameterization) => {
      const process = { parameterization, schedule }
      for (const steps of [1, 2, 20])
        expect(
          distance(numbers(await sampleDdim(knowing(picture, process), noise, process, { steps })), picture),
        ).toBeLessThan(2e-4)
    },
  )

  it('visits rounded equal distances from the last step to the first', () => {
    expect(ddimTimes(1000, 5)).toEqual([999, 749, 500, 250, 0])
    expect(ddimTimes(1000, 1)).toEqual([999])
    expect(() => ddimTimes(10, 11)).toThrow('steps is 11, expected a whole number from 1 to 10')
  })

  it('clips the clean picture and lets the noise follow', () => {
    // ᾱ = 0.36: a = 0.6, s = 0.8. State 2, e = 0.5: x₀ = (2 − 0.4)/0.6 = 2.667, clipped to 1, e = (2 − 0.6)/0.8 = 1.75.
    const process: DiffusionProcess = { parameterization: 'eps', schedule: Float64Array.of(0.64, 0.36) }
    expect(ddimStep(process, [2], [0.5], 1, 0, [-1, 1])[0]).toBeCloseTo(0.8 * 1 + 0.6 * 1.75, 6)
    expect(ddimStep(process, [2], [0.5], 1, 0)[0]).toBeCloseTo((0.8 * 1.6) / 0.6 + 0.6 * 0.5, 6)
    expect(ddimStep(process, [2], [0.5], 1, -1)[0]).toBeCloseTo(1.6 / 0.6, 6)
    expect(() => ddimStep(process, [2, 1], [0.5], 1, 0)).toThrow('the prediction has 1 numbers, the state 2')
  })

  it('comes back from an inversion', async () => {
    const process = { parameterization: 'eps', schedule } as const
    const x = value(Float32Array.from(picture), [2, 3])
    const there = await invertDdim(ofNormalData, x, process, { steps: 200 })
    const back = await sampleDdim(ofNormalData, there, process, { steps: 200 })
    expect(distance(numbers(back), picture)).toBeLessThan(0.03)
    // Normal data are their own noise: the path turns by a quarter, which keeps each number.
    expect(distance(numbers(there), picture)).toBeLessThan(0.05)
  })

  it('keeps the spread of the data with fresh noise, and is repeatable by its seed', async () => {
    const process = { parameterization: 'eps', schedule } as const
    const start = normalValue(seeded(3), [4000], 1)
    const run = async (seed: number) =>
      numbers(await sampleDdim(ofNormalData, start, process, { steps: 400, eta: 1, random: seeded(seed) }))
    const made = await run(4)
    const deviation = Math.sqrt(made.reduce((total, x) => total + x * x, 0) / made.length)
    expect(deviation).toBeGreaterThan(0.96)
    expect(deviation).toBeLessThan(1.04)
    // DDPM forgets where it started; the deterministic sampler does not.
    const overlap = made.reduce((total, x, at) => total + x * Number(start.data[at]), 0) / made.length
    expect(Math.abs(overlap)).toBeLessThan(0.1)
    expect(await run(4)).toEqual(made)
    await expect(sampleDdim(ofNormalData, start, process, { eta: 1 })).rejects.toThrow('eta adds noise')
  })

  it('adds fresh noise of the deviation of equation 16: by hand', async () => {
    // ᾱ from 0.36 to 0.64 adds σ² = 0.36/0.64 · (1 − 0.36/0.64) = 0.2461; the last step divides by 0.8.
    const process = { parameterization: 'eps', schedule: Float64Array.of(0.64, 0.36) } as const
    const zero: Denoise = (state) => value(new Float32Array(state.data.length), state.shape)
    const start = value(new Float32Array(20_000))
    const made = numbers(await sampleDdim(zero, start, process, { steps: 2, eta: 1, random: seeded(6) }))
    const deviation = Math.sqrt(made.reduce((total, x) => total + x * x, 0) / made.length)
    expect(deviation).toBeGreaterThan(0.61)
    expect(deviation).toBeLessThan(0.63)
  })

  it('can be stopped between steps', async () => {
    const seen: number[] = []
    const process = { parameterization: 'eps', schedule } as const
    const stop = (step: number): void => {
      seen.push(step)
      if (step === 2) throw new Error('stopped')
    }
    await expect(sampleDdim(ofNormalData, noise, process, { onStep: stop })).rejects.toThrow('stopped')
    expect(seen).toEqual([0, 1, 2])
  })
})

describe('euler', () => {
  it('returns the picture under the true velocity, in any number of steps', async () => {
    const picture = [0.5, -0.25, 1]
    const noise = normalValue(seeded(5), [1, 3], 1)
    const process: DiffusionProcess = { parameterization: 'flow' }
    for (const steps of [1, 3, 25])
      expect(distance(numbers(await sampleEuler(knowing(picture, process), noise, { steps })), picture)).toBeLessThan(
        1e-5,
      )
    await expect(sampleEuler(knowing(picture, process), noise, { steps: 0 })).rejects.toThrow('steps is 0')
  })

  it('takes steps of x + (t′ − t) v', async () => {
    // v = x: x ← x (1 − 1/4) four times.
    const made = await sampleEuler((state) => state, value(Float32Array.of(1, -2)), { steps: 4 })
    expect(distance(numbers(made), [0.75 ** 4, -2 * 0.75 ** 4])).toBeLessThan(1e-6)
  })
})

describe('guided', () => {
  it('goes beyond the conditional prediction, and asks for it alone at scale 1', async () => {
    let asked = 0
    const conditional: Denoise = (state) => value(Float32Array.of(3, 1), state.shape)
    const unconditional: Denoise = (state) => {
      asked++
      return value(Float32Array.of(1, 2), state.shape)
    }
    const state = value(Float32Array.of(0, 0))
    expect(numbers(await guided(conditional, unconditional, 2)(state, 5))).toEqual([5, 0])
    expect(numbers(await guided(conditional, unconditional, 0)(state, 5))).toEqual([1, 2])
    expect(asked).toBe(2)
    expect(numbers(await guided(conditional, unconditional, 1)(state, 5))).toEqual([3, 1])
    expect(asked).toBe(2)
  })
})

describe('a vector denoiser, trained', () => {
  // Data: four corners (±1, ±1) with deviation 0.1; the word names the corner.
  const corners = [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ] as const

  it.each(['eps', 'v', 'flow'] as const)(
    'puts samples at the corner that is asked for: %s',
    async (parameterization) => {
      const random = seeded(parameterization)
      const process: DiffusionProcess =
        parameterization === 'flow' ? { parameterization } : { parameterization, schedule }
      const parameters = initVectorDenoiser(random, { size: 2, vocabularies: [4], hidden: 64 })
      const batch = 128
      const step = await trainStep(
        ({ x, word, time }, p, { key }) => {
          const uniform = randomUniform(key(), [batch])
          const errors = denoisingErrors(
            (state, seen) => applyVectorDenoiser(p, state, seen, word),
            x,
            randomNormal(key(), [batch, 2]),
            parameterization === 'flow' ? uniform : time,
            process,
          )
          return mean(errors)
        },
        {
          inputs: { x: spec([batch, 2]), word: spec([batch, 1], 'int64'), time: spec([batch], 'int64') },
          parameters,
          optimizer: adam({ learningRate: cosineSchedule(3e-3, 600) }),
          threads: 1,
        },
      )
      const losses: number[] = []
      for (let round = 0; round < 600; round++) {
        const words = Array.from({ length: batch }, () => random.integer(4))
        const x = Float32Array.from(
          words.flatMap((word) => (corners[word] ?? []).map((c) => c + 0.1 * random.normal())),
        )
        const time = BigInt64Array.from({ length: batch }, () => BigInt(random.integer(1000)))
        losses.push((await step({ x, word: value(BigInt64Array.from(words, BigInt), [batch, 1]), time })).loss)
      }
      const late = losses.slice(-100).reduce((total, loss) => total + loss, 0) / 100
      expect(late).toBeLessThan((losses[0] ?? 0) / 3)

      const count = 200
      const words = Array.from({ length: count }, (_, at) => at % 4)
      const predict = await compile(
        ({ x, seen }, p) =>
          applyVectorDenoiser(p, x, seen, constant(value(BigInt64Array.from(words, BigInt), [count, 1]))),
        { inputs: { x: spec([count, 2]), seen: spec([count]) }, parameters: step.parameters, threads: 1 },
      )
      const denoise: Denoise = (x, seen) => predict({ x, seen: new Float32Array(count).fill(seen) })
      const noise = normalValue(random, [count, 2], 1)
      const made = numbers(
        process.parameterization === 'flow'
          ? await sampleEuler(denoise, noise)
          : await sampleDdim(denoise, noise, process as DiffusionProcess & { parameterization: 'eps' | 'v' }),
      )
      const apart = words.map((word, at) => {
        const [x = 0, y = 0] = corners[word] ?? []
        return Math.hypot((made[2 * at] ?? 0) - x, (made[2 * at + 1] ?? 0) - y)
      })
      expect(apart.filter((far) => far < 0.5).length / count).toBeGreaterThan(0.95)
      await Promise.all([step.dispose(), predict.dispose()])
    },
  )
})
