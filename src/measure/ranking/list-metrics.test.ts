import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coverage, exposureCounts, listDiversity, novelty } from './catalogue-metrics.ts'
import {
  averagePrecisionAt,
  dcgAt,
  f1At,
  gradedNdcgAt,
  hitAt,
  hitsOf,
  idealDcgAt,
  ndcgAt,
  ndcgHitIdealAt,
  precisionAt,
  recallAt,
  reciprocalRankAt,
} from './list-metrics.ts'

describe('metrics of a list', () => {
  // Items 1, 4 and 9 are wanted; the list has them at places 2 and 4.
  const hits = hitsOf([7, 4, 2, 9, 3], [1, 4, 9])
  const third = 1 / Math.log2(3)
  const fifth = 1 / Math.log2(5)

  it('have the values of a worked example', () => {
    expect([...hits]).toEqual([0, 1, 0, 1, 0])
    expect([recallAt(hits, 3, 5), recallAt(hits, 3, 3), recallAt(hits, 3, 1)]).toEqual([2 / 3, 1 / 3, 0])
    expect([precisionAt(hits, 5), precisionAt(hits, 10)]).toEqual([0.4, 0.2])
    expect(f1At(hits, 3, 5)).toBeCloseTo(0.5, 12)
    expect([hitAt(hits, 1), hitAt(hits, 2)]).toEqual([0, 1])
    expect([reciprocalRankAt(hits, 5), reciprocalRankAt(hits, 1)]).toEqual([0.5, 0])
    expect(averagePrecisionAt(hits, 3, 5)).toBeCloseTo((1 / 2 + 2 / 4) / 3, 12)
    expect(averagePrecisionAt(hits, 3, 2)).toBeCloseTo(1 / 2 / 2, 12)
    expect(dcgAt(hits, 5)).toBeCloseTo(third + fifth, 12)
    expect(ndcgAt(hits, 3, 5)).toBeCloseTo((third + fifth) / (1 + third + 0.5), 12)
    expect(ndcgHitIdealAt(hits, 5)).toBeCloseTo((third + fifth) / (1 + third), 12)
    expect([ndcgHitIdealAt(hits, 1), f1At(hits, 3, 1)]).toEqual([0, 0])
  })

  it('are 1 for a list that has all relevant items first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (relevant, k) => {
        const best = Array.from({ length: k }, (_, at) => (at < relevant ? 1 : 0))
        expect(ndcgAt(best, relevant, k)).toBeCloseTo(1, 12)
        expect(ndcgHitIdealAt(best, k)).toBeCloseTo(1, 12)
        expect(averagePrecisionAt(best, relevant, k)).toBeCloseTo(1, 12)
        expect(reciprocalRankAt(best, k)).toBe(1)
      }),
    )
  })

  it('of the hit-ideal kind are never below the standard', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 12 }), fc.nat(5), (list, more) => {
        const count = list.filter((hit) => hit === 1).length + more
        if (count === 0) return
        expect(ndcgHitIdealAt(list, list.length)).toBeGreaterThanOrEqual(ndcgAt(list, count, list.length) - 1e-12)
      }),
    )
  })

  it('with grades divide by the best order of all gains', () => {
    expect(gradedNdcgAt([1, 3], 2)).toBeCloseTo((1 + 3 * third) / (3 + third), 12)
    expect(gradedNdcgAt([1, 0], 2, [7, 1, 0])).toBeCloseTo(1 / (7 + third), 12)
    expect(gradedNdcgAt([0, 0], 2)).toBe(0)
    expect(gradedNdcgAt(hits, 5, [1, 1, 1])).toBeCloseTo(ndcgAt(hits, 3, 5), 12)
    expect(idealDcgAt(5, 2)).toBeCloseTo(1 + third, 12)
    expect(() => gradedNdcgAt([1, -1], 2)).toThrow('a gain is -1')
  })

  it('ask for a cut-off and for something relevant', () => {
    expect(() => recallAt(hits, 0, 5)).toThrow('there are 0 relevant items')
    expect(() => ndcgAt(hits, 3, 0)).toThrow('the cut-off is 0')
  })
})

describe('metrics of lists against the catalogue', () => {
  const lists = [
    [0, 1, -1],
    [0, 2, 3],
  ]

  it('count what is listed', () => {
    expect([...exposureCounts(lists, 5)]).toEqual([2, 1, 1, 1, 0])
    expect(coverage(lists, 5)).toBe(0.8)
    expect(() => coverage([[5]], 5)).toThrow('list 0 has item 5')
  })

  it('weigh novelty in bits', () => {
    // 8 users; items taken by 8, 4, 2 and nobody (counted as one): 0, 1, 2 and 3 bits.
    expect(novelty(lists, [8, 4, 2, 0, 9], 8)).toBeCloseTo((0 + 0 + 1 + 2 + 3) / 5, 12)
  })

  it('measure diversity by the angles between items', () => {
    const vectors = [1, 0, 0, 2, 1, 1, 0, 0]
    expect(listDiversity([0, 1], vectors, 2)).toBeCloseTo(1, 12)
    expect(listDiversity([0, 2], vectors, 2)).toBeCloseTo(1 - Math.SQRT1_2, 12)
    expect(listDiversity([0, 1, 2], vectors, 2)).toBeCloseTo((1 + 2 * (1 - Math.SQRT1_2)) / 3, 12)
    expect(listDiversity([0, 3, -1], vectors, 2)).toBeCloseTo(1, 12)
    expect(listDiversity([0], vectors, 2)).toBeNaN()
  })
})
