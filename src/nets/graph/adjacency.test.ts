import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { constant, value } from '../../tensor/index.ts'
import { checkNet, distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { type AdjacencyOptions, adjacency, propagate } from './adjacency.ts'
import { interactionEntries, userItemEntries } from './user-item.ts'

// Users 0, 1 and items 0, 1, 2 as nodes 0–4: user 0 took items 0 and 2, user 1 took item 2. Item 1 is isolated.
const edges = userItemEntries(2, 3, { users: [0, 0, 1, 0], items: [0, 2, 2, 0] })
const x = value(Float64Array.from([1, 10, 100, 1000, 10000]), [5, 1])
const spread = (options?: AdjacencyOptions) => numbersOf({ x }, (p) => propagate(adjacency(5, edges, options), p.x))

describe('adjacency', () => {
  it('makes one edge of a pair that occurs twice, in both directions', () => {
    expect(interactionEntries(2, 3, { users: [1, 0, 0, 0], items: [2, 2, 0, 0] })).toEqual({
      rows: Int32Array.from([0, 0, 1]),
      columns: Int32Array.from([0, 2, 2]),
    })
    expect(edges.rows.length).toBe(6)
  })

  it('divides by the roots of both degrees: degrees are 2, 1, 1, 0, 2', async () => {
    const root = Math.SQRT1_2
    expect(
      distance(await spread(), [100 * root + 10000 / 2, 10000 * root, 1 * root, 0, 1 / 2 + 10 * root]),
    ).toBeLessThan(1e-9)
  })

  it('takes means over neighbours, with the node itself where asked', async () => {
    expect(await spread({ normalization: 'row' })).toEqual([5050, 10000, 1, 0, 5.5])
    const own = [10101 / 3, 10010 / 2, 101 / 2, 1000, 10011 / 3]
    expect(distance(await spread({ normalization: 'row', selfLoops: 'before' }), own)).toBeLessThan(1e-9)
    expect(await spread({ normalization: 'row', selfLoops: 'after' })).toEqual([5051, 10010, 101, 1000, 10005.5])
    expect(await spread({ normalization: 'none' })).toEqual([10100, 10000, 1, 0, 11])
  })

  it('has rows that sum to 1 under row normalisation and a largest eigenvalue of 1 under the symmetric one', async () => {
    const ones = value(new Float64Array(5).fill(1), [5, 1])
    const rowGraph = adjacency(5, edges, { normalization: 'row', selfLoops: 'before' })
    expect(
      distance(await numbersOf({ ones }, (p) => propagate(rowGraph, p.ones)), ones.data as Float64Array),
    ).toBeLessThan(1e-12)
    // √degree is the eigenvector of eigenvalue 1 of D^-½ A D^-½.
    const roots = Float64Array.from([2, 1, 1, 0, 2], Math.sqrt)
    expect(
      distance(await numbersOf({ r: value(roots, [5, 1]) }, (p) => propagate(adjacency(5, edges), p.r)), roots),
    ).toBeLessThan(1e-12)
  })

  it('has the gradients that finite differences give, for directed weighted edges too', async () => {
    const directed = { rows: [0, 0, 2, 1], columns: [1, 2, 0, 1], values: [0.5, 2, 1, 3] }
    for (const normalization of ['symmetric', 'row', 'none'] as const) {
      const graph = adjacency(3, directed, { normalization, selfLoops: 'before' })
      const { error } = await checkNet({ x: normalValue(seeded(3), [3, 2], 1, 'float64') }, (p) =>
        propagate(graph, p.x),
      )
      expect(error).toBeLessThan(1e-6)
    }
  })

  it('says what lies outside', () => {
    expect(() => userItemEntries(2, 3, { users: [2], items: [0] })).toThrow(
      'user 0 is 2, expected a whole number from 0 to 1',
    )
    expect(() => userItemEntries(2, 3, { users: [1], items: [3] })).toThrow(
      'item 0 is 3, expected a whole number from 0 to 2',
    )
    expect(() => userItemEntries(2, 3, { users: [1], items: [] })).toThrow('1 users and 0 items')
    expect(() => adjacency(2, { rows: [0], columns: [1], values: [-1] })).toThrow('degree of node 0 is -1')
    expect(() =>
      propagate(adjacency(2, { rows: [0], columns: [1] }), constant(value(new Float64Array(3), [3, 1]))),
    ).toThrow('propagate: x is [3, 1], expected [2, ·]')
  })
})
