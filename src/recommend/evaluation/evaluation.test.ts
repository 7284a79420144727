import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { value } from '../../tensor/index.ts'
import { popularity } from '../baseline/popularity.ts'
import type { Recommender } from '../contract.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { holdsPair, type InteractionSet, interactionSet, itemsOf } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'
import { itemIndex, selectTop, topOfScores } from '../top-items.ts'
import { evaluateRanking, seenIn } from './evaluate-ranking.ts'
import { evaluateSampled } from './evaluate-sampled.ts'
import { byGroup, compareReports } from './ranking-report.ts'

const setOf = (users: number[], items: number[], userCount: number, itemCount: number): InteractionSet =>
  interactionSet(interactionLog({ users, items, userCount, itemCount }))

/** Scores as given, row by user. */
function fixed(train: InteractionSet, scores: readonly (readonly number[])[]): Recommender {
  return recommender({
    kind: 'fixed',
    items: train.items,
    seen: train,
    scoring: {
      form: 'scores',
      scores: (audience) =>
        Float32Array.from(
          'users' in audience
            ? Array.from(audience.users).flatMap((user) => scores[user] ?? [])
            : audience.histories.flatMap(() => scores[0] ?? []),
        ),
    },
    tensors: { none: value(new Float32Array(1)) },
    metadata: {},
  })
}

describe('the top of scores', () => {
  it('is what sorting gives, equal scores by place, in both ways of finding it', async () => {
    const random = seeded(1)
    const [rows, items, width] = [7, 301, 5]
    // Few different numbers, so that many scores are equal.
    const few = (length: number) => Float32Array.from({ length }, () => random.integer(3) - 1)
    const [queries, vectors] = [few(rows * width), few(items * width)]
    const lists = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: row * 30 }, () => random.integer(items)),
    )
    const allowed = Uint8Array.from({ length: items }, (_, item) => (item % 3 === 0 ? 0 : 1))
    const index = itemIndex({ vectors, items, width })
    const scores = await index.scores(queries)
    for (let row = 0; row < rows; row++)
      for (const item of [0, 17, 300]) {
        let sum = 0
        for (let k = 0; k < width; k++) sum += (queries[row * width + k] ?? 0) * (vectors[item * width + k] ?? 0)
        expect(scores[row * items + item]).toBeCloseTo(sum, 5)
      }
    for (const exclusion of [
      {},
      { lists: (row: number) => lists[row] ?? [] },
      { lists: (row: number) => lists[row] ?? [], allowed },
    ]) {
      const expected = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: items }, (_, item) => item)
          .filter((item) => !('lists' in exclusion && exclusion.lists?.(row).includes(item)))
          .filter((item) => !('allowed' in exclusion) || allowed[item] === 1)
          .toSorted((a, b) => (scores[row * items + b] ?? 0) - (scores[row * items + a] ?? 0) || a - b)
          .slice(0, 20),
      ).flat()
      const found = await index.top(queries, 20, exclusion)
      expect([...found.items]).toEqual(expected)
      const plain = topOfScores(scores.slice(), items, 20, exclusion)
      expect([...plain.items]).toEqual(expected)
      expect(plain.scores).toEqual(found.scores)
    }
    await index.dispose()
  })

  it('ends with −1 where fewer are allowed', async () => {
    const items = new Int32Array(4)
    const scores = new Float32Array(4)
    selectTop(Float32Array.of(1, Number.NEGATIVE_INFINITY, 3, Number.NaN), items, scores)
    expect([...items]).toEqual([2, 0, -1, -1])
    expect([...scores]).toEqual([3, 1, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
    const index = itemIndex({ vectors: Float32Array.of(1, 2, 3), items: 3, width: 1 })
    const found = await index.top(Float32Array.of(1), 3, { lists: () => [2, 2] })
    expect([...found.items]).toEqual([1, 0, -1])
  })
})

describe('all-ranking evaluation', () => {
  // Five items; user 0 has seen item 0, user 1 items 3 and 4, user 2 nothing, user 3 item 1.
  const train = setOf([0, 1, 1, 3], [0, 3, 4, 1], 4, 5)
  const test = setOf([0, 0, 1, 3], [1, 4, 2, 0], 4, 5)
  const scored = fixed(train, [
    [9, 1, 3, 2, 4],
    [5, 4, 3, 9, 9],
    [0, 0, 0, 0, 0],
    [1, 2, 3, 4, 5],
  ])

  it('masks what was seen, leaves out users without held-out items, and averages over the others', async () => {
    const report = await evaluateRanking(scored, test, { cutoffs: [1, 2, 4] })
    expect([...report.users]).toEqual([0, 1, 3])
    // User 0: 4 2 3 1, hits at 1 and 4. User 1: 0 1 2, hit at 3. User 3: 4 3 2 0, hit at 4.
    expect([...report.recommendations.items]).toEqual([4, 2, 3, 1, 0, 1, 2, -1, 4, 3, 2, 0])
    expect(report.values['recall@4']).toEqual(Float64Array.of(1, 1, 1))
    expect(report.values['recall@1']).toEqual(Float64Array.of(0.5, 0, 0))
    const third = 1 / Math.log2(3)
    const [fourth, fifth] = [0.5, 1 / Math.log2(5)]
    expect(report.means['ndcg@4']).toBeCloseTo(((1 + fifth) / (1 + third) + fourth + fifth) / 3, 12)
    expect(report.means['ndcgHitIdeal@1']).toBeCloseTo(1 / 3, 12)
    expect(report.means['mrr@4']).toBeCloseTo((1 + 1 / 3 + 1 / 4) / 3, 12)
    expect(report.means['map@4']).toBeCloseTo(((1 + 2 / 4) / 2 + 1 / 3 + 1 / 4) / 3, 12)
    expect(report.means['precision@2']).toBeCloseTo((1 / 2 + 0 + 0) / 3, 12)
    expect(report.means['hit@2']).toBeCloseTo(1 / 3, 12)
    expect(report.means['f1@4']).toBeCloseTo((2 / 3 + 0.4 + 0.4) / 3, 12)
    expect(report.catalogue.map(({ k, coverage }) => [k, coverage])).toEqual([
      [1, 0.4],
      [2, 1],
      [4, 1],
    ])
  })

  it('masks other sets instead where they are given', async () => {
    const valid = setOf([0], [4], 4, 5)
    const report = await evaluateRanking(scored, setOf([0], [1], 4, 5), { cutoffs: [4], seen: seenIn(train, valid) })
    expect([...report.recommendations.items]).toEqual([2, 3, 1, -1])
  })

  it('ranks from histories where they are given', async () => {
    const report = await evaluateRanking(scored, test, { cutoffs: [5], history: (user) => (user === 0 ? [4, 2] : [0]) })
    expect([...report.recommendations.items].slice(0, 5)).toEqual([0, 3, 1, -1, -1])
  })

  it('adds novelty and diversity where it is told how', async () => {
    const report = await evaluateRanking(scored, test, {
      cutoffs: [1],
      train,
      vectors: { data: Float32Array.of(1, 0, 0, 1, 1, 1, 1, 0, 0, 1), width: 2 },
    })
    // Lists [4], [0], [4]; each was taken by one of four users: two bits. A list of one item has no pairs.
    expect(report.catalogue[0]?.novelty).toBeCloseTo(2, 12)
    expect(report.catalogue[0]?.diversity).toBeNaN()
  })

  it('tells groups of users apart', async () => {
    const report = await evaluateRanking(scored, test, { cutoffs: [1] })
    const groups = byGroup(report, (user) => (user === 3 ? undefined : user === 0 ? 'b' : 'a'))
    expect(groups.map(({ group, users, means }) => [group, users, means['recall@1']])).toEqual([
      ['a', 1, 0],
      ['b', 1, 0.5],
    ])
  })

  it('compares two methods on the same users', async () => {
    const better = await evaluateRanking(fixed(train, Array(4).fill([0, 9, 8, 0, 7])), test, { cutoffs: [2] })
    const worse = await evaluateRanking(scored, test, { cutoffs: [2] })
    const { difference } = compareReports(better, worse, 'recall@2', seeded(1), { replicates: 200 })
    // Users 0, 1 and 3 get ½, 1 and 0 against ½, 0 and 0.
    expect(difference).toBeCloseTo(1 / 3, 12)
    expect(() => compareReports(better, worse, 'recall@5', seeded(1))).toThrow('"recall@5" was not measured')
    const other = await evaluateRanking(scored, setOf([0], [1], 4, 5), { cutoffs: [2] })
    expect(() => compareReports(better, other, 'recall@2', seeded(1))).toThrow('expected the same users')
  })

  it('gives users that nothing is known of what most took, and equal ones in order', async () => {
    const popular = popularity(setOf([0, 1, 1, 3, 3], [2, 2, 4, 2, 4], 4, 5))
    expect([...(await popular.recommend({ users: [2] }, { count: 5 })).items]).toEqual([2, 4, 0, 1, 3])
    expect([...(await popular.recommend({ users: [0] }, { count: 2 })).items]).toEqual([4, 0])
    expect([...(await scored.recommend({ users: [2] }, { count: 5 })).items]).toEqual([0, 1, 3, 4, 2])
    expect([...(await scored.recommend({ histories: [[]] }, { count: 2 })).items]).toEqual([0, 1])
  })

  it('obeys filter, exclude and count, and says what is wrong with a question', async () => {
    const ask = (options: object) => scored.recommend({ users: [0] }, options)
    expect([...(await ask({ count: 9, exclude: 'nothing' })).items]).toEqual([0, 4, 2, 3, 1])
    expect([...(await ask({ count: 2, filter: (item: number) => item < 3 })).items]).toEqual([2, 1])
    expect([...(await ask({ count: 2, exclude: () => [4] })).items]).toEqual([0, 2])
    await expect(ask({ count: 0 })).rejects.toThrow('count is 0')
    await expect(ask({ exclude: () => [5] })).rejects.toThrow('row 0 is not to get item 5')
    await expect(scored.recommend({ users: [4] })).rejects.toThrow('there is no user 4')
    await expect(scored.scoreItems({ histories: [[0], [7]] })).rejects.toThrow('history 1 has item 7')
  })
})

describe('sampled evaluation', () => {
  it('ranks each held-out item among unseen ones', async () => {
    const train = setOf([0], [0], 1, 6)
    const test = setOf([0, 0], [1, 4], 1, 6)
    const scored = fixed(train, [[9, 3, 2, 5, 8, 3]])
    // All three unseen items {2, 3, 5} are taken: item 1 has 3 and (equal) 5 before it, item 4 has none.
    const report = await evaluateSampled(scored, test, seeded(1), { seen: [train], negatives: 50, cutoffs: [1, 3] })
    expect(report.cases).toBe(2)
    expect([report.means['hit@1'], report.means['hit@3']]).toEqual([0.5, 1])
    expect(report.means['mrr@3']).toBeCloseTo((1 / 3 + 1) / 2, 12)
  })

  it('is the share of better items, on average', async () => {
    const items = 200
    const train = setOf([0], [0], 1, items)
    const test = setOf([0], [150], 1, items)
    const scored = fixed(train, [Array.from({ length: items }, (_, item) => item)])
    let hits = 0
    const asked = { seen: [train], negatives: 1, cutoffs: [1] }
    for (let seed = 0; seed < 400; seed++) {
      const { means } = await evaluateSampled(scored, test, seeded(seed), asked)
      hits += means['hit@1'] ?? Number.NaN
    }
    // 149 of the 198 unseen items score less.
    expect(hits / 400).toBeGreaterThan(149 / 198 - 0.1)
    expect(hits / 400).toBeLessThan(149 / 198 + 0.1)
    expect(holdsPair(train, 0, 0) && itemsOf(test, 0)[0] === 150).toBe(true)
  })
})
