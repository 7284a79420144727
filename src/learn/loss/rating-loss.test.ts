import { expect, it } from 'vitest'
import { evaluate, gradients, type Tensor } from '../../tensor/index.ts'
import { ratingLoss } from './rating-loss.ts'

const nan = Number.NaN

it('is the mean squared error over the ratings that are there', async () => {
  const loss = ({ r, t }: { r: Tensor; t: Tensor }) => ratingLoss(r, t)
  // (1 − 3)² + (4 − 1)² = 13 over two ratings.
  expect(
    await evaluate(loss, {
      r: [
        [1, 500],
        [-70, 4],
      ],
      t: [
        [3, nan],
        [nan, 1],
      ],
    }),
  ).toBe(6.5)
  expect(await evaluate(loss, { r: [[1, 2]], t: [[nan, nan]] })).toBe(0)
})

it('weights rows, and leaves missing ratings without gradient', async () => {
  const t = [
    [3, nan],
    [nan, 1],
  ]
  // (3·4 + 1·9) / 4
  expect(
    await evaluate(({ r, t, w }) => ratingLoss(r, t, { weight: w }), {
      r: [
        [1, 5],
        [9, 4],
      ],
      t,
      w: [[3], [1]],
    }),
  ).toBe(5.25)
  expect(
    await evaluate(({ r, t }) => ratingLoss(r, t, { reduction: 'none' }), {
      r: [
        [1, 5],
        [9, 4],
      ],
      t,
    }),
  ).toEqual([
    [4, 0],
    [0, 9],
  ])
  const slope = await evaluate(({ r, t }) => gradients(ratingLoss(r, t), [r])[0] as Tensor, {
    r: [
      [1, 5],
      [9, 4],
    ],
    t,
  })
  // d/dr of (r − t)²/2 per rating that is there: (1 − 3), 0, 0, (4 − 1).
  expect(slope).toEqual([
    [-2, 0],
    [0, 3],
  ])
})
