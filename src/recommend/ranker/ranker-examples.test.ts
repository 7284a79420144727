import { expect, it } from 'vitest'
import { featureTable } from '../impressions/feature-table.ts'
import { impressionsOf } from '../impressions/impressions.ts'
import { itemsTogether, rankerExamples } from './ranker-examples.ts'
import type { RankerShape } from './ranker-network.ts'

const shown = impressionsOf(
  [
    { user: 1, query: 1, history: [4, 3, 2], shown: [0, 1, 2], labels: [0, 1, 0], numbers: [[1], [2], [3]] },
    { query: 0, shown: [4], labels: [1], numbers: [[4]] },
  ],
  5,
)
const shape = { length: 2 } as RankerShape

it('cuts requests into pieces and fills the last up with nothing', () => {
  const features = { items: featureTable(5), users: featureTable(2), queries: featureTable(2), numbers: 1 }
  const { target, label, history, numbers, user, query, rater } = rankerExamples(shown, features, shape, 2)
  const table = (values: readonly number[], size: readonly number[], rows: readonly number[]) => ({
    table: { dtype: 'int32', shape: size, data: Int32Array.from(values) },
    rows: Int32Array.from(rows),
  })
  expect(target).toMatchObject({ shape: [3, 2], data: Int32Array.of(0, 1, 2, 5, 4, 5) })
  expect(label).toMatchObject({ shape: [3, 2], data: Float32Array.of(0, 1, 0, 0, 1, 0) })
  expect(numbers).toMatchObject({ shape: [3, 2, 1], data: Float32Array.of(1, 2, 3, 0, 4, 0) })
  // The last two behaviours, and none; 5 is no item.
  expect(history).toEqual(table([3, 2, 5, 5], [2, 2], [0, 0, 1]))
  expect(user).toEqual(table([1, 2], [2], [0, 0, 1]))
  expect(query).toEqual(table([1, 0], [2], [0, 0, 1]))
  // Who is not known is nobody else.
  expect(rater).toEqual(table([1, -2], [2], [0, 0, 1]))
})

it('takes the items of a request together where its gate is one for all', () => {
  expect(itemsTogether(shown, { gateBy: 'query' })).toBe(3)
  expect(itemsTogether(shown, { gateBy: 'target' })).toBe(1)
  const many = Array.from({ length: 40 }, (_, item) => item)
  const long = impressionsOf([{ shown: many, labels: many.map(() => 0) }], 40)
  expect(itemsTogether(long, { gateBy: 'query' })).toBe(16)
})
