import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients, constant, evaluate, type Tensor, value } from '../../tensor/index.ts'
import { attentionScores, labelAwareVectors, sampledSoftmaxLosses } from './interest-loss.ts'
import { interestRedundancy, interestScores, meanInterestCosine } from './interest-set.ts'

const ids = (numbers: readonly number[]) => value(Int32Array.from(numbers))

describe('the redundancy of interests', () => {
  const both = (vectors: readonly (readonly number[])[], valid: readonly number[]) =>
    evaluate(
      ({ v, m }) => [interestRedundancy({ vectors: v, valid: m }), meanInterestCosine({ vectors: v, valid: m })],
      { v: [vectors], m: [valid] },
    )

  it('is the mean over pairs of max(0, cosine)², and 0 for right angles and opposites', async () => {
    // Cosines ½√2, −½√2 and 0: ½, 0 and 0 of three pairs.
    const three = [
      [2, 0],
      [3, 3],
      [-1, 1],
    ]
    const [[redundancy], [cosine]] = (await both(three, [1, 1, 1])) as [[number], [number]]
    expect(redundancy).toBeCloseTo(0.5 / 3, 12)
    expect(cosine).toBeCloseTo((Math.SQRT1_2 - Math.SQRT1_2 + 0) / 3, 12)
    expect((await both(three, [1, 0, 1]))[0]).toEqual([0])
    expect(((await both(three, [1, 1, 0])) as number[][])[0]?.[0]).toBeCloseTo(0.5, 12)
  })

  it('is 1 for equal interests, 0 for fewer than two, and a number for zero vectors', async () => {
    const equal = [
      [1, 2],
      [2, 4],
    ]
    expect(((await both(equal, [1, 1])) as number[][])[0]?.[0]).toBeCloseTo(1, 12)
    expect(await both(equal, [0, 1])).toEqual([[0], [0]])
    expect(
      await both(
        [
          [0, 0],
          [1, 0],
        ],
        [1, 1],
      ),
    ).toEqual([[0], [0]])
  })
})

describe('scores by interests', () => {
  it('are the largest product with a valid one, so that another interest never lowers them', async () => {
    const random = seeded(4)
    const numbers = (count: number): number[] => Array.from({ length: count }, () => random.normal())
    const vectors = Array.from({ length: 4 }, () => numbers(3))
    const items = Array.from({ length: 20 }, () => numbers(3))
    const scores = async (count: number): Promise<number[]> => {
      const valid = [vectors.map((_, at) => (at < count ? 1 : 0))]
      const found = await evaluate(({ v, m, t }) => interestScores({ vectors: v, valid: m }, t), {
        v: [vectors],
        m: valid,
        t: items,
      })
      return (found as number[][])[0] ?? []
    }
    let before = await scores(1)
    expect(before).toEqual(
      items.map((item) =>
        expect.closeTo(
          item.reduce((sum, x, at) => sum + x * (vectors[0]?.[at] ?? 0), 0),
          12,
        ),
      ),
    )
    for (const count of [2, 3, 4]) {
      const now = await scores(count)
      for (const [item, score] of now.entries()) expect(score).toBeGreaterThanOrEqual(before[item] ?? Number.NaN)
      expect(now).not.toEqual(before)
      before = now
    }
  })
})

describe('attention to items', () => {
  const vectors = [
    [
      [1, 0],
      [0, 2],
      [5, 5],
    ],
  ]
  const valid = [[1, 1, 0]]
  const target = [[[1, 1]]]

  it('is softmax of p times the products, over the valid interests', async () => {
    // Products 1 and 2: with p = 2 the second has the weight σ(2).
    const weight = 1 / (1 + Math.exp(-2))
    const at = (p: number) =>
      evaluate(
        ({ v, m, t }) => [
          labelAwareVectors({ vectors: v, valid: m }, t, p),
          attentionScores({ vectors: v, valid: m }, t, p),
        ],
        {
          v: vectors,
          m: valid,
          t: target,
        },
      ) as Promise<[number[][][], number[][]]>
    const [[[vector = []] = []], [[score] = []]] = await at(2)
    expect(vector[0]).toBeCloseTo(1 - weight, 12)
    expect(vector[1]).toBeCloseTo(2 * weight, 12)
    expect(score).toBeCloseTo(1 - weight + 2 * weight, 12)
    expect((await at(0))[0]).toEqual([[[0.5, 1]]])
    expect(await at(Number.POSITIVE_INFINITY)).toEqual([[[[0, 2]]], [[2]]])
  })

  it('scores items that are the same for all as those of each row', async () => {
    const [shared, own] = (await evaluate(
      ({ v, m, t, all }) => [
        attentionScores({ vectors: v, valid: m }, all, 1),
        attentionScores({ vectors: v, valid: m }, t, 1),
      ],
      {
        v: vectors,
        m: valid,
        t: [
          [
            [1, 1],
            [2, -1],
          ],
        ],
        all: [
          [1, 1],
          [2, -1],
        ],
      },
    )) as [number[][], number[][]]
    expect(shared).toEqual(own)
  })
})

describe('the sampled softmax', () => {
  const inputs = {
    own: [1, 0],
    others: [
      [0.5, 2, 3],
      [1, -1, 4],
    ],
    t: ids([7, 3]),
    c: ids([7, 3, 0]),
  }

  it('leaves out a row’s own target and what is no item', async () => {
    const found = (await evaluate(
      ({ own, others, t, c }) => sampledSoftmaxLosses({ own, others, targetIds: t, candidateIds: c }),
      inputs,
    )) as number[]
    expect(found[0]).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(2)) - 1, 12)
    expect(found[1]).toBeCloseTo(Math.log(Math.exp(0) + Math.exp(1)), 12)
  })

  it('takes off how often items are expected, so that shares that are told exactly cost the entropy', async () => {
    const [first] = (await evaluate(
      ({ own, others, t, c, q, r }) =>
        sampledSoftmaxLosses({
          own,
          others,
          targetIds: t,
          candidateIds: c,
          logExpected: { targets: q, candidates: r },
        }),
      { ...inputs, q: [Math.log(0.5), 0], r: [0, Math.log(0.25), 0] },
    )) as number[]
    // Scores 1 + ln 2 and 2 + ln 4.
    expect(first).toBeCloseTo(Math.log(2 * Math.E + 4 * Math.exp(2)) - 1 - Math.log(2), 12)
  })

  it('agrees with finite differences, by each way of scoring', async () => {
    const random = seeded(2)
    const draw = (...shape: readonly number[]) =>
      value(
        Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
        shape,
      )
    const { error } = await checkGradients(
      ({ v, t, c }) => {
        const valid = constant(value(Float64Array.of(1, 1, 1, 1, 1, 0), [2, 3]))
        const set = { vectors: v as Tensor, valid }
        return [labelAwareVectors(set, t as Tensor, 2), attentionScores(set, c as Tensor, 2), interestRedundancy(set)]
      },
      { v: draw(2, 3, 4), t: draw(2, 2, 4), c: draw(5, 4) },
    )
    expect(error).toBeLessThan(1e-6)
  })
})
