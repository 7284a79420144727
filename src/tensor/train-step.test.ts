import { describe, expect, it } from 'vitest'
import { adam, adamW, compile, matmul, mean, relu, sgd, spec, square, sub, sum, trainStep, value } from './index.ts'

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

  it('says what a loss must be', async () => {
    const parameters = { w: value(Float32Array.from([1, 2])) }
    const options = { inputs: { x: spec([2]) }, parameters, optimizer: adamW() }
    await expect(trainStep(({ x }, { w }) => sub(x, w), options)).rejects.toThrow(
      'the loss is float32 [2], expected a scalar',
    )
  })
})
