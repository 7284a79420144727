import { expect, it } from 'vitest'
import { aims, pointAt, recallOf } from './trade.ts'

const point = (weight: number, gini?: number) => ({
  ...{ weight, recall: 0.2, ndcg: 0.1, coverage: 0.5, diversity: 0.8 },
  ...(gini !== undefined && { gini }),
})

it('finds the point of a weight although sums of decimals are not exact', () => {
  expect(pointAt([point(0), point(0.1 + 0.2), point(1)], 0.3)?.weight).toBeCloseTo(0.3)
  expect(pointAt([point(0)], 0.3)).toBeUndefined()
})

it('turns the Gini index over, so that more is fairer, and has no number where there is none', () => {
  expect(aims.fairness.of(point(0, 0.75))).toBe(0.25)
  expect(aims.fairness.of(point(0))).toBeNaN()
  expect(aims.diversity.of(point(0))).toBe(0.8)
})

it('goes through weights from nothing up, each more', () => {
  for (const { weights } of Object.values(aims)) {
    expect(weights[0]).toBe(0)
    expect(weights).toEqual([...new Set(weights)].toSorted((a, b) => a - b))
  }
})

it('reads recall and its places off a metric’s name', () => {
  const metrics = [
    { name: 'ndcg@20', value: 0.1 },
    { name: 'recall@20', value: 0.3 },
  ]
  expect(recallOf(metrics)).toEqual({ name: 'recall@20', at: 20, value: 0.3 })
  expect(recallOf([])).toBeUndefined()
})
