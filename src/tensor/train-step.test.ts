import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  adam,
  adamW,
  chain,
  compile,
  linear,
  matmul,
  mean,
  mul,
  neg,
  relu,
  sgd,
  spec,
  square,
  sub,
  sum,
  type TensorValue,
  type Transform,
  trainStep,
  value,
  zeros,
} from './index.ts'

describe('trainStep', () => {
  it('descends by the gradient: one step of plain descent worked out by hand', async () => {
    // loss = (3w − 6)², dloss/dw = 6(3w − 6): at w = 1 loss 9, gradient −18, w ← 1 + 0.1·18 = 2.8
    const parameters = { w: value(Float32Array.from([1])) }
    const step = await trainStep(({ x }, { w }) => sum(square(sub(matmul(x, w), 6))), {
      inputs: { x: spec([1, 1]) },
      parameters,
      optimizer: sgd({ learningRate: 0.1 }),
    })
    const { loss } = await step({ x: [[3]] })
    expect(loss).toBe(9)
    expect(parameters.w.data[0]).toBeCloseTo(2.8, 6)
    expect(step.updates).toBe(1)
  })

  it('updates in place what the backward pass still reads', async () => {
    // Two layers: the gradient of the first reads the second's weights, which must be the old ones.
    const make = (): { a: ReturnType<typeof value>; b: ReturnType<typeof value> } => ({
      a: value(Float32Array.from([1, 2, 3, 4]), [2, 2]),
      b: value(Float32Array.from([1, -1]), [2, 1]),
    })
    const parameters = make()
    const step = await trainStep(({ x }, { a, b }) => mean(square(matmul(relu(matmul(x, a)), b))), {
      inputs: { x: spec([1, 2]) },
      parameters,
      optimizer: sgd({ learningRate: 0.01 }),
    })
    await step({ x: [[1, 1]] })
    // h = [4, 6], y = −2, loss 4, dy = −4; db = [−16, −24]; dh = dy·b = [−4, 4]; da = [[−4, 4], [−4, 4]]
    expect([...parameters.b.data].map((b) => Number(b).toFixed(4))).toEqual(['1.1600', '-0.7600'])
    expect([...parameters.a.data].map((a) => Number(a).toFixed(4))).toEqual(['1.0400', '1.9600', '3.0400', '3.9600'])
  })

  it('reports metrics, trains only what it is told, and keeps an average', async () => {
    const parameters = { w: value(Float32Array.from([0])), fixed: value(Float32Array.from([2])) }
    const step = await trainStep(({ x }, { w, fixed }) => ({ loss: sum(square(sub(w, x))), twice: sub(fixed, w) }), {
      inputs: { x: spec([1]) },
      parameters,
      optimizer: sgd({ learningRate: 0.25 }),
      trainable: (path) => path === 'w',
      averageDecay: 0.5,
    })
    const { metrics } = await step({ x: [1] })
    expect(metrics.twice.data[0]).toBe(2)
    expect(parameters.w.data[0]).toBe(0.5)
    expect(parameters.fixed.data[0]).toBe(2)
    expect(step.averaged.w.data[0]).toBe(0.25)
    expect(step.averaged.fixed).toBe(parameters.fixed)
  })

  it('shares its parameters with a compiled prediction', async () => {
    const parameters = { w: value(Float32Array.from([1])) }
    const predict = await compile(({ x }, { w }) => matmul(x, w), { inputs: { x: spec([1, 1]) }, parameters })
    const step = await trainStep(({ x }, { w }) => sum(square(matmul(x, w))), {
      inputs: { x: spec([1, 1]) },
      parameters,
      optimizer: adam({ learningRate: 0.5 }),
    })
    await step({ x: [[1]] })
    // Adam's first step is the learning rate against the sign of the gradient.
    expect((await predict({ x: [[1]] })).data[0]).toBeCloseTo(0.5, 5)
  })

  it('ends at the same bits whether numbers are written in place or copied after each step', async () => {
    const random = seeded('in place')
    const normal = (...shape: number[]): TensorValue =>
      value(
        Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal() * 0.3),
        shape,
      )
    const make = (): readonly { readonly w: TensorValue; readonly b: TensorValue }[] => {
      const sizes = [24, 96, 96, 96, 8]
      return sizes.slice(1).map((to, layer) => ({ w: normal(sizes[layer] ?? 0, to), b: normal(to) }))
    }
    const start = make()
    const copy = (): typeof start =>
      start.map(({ w, b }) => ({ w: value(w.data.slice(), w.shape), b: value(b.data.slice(), b.shape) }))
    const x = normal(64, 24)
    const trained = async (debug: boolean): Promise<number[]> => {
      const parameters = copy()
      const step = await trainStep(
        (inputs, layers) => mean(square(layers.reduce((h, { w, b }) => relu(linear(h, w, b)), inputs.x))),
        {
          inputs: { x: spec([64, 24]) },
          parameters,
          // Without clipping nothing but the step itself keeps updates behind the last use of a weight.
          optimizer: chain(sgd({ learningRate: 0.5, momentum: 0.9, weightDecay: 0.01 })),
          threads: 2,
          debug,
        },
      )
      for (let i = 0; i < 8; i++) await step({ x })
      await step.dispose()
      return parameters.flatMap(({ w, b }) => [...Array.from(w.data, Number), ...Array.from(b.data, Number)])
    }
    const [inPlace, copied] = [await trained(false), await trained(true)]
    expect(inPlace.some((number, index) => number !== copied[index])).toBe(false)
    expect(inPlace[0]).not.toBe(Number(start[0]?.w.data[0]))
  })

  it('copies where writing in place would be too early', async () => {
    // The state keeps the parameters as they were before the step.
    const remember: Transform = {
      init: (parameters) => ({ before: parameters.map(({ shape }) => zeros(shape)) }),
      update: ({ updates, parameters }) => ({ updates: updates.map(neg), state: { before: parameters } }),
    }
    const parameters = { w: value(Float32Array.from([5])) }
    const step = await trainStep(({ x }, { w }) => sum(mul(w, x)), {
      inputs: { x: spec([1]) },
      parameters,
      optimizer: remember,
    })
    await step({ x: [2] })
    await step({ x: [3] })
    expect(parameters.w.data[0]).toBe(0)
    expect(step.state['before/w']?.data[0]).toBe(3)
  })

  it('trains a tied weight once', async () => {
    const w = value(Float32Array.from([1]))
    const step = await trainStep(({ x }, { a, b }) => sum(mul(mul(a, b), x)), {
      inputs: { x: spec([1]) },
      parameters: { a: w, b: w },
      optimizer: sgd({ learningRate: 0.25 }),
    })
    await step({ x: [1] })
    // d(w²)/dw = 2
    expect(w.data[0]).toBe(0.5)
  })

  it('says what a loss must be', async () => {
    const parameters = { w: value(Float32Array.from([1, 2])) }
    const options = { inputs: { x: spec([2]) }, parameters, optimizer: adamW() }
    await expect(trainStep(({ x }, { w }) => sub(x, w), options)).rejects.toThrow(
      'the loss is float32 [2], expected a scalar',
    )
  })
})
