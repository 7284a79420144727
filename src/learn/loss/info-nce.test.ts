import { expect, it } from 'vitest'
import { checkGradients, evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { infoNce } from './info-nce.ts'

it('is ln n for equal rows and 0 for a batch of one', async () => {
  const at = (q: readonly (readonly number[])[]): Promise<unknown> => evaluate(({ q }) => infoNce(q, q), { q })
  expect(
    await at([
      [1, 2],
      [1, 2],
      [1, 2],
    ]),
  ).toBeCloseTo(Math.log(3), 12)
  expect(await at([[1, 2]])).toBeCloseTo(0, 12)
})

it('is the cross-entropy of scaled cosines, in both directions when symmetric', async () => {
  const inputs = {
    q: [
      [2, 0],
      [0, 3],
    ],
    k: [
      [1, 1],
      [0, 5],
    ],
  }
  const half = Math.SQRT1_2
  const ofQueries = [Math.log1p(Math.exp((0 - half) / 0.5)), Math.log1p(Math.exp((half - 1) / 0.5))]
  const ofKeys = [Math.log1p(Math.exp((half - half) / 0.5)), Math.log1p(Math.exp((0 - 1) / 0.5))]
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(await evaluate(({ q, k }) => infoNce(q, k, { temperature: 0.5 }), inputs)).toBeCloseTo(mean(ofQueries), 12)
  const both = await evaluate(({ q, k }) => infoNce(q, k, { temperature: 0.5, symmetric: true }), inputs)
  expect(both).toBeCloseTo(mean([...ofQueries, ...ofKeys]), 12)
})

it('takes a zero vector for alike to everything, with gradients that are numbers', async () => {
  const inputs = {
    q: [
      [0, 0],
      [0, 1],
    ],
    k: [
      [1, 0],
      [0, 1],
    ],
  }
  const [first] = (await evaluate(({ q, k }) => infoNce(q, k, { reduction: 'none' }), inputs)) as number[]
  expect(first).toBeCloseTo(Math.LN2, 12)
  const slopes = await evaluate(({ q, k }) => gradients(infoNce(q, k), q), inputs)
  expect((slopes as number[][]).flat().every(Number.isFinite)).toBe(true)
})

it('agrees with finite differences', async () => {
  const check = await checkGradients(
    ({ q, k }) => infoNce(q as Tensor, k as Tensor, { symmetric: true, temperature: 0.3 }),
    {
      q: [
        [1, 0.3],
        [-0.2, 2],
        [0.4, 0.4],
      ],
      k: [
        [0.9, -0.3],
        [0.2, 1],
        [-1, 0.5],
      ],
    },
  )
  expect(check.error).toBeLessThan(1e-8)
})
