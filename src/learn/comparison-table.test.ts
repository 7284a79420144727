import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ComparisonTable, recordsOf, tallyVotes } from './comparison-table.ts'
import { distinctRows } from './distinct-rows.ts'

/** Cells as readable text, in a fixed order. */
const cellsOf = (table: ComparisonTable): string[] =>
  [...table.counts]
    .map((count, cell) => {
      const pairing = table.pairing[cell] as number
      const width = table.covariates.names.length
      const x = [...table.covariates.values.subarray(pairing * width, (pairing + 1) * width)]
      return `${table.a[pairing]}-${table.b[pairing]} [${x}] ${table.outcomes[cell]} ×${table.weights[cell]}: ${count}`
    })
    .sort()

describe('tallyVotes', () => {
  const votes = { names: ['x', 'y', 'z'], a: [0, 1, 0, 2, 2], b: [1, 0, 1, 0, 0], outcomes: [1, 0, 0.5, 1, 1] }

  it('counts equal votes once, whichever side they were on', () => {
    const table = tallyVotes(votes)
    expect(cellsOf(table)).toEqual(['0-1 [] 0.5 ×1: 1', '0-1 [] 1 ×1: 2', '0-2 [] 0 ×1: 2'])
    expect(table.votes).toBe(5)
    expect(recordsOf(table)).toEqual([
      { votes: 5, wins: 2, losses: 2, ties: 1 },
      { votes: 3, wins: 0, losses: 2, ties: 1 },
      { votes: 2, wins: 2, losses: 0, ties: 0 },
    ])
  })

  it('gives the same table by counting and by hashing', () => {
    const vote = fc.record({
      a: fc.integer({ min: 0, max: 5 }),
      step: fc.integer({ min: 1, max: 5 }),
      y: fc.constantFrom(0, 0.5, 1),
    })
    fc.assert(
      fc.property(fc.array(vote, { maxLength: 60 }), (drawn) => {
        const columns = {
          names: ['a', 'b', 'c', 'd', 'e', 'f'],
          a: drawn.map(({ a }) => a),
          b: drawn.map(({ a, step }) => (a + step) % 6),
          outcomes: drawn.map(({ y }) => y),
        }
        const hashed = tallyVotes({ ...columns, weights: drawn.map(() => 1) })
        expect(cellsOf(tallyVotes(columns))).toEqual(cellsOf(hashed))
      }),
    )
  })

  it('keeps weights, grades and covariates apart, and turns covariates round with the sides', () => {
    const table = tallyVotes({
      names: ['x', 'y'],
      a: [0, 1, 1, 0, 0],
      b: [1, 0, 0, 1, 1],
      outcomes: [0.25, 0.75, 1, 0.25, 0.25],
      weights: [1, 1, 1, 2, 1],
      covariates: { names: ['u'], values: Float64Array.of(3, -3, -3, 3, 0) },
    })
    expect(cellsOf(table)).toEqual([
      '0-1 [0] 0.25 ×1: 1',
      '0-1 [3] 0 ×1: 1',
      '0-1 [3] 0.25 ×1: 2',
      '0-1 [3] 0.25 ×2: 1',
    ])
  })

  it('names the vote and what is wrong with it', () => {
    const bad = (change: object) => () => tallyVotes({ ...votes, ...change })
    expect(bad({ outcomes: [1, 0, 0.5, Number.NaN, 1] })).toThrow('vote 3: outcome is NaN')
    expect(bad({ outcomes: [1, 0, 0.5, 1, 2] })).toThrow('vote 4: outcome is 2')
    expect(bad({ a: [0, 1, 0, 3, 2] })).toThrow('vote 3: a is 3, expected an index below 3')
    expect(bad({ b: [1, 0, -1, 0, 0] })).toThrow('vote 2: b is -1')
    expect(bad({ b: [1, 0, 0.5, 0, 0] })).toThrow('vote 2: b is 0.5')
    expect(bad({ b: [0, 0, 1, 0, 0] })).toThrow('vote 0: "x" is compared with itself')
    expect(bad({ b: [1] })).toThrow('b has 1 entries, expected 5')
    expect(bad({ weights: [1, 1, 0, 1, 1] })).toThrow('vote 2: weight is 0')
    expect(bad({ covariates: { names: ['u', 'v'], values: new Float64Array(9) } })).toThrow('5 votes × 2 names')
    const values = new Float64Array(10)
    values[7] = Number.POSITIVE_INFINITY
    expect(bad({ covariates: { names: ['u', 'v'], values } })).toThrow('vote 3: covariate "v" is Infinity')
  })
})

describe('distinctRows', () => {
  it('groups as a map of texts would', () => {
    const cell = fc.constantFrom(0, -0, 1, 1.5, -2, 1e300)
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 80 }), (rows) => {
        const columns = [0, 1].map((k) => Float64Array.from(rows, (row) => row[k] as number))
        const { group, first } = distinctRows(columns, rows.length)
        const seen = new Map<string, number>()
        rows.forEach(([x, y], i) => {
          const key = `${x + 0},${y + 0}`
          if (!seen.has(key)) {
            expect(first[seen.size]).toBe(i)
            seen.set(key, seen.size)
          }
          expect(group[i]).toBe(seen.get(key))
        })
        expect(first.length).toBe(seen.size)
      }),
    )
  })
})
