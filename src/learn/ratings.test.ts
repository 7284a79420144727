import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { tallyVotes } from './comparison-table.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { pairedCovariance } from './paired-covariance.ts'
import { rateCompetitors } from './ratings.ts'
import { reweightPairs } from './style-control.ts'

/** Votes from distinct ones and their numbers. */
function table(names: readonly string[], cells: readonly (readonly number[])[]) {
  const votes = cells.flatMap(([a, b, outcome, count]) =>
    Array.from({ length: count as number }, () => ({ a: a as number, b: b as number, outcome: outcome as number })),
  )
  return tallyVotes({
    names,
    a: votes.map(({ a }) => a),
    b: votes.map(({ b }) => b),
    outcomes: votes.map(({ outcome }) => outcome),
  })
}

// 303 students compare six management schools (Dittrich, Hatzinger & Katzenbeisser 1998): 4,454 votes, 487 ties.
const cems = table(peers.cems.names, peers.cems.cells)

function expectClose(found: ArrayLike<number>, expected: readonly number[], within: number): void {
  expect(found.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(Math.abs((found[i] as number) - value)).toBeLessThan(within)
  })
}

describe('rateCompetitors agrees with arena-rank', () => {
  it('on ratings, variances and sandwich intervals of the management schools', () => {
    const rated = rateCompetitors(cems)
    const { plain } = peers.cems
    expect(rated.names).toEqual(plain.competitors)
    expectClose(rated.ratings, plain.ratings, 1e-4)
    expectClose(rated.variances, plain.variances, 1e-4)
    expectClose(rated.lower, plain.rating_lower, 1e-4)
    expectClose(rated.upper, plain.rating_upper, 1e-4)
    expect(rated.warnings).toEqual([])
  })

  it('with pairs reweighted', () => {
    const rated = rateCompetitors(reweightPairs(cems, { normalise: false }))
    expectClose(rated.ratings, peers.cems.reweighted.ratings, 1e-3)
    expectClose(rated.variances, peers.cems.reweighted.variances, 1e-3)
  })
})

describe('bootstrap intervals', () => {
  const options = { random: seeded('bootstrap'), replicates: 400 }
  const fitted = rateCompetitors(cems)

  it('are about as wide as the sandwich says', () => {
    const rated = rateCompetitors(cems, { intervals: options })
    rated.variances.forEach((variance, i) => {
      expect(Math.sqrt(variance / (fitted.variances[i] as number))).toBeGreaterThan(0.88)
      expect(Math.sqrt(variance / (fitted.variances[i] as number))).toBeLessThan(1.12)
    })
  })

  it('report the mean of the replicates, or the fit when asked', () => {
    const centred = rateCompetitors(cems, { intervals: { ...options, centre: 'fit' } })
    expectClose(centred.ratings, [...fitted.ratings], 1e-9)
    const mean = rateCompetitors(cems, { intervals: options })
    mean.ratings.forEach((rating, i) => {
      const gap = Math.abs(rating - (fitted.ratings[i] as number))
      expect(gap).toBeGreaterThan(0)
      expect(gap).toBeLessThan(0.25 * Math.sqrt(fitted.variances[i] as number))
    })
  })

  it('are symmetric ± 1.96 standard deviations when asked', () => {
    const rated = rateCompetitors(cems, { intervals: { ...options, centre: 'fit', ends: 'normal' } })
    rated.ratings.forEach((rating, i) => {
      const margin = (rated.upper[i] as number) - rating
      expect(rating - (rated.lower[i] as number)).toBeCloseTo(margin, 9)
      expect(margin / Math.sqrt(rated.variances[i] as number)).toBeCloseTo(1.96, 3)
    })
  })

  it('repeat themselves for the same seed', () => {
    const again = () => rateCompetitors(cems, { intervals: { random: seeded(4), replicates: 20 } }).lower
    expect(again()).toEqual(again())
  })

  it('hold for the tie models as well', () => {
    const model = 'davidson'
    const sandwich = rateCompetitors(cems, { model })
    const rated = rateCompetitors(cems, { model, intervals: options })
    expect(rated.tieParameter?.lower).toBeLessThan(sandwich.tieParameter?.value as number)
    expect(rated.tieParameter?.upper).toBeGreaterThan(sandwich.tieParameter?.value as number)
    rated.variances.forEach((variance, i) => {
      expect(Math.sqrt(variance / (sandwich.variances[i] as number))).toBeCloseTo(1, 0)
    })
  })

  it('flag competitors that some replicates lose, and replicates without a finite fit', () => {
    const rare = table(
      ['x', 'y', 'z'],
      [
        [0, 1, 1, 40],
        [0, 1, 0, 30],
        [1, 2, 1, 1],
        [1, 2, 0, 1],
      ],
    )
    const { warnings, ratings } = rateCompetitors(rare, { intervals: { random: seeded(1), replicates: 200 } })
    expect(ratings.every(Number.isFinite)).toBe(true)
    expect(warnings.some((sentence) => /^\d+ of 200 bootstrap replicates had no finite fit/.test(sentence))).toBe(true)
    const lost = warnings.find((sentence) => sentence.startsWith('"z" has so few votes'))
    // Both of z's votes are missed by 72 draws with probability (70/72)^72 = 13 %.
    const count = Number(lost?.match(/that (\d+) of/)?.[1])
    expect(count).toBeGreaterThan(10)
    expect(count).toBeLessThan(46)
  })
})

describe('what a reader must know', () => {
  it('is said when somebody never lost, and a penalty keeps ratings finite', () => {
    const rated = rateCompetitors(table(['x', 'y'], [[0, 1, 1, 10]]))
    expect(rated.fallbackPenalty).toBe(1)
    expect(rated.ratings[0]).toBeCloseTo(1184.84, 2)
    expect(rated.warnings).toEqual([
      '"x" never lost or tied, so no finite rating fits the votes best.',
      '"y" never won or tied, so no finite rating fits the votes best.',
      'An L2 penalty of 1 on the strengths was added to give finite ratings; they are pulled towards the mean, and their intervals say little.',
    ])
  })

  it('is said of competitors without votes, whose intervals are endless and who pull at nobody', () => {
    const [without, withAll] = [
      table(
        ['x', 'y'],
        [
          [0, 1, 1, 20],
          [0, 1, 0, 10],
        ],
      ),
      table(
        ['x', 'y', 'z'],
        [
          [0, 1, 1, 20],
          [0, 1, 0, 10],
        ],
      ),
    ]
    const rated = rateCompetitors(withAll)
    expect(rated.warnings).toEqual(['"z" has no votes and no rating of meaning.'])
    expect([rated.ratings[2], rated.lower[2], rated.upper[2]]).toEqual([
      1000,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
    expectClose(rated.ratings.subarray(0, 2), [...rateCompetitors(without).ratings], 1e-9)
    expectClose(rated.variances.subarray(0, 2), [...rateCompetitors(without).variances], 1e-9)
  })

  it('is said when ties cannot be modelled', () => {
    const decisive = table(
      ['x', 'y'],
      [
        [0, 1, 1, 20],
        [0, 1, 0, 10],
      ],
    )
    const rated = rateCompetitors(decisive, { model: 'davidson' })
    expect(rated.warnings[0]).toContain('There are no ties')
    expect(rated.tieParameter).toBeUndefined()
    expectClose(rated.ratings, [...rateCompetitors(decisive).ratings], 1e-12)
    const tied = rateCompetitors(table(['x', 'y'], [[0, 1, 0.5, 20]]), { model: 'rao-kupper' })
    expect(tied.warnings[0]).toContain('Every vote is a tie')
    expect([...tied.ratings]).toEqual([1000, 1000])
  })

  // x > y, x = z, z = y. Ratings and tie parameters with a penalty of 1 from scipy's Nelder–Mead on the likelihood.
  it.each([
    { model: 'davidson', rating: 1069.849093, tie: 4.162238 },
    { model: 'rao-kupper', rating: 1096.012496, tie: 6.491356 },
  ] as const)('is said when ties let the strengths of $model go apart without end', ({ model, rating, tie }) => {
    const votes = table(
      ['x', 'y', 'z'],
      [
        [0, 1, 1, 1],
        [0, 2, 0.5, 1],
        [1, 2, 0.5, 1],
      ],
    )
    const rated = rateCompetitors(votes, { model })
    expect(rated.warnings[0]).toContain('No two competitors beat each other in turn')
    expect(rated.fallbackPenalty).toBe(1)
    expectClose(rated.ratings, [rating, 2000 - rating, 1000], 1e-4)
    expect(rated.tieParameter?.value).toBeCloseTo(tie, 5)
    const replicates = rateCompetitors(votes, { model, intervals: { random: seeded(6), replicates: 50 } })
    for (const end of [...replicates.lower, ...replicates.upper]) expect(Math.abs(end - 1000)).toBeLessThan(400)
    expect(rateCompetitors(votes).warnings).toEqual([])
  })

  it('keeps the tie parameter of the fit where some replicates have no tie', () => {
    const votes = table(
      ['x', 'y'],
      [
        [0, 1, 1, 20],
        [0, 1, 0, 20],
        [0, 1, 0.5, 1],
      ],
    )
    // One tie among 41 votes between equals: ν / (2 + ν) = 1/41.
    const { tieParameter } = rateCompetitors(votes, { model: 'davidson', intervals: { random: seeded(7) } })
    expect(tieParameter?.value).toBeCloseTo(0.05, 9)
  })

  it('is said when a covariate gives the outcome away', () => {
    const rated = rateCompetitors(
      tallyVotes({
        names: ['x', 'y'],
        a: [0, 0, 0, 0],
        b: [1, 1, 1, 1],
        outcomes: [1, 0, 1, 0],
        covariates: { names: ['tell'], values: Float64Array.of(1, -1, 1, -1) },
      }),
    )
    expect(rated.warnings[0]).toContain('The covariates tell wins from losses without error')
    expect(Number.isFinite(rated.effects[0]?.coefficient)).toBe(true)
  })

  it('is said when a covariate is fixed by who plays', () => {
    const size = [1, 4, 2]
    const votes = Array.from({ length: 60 }, (_, i) => ({ a: i % 3, b: (i + 1) % 3, outcome: (i * 7) % 5 < 3 ? 1 : 0 }))
    const { warnings } = rateCompetitors(
      tallyVotes({
        names: ['x', 'y', 'z'],
        a: votes.map(({ a }) => a),
        b: votes.map(({ b }) => b),
        outcomes: votes.map(({ outcome }) => outcome),
        covariates: {
          names: ['size'],
          values: Float64Array.from(votes, ({ a, b }) => (size[a] as number) - (size[b] as number)),
        },
      }),
    )
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('"size" is fixed by who meets whom')
  })

  it('rejects what it cannot rate', () => {
    const nothing = tallyVotes({ names: ['x', 'y'], a: [], b: [], outcomes: [] })
    expect(() => rateCompetitors(nothing)).toThrow('there are no votes')
    expect(() => rateCompetitors(cems, { level: 1 })).toThrow('level is 1')
    expect(() => rateCompetitors(cems, { intervals: { random: seeded(1), replicates: 1 } })).toThrow('replicates is 1')
    const graded = tallyVotes({ names: ['x', 'y'], a: [0, 0], b: [1, 1], outcomes: [0.7, 0.5] })
    expect(() => rateCompetitors(graded, { model: 'davidson' })).toThrow(
      'Davidson\'s model has no graded outcomes, but "x" against "y" has outcome 0.7',
    )
  })
})

describe('a leaderboard too large for a covariance', () => {
  it('is fitted all the same, with bootstrap intervals and a word about it', () => {
    const size = 2600
    const random = seeded('large')
    const truth = Array.from({ length: size }, () => random.normal())
    const votes = Array.from({ length: 30_000 }, (_, i) => {
      const a = i % size
      const b = (a + 1 + random.integer(size - 1)) % size
      return { a, b, outcome: random.chance(1 / (1 + Math.exp((truth[b] as number) - (truth[a] as number)))) ? 1 : 0 }
    })
    const large = tallyVotes({
      names: truth.map(String),
      a: votes.map(({ a }) => a),
      b: votes.map(({ b }) => b),
      outcomes: votes.map(({ outcome }) => outcome),
    })
    const rated = rateCompetitors(large, { penalties: { strengths: 0.5 } })
    expect(rated.fit.converged).toBe(true)
    expect(rated.warnings.at(-1)).toContain('With 2600 competitors the intervals are the fit ± 30 bootstrap')
    // At the minimum, wins less expected wins are the penalty's pull, ½·θ.
    const pull = rated.fit.strengths.map((strength) => 0.5 * strength)
    for (const { a, b, outcome } of votes) {
      const p = 1 / (1 + Math.exp((rated.fit.strengths[b] as number) - (rated.fit.strengths[a] as number)))
      pull[a] = (pull[a] as number) + p - outcome
      pull[b] = (pull[b] as number) - p + outcome
    }
    expect(Math.max(...pull.map(Math.abs))).toBeLessThan(1e-4)
    // About 23 votes each: a standard error near 2/√23 in log odds, 72 points, somewhat less under the penalty.
    const errors = rated.variances.map(Math.sqrt).sort()
    expect(errors[1300]).toBeGreaterThan(55)
    expect(errors[1300]).toBeLessThan(90)
    expect(() => pairedCovariance(large, rated.fit)).toThrow('2600 parameters is too large, expected at most 2500')
  })
})

describe('home advantage', () => {
  it('is found in college hockey, where it belongs', () => {
    const games = readFileSync(new URL('../../data/votes/icehockey.csv', import.meta.url), 'utf8')
      .replaceAll('\r', '')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
    const names = [...new Set(games.flatMap((game) => [game[1] as string, game[3] as string]))].sort()
    const votes = {
      names,
      a: games.map((game) => names.indexOf(game[1] as string)),
      b: games.map((game) => names.indexOf(game[3] as string)),
      outcomes: games.map((game) => Number(game[6])),
      covariates: {
        names: ['home'],
        values: Float64Array.from(games, (game) => (game[7] === 'TRUE' ? -1 : 0)),
      },
    }
    const [home] = rateCompetitors(tallyVotes(votes)).effects
    // Visitors won 396.5 of 983 half-or-whole games at the other's rink: about ln(586.5/396.5) at equal strength.
    expect(home?.lower).toBeGreaterThan(0)
    const away = games.filter((game) => game[7] === 'TRUE')
    const score = away.reduce((sum, game) => sum + Number(game[6]), 0)
    expect(home?.coefficient).toBeGreaterThan(0.8 * Math.log((away.length - score) / score))
    expect(home?.coefficient).toBeLessThan(1.6 * Math.log((away.length - score) / score))
  })
})
