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

it('tells a query from the other queries too, which makes ln(2n − 1) of equal rows', async () => {
  const equal = [
    [1, 2],
    [1, 2],
    [1, 2],
  ]
  for (const symmetric of [false, true])
    expect(await evaluate(({ q }) => infoNce(q, q, { otherQueries: true, symmetric }), { q: equal })).toBeCloseTo(
      Math.log(5),
      12,
    )
  // Cosines: own keys √½ and 1, the other's key 0 and √½, the other query 0; the other key √½.
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
  const term = (own: number, ...others: readonly number[]): number =>
    Math.log(1 + others.reduce((sum, other) => sum + Math.exp((other - own) / 0.5), 0))
  const ofQueries = [term(half, 0, 0), term(1, half, 0)]
  const ofKeys = [term(half, half, half), term(1, 0, half)]
  const none = { temperature: 0.5, otherQueries: true, reduction: 'none' } as const
  const found = (await evaluate(({ q, k }) => infoNce(q, k, none), inputs)) as number[]
  for (const [at, number] of ofQueries.entries()) expect(found[at]).toBeCloseTo(number, 12)
  const both = (await evaluate(({ q, k }) => infoNce(q, k, { ...none, symmetric: true }), inputs)) as number[]
  for (const [at, number] of ofQueries.entries()) expect(both[at]).toBeCloseTo((number + (ofKeys[at] ?? 0)) / 2, 12)
})

it('lets a batch stand for more by what others weigh', async () => {
  const q = [
    [1, 2],
    [1, 2],
    [1, 2],
  ]
  // Three of 1001: 1000 others in each of the two sums.
  const of = (otherQueries: boolean) =>
    evaluate(({ q }) => infoNce(q, q, { otherQueries, othersWeigh: 1000 / 2 }), { q })
  expect(await of(false)).toBeCloseTo(Math.log(1001), 12)
  expect(await of(true)).toBeCloseTo(Math.log(2001), 12)
  await expect(evaluate(({ q }) => infoNce(q, q, { othersWeigh: 0 }), { q })).rejects.toThrow('othersWeigh is 0')
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
  for (const more of [{}, { otherQueries: true, othersWeigh: 2.5 }]) {
    const check = await checkGradients(
      ({ q, k }) => infoNce(q as Tensor, k as Tensor, { symmetric: true, temperature: 0.3, ...more }),
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
  }
})
