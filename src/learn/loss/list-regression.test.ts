import { expect, it } from 'vitest'
import { checkGradients, evaluate, type Tensor } from '../../tensor/index.ts'
import { concordanceLoss, squaredErrorLoss } from './list-regression.ts'

const inputs = {
  s: [[1, 2, 9], [4, 0, 1]], // biome-ignore format: a table
  y: [[2, 2, 0], [1, 3, 3]], // biome-ignore format: a table
  mask: [[true, true, false], [true, true, true]], // biome-ignore format: a table
  weight: [2, 1],
}

it('squared errors are a weighted mean over the items that are there', async () => {
  // Errors 1, 0 of weight 2; 9, 9, 4 of weight 1.
  const of = (masked: boolean) =>
    evaluate(({ s, y, mask, weight }) => squaredErrorLoss(s, y, masked ? { mask, weight } : {}), inputs)
  expect(await of(true)).toBeCloseTo(24 / 7, 12)
  expect(await of(false)).toBeCloseTo((1 + 0 + 81 + 9 + 9 + 4) / 6, 12)
})

it('concordance is 1 for equal numbers, and worked out by hand for others', async () => {
  const loss = (s: number[][], y: number[][]) => evaluate(({ s, y }) => concordanceLoss(s, y), { s, y })
  expect(await loss([[1, 2, 4]], [[1, 2, 4]])).toBeCloseTo(0, 12)
  expect(await loss([[-1, 0, 1]], [[1, 0, -1]])).toBeCloseTo(2, 12)
  // Moved by 1: 2·⅔/(⅔ + ⅔ + 1) = 4/7.
  expect(await loss([[1, 2, 3]], [[2, 3, 4]])).toBeCloseTo(3 / 7, 12)
  expect(await loss([[2, 2]], [[2, 2]])).toBe(1)
})

it('agrees with finite differences', async () => {
  for (const loss of [squaredErrorLoss, concordanceLoss]) {
    const { s, y } = inputs
    const check = await checkGradients(({ s, y }) => loss(s as Tensor, y as Tensor), { s, y })
    expect(check.error).toBeLessThan(1e-8)
  }
})
