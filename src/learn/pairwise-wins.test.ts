import { describe, expect, it } from 'vitest'
import { tallyVotes } from './comparison-table.ts'
import { eloRatings, pointsPerLogOdds, ranksFromIntervals } from './elo-scale.ts'
import { onlineElo } from './online-elo.ts'
import { averageWinRates, pairwiseWins, winFractions } from './pairwise-wins.ts'

describe('pairwise wins', () => {
  const counted = pairwiseWins(
    tallyVotes({
      names: ['x', 'y', 'z', 'w'],
      a: [0, 1, 0, 0, 2, 1, 3],
      b: [1, 0, 1, 1, 0, 2, 2],
      outcomes: [1, 0, 0, 0.5, 1, 1, 0.5],
    }),
  )

  it('count decisive votes of the row over the column', () => {
    expect([...counted.wins]).toEqual([0, 2, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
  })

  it('become fractions without ties', () => {
    const fractions = winFractions(counted)
    expect([fractions[1], fractions[4], fractions[2], fractions[8]]).toEqual([2 / 3, 1 / 3, 0, 1])
    expect(fractions[3]).toBeNaN()
  })

  it('average over opponents, not over votes', () => {
    expect(averageWinRates(counted)).toEqual([1 / 3, (1 / 3 + 1) / 2, 1 / 2, null])
  })
})

describe('the scale of ratings', () => {
  it('makes 400 points odds of ten to one', () => {
    expect([...eloRatings(Float64Array.of(0, Math.LN10))]).toEqual([1000, 1400])
    expect(pointsPerLogOdds()).toBeCloseTo(173.7178, 4)
    expect([...eloRatings(Float64Array.of(Math.LN2), { scale: 100, base: 2, initial: 0 })]).toEqual([100])
  })

  it('ranks by how many intervals lie wholly above, so that ranks are shared', () => {
    const lower = [90, 80, 50, 95, 10]
    const upper = [100, 92, 79, 110, 20]
    // Second: nobody's lower end above 92 but the fourth's 95.
    expect([...ranksFromIntervals(lower, upper)]).toEqual([1, 2, 4, 1, 5])
    expect([...ranksFromIntervals([1, 1], [1, 1])]).toEqual([1, 1])
    expect([...ranksFromIntervals([Number.NEGATIVE_INFINITY, 5], [Number.POSITIVE_INFINITY, 6])]).toEqual([1, 1])
    expect(() => ranksFromIntervals([1], [1, 2])).toThrow('1 lower and 2 upper ends')
  })
})

describe('onlineElo', () => {
  it('moves both by K·(y − p), by hand', () => {
    const votes = { names: ['x', 'y'], a: [0, 1], b: [1, 0], outcomes: [1, 0.5] }
    // First vote at even odds moves 2 points; then p(y) = 1/(1 + 10^(4/400)), and y gains 4·(½ − p).
    const p = 1 / (1 + 10 ** (4 / 400))
    const ratings = onlineElo(votes)
    expect(ratings[0]).toBeCloseTo(1002 - 4 * (0.5 - p), 10)
    expect((ratings[0] as number) + (ratings[1] as number)).toBeCloseTo(2000, 10)
    expect(onlineElo({ ...votes, a: [0], b: [1], outcomes: [1] }, { k: 32 })[0]).toBe(1016)
  })

  it('depends on the order of the votes, unlike an estimate', () => {
    const votes = { names: ['x', 'y'], a: [0, 0, 0], b: [1, 1, 1], outcomes: [1, 1, 0] }
    expect(onlineElo(votes)[0]).not.toBe(onlineElo({ ...votes, outcomes: [0, 1, 1] })[0])
    expect(() => onlineElo({ ...votes, a: [0, 2, 0] })).toThrow('vote 1: "2" meets "1"')
    expect(() => onlineElo({ ...votes, outcomes: [1, 7, 0] })).toThrow('vote 1: outcome is 7')
  })
})
