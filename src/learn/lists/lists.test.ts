import { describe, expect, it } from 'vitest'
import { type Candidate, candidate, type Rating, type Signal } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { adam, evaluate, sgd } from '../../tensor/index.ts'
import { ratedItemsWorld } from '../../worlds/index.ts'
import { hashedNgrams } from '../encoder/index.ts'
import { generalPreferenceKind } from '../general-preference/index.ts'
import { listMle, rankNet } from '../loss/index.ts'
import {
  evaluateLists,
  featureLists,
  fitLists,
  type ListData,
  type ListLoss,
  listAgreement,
  listsOf,
  pairsOfLists,
  rankListLoss,
  sampledLists,
  takeLists,
} from './index.ts'

const text = (name: string): Candidate => candidate({ modality: 'text', text: name })
const [x, y, z] = ['x', 'y', 'z'].map(text) as [Candidate, Candidate, Candidate]
const about = (id: string, context: string, rater: string) => ({
  ...{ id, time: 0, source: 'test', context: { id: context } },
  rater: { id: rater, kind: 'human' } as const,
})
const rating = (id: string, of: Candidate, value: number, rater = 'r'): Rating => ({
  ...about(id, 'c', rater),
  kind: 'rating',
  candidate: of,
  aspects: { overall: value },
})

describe('listsOf', () => {
  const signals: Signal[] = [
    { ...about('1', 'c', 'r'), kind: 'ranking', candidates: [x, y, z], ranks: [2, null, 1] },
    { ...about('2', 'd', 's'), kind: 'ranking', candidates: [x, y], ranks: [1, 1] },
    rating('3', x, 4),
    rating('4', y, 2),
    rating('5', y, 3),
    rating('6', x, 5, 'alone'),
  ]

  it('makes a list of each ranking and of one rater’s ratings in a context, and counts what says nothing', async () => {
    const data = await listsOf(signals)
    expect([...data.starts]).toEqual([0, 2, 4])
    expect(data.rows.map(({ candidate }) => candidate.id)).toEqual([x.id, z.id, y.id])
    expect([...data.items]).toEqual([0, 1, 0, 2])
    // Ranks 2 and 1; ratings 4 and the mean of 2 and 3.
    expect([...data.labels]).toEqual([-2, -1, 4, 2.5])
    expect(data.raters).toEqual(['r'])
    expect([...data.context]).toEqual([0, 0])
    expect(data.leftOut).toEqual({ 'nothing but ties': 1, 'fewer than two items': 1 })
    expect(data.signals).toBe(6)
  })

  it('puts unranked candidates below where they are known to be worse', async () => {
    const data = await listsOf(signals, { kinds: ['ranking'], unranked: 'below' })
    expect([...data.labels]).toEqual([-2, -3, -1])
  })

  it('says what is wrong', async () => {
    await expect(listsOf([signals[1] as Signal])).rejects.toThrow('no lists: 1 signals were read')
    await expect(listsOf(signals, { aspect: 'warmth' })).rejects.toThrow('no signal has the aspect "warmth"')
    const twice: Signal = { ...about('7', 'c', 'r'), kind: 'ranking', candidates: [x, x], ranks: [1, 2] }
    await expect(listsOf([twice])).rejects.toThrow('stands twice')
  })

  it('gives rankers that read texts', async () => {
    const data = await listsOf(signals, { unranked: 'below' })
    const model = await fitLists({ data, encoder: hashedNgrams({ projection: 8, buckets: 64 }), epochs: 60 })
    const { tau, accuracy } = await evaluateLists(model, takeLists(data, [0]))
    expect([tau, accuracy]).toEqual([1, 1])
  })
})

const two = (): ListData =>
  featureLists({
    features: [
      [[1, 0], [0, 1], [2, 2]], // biome-ignore format: a table
      [[0, 3], [1, 1]], // biome-ignore format: a table
    ],
    labels: [
      [3, 1, 2],
      [0, 5],
    ],
    weights: [2, 1],
    raters: ['one', 'other'],
  })

it('pairs of lists are those whose labels differ by the gap, the better one first', () => {
  const all = pairsOfLists(two())
  expect([[...all.a], [...all.b]]).toEqual([[0, 0, 2, 4], [1, 2, 1, 3]]) // biome-ignore format: a table
  expect([...all.weights]).toEqual([2, 2, 2, 1])
  expect([...all.rater]).toEqual([0, 0, 0, 1])
  const wide = pairsOfLists(two(), { minimumGap: 2, share: 'list' })
  expect([[...wide.a], [...wide.b]]).toEqual([[0, 4], [1, 3]]) // biome-ignore format: a table
  expect([...pairsOfLists(two(), { share: 'list' }).weights].map((weight) => Number(weight.toFixed(4)))).toEqual([
    0.6667, 0.6667, 0.6667, 1,
  ])
  expect(() => pairsOfLists(two(), { minimumGap: 9 })).toThrow('far enough apart')
})

it('agreement is the mean τ of lists and the share of pairs in order, worked out by hand', () => {
  // First list: scores 3, 2, 1 for labels 3, 1, 2: two of three pairs right, τ = ⅓. Second: equal scores, τ counts 0.
  const found = listAgreement([3, 2, 1, 7, 7], two())
  expect(found.lists).toBe(2)
  expect(found.tau).toBeCloseTo(1 / 6, 12)
  expect(found.accuracy).toBeCloseTo(2.5 / 4, 12)
  expect(listAgreement([3, 2, 1, 7, 7], two(), { minimumGap: 2 }).accuracy).toBeCloseTo(1.5 / 2, 12)
  expect(() => listAgreement([1], two())).toThrow('1 scores of 5 entries')
})

it('samples lists of different items, the same ones for the same seed', () => {
  const rows = { rows: 5, columns: 1, data: Float32Array.from([0, 1, 2, 3, 4]) }
  const draw = (seed: number) =>
    sampledLists({ rows, ratings: [5, 4, 3, 2, 1] }, { lists: 200, length: 3 }, seeded(seed))
  const data = draw(1)
  for (let list = 0; list < 200; list++) expect(new Set(data.items.subarray(3 * list, 3 * list + 3)).size).toBe(3)
  data.items.forEach((item, at) => {
    expect(data.labels[at]).toBe(5 - item)
  })
  const counts = [0, 1, 2, 3, 4].map((item) => data.items.filter((other) => other === item).length)
  // 120 expected, standard deviation √(200·0.6·0.4) = 7.
  for (const count of counts) expect(Math.abs(count - 120)).toBeLessThan(28)
  expect(draw(1).items).toEqual(data.items)
  expect(draw(2).items).not.toEqual(data.items)
  expect(() => sampledLists({ rows, ratings: [1] }, { lists: 1 }, seeded(1))).toThrow('1 ratings of 5 items')
  expect(() => sampledLists({ rows, ratings: [5, 4, 3, 2, 1] }, { lists: 1 }, seeded(1))).toThrow('from 2 to the 5')
})

describe('fitLists', () => {
  it('takes a step of the loss over the lists, shorter ones and silent ones told apart', async () => {
    const data = two()
    // The same numbers by the formula itself: scores 0 at weights 0, so each comparison's slope is ½ of the difference.
    const [first] = (await evaluate(({ s, l, m }) => rankNet(s, l, { mask: m }), {
      s: [[0, 0, 0], [0, 0, 0]], // biome-ignore format: a table
      l: [[3, 1, 2], [0, 5, 0]], // biome-ignore format: a table
      m: [[true, true, true], [true, true, false]], // biome-ignore format: a table
    }).then((loss) => [loss])) as [number]
    expect(first).toBeCloseTo(Math.LN2, 12)
    const silent = featureLists({ features: [[[9, 9], [8, 8]]], labels: [[1, 1]] }) // biome-ignore format: a list
    const together: ListData = {
      ...data,
      items: Int32Array.from([...data.items, 0, 1]),
      starts: Int32Array.from([...data.starts, 7]),
      labels: Float32Array.from([...data.labels, ...silent.labels]),
      weights: Float32Array.from([1, 1, 1]),
      context: Int32Array.from([0, 1, 2]),
      rater: Int32Array.from([0, 1, -1]),
    }
    const model = await fitLists(
      { data: together, options: { bias: false }, loss: rankNet, epochs: 1, optimizer: sgd({ learningRate: 4 }) },
      startRun({ seed: 1 }),
    )
    expect(model.metrics['listsLeftOut']).toBe(1)
    // Differences better − worse: (1,−1), (−1,−2), (2,1), (1,−2).
    const start = await fitLists(
      { data: together, options: { bias: false }, loss: rankNet, epochs: 1, optimizer: sgd({ learningRate: 1e-30 }) },
      startRun({ seed: 1 }),
    )
    const weights = (of: typeof model): number[] => Array.from(of.parameters.model.layers[0]?.weight.data ?? [], Number)
    const [w0, w1] = weights(start) as [number, number]
    const differences = [[1, -1], [-1, -2], [2, 1], [1, -2]] // biome-ignore format: a table
    const slope = [0, 1].map(
      (k) =>
        differences.reduce((sum, d) => {
          const lead = (d[0] as number) * w0 + (d[1] as number) * w1
          return sum - (d[k] as number) / (1 + Math.exp(lead))
        }, 0) / 4,
    )
    const [after0, after1] = weights(model) as [number, number]
    expect(after0).toBeCloseTo(w0 - 4 * (slope[0] as number), 5)
    expect(after1).toBeCloseTo(w1 - 4 * (slope[1] as number), 5)
  })

  it('exposes skips by and by, near or far first', async () => {
    const world = ratedItemsWorld({ items: 40, dimensions: 2 }, seeded(1))
    const rows = { rows: 40, columns: 2, data: world.features }
    const data = sampledLists({ rows, ratings: world.ratings }, { lists: 10, length: 4 }, seeded(2))
    const still = { data, optimizer: sgd({ learningRate: 1e-12 }), epochs: 4, batchSize: 5 }
    const losses = async (loss: ListLoss): Promise<number[]> => {
      const seen: number[] = []
      await fitLists(
        { ...still, loss, onMetrics: ({ kind, loss }) => kind === 'epoch' && seen.push(loss) },
        startRun({ seed: 1 }),
      )
      return seen
    }
    const at = async (skips: number[]): Promise<number> => (await losses(rankListLoss({ skips })))[0] as number
    const near = await losses(rankListLoss({ exposure: 'nearFirst', exposureEpochs: 1 }))
    const far = await losses(rankListLoss({ exposure: 'farFirst', exposureEpochs: 1 }))
    const all = await at([1, 2, 3])
    const expected = {
      near: [await at([1]), await at([1, 2]), all, all],
      far: [await at([3]), await at([2, 3]), all, all],
    }
    near.forEach((loss, epoch) => {
      expect(loss).toBeCloseTo(expected.near[epoch] as number, 5)
    })
    far.forEach((loss, epoch) => {
      expect(loss).toBeCloseTo(expected.far[epoch] as number, 5)
    })
    expect(() => rankListLoss({ exposure: 'nearFirst', skips: [1] })).toThrow('exposes all skips')
    expect(() => rankListLoss({ minimumGap: -1 })).toThrow()
  })

  it('learns an order from noisy ratings, by every loss, and stops early on held-out lists', async () => {
    const world = ratedItemsWorld({ items: 900, dimensions: 6, noise: 0.5 }, seeded(3))
    const rows = { rows: 900, columns: 6, data: world.features }
    const lists = sampledLists({ rows, ratings: world.ratings }, { lists: 100 }, seeded(4))
    const held = sampledLists({ rows, ratings: world.worth }, { lists: 60 }, seeded(5))
    for (const loss of [rankListLoss(), rankListLoss({ form: 'logSumExp' }), listMle] as const) {
      const model = await fitLists(
        {
          data: lists,
          options: { hidden: [16] },
          loss,
          validation: 0.2,
          patience: 5,
          optimizer: adam({ learningRate: 0.01 }),
        },
        startRun({ seed: 1 }),
      )
      expect((await evaluateLists(model, held)).tau).toBeGreaterThan(0.7)
      expect(model.metrics['bestEpoch']).toBeLessThanOrEqual(model.metrics['epochs'] as number)
    }
  }, 30_000)

  it('refuses what cannot be', async () => {
    const silent = featureLists({ features: [[[9, 9], [8, 8]]], labels: [[1, 1]] }) // biome-ignore format: a list
    await expect(fitLists({ data: silent })).rejects.toThrow('no list has two different labels')
    await expect(fitLists({ data: two(), kind: generalPreferenceKind })).rejects.toThrow(
      'general-preference compares pairs by more than',
    )
    expect(() => featureLists({ features: [[[1]]], labels: [[Number.NaN]] })).toThrow('label 0 of list 0 is NaN')
    expect(() => featureLists({ features: [[[1], [2]]], labels: [[1]] })).toThrow('1 labels for 2 items')
    expect(() => takeLists(two(), [2])).toThrow('no list 2 among 2')
  })
})
