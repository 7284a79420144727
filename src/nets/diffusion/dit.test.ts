import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  add,
  compile,
  constant,
  mean,
  mul,
  parameterCount,
  randomNormal,
  spec,
  square,
  sub,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, distance, numbersOf, whole } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase, shaken } from '../reference.fixture.ts'
import { applyDit, type DitConfig, type DitParameters, initDit, patchify, unpatchify } from './dit.ts'
import { sinusoidal } from './time-embedding.ts'
import { applyVectorDenoiser, initVectorDenoiser, type VectorDenoiserParameters } from './vector-denoiser.ts'

const config: DitConfig = {
  channels: 2,
  size: [4, 6],
  patch: 2,
  width: 8,
  layers: 2,
  heads: 2,
  hidden: 12,
  vocabulary: 5,
  frequencies: 4,
}

describe('dit', () => {
  it('agrees with PyTorch, where a convolution cuts the patches', async () => {
    const apart = await distanceFrom(referenceCase<DitParameters>('denoiser', 'dit'), (p, { x, seen, caption }) =>
      applyDit(p, x as Tensor, seen as Tensor, config, { caption: caption as Tensor }),
    )
    expect(apart.result).toBeLessThan(1e-5)
    expect(apart.gradients).toBeLessThan(1e-4)
  })

  it('has the gradients that finite differences give, with and without captions', async () => {
    for (const vocabulary of [0, 3]) {
      const small = { ...config, size: [2, 2] as const, width: 4, layers: 1, hidden: 4, vocabulary }
      const fresh = initDit(seeded(1), small, 'float64')
      const { error } = await checkNet(
        shaken(fresh),
        (p, { x, seen, caption }) => applyDit(p, x as Tensor, seen as Tensor, small, { caption: caption as Tensor }),
        {
          x: normalValue(seeded(2), [2, 2, 2, 2], 1, 'float64'),
          seen: value(Float64Array.of(3, 800)),
          caption: whole([
            [0, 1],
            [2, 2],
          ]),
        },
      )
      expect(error).toBeLessThan(1e-5)
    }
  })

  it('starts as the zero function', async () => {
    const out = await numbersOf(initDit(seeded(3), config), (p) =>
      applyDit(p, constant(normalValue(seeded(4), [1, 2, 4, 6], 1)), constant(value(Float32Array.of(5))), config, {
        caption: constant(whole([[1, 2, 3]])),
      }),
    )
    expect(out).toEqual(new Array(48).fill(0))
  })

  it('has the size the tiny worlds are planned with', () => {
    const t1 = { channels: 3, size: [16, 16], layers: 4, heads: 4, vocabulary: 23 } as const
    expect(parameterCount(initDit(seeded(1), { ...t1, patch: 2, width: 96 }))).toBeLessThan(1e6)
    expect(parameterCount(initDit(seeded(1), { ...t1, patch: 4, width: 128 }))).toBeLessThan(3e6)
  })

  it('cuts pictures into patches row by row, and puts them together again', async () => {
    const pictures = value(
      Float64Array.from({ length: 2 * 2 * 4 * 6 }, (_, at) => at),
      [2, 2, 4, 6],
    )
    const patches = await numbersOf({}, () => patchify(constant(pictures), 2))
    expect(patches.slice(0, 16)).toEqual([0, 1, 6, 7, 24, 25, 30, 31, 2, 3, 8, 9, 26, 27, 32, 33])
    expect(await numbersOf({}, () => unpatchify(patchify(constant(pictures), 2), 2, [4, 6], 2))).toEqual(
      Array.from(pictures.data, Number),
    )
  })

  it('learns to take a known pattern out of noise', async () => {
    // Two patterns named by the caption; predicting the noise needs the pattern. The zero function has a loss of 1.
    const small: DitConfig = {
      channels: 1,
      size: [4, 4],
      patch: 2,
      width: 16,
      layers: 2,
      heads: 2,
      vocabulary: 2,
      frequencies: 16,
    }
    const patterns = normalValue(seeded(5), [2, 1, 4, 4], 1)
    const both = Float32Array.from({ length: 32 * 16 }, (_, at) => Number(patterns.data[at % 32]))
    const caption = value(
      BigInt64Array.from({ length: 32 }, (_, at) => BigInt(at % 2)),
      [32, 1],
    )
    const step = await trainStep(
      ({ x, caption: words }, p, { key }) => {
        const noise = randomNormal(key(), [32, 1, 4, 4])
        const seen = constant(value(new Float32Array(32).fill(500)))
        const state = mean2(x, noise)
        return mean(square(sub(applyDit(p, state, seen, small, { caption: words }), noise)))
      },
      {
        inputs: { x: spec([32, 1, 4, 4]), caption: spec([32, 1], 'int64') },
        parameters: initDit(seeded(6), small),
        optimizer: adam({ learningRate: 3e-3 }),
        threads: 1,
      },
    )
    const losses: number[] = []
    for (let round = 0; round < 150; round++) losses.push((await step({ x: both, caption })).loss)
    await step.dispose()
    expect(losses[0]).toBeCloseTo(1, 0)
    expect(losses.slice(-10).reduce((total, loss) => total + loss, 0) / 10).toBeLessThan(0.1)
  })

  it('says what does not fit', async () => {
    expect(() => initDit(seeded(1), { ...config, patch: 4 })).toThrow('4 × 6 do not divide into patches of 4 × 4')
    expect(() => initDit(seeded(1), { ...config, heads: 3 })).toThrow('width 8 must divide by 4 and by its 3 heads')
    const parameters = initDit(seeded(1), config)
    await expect(
      compile(({ x, seen }, p) => applyDit(p, x, seen, config), {
        inputs: { x: spec([1, 2, 4, 6]), seen: spec([1]) },
        parameters,
      }),
    ).rejects.toThrow('dit: it reads captions, and gets none')
  })
})

describe('sinusoidal', () => {
  it('has cosines and then sines at falling frequencies', async () => {
    const made = await numbersOf({}, () => sinusoidal(constant(value(Float64Array.of(2))), 4, 100))
    expect(distance(made, [Math.cos(2), Math.cos(0.2), Math.sin(2), Math.sin(0.2)])).toBeLessThan(1e-12)
    expect(() => sinusoidal(constant(value(Float64Array.of(2))), 3)).toThrow('the width is 3')
  })
})

describe('vectorDenoiser', () => {
  it('agrees with PyTorch', async () => {
    const known = referenceCase<VectorDenoiserParameters>('denoiser', 'vector')
    const apart = await distanceFrom(known, (p, { x, seen, condition }) =>
      applyVectorDenoiser(p, x as Tensor, seen as Tensor, condition),
    )
    expect(apart.result).toBeLessThan(1e-7)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the 43 560 parameters of the small world', () => {
    expect(parameterCount(initVectorDenoiser(seeded(1), { size: 8, vocabularies: [5, 5] }))).toBe(43_560)
  })

  it('has the gradients that finite differences give', async () => {
    const parameters = initVectorDenoiser(
      seeded(2),
      { size: 2, vocabularies: [2], wordWidth: 2, hidden: 4, frequencies: 2 },
      'float64',
    )
    const { error } = await checkNet(
      parameters,
      (p, { x, seen, words }) => applyVectorDenoiser(p, x as Tensor, seen as Tensor, words),
      {
        x: normalValue(seeded(3), [2, 2], 1, 'float64'),
        seen: value(Float64Array.of(1, 40)),
        words: whole([[0], [1]]),
      },
    )
    expect(error).toBeLessThan(1e-6)
  })

  it('asks for the words it reads', () => {
    const p = initVectorDenoiser(seeded(2), { size: 2, vocabularies: [2] })
    return expect(
      compile(({ x, seen }, q) => applyVectorDenoiser(q, x, seen), {
        inputs: { x: spec([1, 2]), seen: spec([1]) },
        parameters: p,
      }),
    ).rejects.toThrow('it reads 1 words, and gets none')
  })
})

function mean2(a: Tensor, b: Tensor): Tensor {
  return mul(add(a, b), Math.SQRT1_2)
}
