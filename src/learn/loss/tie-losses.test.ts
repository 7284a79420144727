import { describe, expect, it } from 'vitest'
import { checkGradients, evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { davidsonLoss, raoKupperLoss } from './tie-losses.ts'

describe.each([
  ['davidsonLoss', davidsonLoss],
  ['raoKupperLoss', raoKupperLoss],
] as const)('%s', (_, loss) => {
  it('gives probabilities that sum to 1', async () => {
    const costs = await evaluate(({ m, y, t }) => loss(m, y, t, { reduction: 'none' }), {
      m: [0.7, 0.7, 0.7],
      y: [1, 0.5, 0],
      t: 0.6,
    })
    expect((costs as number[]).reduce((total, cost) => total + Math.exp(-cost), 0)).toBeCloseTo(1, 14)
  })

  it('agrees with finite differences, and is exact at ±10000', async () => {
    const check = await checkGradients(({ m, t, y }) => loss(m as Tensor, y as Tensor, t as Tensor), {
      m: [0.3, -2, 1, 0.4],
      y: [1, 0.5, 0, 0.75],
      t: 0.4,
    })
    // The slope in y at ½ is one-sided; the others are smooth.
    if (check.input !== 'y') expect(check.error).toBeLessThan(1e-8)
    const slopes = await evaluate(({ m, y }) => gradients(loss(m, y, 0.4, { reduction: 'sum' }), m), {
      m: [1e4, -1e4, 1e4, -1e4],
      y: [1, 1, 0.5, 0],
    })
    const tied = loss === davidsonLoss ? 0.5 : 1
    expect((slopes as number[]).map((slope) => slope + 0)).toEqual([0, -1, tied, 0])
  })
})

it('ties equal candidates with probability ν/(2 + ν) after Davidson and (θ − 1)/(θ + 1) after Rao and Kupper', async () => {
  const davidson = await evaluate(({ m, y }) => davidsonLoss(m, y, Math.log(3)), { m: [0], y: [0.5] })
  expect(Math.exp(-Number(davidson))).toBeCloseTo(3 / 5, 14)
  const raoKupper = await evaluate(({ m, y }) => raoKupperLoss(m, y, Math.log(3)), { m: [0], y: [0.5] })
  expect(Math.exp(-Number(raoKupper))).toBeCloseTo(2 / 4, 14)
  await expect(evaluate(({ m, y }) => raoKupperLoss(m, y, 0), { m: [0], y: [0.5] })).rejects.toThrow('threshold is 0')
})
