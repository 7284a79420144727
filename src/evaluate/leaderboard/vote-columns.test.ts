import { describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { leaderboardFromVotes, leaderboardJson, type VoteColumns, VoteTableError } from './vote-columns.ts'

const votes: VoteColumns = {
  a: ['x', 'x', 'y', 'x', 'y', 'x'],
  b: ['y', 'y', 'x', 'y', 'x', 'y'],
  winner: ['a', 'model_a', 'Left', '', 'tie', 'tie (bothbad)'],
  source: 'votes.csv',
  lines: [2, 3, 4, 5, 6, 7],
}
const fit = (changes: Partial<VoteColumns> = {}, options = {}) =>
  leaderboardFromVotes({ ...votes, ...changes }, options, startRun())

describe('leaderboardFromVotes', () => {
  it('reads the customary spellings of an outcome', () => {
    const board = fit()
    expect(board.outcomes).toEqual({ a: 3, b: 0, tie: 1, bothBad: 1, skipped: 1 })
    expect(board.votes).toBe(5)
    // x: two wins, one loss, two halves of five.
    const [x, y] = board.competitors
    expect([x?.name, x?.wins, x?.losses, x?.ties, x?.bothBad]).toEqual(['x', 2, 1, 1, 1])
    expect((((x?.rating ?? 0) - (y?.rating ?? 0)) * Math.LN10) / 400).toBeCloseTo(Math.log(3 / 2), 8)
  })

  it('says how 1 and 0 were read, and nothing of words', () => {
    const scored = fit({ winner: ['1', '1', '0', '1', '0.5', '0'] })
    expect(scored.outcomes).toMatchObject({ a: 3, b: 2, tie: 1 })
    expect(scored.warnings[0]).toBe('The winner is given as the score of a: 1 counts as won by a, 0 as won by b.')
    expect(fit().warnings.join()).not.toContain('score of a')
  })

  it('names the line and what would be right when a vote cannot be', () => {
    expect(() => fit({ winner: ['a', 'a', 'modelA', 'a', 'a', 'a'] })).toThrow(
      new VoteTableError(
        'votes.csv, line 4: winner is "modelA", expected one of "a", "b", "tie", "both-bad", "skipped"',
      ),
    )
    expect(() => fit({ b: ['y', 'x', 'x', 'y', 'x', 'y'] })).toThrow('votes.csv, line 3: "x" is compared with itself')
    expect(() => fit({ a: ['x', '', 'y', 'x', 'y', 'x'] })).toThrow('votes.csv, line 3: a is empty, expected a name')
    expect(() => fit({ weights: [1, 1, 1, 1, 0, 1] })).toThrow('votes.csv, line 6: the weight is 0')
    expect(() => fit({ winner: ['a'] })).toThrow('votes.csv: column winner has 1 votes, column a has 6')
    expect(() => fit({ features: [{ name: 'words', differences: [1, 2, Number.NaN, 4, 5, 6] }] })).toThrow(
      'votes.csv, line 4: words is NaN, expected a number',
    )
  })

  it('takes differences as they are, and both sides to subtract', () => {
    const played: VoteColumns = {
      a: ['x', 'x', 'x', 'x', 'y', 'y', 'y', 'y'],
      b: ['y', 'y', 'y', 'y', 'x', 'x', 'x', 'x'],
      winner: ['a', 'a', 'a', 'b', 'a', 'a', 'a', 'b'],
    }
    // The side at home wins three of four.
    const differences = leaderboardFromVotes(
      { ...played, features: [{ name: 'home', differences: new Array<number>(8).fill(1) }] },
      {},
      startRun(),
    )
    const sides = leaderboardFromVotes(
      { ...played, features: [{ name: 'home', a: new Array<number>(8).fill(1), b: new Array<number>(8).fill(0) }] },
      {},
      startRun(),
    )
    expect(differences.features[0]?.coefficient).toBeCloseTo(Math.log(3), 6)
    expect(sides.features).toEqual(differences.features)
    expect(() =>
      leaderboardFromVotes(
        { ...played, features: [{ name: 'home', differences: new Array<number>(8).fill(1) }] },
        { featureScale: 'relative' },
        startRun(),
      ),
    ).toThrow('expected the columns home_a and home_b')
  })
})

describe('leaderboardJson', () => {
  it('keeps the essentials', () => {
    const json = leaderboardJson(fit({}, { model: 'davidson' }))
    expect(Object.keys(json)).toEqual([
      'competitors',
      'features',
      'tieParameter',
      'votes',
      'model',
      'intervals',
      'warnings',
    ])
    expect(Object.keys(json.competitors[0] ?? {})).toEqual(['name', 'rating', 'lower', 'upper', 'rank', 'votes'])
    expect(json).toMatchObject({ votes: 5, model: 'davidson', features: [] })
  })
})
