import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kendallTau } from '../measure/index.ts'
import { seeded } from '../run/index.ts'
import { type Covariates, tallyVotes, type Votes } from './comparison-table.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { rateCompetitors } from './ratings.ts'
import { relativeDifference, reweightPairs, reweightTies, standardise, styleControl } from './style-control.ts'

const games = readFileSync(new URL('../../data/votes/icehockey.csv', import.meta.url), 'utf8')
  .replaceAll('\r', '')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))

// The covariates the peers were given: minus home ice of the opponent, and an arbitrary number with a mean.
const names = peers.icehockey.competitors
const hockey: Votes & { readonly covariates: Covariates } = {
  names,
  a: games.map((game) => names.indexOf(game[1] as string)),
  b: games.map((game) => names.indexOf(game[3] as string)),
  outcomes: games.map((game) => Number(game[6])),
  covariates: {
    names: ['home', 'arbitrary'],
    values: Float64Array.from(
      games.flatMap((game) => [game[7] === 'TRUE' ? -1 : 0, ((Number(game[2]) * 7 + Number(game[4]) * 3) % 5) - 2]),
    ),
  },
}
const standard = tallyVotes({ ...hockey, covariates: standardise(hockey.covariates, { centre: true }) })

function expectClose(found: ArrayLike<number>, expected: readonly number[], within: number): void {
  expect(found.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(Math.abs((found[i] as number) - value)).toBeLessThan(within)
  })
}

describe('style control', () => {
  it("in arena-rank's convention gives its ratings, effects, variances and intervals on college hockey", () => {
    const table = reweightPairs(standard)
    const rated = rateCompetitors(table, styleControl('arena-rank', table.votes, 0.01))
    const peer = peers.icehockey.arenaRank
    expectClose(rated.ratings, peer.ratings, 1e-3)
    expectClose(
      rated.effects.map(({ coefficient }) => coefficient),
      peer.coeffs,
      1e-6,
    )
    expectClose(rated.variances, peer.variances, 1e-3)
    expectClose(rated.lower, peer.rating_lower, 1e-3)
    expectClose(rated.upper, peer.rating_upper, 1e-3)
  })

  it("in Search Arena's convention gives what SciPy gives for its cost", () => {
    const rated = rateCompetitors(standard, styleControl('search-arena', standard.votes))
    const peer = peers.icehockey.searchArena
    expectClose(rated.ratings, peer.ratings, 1e-3)
    expectClose(
      rated.effects.map(({ coefficient }) => coefficient),
      peer.coeffs,
      1e-6,
    )
  })

  it('turns an order that long answers had turned round', () => {
    // Weaker models are wordier; a unit of relative length is worth e¹; a fifth of the votes are ties.
    const random = seeded('length')
    const truth = Array.from({ length: 8 }, (_, i) => -0.7 + 0.2 * i)
    const votes = Array.from({ length: 6000 }, () => {
      const a = random.integer(8)
      const b = (a + 1 + random.integer(7)) % 8
      const [la, lb] = [a, b].map((i) => Math.exp(4 - 0.6 * i + 0.8 * random.normal())) as [number, number]
      return { a, b, x: relativeDifference(la, lb) }
    })
    const spread = Math.sqrt(votes.reduce((sum, { x }) => sum + x * x, 0) / votes.length)
    const outcomes = votes.map(({ a, b, x }) => {
      const logit = (truth[a] as number) - (truth[b] as number) + x / spread
      return random.chance(0.2) ? 0.5 : random.chance(1 / (1 + Math.exp(-logit))) ? 1 : 0
    })
    const columns = { names: truth.map(String), a: votes.map(({ a }) => a), b: votes.map(({ b }) => b), outcomes }
    const covariates = standardise(
      { names: ['length'], values: Float64Array.from(votes, ({ x }) => x) },
      { centre: false },
    )
    const plain = rateCompetitors(tallyVotes(columns))
    const controlled = tallyVotes({ ...columns, covariates })
    expect(kendallTau(plain.ratings, truth)).toBeLessThan(-0.7)
    for (const options of [{}, styleControl('search-arena', 6000)]) {
      const rated = rateCompetitors(controlled, options)
      expect(kendallTau(rated.ratings, truth)).toBe(1)
      // Ties as half wins shrink the effect by about their share.
      expect(rated.effects[0]?.coefficient).toBeGreaterThan(0.68)
      expect(rated.effects[0]?.coefficient).toBeLessThan(0.89)
    }
    // By bootstrap, every vote a row of its own.
    const bootstrapped = rateCompetitors(controlled, { intervals: { random: seeded(1), replicates: 30 } })
    const [fitted, resampled] = [rateCompetitors(controlled).effects[0], bootstrapped.effects[0]]
    expect((resampled?.standardError as number) / (fitted?.standardError as number)).toBeGreaterThan(0.7)
    expect((resampled?.standardError as number) / (fitted?.standardError as number)).toBeLessThan(1.35)
    expect(resampled?.lower).toBeLessThan(fitted?.coefficient as number)
    expect(resampled?.upper).toBeGreaterThan(fitted?.coefficient as number)
  })

  it('does not change when the sides of some votes are swapped, unless a mean was subtracted', () => {
    const swapped = (i: number): boolean => i % 3 === 0
    const turned: Votes & { readonly covariates: Covariates } = {
      ...hockey,
      a: Array.from(hockey.a, (a, i) => (swapped(i) ? (hockey.b[i] as number) : a)),
      b: Array.from(hockey.b, (b, i) => (swapped(i) ? (hockey.a[i] as number) : b)),
      outcomes: Array.from(hockey.outcomes, (y, i) => (swapped(i) ? 1 - y : y)),
      covariates: {
        ...hockey.covariates,
        values: hockey.covariates.values.map((x, k) => (swapped(Math.floor(k / 2)) ? -x : x)),
      },
    }
    const effects = (votes: typeof turned, centre: boolean): number[] =>
      rateCompetitors(tallyVotes({ ...votes, covariates: standardise(votes.covariates, { centre }) })).effects.map(
        ({ coefficient }) => coefficient,
      )
    expectClose(effects(turned, false), effects(hockey, false), 1e-8)
    expect(Math.abs((effects(turned, true)[0] as number) - (effects(hockey, true)[0] as number))).toBeGreaterThan(1e-3)
  })
})

describe('relativeDifference', () => {
  it('is the difference over the sum, with or without 1', () => {
    expect(relativeDifference(3, 1)).toBe(2 / 5)
    expect(relativeDifference(3, 1, 0)).toBe(1 / 2)
    expect(relativeDifference(0, 0, 0)).toBe(0)
    expect(() => relativeDifference(-1, 2)).toThrow('the amounts are -1 and 2')
  })
})

describe('standardise', () => {
  it('gives mean 0 and spread 1, or root mean square 1, and leaves constants alone', () => {
    const covariates = { names: ['u', 'v'], values: Float64Array.of(1, 0, 3, 0) }
    expect([...standardise(covariates, { centre: true }).values]).toEqual([-1, 0, 1, 0])
    const [first, , third] = standardise(covariates, { centre: false }).values
    expect(first).toBeCloseTo(1 / Math.sqrt(5), 15)
    expect(third).toBeCloseTo(3 / Math.sqrt(5), 15)
    expect([...standardise({ names: ['u'], values: Float64Array.of(2, 2) }, { centre: true }).values]).toEqual([0, 0])
  })
})

describe('reweighting', () => {
  const table = tallyVotes({
    names: ['x', 'y', 'z'],
    a: [0, 0, 0, 0, 1],
    b: [1, 1, 1, 1, 2],
    outcomes: [1, 1, 0, 0.5, 0.5],
  })

  it('gives every pair the same total above the minimum, and votes a mean weight of 1', () => {
    const weightOf = (minimum: number, normalise: boolean): number[] => [
      ...reweightPairs(table, { minimum, normalise }).weights,
    ]
    expect(weightOf(2, false)).toEqual([0.25, 0.25, 0.25, 0.5])
    // Total 4·¼ + ½ = 1.5 over five votes.
    expectClose(
      weightOf(2, true),
      [0.25, 0.25, 0.25, 0.5].map((weight) => (weight * 5) / 1.5),
      1e-12,
    )
    expect(weightOf(50, false)).toEqual([0.02, 0.02, 0.02, 0.02])
  })

  it('counts a draw as a full win for both when its weight is 2, and not at all when it is 0', () => {
    const half = tallyVotes({ names: ['x', 'y'], a: [0, 0, 0, 0], b: [1, 1, 1, 1], outcomes: [1, 1, 0, 0.5] })
    const gap = (weight: number): number => {
      const { strengths } = rateCompetitors(reweightTies(half, weight)).fit
      return (strengths[0] as number) - (strengths[1] as number)
    }
    // Wins 2 : 1 with the draw left out; 2.5 : 1.5 with halves; 3 : 2 with a full win for both.
    expect(gap(0)).toBeCloseTo(Math.log(2), 8)
    expect(gap(1)).toBeCloseTo(Math.log(2.5 / 1.5), 8)
    expect(gap(2)).toBeCloseTo(Math.log(3 / 2), 8)
    expect(reweightTies(table, 0).votes).toBe(3)
    expect(() => reweightTies(table, -1)).toThrow('weight is -1')
  })
})
