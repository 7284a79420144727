import { describe, expect, it } from 'vitest'
import type { Signal, SignalSource } from '../../collect/index.ts'
import { seeded } from '../../run/index.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { sequencesOf } from '../interactions/sequences.ts'
import { compareImpressions, evaluateImpressions } from './evaluate-impressions.ts'
import { featureTable } from './feature-table.ts'
import { choiceImpressions } from './from-choices.ts'
import { ratedImpressions } from './from-ratings.ts'
import { sampledImpressions } from './from-sequences.ts'
import {
  checkedImpressions,
  historyBefore,
  impressionsOf,
  requestCount,
  selectRequests,
  splitByTime,
} from './impressions.ts'

describe('feature tables', () => {
  it('number values as they come, several a row, and keep rows of which nothing is known', () => {
    const { fields, numbers } = featureTable(3, {
      fields: { genres: [['War', 'Drama'], undefined, 'Drama'] },
      numbers: { year: [1, 2, 3], price: [4, 5, 6] },
    })
    expect(fields.map(({ name, size }) => [name, size])).toEqual([
      ['id', 3],
      ['genres', 2],
    ])
    expect(fields[1]?.labels).toEqual(['War', 'Drama'])
    expect([...(fields[1]?.values.offsets ?? [])]).toEqual([0, 2, 2, 3])
    expect([...(fields[1]?.values.columns ?? [])]).toEqual([0, 1, 1])
    expect([...(numbers?.data ?? [])]).toEqual([1, 4, 2, 5, 3, 6])
  })

  it('refuse columns of other lengths, numbers that are none, and tables of nothing', () => {
    expect(() => featureTable(2, { fields: { a: ['x'] } })).toThrow('field "a" has 1 rows, expected 2')
    expect(() => featureTable(2, { numbers: { a: [1, Number.NaN] } })).toThrow('"a" of row 1 is NaN')
    expect(() => featureTable(2, { id: false })).toThrow('nothing is known of the rows')
    expect(() => featureTable(2, { fields: { id: ['x', 'y'] } })).toThrow('two fields "id"')
  })
})

describe('impressions', () => {
  const plain = impressionsOf(
    [
      { user: 0, history: [3, 1], shown: [2, 0], labels: [1, 0], numbers: [[0.5], [0.25]] },
      { shown: [4], labels: [0], numbers: [[1]] },
      { user: 2, history: [4], shown: [1, 2, 3], labels: [0, 0.5, 1], numbers: [[2], [3], [4]] },
    ],
    5,
  )

  it('hold requests of any length, and what was done before each', () => {
    expect(requestCount(plain)).toBe(3)
    expect([...historyBefore(plain, 0)]).toEqual([3, 1])
    expect([...historyBefore(plain, 1)]).toEqual([])
    expect([...plain.users]).toEqual([0, -1, 2])
  })

  it('are chosen by request, with everything that belongs to it', () => {
    const some = selectRequests(plain, (request) => request !== 1)
    expect([...some.offsets]).toEqual([0, 2, 5])
    expect([...some.items]).toEqual([2, 0, 1, 2, 3])
    expect([...(some.numbers?.data ?? [])]).toEqual([0.5, 0.25, 2, 3, 4])
    expect([...historyBefore(some, 1)]).toEqual([4])
    expect([...some.labels]).toEqual([1, 0, 0, 0.5, 1])
  })

  it('refuse labels that are none, unknown items, empty requests, and half-known columns', () => {
    const one = (change: object): (() => unknown) => {
      return () => impressionsOf([{ shown: [1], labels: [1], ...change }], 3)
    }
    expect(one({ labels: [Number.NaN] })).toThrow('label 0 is NaN')
    expect(one({ labels: [2] })).toThrow('label 0 is 2')
    expect(one({ shown: [3] })).toThrow('a shown item is 3, expected a whole number from 0 to 2')
    expect(one({ history: [-1] })).toThrow('a behaviour is -1')
    expect(one({ shown: [], labels: [] })).toThrow('request 0 shows nothing')
    expect(one({ labels: [1, 0] })).toThrow('has 2 labels')
    expect(() =>
      impressionsOf(
        [
          { shown: [1], labels: [1], query: 0 },
          { shown: [1], labels: [1] },
        ],
        3,
      ),
    ).toThrow('1 of 2 requests have "query"')
  })

  it('refuse a history that reaches the moment of its request', () => {
    const behaviours = { offsets: Uint32Array.of(0, 2), items: Uint32Array.of(0, 1), times: Float64Array.of(5, 9) }
    const at = (time: number, known: number) => () =>
      checkedImpressions({
        ...impressionsOf([{ user: 0, time, shown: [1], labels: [1] }], 3),
        behaviours,
        sequences: Uint32Array.of(0),
        known: Uint32Array.of(known),
      })
    expect(at(9, 1)).not.toThrow()
    expect(at(9, 2)).toThrow('request 0 was at 9 and knows a behaviour of 9, expected only what was before it')
    expect(at(99, 3)).toThrow('request 0 knows 3 behaviours of sequence 0, which has 2')
  })

  it('out of ratings: a moment is a request, and only what was liked strictly before is known', () => {
    const rated = ratedImpressions(
      interactionLog({
        users: [1, 0, 0, 0, 0, 1],
        items: [4, 0, 1, 2, 3, 0],
        values: [5, 5, 2, 4, 4, 1],
        times: [7, 10, 10, 20, 30, 8],
        userCount: 2,
        itemCount: 5,
      }),
    )
    expect([...rated.offsets]).toEqual([0, 2, 3, 4, 5, 6])
    expect([...rated.items]).toEqual([0, 1, 2, 3, 4, 0])
    expect([...rated.labels]).toEqual([1, 0, 1, 1, 1, 0])
    expect([0, 1, 2, 3, 4].map((request) => [...historyBefore(rated, request)])).toEqual([[], [0], [0, 2], [], [4]])
    const { train, valid, test } = splitByTime(rated, { valid: 0.2, test: 0.2 })
    // Moments 7, 8, 10 | 20 | 30.
    expect([train, valid, test].map((part) => [...(part.times ?? [])])).toEqual([[10, 7, 8], [20], [30]])
  })

  it('out of histories: each taken item among others its user never took, after what came before it', () => {
    const behaviours = sequencesOf(
      interactionLog({ users: [0, 0, 0, 0, 0, 1, 1], items: [0, 1, 2, 3, 4, 5, 6], userCount: 2, itemCount: 12 }),
    )
    const { train, valid, test } = sampledImpressions(behaviours, 12, seeded(1), { negatives: 3 })
    expect([train, valid, test].map(requestCount)).toEqual([3, 1, 1])
    expect([...historyBefore(test, 0)]).toEqual([0, 1, 2, 3])
    expect(test.items[0]).toBe(4)
    expect(valid.items[0]).toBe(3)
    for (const part of [train, valid, test])
      for (const [at, item] of part.items.entries()) {
        const user = part.users[Math.floor(at / 4)] ?? -1
        expect((user === 0 ? [0, 1, 2, 3, 4] : [5, 6]).includes(item)).toBe(at % 4 === 0)
        expect(part.labels[at]).toBe(at % 4 === 0 ? 1 : 0)
      }
  })

  it('out of choices: what was shown, what was chosen, and earlier choices as history', async () => {
    const choice = (rater: string, time: number, shown: readonly string[], chosen: readonly number[]) => ({
      kind: 'choice',
      rater: { id: rater },
      time,
      shown: shown.map((item) => ({ id: `id-${item}`, content: { modality: 'item', item } })),
      chosen,
    })
    const signals = [
      choice('ann', 30, ['tea', 'jam'], [1]),
      choice('bob', 10, ['jam'], []),
      choice('ann', 10, ['tea', 'nut', 'jam'], [1, 0]),
      choice('ann', 10, ['egg', 'tea'], [0]),
    ]
    const source = {
      async *read() {
        yield* signals
      },
    } as unknown as SignalSource & { read(): AsyncIterable<Signal> }
    const made = await choiceImpressions(source)
    const names = (items: Iterable<number>): string[] => Array.from(items, (item) => made.itemIds.id(item))
    expect(names(made.items)).toEqual(['tea', 'nut', 'jam', 'egg', 'tea', 'tea', 'jam', 'jam'])
    expect([...made.labels]).toEqual([1, 1, 0, 1, 0, 0, 1, 0])
    expect([0, 1, 2, 3].map((request) => names(historyBefore(made, request)))).toEqual([
      [],
      [],
      ['nut', 'tea', 'egg'],
      [],
    ])
  })
})

describe('the judgement of scores', () => {
  const shown = impressionsOf(
    [
      { user: 0, shown: [0, 1, 2], labels: [0, 1, 0] },
      { user: 0, shown: [0, 1], labels: [1, 1] },
      { user: 1, shown: [2, 1], labels: [1, 0] },
      { user: 1, shown: [0], labels: [0] },
    ],
    3,
  )
  const scores = [0.9, 0.5, 0.5, 0.1, 0.2, 0.8, 0.3, 0.6]

  it('is by hand: areas within sessions and over all, and NDCG of what was taken', () => {
    const report = evaluateImpressions(scores, shown, { cutoffs: [1, 10] })
    // Request 0: 1 beats neither 0 (0.9) nor 2 (equal, ½). Requests 1 and 3 have one label only.
    expect([...report.sessionAuc]).toEqual([0.25, 1])
    expect([...report.users]).toEqual([0, 1])
    // Order 0, 1, 2 by number: the taken one is second.
    expect(report.ndcg[10]?.[0]).toBeCloseTo(1 / Math.log2(3), 12)
    expect([...(report.ndcg[1] ?? [])]).toEqual([0, 1])
    expect(report.means['sessionAuc']).toBeCloseTo(0.625, 12)
    // Taken .5 .1 .2 .8 against left .9 .5 .3 .6: 0+½+1+0, 0, 0, 0+1+1+1 of 16.
    expect(report.auc).toBeCloseTo(4.5 / 16, 12)
    expect(report.shown).toBe(8)
  })

  it('can take all of a user together, or some requests only', () => {
    const byUser = evaluateImpressions(scores, shown, { session: 'user' })
    expect([...byUser.users]).toEqual([0, 1])
    // User 0: taken .5 .1 .2 against .9 .5; user 1: .8 against .3 .6.
    expect(byUser.sessionAuc[0]).toBeCloseTo(0.5 / 6, 12)
    expect(byUser.sessionAuc[1]).toBe(1)
    const last = evaluateImpressions(scores, shown, { only: (request) => request === 3 })
    expect([last.shown, last.sessionAuc.length]).toEqual([1, 0])
    expect(last.means['sessionAuc']).toBeNaN()
  })

  it('compares two by resampling users', () => {
    const better = evaluateImpressions([0, 1, 0, 0, 0, 1, 0, 0], shown)
    const worse = evaluateImpressions(scores, shown)
    const { difference, interval } = compareImpressions(better, worse, seeded(1), { replicates: 400 })
    // Sessions gain ¾ and 0; resampled users give 0, ⅜ or ¾.
    expect(difference).toBeCloseTo(0.375, 12)
    expect(interval).toEqual([0, 0.75])
    expect(() =>
      compareImpressions(
        better,
        evaluateImpressions(scores, shown, { session: 'request', only: (r) => r > 0 }),
        seeded(1),
      ),
    ).toThrow('expected the same')
    expect(() => evaluateImpressions([1], shown)).toThrow('there are 1 scores of 8 shown items')
    expect(() => evaluateImpressions([Number.NaN, ...scores.slice(1)], shown)).toThrow('score 0 is NaN')
  })
})
