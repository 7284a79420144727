import { describe, expect, it } from 'vitest'
import { itemFairness } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import type { Recommendations } from './contract.ts'
import { fairnessCurve, fairnessNumber, fairRerank, recommendationFairness } from './item-fairness.ts'

const random = seeded(4)
/** Candidates whose scores follow how well known items are, with noise: the same few on top for most users. */
function candidates(rows: number, items: number, count: number): Recommendations {
  const made = Array.from({ length: rows }, () =>
    Array.from({ length: items }, (_, item) => ({ item, score: -Math.log(item + 1) + 0.4 * random.normal() }))
      .toSorted((a, b) => b.score - a.score)
      .slice(0, count),
  ).flat()
  return {
    rows,
    count,
    items: Int32Array.from(made, ({ item }) => item),
    scores: Float32Array.from(made, ({ score }) => score),
  }
}

/** The objective, worked out from its definition. */
function objective(lists: Recommendations, from: Recommendations, items: number, weight: number): number {
  let sum = 0
  const exposure = new Map<number, number>()
  for (let row = 0; row < lists.rows; row++) {
    const own = from.scores.subarray(row * from.count, (row + 1) * from.count)
    for (let at = 0; at < lists.count; at++) {
      const place = row * lists.count + at
      const item = lists.items[place] ?? -1
      sum += ((lists.scores[place] ?? 0) - (own.at(-1) ?? 0)) / ((own[0] ?? 0) - (own.at(-1) ?? 0))
      exposure.set(item, (exposure.get(item) ?? 0) + 1)
    }
  }
  const squares = [...exposure.values()].reduce((total, count) => total + count * count, 0)
  return sum - (weight / 2 / ((lists.rows * lists.count) / items)) * squares
}

describe('fair re-ranking', () => {
  const [rows, items] = [60, 80]
  const from = candidates(rows, items, 40)

  it('keeps the order of the candidates when fairness weighs nothing', () => {
    const lists = fairRerank(from, items, { weight: 0, count: 5 })
    for (let row = 0; row < rows; row++)
      expect(lists.items.subarray(row * 5, row * 5 + 5)).toEqual(from.items.subarray(row * 40, row * 40 + 5))
  })

  it('never makes its objective smaller from round to round, and beats the lists it started from', () => {
    for (const weight of [0.05, 0.3, 2]) {
      const values = [1, 2, 3, 6].map((rounds) =>
        objective(fairRerank(from, items, { weight, count: 5, rounds }), from, items, weight),
      )
      const start = objective(fairRerank(from, items, { weight: 0, count: 5 }), from, items, weight)
      for (const [at, value] of values.entries()) expect(value).toBeGreaterThanOrEqual((values[at - 1] ?? start) - 1e-9)
      expect(values.at(-1)).toBeGreaterThan(start)
    }
  })

  it('lists different candidates of the row, in the order of their scores', () => {
    const lists = fairRerank(from, items, { weight: 1, count: 5 })
    for (let row = 0; row < rows; row++) {
      const own = [...lists.items.subarray(row * 5, row * 5 + 5)]
      const places = own.map((item) => from.items.subarray(row * 40, row * 40 + 40).indexOf(item))
      expect(places.every((place) => place >= 0)).toBe(true)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(new Set(own).size).toBe(5)
    }
  })

  it('gets fairer and less relevant along the curve', () => {
    const relevant = (row: number) => from.items.slice(row * 40, row * 40 + 3).sort()
    const curve = fairnessCurve(from, relevant, items, { weights: [0, 0.1, 1, 10], count: 5 })
    const gini = curve.map(({ fairness }) => fairnessNumber(fairness.gini.corrected))
    const jain = curve.map(({ fairness }) => fairnessNumber(fairness.jain.corrected))
    expect(gini).toEqual(gini.toSorted((a, b) => b - a))
    expect(jain).toEqual(jain.toSorted((a, b) => a - b))
    expect(curve.map(({ recall }) => recall)).toEqual(curve.map(({ recall }) => recall).toSorted((a, b) => b - a))
    expect(curve[0]?.recall).toBe(1)
    expect(jain[3]).toBeGreaterThan(0.9)
  })

  it('spreads two items over two users who both like the first', () => {
    const two: Recommendations = {
      rows: 2,
      count: 2,
      items: Int32Array.of(0, 1, 0, 1),
      scores: Float32Array.of(1, 0, 1, 0),
    }
    // Exposure is 1 when even; the second user's first choice costs weight·1 more than the other item.
    expect([...fairRerank(two, 2, { weight: 0.9, count: 1 }).items]).toEqual([0, 0])
    expect([...fairRerank(two, 2, { weight: 1.1, count: 1 }).items].toSorted()).toEqual([0, 1])
  })

  it('measures the first places of lists', () => {
    const lists = fairRerank(from, items, { weight: 0.5, count: 5 })
    const cut = Array.from({ length: rows }, (_, row) => [...lists.items.subarray(row * 5, row * 5 + 2)])
    expect(recommendationFairness(lists, items, 2)).toEqual(itemFairness(cut, items))
    expect(() => recommendationFairness(lists, items, 6)).toThrow('k is 6, expected a whole number from 1 to 5')
  })

  it('says what it lacks', () => {
    expect(() => fairRerank(from, items, { weight: -1 })).toThrow('weight is -1')
    expect(() => fairRerank(from, items, { weight: 1, count: 41 })).toThrow(
      'row 0 has 40 candidates, expected at least 41',
    )
  })
})
