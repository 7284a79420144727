import { expect, it } from 'vitest'
import { checkedPairs, type FeaturePairs, featurePairs, takePairs, withColumns } from './pair-data.ts'

const given: FeaturePairs = {
  a: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  b: [
    [7, 8],
    [9, 10],
    [11, 12],
  ],
  targets: [1, 0, 0.5],
  raters: ['ann', 'bob', 'ann'],
  contexts: [[1], [2], [1]],
  contextIds: ['x', 'y', 'x'],
  columns: { lead: [0.1, 0.2, 0.3] },
}

it('lays plain arrays out as rows, contexts, raters and columns', () => {
  const data = featurePairs(given)
  expect(data.rows).toEqual({ rows: 6, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) })
  expect([...data.a]).toEqual([0, 1, 2])
  expect([...data.b]).toEqual([3, 4, 5])
  expect(data.contexts).toEqual({ rows: 2, columns: 1, data: Float32Array.of(1, 2) })
  expect([...data.context]).toEqual([0, 1, 0])
  expect(data.raters).toEqual(['ann', 'bob'])
  expect([...data.rater]).toEqual([0, 1, 0])
  expect([...data.weights]).toEqual([1, 1, 1])
})

it('takes some pairs with all that belongs to them', () => {
  const some = takePairs(featurePairs(given), [2, 1])
  expect([...some.targets]).toEqual([0.5, 0])
  expect([...some.a]).toEqual([2, 1])
  expect([...some.rater]).toEqual([0, 1])
  expect([...(some.columns['lead']?.data ?? [])]).toEqual([0.3, 0.2].map(Math.fround))
  expect(() => takePairs(featurePairs(given), [3])).toThrow('no pair 3 among 3')
})

it.each([
  [{ a: [], b: [] }, 'no pairs'],
  [{ b: [[1, 2]] }, 'a is 3 × 2 and b is 1 × 2'],
  [{ a: [[1, 2], [3], [5, 6]] }, 'a: row 1 has 1 numbers'],
  [
    {
      a: [
        [1, 2],
        [3, Number.NaN],
        [5, 6],
      ],
    },
    'a: row 1, column 1 is NaN',
  ],
  [{ targets: [1, 2, 0] }, 'the target of pair 1 is 2'],
  [{ weights: [1, 0, 1] }, 'the weight of pair 1 is 0'],
  [{ raters: ['ann'] }, 'rater has 1 entries for 3 pairs'],
  [{ contexts: [[1], [2], [3]] }, 'contexts: rows 0 and 2 have one contextId and differ in column 0'],
  [{ columns: { lead: [1] } }, 'lead has 1 entries for 3 pairs'],
] as const)('names what is wrong: %o', (changes, message) => {
  expect(() => featurePairs({ ...given, ...(changes as Partial<FeaturePairs>) })).toThrow(message)
})

it('refuses a row compared with itself', () => {
  const data = featurePairs(given)
  expect(() => checkedPairs({ ...data, b: Int32Array.of(3, 1, 5) })).toThrow('pair 1 compares row 1 with itself')
})

it('adds columns', () => {
  const data = withColumns(featurePairs(given), { smoothing: [0, 0.1, 0] })
  expect(Object.keys(data.columns)).toEqual(['lead', 'smoothing'])
})

it('raters named in another order than they appear keep their names', () => {
  const given = { a: [[1], [2]], b: [[0], [0]], raters: ['late', 'early'] }
  const data = featurePairs({ ...given, raterNames: ['early', 'late', 'absent'] })
  expect(data.raters).toEqual(['early', 'late', 'absent'])
  expect([...data.rater]).toEqual([1, 0])
  expect(() => featurePairs({ ...given, raterNames: ['early'] })).toThrow('pair 0, "late", is not among raterNames')
})

it('refuses a rater named twice among all there are', () => {
  expect(() => featurePairs({ a: [[1]], b: [[2]], raters: ['x'], raterNames: ['x', 'x'] })).toThrow('a name twice')
})
