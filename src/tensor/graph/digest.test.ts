import { expect, it } from 'vitest'
import { adam, mean, mul, type Optimizer, type SymbolicInputs, spec, square, sub, trainStep, value } from '../index.ts'

interface Choice {
  readonly optimizer?: Optimizer
  readonly factor?: number
  readonly seed?: number
  readonly start?: number
  readonly schedule?: (step: number) => number
  readonly trainable?: (path: string) => boolean
}

const inputs = { x: spec(['rows']) }

async function digestOf({ optimizer = adam(), factor = 2, seed = 0, start = 0, schedule, trainable }: Choice) {
  const step = await trainStep(
    ({ x }: SymbolicInputs<typeof inputs>, { w, v }, { scalar }) => {
      const loss = mean(square(sub(mul(mul(x, factor), w), v)))
      return schedule ? mul(loss, scalar(schedule)) : loss
    },
    {
      inputs,
      parameters: { w: value(Float32Array.of(start), []), v: value(Float32Array.of(1), []) },
      optimizer,
      seed,
      ...(trainable && { trainable }),
    },
  )
  const digest = step.digest()
  await step.dispose()
  return digest
}

it('is the same whenever a step is compiled, whatever numbers it starts from', async () => {
  expect(await digestOf({})).toBe(await digestOf({ start: 5 }))
  expect(await digestOf({})).toMatch(/^[0-9a-f]{64}$/)
})

it('tells losses, optimisers, schedules and what is trained apart', async () => {
  const digests = await Promise.all(
    [
      {},
      { factor: 3 },
      { optimizer: adam({ learningRate: 0.5 }) },
      { optimizer: adam({ learningRate: (step) => (step < 100 ? 1e-3 : 1e-4) }) },
      { optimizer: adam({ beta2: 0.9 }) },
      { schedule: () => 1 },
      { schedule: (step: number) => 1 / step },
      { trainable: (path: string) => path === 'w' },
      { trainable: (path: string) => path === 'v' },
    ].map(digestOf),
  )
  expect(new Set(digests).size).toBe(digests.length)
})
