import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  accumulateGradients,
  adagrad,
  adamW,
  linear,
  lion,
  mean,
  type Optimizer,
  relu,
  rmsprop,
  sgd,
  spec,
  square,
  type TensorValue,
  trainStep,
  value,
} from '../index.ts'
import { packParameters } from './pack.ts'

const optimizers: Readonly<Record<string, Optimizer>> = {
  adamW: adamW({ learningRate: 0.05, weightDecay: 0.3 }),
  sgd: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.2 }),
  adagrad: adagrad({ initial: 0.1 }),
  rmsprop: rmsprop({ momentum: 0.5, centred: true }),
  lion: lion({ learningRate: 0.01, weightDecay: 0.1 }),
  'mean of two steps': accumulateGradients(2, adamW({ learningRate: 0.05, weightDecay: 0.3 })),
}

interface Layer {
  readonly w: TensorValue
  readonly b: TensorValue
}

/** The numbers of parameters and state after five steps. */
async function trained(optimizer: Optimizer): Promise<Readonly<Record<string, readonly number[]>>> {
  const random = seeded('pack')
  const normal = (...shape: number[]): TensorValue =>
    value(
      Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal()),
      shape,
    )
  const layers: readonly Layer[] = [
    { w: normal(5, 7), b: normal(7) },
    { w: normal(7, 3), b: normal(3) },
  ]
  const step = await trainStep(
    (inputs, [first, second]) => {
      if (!first || !second) throw new RangeError('two layers')
      return mean(square(linear(relu(linear(inputs.x, first.w, first.b)), second.w, second.b)))
    },
    { inputs: { x: spec(['batch', 5]) }, parameters: layers, optimizer, averageDecay: 0.5, threads: 1 },
  )
  for (let i = 0; i < 5; i++) await step({ x: normal(4, 5) })
  await step.dispose()
  const held = layers.flatMap(({ w, b }, layer): [string, TensorValue][] => [
    [`${layer}.w`, w],
    [`${layer}.b`, b],
  ])
  return Object.fromEntries(
    [...held, ...Object.entries(step.state)].map(([name, { shape, data }]) => [
      `${name} [${shape.join()}]`,
      Array.from(data, Number),
    ]),
  )
}

describe('small parameters updated as one vector', () => {
  it.each(Object.entries(optimizers))('end at the same bits as each by itself: %s', async (_, optimizer) => {
    const together = await trained(optimizer)
    const apart = await trained({ init: optimizer.init, update: optimizer.update })
    // The same names in the same order, so that checkpoints stay readable.
    expect(Object.keys(together)).toEqual(Object.keys(apart))
    expect(together).toEqual(apart)
    expect(Object.values(together).flat().every(Number.isFinite)).toBe(true)
  })

  it('are those that the optimiser treats alike', () => {
    const infos = [
      { path: 'a', shape: [4, 4], dtype: 'float32' },
      { path: 'b', shape: [4], dtype: 'float32' },
      { path: 'large', shape: [400, 400], dtype: 'float32' },
      { path: 'c', shape: [4, 2], dtype: 'float32' },
      { path: 'd', shape: [2], dtype: 'float32' },
      { path: 'double', shape: [2], dtype: 'float64' },
    ] as const
    const members = (optimizer: Optimizer): readonly (readonly number[])[] =>
      packParameters(optimizer, infos).map((pack) => pack.members)
    // Matrices decay and vectors do not.
    expect(members(adamW())).toEqual([[0, 3], [1, 4], [2], [5]])
    expect(members(sgd())).toEqual([[0, 1, 3, 4], [2], [5]])
    const { init, update } = sgd()
    expect(members({ init, update })).toEqual([[0], [1], [2], [3], [4], [5]])
  })
})
