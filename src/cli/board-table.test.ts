import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { boardTable, intervalBar } from './board-table.ts'

describe('intervalBar', () => {
  it('puts the ends and the middle where they belong on the scale', () =>
    expect(intervalBar({ rating: 50, lower: 20, upper: 80 }, 0, 100, 11)).toBe('  ├──●──┤  '))
  it('shows the rating alone when the interval is narrower than a column', () =>
    expect(intervalBar({ rating: 50, lower: 49, upper: 51 }, 0, 100, 11)).toBe('     ●     '))
  it('runs to the edge when an end is infinite', () =>
    expect(intervalBar({ rating: 50, lower: 20, upper: Number.POSITIVE_INFINITY }, 0, 100, 11)).toBe('  ├──●────┤'))
})

const competitor = (name: string, rating: number, rank: number) => ({
  name,
  rating,
  lower: rating - 10,
  upper: rating + 10,
  rank,
  votes: 7,
})

describe('boardTable', () => {
  it('draws everyone to one scale, the widest line within the terminal', () => {
    const lines = boardTable(
      { competitors: [competitor('a', 1020, 1), competitor('a rather long name', 980, 2)] },
      { columns: 80 },
    ).map((line) => stripVTControlCharacters(line))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^1 {2}a {17,} {2}1020 {2}1010 – 1030 .*● *├?.* 7 votes$/)
    expect(lines[1]).toContain(' 970 – 990')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  })
  it('lets no name break the line or speak to the terminal', () => {
    const [line = '', ...others] = boardTable({ competitors: [competitor('a\nb\u001b]0;title\u0007c', 1000, 1)] })
    expect(others).toEqual([])
    expect(stripVTControlCharacters(line)).toMatch(/^1 {2}a b \]0;title c {2}1000 /)
  })
  it('says how many it left out', () =>
    expect(
      stripVTControlCharacters(
        boardTable({ competitors: ['a', 'b', 'c'].map((name) => competitor(name, 1000, 1)) }, { top: 1 }).at(-1) ?? '',
      ),
    ).toBe('… and 2 more'))
  it('has something to say about an empty board', () => expect(boardTable({ competitors: [] })).toHaveLength(1))
})
