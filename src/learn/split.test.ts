import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { featurePairs, type PairData } from './pairs/index.ts'
import { kFolds, pairGroups, type SplitBy, splitGroups, splitPairs } from './split.ts'

const random = seeded('split')
const pairs = 60
const data: PairData = {
  ...featurePairs({
    a: Array.from({ length: pairs }, () => [random.normal()]),
    b: Array.from({ length: pairs }, () => [random.normal()]),
    raters: Array.from({ length: pairs }, () => `rater ${random.integer(9)}`),
    contextIds: Array.from({ length: pairs }, () => random.integer(12)),
    sources: Array.from({ length: pairs }, () => `source ${random.integer(5)}`),
  }),
  // Chains of shared candidates: rows 0–1–2, 3–4–5, …
  a: Int32Array.from({ length: pairs }, (_, pair) => 3 * (pair % 20)),
  b: Int32Array.from({ length: pairs }, (_, pair) => 3 * (pair % 20) + 1 + (pair % 2)),
}

describe.each(['pair', 'context', 'rater', 'source', 'component'] as const)('split by %s', (by: SplitBy) => {
  it('shares no group between parts, loses no pair, and repeats itself', () => {
    const groups = pairGroups(data, by)
    const parts = splitPairs(data, { by, shares: [0.6, 0.2, 0.2] }, seeded(1))
    expect(parts.flatMap((part) => [...part]).sort((x, y) => x - y)).toEqual(Array.from({ length: pairs }, (_, i) => i))
    const seen = parts.map((part) => new Set([...part].map((pair) => groups[pair])))
    expect(seen.reduce((sum, { size }) => sum + size, 0)).toBe(new Set(groups).size)
    expect(splitPairs(data, { by, shares: [0.6, 0.2, 0.2] }, seeded(1))).toEqual(parts)
  })
})

it('joins candidates however long the chain between them', () => {
  const chain: PairData = { ...data, a: Int32Array.of(0, 1, 5, 2), b: Int32Array.of(1, 2, 6, 3) }
  expect([...pairGroups(chain, 'component')]).toEqual([0, 0, 1, 0])
})

it('takes rows of equal features for one candidate', () => {
  const given = featurePairs({
    a: [
      [1, 0],
      [0, 3],
      [5, 5],
    ],
    b: [
      [0, 3],
      [2, -0],
      [2, 0.5],
    ],
  })
  expect([...pairGroups(given, 'component')]).toEqual([0, 0, 1])
  const zeros = featurePairs({ a: [[1], [-0]], b: [[0], [2]] })
  expect([...pairGroups(zeros, 'component')]).toEqual([0, 0])
})

it('leaves pairs of unknown raters on their own', () => {
  const unknown: PairData = { ...data, a: data.a.slice(0, 3), rater: Int32Array.of(-1, 2, -1) }
  expect(new Set(pairGroups(unknown, 'rater')).size).toBe(3)
})

it('comes as close to the shares as groups allow, and leaves no part empty', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 40, maxLength: 200 }),
      fc.integer(),
      (groups, seed) => {
        const distinct = new Set(groups).size
        fc.pre(distinct >= 3)
        const parts = splitGroups(groups, [0.7, 0.15, 0.15], seeded(seed))
        const largest = Math.max(...[...new Set(groups)].map((group) => groups.filter((of) => of === group).length))
        for (const [at, share] of [0.7, 0.15, 0.15].entries()) {
          const size = parts[at]?.length ?? 0
          expect(size).toBeGreaterThan(0)
          expect(size - share * groups.length).toBeLessThanOrEqual(largest)
        }
      },
    ),
    { seed: 1, numRuns: 60 },
  )
})

it('makes folds of nearly equal size that share no group', () => {
  const groups = pairGroups(data, 'pair')
  const folds = kFolds(groups, 7, seeded(2))
  const sizes = Array.from({ length: 7 }, (_, fold) => folds.filter((of) => of === fold).length)
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  const contexts = pairGroups(data, 'context')
  const byContext = kFolds(contexts, 3, seeded(2))
  for (let i = 0; i < pairs; i++)
    for (let j = 0; j < i; j++) if (contexts[i] === contexts[j]) expect(byContext[i]).toBe(byContext[j])
})

it('says why it cannot split', () => {
  expect(() => splitGroups([1, 1, 1], [0.5, 0.5], seeded(1))).toThrow('1 groups cannot be split into 2 parts')
  expect(() => splitGroups([1, 2], [0.5, 0.6], seeded(1))).toThrow('shares are [0.5, 0.6]')
  expect(() => kFolds([1, 2], 1, seeded(1))).toThrow('folds is 1')
})
