import { describe, expect, it } from 'vitest'
import { checkGradients, constant, evaluate, gradients, type Tensor, toValue } from '../../tensor/index.ts'
import { type ListLossOptions, listMle, listNet, type RankListOptions, rankList, rankNet } from './list-losses.ts'
import { pairLoss } from './pair-loss.ts'

type Loss = (scores: Tensor, labels: Tensor, options?: ListLossOptions) => Tensor
const losses: Readonly<Record<string, Loss>> = {
  listMle,
  listNet,
  rankNet,
  rankList,
  logSumExp: (scores, labels, options) => rankList(scores, labels, { ...options, form: 'logSumExp' }),
  skipping: (scores, labels, options) => rankList(scores, labels, { ...options, skips: [1, 3], decay: 0.7 }),
  range: (scores, labels, options) =>
    rankList(scores, labels, { ...options, form: 'logSumExp', skips: { to: 2 }, decay: 0.5 }),
}
const at = async (
  loss: Loss,
  s: readonly (readonly number[])[],
  y: readonly (readonly number[])[],
  mask?: readonly (readonly boolean[])[],
): Promise<number> =>
  Number(
    mask === undefined
      ? await evaluate(({ s, y }) => loss(s, y), { s, y })
      : await evaluate(({ s, y, mask }) => loss(s, y, { mask }), { s, y, mask }),
  )

const scores = [
  [0.4, -1.2, 2.5, 0.1],
  [1, 1, 0.3, -2],
]
const labels = [
  [3, 1, 2, 0],
  [0, 2, 2, 5],
]

describe.each(Object.entries(losses))('%s', (name, loss) => {
  it('agrees with finite differences, and its gradients sum to 0 over a list', async () => {
    const y = constant(toValue(labels))
    const check = await checkGradients(({ s }) => loss(s as Tensor, y), { s: scores })
    expect(check.error).toBeLessThan(1e-8)
    const slopes = (await evaluate(({ s, y }) => gradients(loss(s, y), s), { s: scores, y: labels })) as number[][]
    for (const row of slopes) expect(row.reduce((sum, slope) => sum + slope, 0)).toBeCloseTo(0, 12)
  })

  it('does not change when a list is shifted', async () => {
    const shifted = scores.map((row, i) => row.map((score) => score + 100 * (i + 1)))
    expect(await at(loss, shifted, labels)).toBeCloseTo(await at(loss, scores, labels), 10)
  })

  it('is the pair loss for a list of two', async () => {
    const target = name === 'listNet' ? 1 / (1 + Math.exp(-3)) : 1
    const pair = await evaluate(({ m }) => pairLoss(m, { target }), { m: [0.9] })
    expect(await at(loss, [[0.2, -0.7]], [[4, 1]])).toBeCloseTo(Number(pair), 14)
  })

  it('is 0, with gradients of 0, for lists that say nothing', async () => {
    for (const [s, y, mask] of [
      [[[3]], [[1]], undefined],
      [[[3, 1, 4]], [[2, 2, 2]], undefined],
      [[[3, 1, 4]], [[2, 1, 0]], [[true, false, false]]],
    ] as const) {
      expect((await at(loss, s, y, mask)) + 0).toBe(0)
      const slopes = await evaluate(({ s, y }) => gradients(loss(s, y), s), { s: [[3, 1]], y: [[2, 2]] })
      expect((slopes as number[][]).flat().map(Math.abs)).toEqual([0, 0])
    }
  })

  it('does not see what is masked, nor lists that say nothing', async () => {
    const alone = await at(loss, [[0.4, -1.2, 2.5]], [[3, 1, 2]])
    const masked = await at(
      loss,
      [
        [0.4, 77, -1.2, 2.5],
        [5, 6, 7, 8],
      ],
      [
        [3, 9, 1, 2],
        [1, 2, 3, 4],
      ],
      [
        [true, false, true, true],
        [false, true, false, false],
      ],
    )
    expect(masked).toBeCloseTo(alone, 12)
  })

  it('is finite for scores of ±10000', async () => {
    const result = await at(loss, [[1e4, -1e4, 0]], [[0, 2, 1]])
    expect(Number.isFinite(result)).toBe(true)
    expect(await at(loss, [[-1e4, 1e4, 0]], [[0, 40, 1]])).toBeCloseTo(0, 12)
  })
})

describe('listMle', () => {
  it('is the negative log-likelihood of Plackett and Luce', async () => {
    const [a, b, c] = [Math.exp(0.4), Math.exp(2.5), Math.exp(-1.2)]
    const expected = -Math.log((a / (a + b + c)) * (b / (b + c)))
    expect(await at(listMle, [[0.4, -1.2, 2.5]], [[3, 1, 2]])).toBeCloseTo(expected, 13)
  })

  it('lets equal labels be chosen in any order before the rest', async () => {
    const expected = -Math.log((Math.E / (Math.E + 1)) * (Math.exp(2) / (Math.exp(2) + 1)))
    expect(await at(listMle, [[1, 2, 0]], [[5, 5, 1]])).toBeCloseTo(expected, 13)
  })
})

describe('rankList', () => {
  const compared = async (options: RankListOptions): Promise<number> =>
    Number(
      await evaluate(({ s, y }) => rankList(s, y, { ...options, reduction: 'sum' }), {
        s: [[0, 0, 0, 0]],
        y: [[1, 4, 2, 8]],
      }),
    )

  it('is |E| ln 2 exactly and ln(1 + |E|) as log-sum-exp for equal scores', async () => {
    for (const [options, count] of [
      [{}, 6],
      [{ skips: [1] }, 3],
      [{ skips: [1, 3] }, 4],
      [{ skips: { from: 2 } }, 3],
      [{ skips: { to: 2 } }, 5],
      [{ minimumGap: 2 }, 5],
      [{ minimumGap: 3 }, 4],
      [{ skips: [1], minimumGap: 2 }, 2],
    ] as const) {
      expect(await compared(options)).toBeCloseTo(count * Math.LN2, 13)
      expect(await compared({ ...options, form: 'logSumExp' })).toBeCloseTo(Math.log(1 + count), 13)
    }
  })

  it('keeps equal labels in the order of the list: the second of two is the neighbour of what follows', async () => {
    const loss = await evaluate(({ s, y }) => rankList(s, y, { skips: [1], reduction: 'sum' }), {
      s: [[0, 5, 0]],
      y: [[2, 2, 1]],
    })
    expect(loss).toBeCloseTo(Math.log1p(Math.exp(-5)), 13)
  })

  it('weighs comparisons k places apart by γ to the k − 1', async () => {
    expect(await compared({ decay: 0.5 })).toBeCloseTo((3 + 2 * 0.5 + 0.25) * Math.LN2, 13)
    expect(await compared({ decay: 0.5, form: 'logSumExp' })).toBeCloseTo(Math.log(1 + 3 + 1 + 0.25), 13)
  })

  it('costs no more as log-sum-exp than exactly', async () => {
    const exact = await evaluate(({ s, y }) => rankList(s, y, { reduction: 'none' }), { s: scores, y: labels })
    const brief = await evaluate(({ s, y }) => rankList(s, y, { reduction: 'none', form: 'logSumExp' }), {
      s: scores,
      y: labels,
    })
    ;(brief as number[]).forEach((value, i) => {
      expect(value).toBeLessThan((exact as number[])[i] as number)
    })
  })

  it('takes the skips of the moment from a scalar', async () => {
    const upTo = (to: number): Promise<unknown> =>
      evaluate(({ s, y, to }) => rankList(s, y, { skips: { to }, reduction: 'sum' }), {
        s: [[0, 0, 0]],
        y: [[3, 2, 1]],
        to,
      })
    expect(await upTo(1)).toBeCloseTo(2 * Math.LN2, 13)
    expect(await upTo(2)).toBeCloseTo(3 * Math.LN2, 13)
  })

  it('refuses skips of 0 and gaps below 0', async () => {
    await expect(compared({ skips: [0] })).rejects.toThrow('a skip is 0')
    await expect(compared({ skips: [] })).rejects.toThrow('skips is empty')
    await expect(compared({ minimumGap: -1 })).rejects.toThrow('minimumGap is -1')
  })
})
