import { expect, it } from 'vitest'
import {
  adam,
  mean,
  mul,
  type Optimizer,
  type SparseMatrix,
  type SymbolicInputs,
  scaledMatrix,
  sparseMatmul,
  sparseMatrix,
  spec,
  square,
  sub,
  trainStep,
  value,
} from '../index.ts'

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

it('tells sparse matrices apart by their entries and factors', async () => {
  const entries = { rows: [0, 0, 1], columns: [0, 1, 1] }
  const plain = sparseMatrix(2, 2, entries)
  const factors = value(Float64Array.of(0.5, 2), [2, 1])
  const digestOf = async (matrix: SparseMatrix): Promise<string> => {
    const step = await trainStep((_, { w }) => mean(square(sparseMatmul(matrix, w))), {
      inputs: {},
      parameters: { w: value(Float32Array.of(1, 2), [2, 1]) },
      optimizer: adam(),
    })
    const digest = step.digest()
    await step.dispose()
    return digest
  }
  const others = [
    plain,
    sparseMatrix(2, 2, { rows: [0, 1, 1], columns: [0, 0, 1] }),
    sparseMatrix(2, 2, { ...entries, values: [1, 2, 3] }),
    scaledMatrix(plain, { rows: factors }),
    scaledMatrix(plain, { columns: factors }),
    scaledMatrix(plain, { rows: factors, columns: factors }),
  ]
  const digests = await Promise.all(others.map(digestOf))
  expect(new Set(digests).size).toBe(others.length)
  expect(await digestOf(sparseMatrix(2, 2, entries))).toBe(digests[0])
})
