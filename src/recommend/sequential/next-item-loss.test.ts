import { expect, it } from 'vitest'
import { checkGradients, constant, evaluate, type Tensor, value } from '../../tensor/index.ts'
import { type NextItemLossOptions, nextItemLosses } from './next-item-loss.ts'

const states = [
  [1, -0.5],
  [0.3, 2],
]
// Row 0 is padding: whatever it holds, it is never scored.
const items = [
  [50, 50],
  [0.4, 1],
  [-1, 0.2],
  [0.7, 0.7],
]
const bias = [0.1, -0.2, 0.3]
const [targets, negatives] = [value(Int32Array.of(2, 3)), value(Int32Array.of(1, 3, 1, 2), [2, 2])]
const score = (row: number, item: number, biased: boolean): number =>
  (states[row]?.[0] ?? 0) * (items[item]?.[0] ?? 0) +
  (states[row]?.[1] ?? 0) * (items[item]?.[1] ?? 0) +
  (biased ? (bias[item - 1] ?? 0) : 0)
const minusLogSigmoid = (x: number): number => Math.log1p(Math.exp(-x))

const losses = (options: NextItemLossOptions & { readonly biased: boolean }): Promise<unknown> =>
  evaluate(
    ({ h, e, b }) =>
      nextItemLosses(h, e, constant(targets), {
        ...options,
        negatives: constant(negatives),
        ...(options.biased && { bias: b }),
      }),
    { h: states, e: items, b: bias },
  )

it.each([false, true])('is what its equations say, with a bias: %s', async (biased) => {
  const s = (row: number, item: number): number => score(row, item, biased)
  const softmax = (row: number, item: number): number =>
    -s(row, item) + Math.log([1, 2, 3].reduce((sum, other) => sum + Math.exp(s(row, other)), 0))
  const expected = {
    softmax: [softmax(0, 2), softmax(1, 3)],
    bce: [
      (minusLogSigmoid(s(0, 2)) + minusLogSigmoid(-s(0, 1)) + minusLogSigmoid(-s(0, 3))) / 3,
      (minusLogSigmoid(s(1, 3)) + minusLogSigmoid(-s(1, 1)) + minusLogSigmoid(-s(1, 2))) / 3,
    ],
    bpr: [
      (minusLogSigmoid(s(0, 2) - s(0, 1)) + minusLogSigmoid(s(0, 2) - s(0, 3))) / 2,
      (minusLogSigmoid(s(1, 3) - s(1, 1)) + minusLogSigmoid(s(1, 3) - s(1, 2))) / 2,
    ],
  }
  for (const loss of ['softmax', 'bce', 'bpr'] as const) {
    const found = (await losses({ loss, biased })) as number[]
    found.forEach((number, row) => {
      expect(number, loss).toBeCloseTo(expected[loss][row] ?? 0, 6)
    })
  }
})

it('has the gradients that finite differences give', async () => {
  for (const loss of ['softmax', 'bce', 'bpr'] as const) {
    const { error } = await checkGradients(
      ({ h, e, b }) =>
        nextItemLosses(h as Tensor, e as Tensor, constant(targets), {
          loss,
          negatives: constant(negatives),
          bias: b as Tensor,
        }),
      { h: states, e: items, b: bias },
    )
    expect(error, loss).toBeLessThan(1e-8)
  }
})

it('says what it lacks', async () => {
  await expect(
    evaluate(({ h, e }) => nextItemLosses(h, e, constant(targets), { loss: 'bce' }), { h: states, e: items }),
  ).rejects.toThrow('"bce" needs negatives')
})
