import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  add,
  compile,
  constant,
  mean,
  mul,
  randomNormal,
  spec,
  square,
  sub,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase, shaken } from '../reference.fixture.ts'
import { applyUnet, initUnet, type UnetConfig, type UnetParameters } from './unet.ts'

const config: UnetConfig = {
  channels: 2,
  widths: [2, 4],
  groups: 2,
  heads: 2,
  contextWidth: 3,
  timeWidth: 6,
  frequencies: 4,
}

describe('unet', () => {
  it('agrees with PyTorch', async () => {
    const apart = await distanceFrom(referenceCase<UnetParameters>('denoiser', 'unet'), (p, { x, seen, context }) =>
      applyUnet(p, x as Tensor, seen as Tensor, config, { context: context as Tensor }),
    )
    expect(apart.result).toBeLessThan(1e-5)
    expect(apart.gradients).toBeLessThan(1e-3)
  })

  it('has the gradients that finite differences give', async () => {
    const small: UnetConfig = { channels: 1, widths: [2, 2], groups: 1, heads: 1, timeWidth: 2, frequencies: 2 }
    const random = seeded(1)
    const parameters = shaken(initUnet(random, small, 'float64'))
    const { error } = await checkNet(parameters, (p, { x, seen }) => applyUnet(p, x as Tensor, seen as Tensor, small), {
      x: normalValue(random, [1, 1, 2, 2], 1, 'float64'),
      seen: value(Float64Array.of(3)),
    })
    expect(error).toBeLessThan(1e-5)
  })

  it('starts as the zero function, at three resolutions and several blocks as well', async () => {
    for (const variant of [config, { ...config, widths: [2, 4, 4], blocks: 2, contextWidth: 0 }]) {
      const out = await numbersOf(initUnet(seeded(2), variant), (p) =>
        applyUnet(p, constant(normalValue(seeded(3), [1, 2, 8, 4], 1)), constant(value(Float32Array.of(9))), variant, {
          context: constant(normalValue(seeded(4), [1, 2, 3], 1)),
        }),
      )
      expect(out).toEqual(new Array(64).fill(0))
    }
  })

  it('learns to take a known pattern out of noise', async () => {
    const small: UnetConfig = { channels: 1, widths: [8, 8], groups: 4, heads: 2 }
    const pattern = normalValue(seeded(5), [1, 1, 4, 4], 1)
    const step = await trainStep(
      ({ x }, p, { key }) => {
        const noise = randomNormal(key(), [8, 1, 4, 4])
        const state = mul(add(x, noise), Math.SQRT1_2)
        return mean(square(sub(applyUnet(p, state, constant(value(new Float32Array(8).fill(500))), small), noise)))
      },
      {
        inputs: { x: spec([1, 1, 4, 4]) },
        parameters: initUnet(seeded(6), small),
        optimizer: adam({ learningRate: 3e-3 }),
        threads: 1,
      },
    )
    const losses: number[] = []
    for (let round = 0; round < 120; round++) losses.push((await step({ x: pattern })).loss)
    await step.dispose()
    expect(losses[0]).toBeCloseTo(1, 0)
    expect(losses.slice(-10).reduce((total, loss) => total + loss, 0) / 10).toBeLessThan(0.1)
  })

  it('says what does not fit', async () => {
    expect(() => initUnet(seeded(1), { ...config, widths: [4, 7] })).toThrow(
      'widths are [4, 7], expected at least one, all multiples of 2',
    )
    const parameters = initUnet(seeded(1), config)
    const build = (size: number) =>
      compile(({ x, seen }, p) => applyUnet(p, x, seen, config), {
        inputs: { x: spec([1, 2, size, size]), seen: spec([1]) },
        parameters,
      })
    await expect(build(5)).rejects.toThrow('pictures are [1, 2, 5, 5], expected sizes that divide by 2')
    await expect(build(4)).rejects.toThrow('it reads a context, and gets none')
  })
})
