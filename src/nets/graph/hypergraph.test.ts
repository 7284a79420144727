import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { type SparseEntries, toValue, value } from '../../tensor/index.ts'
import { checkNet, distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { references } from '../reference.fixture.ts'
import { hypergraph, propagateHypergraph } from './hypergraph.ts'
import { neighbourEntries } from './neighbours.ts'
import { interactionEntries } from './user-item.ts'

const known = references('graph').hypergraph as {
  readonly incidence: readonly (readonly number[])[]
  readonly x: readonly (readonly number[])[]
  readonly symmetric: readonly (readonly number[])[]
  readonly others: readonly (readonly number[])[]
  readonly hgnn: readonly (readonly number[])[]
}
const cells = known.incidence.flatMap((row, node) => row.flatMap((cell, edge) => (cell ? [[node, edge]] : [])))
const entries: SparseEntries = { rows: cells.map(([node = 0]) => node), columns: cells.map(([, edge = 0]) => edge) }
const x = toValue(known.x as number[][])

describe('hypergraph', () => {
  it.each([
    ['symmetric', {}],
    ['others', { normalization: 'row', ownMessages: false }],
    ['hgnn', { pass: 'mean' }],
  ] as const)('agrees with PyTorch on dense matrices: %s', async (name, options) => {
    const graph = hypergraph(5, 3, entries, options)
    expect(distance(await numbersOf({ x }, (p) => propagateHypergraph(graph, p.x)), known[name].flat())).toBeLessThan(
      1e-6,
    )
  })

  it('averages users over those they share items with, and gives a lone user zeros', async () => {
    const found = interactionEntries(4, 3, { users: [0, 1, 1, 2, 3], items: [0, 0, 1, 1, 2] })
    const graph = hypergraph(4, 3, found, { normalization: 'row', ownMessages: false })
    const rows = value(Float64Array.from([1, 10, 100, 1000]), [4, 1])
    expect(await numbersOf({ rows }, (p) => propagateHypergraph(graph, p.rows))).toEqual([10, 50.5, 10, 0])
  })

  it('has the gradients that finite differences give', async () => {
    const parameters = { x: normalValue(seeded(1), [5, 2], 1, 'float64') }
    const graph = hypergraph(5, 3, entries, { normalization: 'row', pass: 'mean', ownMessages: false })
    expect((await checkNet(parameters, (p) => propagateHypergraph(graph, p.x))).error).toBeLessThan(1e-6)
  })

  it('refuses negative incidences', () => {
    expect(() => hypergraph(1, 1, { rows: [0], columns: [0], values: [-1] })).toThrow(
      'node 0 is in hyperedge 0 with -1',
    )
  })
})

describe('neighbourEntries', () => {
  it('puts each row among its own nearest, leaves out what is not similar, and keeps zeros alone', async () => {
    // Rows 0, 1 and 4 point the same way, row 2 across, row 3 nowhere, row 5 opposite to row 2.
    const features = value(Float32Array.from([1, 0, 2, 0, 0, 1, 0, 0, 3, 0, 0, -1]), [6, 2])
    const { rows, columns } = await neighbourEntries(features, 2)
    const of = (row: number): number[] => [...columns].filter((_, at) => rows[at] === row)
    expect([0, 1, 2, 3, 4, 5].map(of)).toEqual([[0, 1], [1, 0], [2], [3], [4, 0], [5]])
    await expect(neighbourEntries(features, 7)).rejects.toThrow('k is 7, expected a whole number from 1 to 6')
  })

  it('finds the same neighbours over several blocks as a plain search', async () => {
    const random = seeded('neighbours')
    const [n, width, k] = [600, 4, 3]
    const features = normalValue(random, [n, width], 1)
    const unit = Array.from({ length: n }, (_, row) => {
      const numbers = Array.from(features.data.slice(row * width, (row + 1) * width), Number)
      return numbers.map((number) => number / Math.hypot(...numbers))
    })
    const { rows, columns } = await neighbourEntries(features, k)
    expect(rows.length).toBe(n * k)
    for (const row of [0, 299, 511, 512, 599]) {
      const similar = unit.map((other, at) => ({
        at,
        cosine: other.reduce((s, c, i) => s + c * (unit[row]?.[i] ?? 0), 0),
      }))
      const nearest = similar
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, k)
        .map(({ at }) => at)
      expect([...columns].filter((_, at) => rows[at] === row)).toEqual(nearest)
    }
  })
})
