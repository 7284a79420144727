import { expect, it } from 'vitest'
import { checkGradients, evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { sinkhornCodes, swavLoss } from './swav.ts'

const scores = [[0.9, 0.1, -0.3], [0.8, 0.2, 0.1], [0.7, -0.5, 0.3], [0.6, 0.4, 0]] // biome-ignore format: a table

it('codes use all prototypes alike, and follow scores within that', async () => {
  const codes = (await evaluate(({ s }) => sinkhornCodes(s, { epsilon: 0.5, iterations: 50 }), {
    s: scores,
  })) as number[][]
  for (const row of codes) expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12)
  for (const k of [0, 1, 2]) expect(codes.reduce((sum, row) => sum + (row[k] as number), 0)).toBeCloseTo(4 / 3, 6)
  // Scaling rows and columns keeps the odds of two rows for two prototypes: e^{Σ s/ε}.
  const [first, third] = [codes[0], codes[2]] as [number[], number[]]
  const odds = ((first[1] as number) / (first[2] as number)) * ((third[2] as number) / (third[1] as number))
  expect(Math.log(odds)).toBeCloseTo((0.1 + 0.3 + 0.3 + 0.5) / 0.5, 8)
  const slopes = await evaluate(({ s }) => gradients(sinkhornCodes(s), s, s), { s: scores })
  expect((slopes as number[][]).flat().every((slope) => slope === 0)).toBe(true)
})

it('codes after three turns are those of the authors’ order: columns of e^{s/ε} first, then rows', async () => {
  const codes = await evaluate(({ s }) => sinkhornCodes(s, { epsilon: 0.5 }), {
    s: [[0.9, 0.1, -0.3], [0.8, 0.2, 0.1], [0.7, -0.5, 0.3], [-0.6, 0.4, 0]], // biome-ignore format: a table
  })
  // By NumPy, from the algorithm in the paper.
  const expected = [
    [0.54422944, 0.29763064, 0.15813992],
    [0.38377067, 0.31310153, 0.3031278],
    [0.37244467, 0.09152122, 0.53603411],
    [0.03159601, 0.63239429, 0.33600971],
  ]
  expected.flat().forEach((code, at) => {
    expect((codes as number[][]).flat()[at]).toBeCloseTo(code, 7)
  })
  // Nothing underflows, however far apart scores are.
  const far = (await evaluate(({ s }) => sinkhornCodes(s), { s: [[900, 0], [0, -900]] })) as number[][] // biome-ignore format: a table
  for (const row of far) expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12)
})

it('is ln K where rows are alike to all prototypes, and small where views agree', async () => {
  const at = (z: number[][], c: number[][]) => evaluate(({ z, c }) => swavLoss(z, z, c), { z, c })
  expect(await at([[1, 0], [2, 0]], [[0, 1], [0, 1], [0, -1]])).toBeCloseTo(Math.log(3), 12) // biome-ignore format: a table
  expect(await at([[1, 0], [0, 1]], [[1, 0], [0, 1]])).toBeLessThan(0.01) // biome-ignore format: a table
})

it('agrees with finite differences where codes are nearly fixed', async () => {
  // Codes carry no gradient, so numbers agree only where they hardly change: one prototype far nearer than the other.
  const check = await checkGradients(
    ({ z }) => swavLoss(z as Tensor, z as Tensor, z as Tensor, { epsilon: 0.01, temperature: 1 }),
    { z: [[3, 0.2], [-0.1, 2]] }, // biome-ignore format: a table
  )
  expect(check.error).toBeLessThan(1e-6)
})

it('refuses what cannot be', async () => {
  await expect(evaluate(({ s }) => sinkhornCodes(s, { epsilon: 0 }), { s: scores })).rejects.toThrow('epsilon')
  await expect(evaluate(({ s }) => swavLoss(s, s, s, { temperature: 0 }), { s: scores })).rejects.toThrow('temperature')
})
