import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import { type ComparisonTable, tallyVotes, type Votes } from './comparison-table.ts'
import { eloRatings } from './elo-scale.ts'
import { pairedCovariance } from './paired-covariance.ts'
import { fitPaired, pairedObjective, pairingTotals } from './paired-likelihood.ts'
import { rateCompetitors } from './ratings.ts'

/** Rows of a CSV file of the repository's data, by column name. No cell of these files holds a comma. */
function readRows(path: string): { readonly [column: string]: string }[] {
  const text = readFileSync(new URL(`../../data/${path}`, import.meta.url), 'utf8').replaceAll('\r', '')
  const [header, ...lines] = text.trim().split('\n')
  const columns = (header as string).split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i] as string, cell])))
}

/** Votes from a matrix of wins, rows over columns. */
function votesFrom(wins: readonly (readonly number[])[]): Votes {
  const won = wins.flatMap((row, a) => row.flatMap((count, b) => Array.from({ length: count }, () => ({ a, b }))))
  return {
    names: wins.map((_, i) => String.fromCharCode(65 + i)),
    a: won.map(({ a }) => a),
    b: won.map(({ b }) => b),
    outcomes: won.map(() => 1),
  }
}

// Wikipedia, "Bradley–Terry model", worked example: wins of A, B, C and D over each other.
const wikipedia = votesFrom([
  [0, 2, 0, 1],
  [3, 0, 5, 0],
  [0, 3, 0, 1],
  [4, 0, 3, 0],
])

/** Seeded votes of `size` competitors with ties and both sides, no structure beyond that. */
function simulate(size: number, count: number, seed: string, truth: (i: number) => number = (i) => i / 4): Votes {
  const random = seeded(seed)
  const votes = Array.from({ length: count }, () => {
    const a = random.integer(size)
    const b = (a + 1 + random.integer(size - 1)) % size
    const p = 1 / (1 + Math.exp(truth(b) - truth(a)))
    return { a, b, outcome: random.chance(0.2) ? 0.5 : random.chance(p) ? 1 : 0 }
  })
  return {
    names: Array.from({ length: size }, (_, i) => `m${i}`),
    a: votes.map(({ a }) => a),
    b: votes.map(({ b }) => b),
    outcomes: votes.map(({ outcome }) => outcome),
  }
}

function expectClose(found: Float64Array, expected: ArrayLike<number>, digits: number): void {
  expect(found.length).toBe(expected.length)
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, digits)
  })
}

describe('Bradley–Terry reproduces', () => {
  it("Wikipedia's 22 games: 0.640, 1.043, 0.660, 2.270", () => {
    const { strengths } = fitPaired(tallyVotes(wikipedia), bradleyTerry)
    expect([...strengths].map((strength) => Math.exp(strength).toFixed(3))).toEqual([
      '0.640',
      '1.043',
      '0.660',
      '2.270',
    ])
  })

  it("Stigler's journal citations as published with BradleyTerry2, standard errors included", () => {
    const names = ['Biometrika', 'Comm Statist', 'JASA', 'JRSS-B']
    const votes = readRows('votes/citations.csv').flatMap(({ cited, citing, count }) =>
      cited === citing ? [] : Array.from({ length: Number(count) }, () => ({ cited, citing })),
    )
    const table = tallyVotes({
      names,
      a: votes.map(({ cited }) => names.indexOf(cited as string)),
      b: votes.map(({ citing }) => names.indexOf(citing as string)),
      outcomes: votes.map(() => 1),
    })
    const fit = fitPaired(table, bradleyTerry)
    const covariance = pairedCovariance(table, fit, { kind: 'fisher' })
    const against = (i: number): readonly [string, string] => [
      ((fit.strengths[i] as number) - (fit.strengths[0] as number)).toFixed(5),
      Math.sqrt((covariance[5 * i] as number) + (covariance[0] as number) - 2 * (covariance[4 * i] as number)).toFixed(
        5,
      ),
    ]
    expect([1, 2, 3].map(against)).toEqual([
      ['-2.94907', '0.10255'],
      ['-0.47957', '0.06059'],
      ['0.26895', '0.07083'],
    ])
  })

  it('the KRACH ratings and round-robin winning percentages of 2009–10 college hockey', () => {
    const games = readRows('votes/icehockey.csv')
    const names = [...new Set(games.flatMap(({ visitor, opponent }) => [visitor as string, opponent as string]))].sort()
    const { strengths } = fitPaired(
      tallyVotes({
        names,
        a: games.map(({ visitor }) => names.indexOf(visitor as string)),
        b: games.map(({ opponent }) => names.indexOf(opponent as string)),
        outcomes: games.map(({ result }) => Number(result)),
      }),
      bradleyTerry,
    )
    // KRACH is 100 for a team that would win half of a round robin that includes a team like itself.
    const worth = strengths.map(Math.exp)
    let [low, high] = [1e-3, 1e3]
    for (let i = 0; i < 100; i++) {
      const middle = Math.sqrt(low * high)
      if (worth.reduce((sum, other) => sum + middle / (middle + other), 0) > names.length / 2) high = middle
      else low = middle
    }
    // J. T. Whelan ("Joe Schlobotnik"), rankings of 2009–10, slack.net/~whelan/tbrw/2010/rankings.shtml
    const published: readonly (readonly [team: string, krach: number, winning: number])[] = [
      ['Denver', 543.0, 0.8145],
      ['Miami', 488.2, 0.7991],
      ['Wisconsin', 481.3, 0.797],
      ['North Dakota', 434.2, 0.7812],
      ['Boston College', 346.2, 0.7441],
      ['St. Cloud State', 345.3, 0.7437],
      ['Michigan', 230.2, 0.6697],
      ['Cornell', 201.7, 0.6439],
      ['Maine', 182.3, 0.6238],
      ['Yale', 159.4, 0.5965],
      ['Union', 128.1, 0.5515],
      ['Quinnipiac', 80.97, 0.4564],
      ['RIT', 53.69, 0.3745],
      ['Sacred Heart', 37.23, 0.3071],
      ['Air Force', 26.19, 0.2487],
      ['Canisius', 23.48, 0.232],
    ]
    for (const [team, krach, winning] of published) {
      const own = worth[names.indexOf(team)] as number
      // The published ratings stop iterating about one unit of the last digit early.
      expect(Math.abs((100 * own) / Math.sqrt(low * high) / krach - 1), team).toBeLessThan(4e-4)
      const roundRobin = worth.reduce((sum, other) => sum + own / (own + other), -0.5) / (names.length - 1)
      expect(roundRobin, team).toBeCloseTo(winning, 4)
    }
  })

  it('±184.84 points for ten wins of ten under a penalty of 1 (C = 1)', () => {
    const ten = tallyVotes({
      names: ['x', 'y'],
      a: Array(10).fill(0),
      b: Array(10).fill(1),
      outcomes: Array(10).fill(1),
    })
    const { strengths } = fitPaired(ten, bradleyTerry, { penalties: { strengths: 1 } })
    expect([...eloRatings(strengths)].map((rating) => rating.toFixed(2))).toEqual(['1184.84', '815.16'])
  })
})

describe('the cost', () => {
  const table = tallyVotes(simulate(6, 500, 'cost'))
  const objective = (of: ComparisonTable) =>
    pairedObjective(of, bradleyTerry, pairingTotals(of, bradleyTerry), { strengths: 0, coefficients: 0 })

  it('is N·ln 2 when nothing is known', () => {
    expect(objective(table).gradient(new Float64Array(6), new Float64Array(6))).toBeCloseTo(500 * Math.LN2, 10)
  })

  it('does not change when all strengths move together', () => {
    const at = Float64Array.of(0.3, -1, 0.5, 2, 0, 0.1)
    const gradient = new Float64Array(6)
    const value = objective(table).gradient(at, gradient)
    expect(
      objective(table).gradient(
        at.map((strength) => strength + 7),
        new Float64Array(6),
      ),
    ).toBeCloseTo(value, 9)
    expect(gradient.reduce((sum, slope) => sum + slope, 0)).toBeCloseTo(0, 9)
  })
})

describe('the fit', () => {
  const votes = simulate(6, 800, 'fit')
  const table = tallyVotes(votes)
  const fit = fitPaired(table, bradleyTerry)

  it('has strengths of mean 0', () => {
    expect(fit.strengths.reduce((sum, strength) => sum + strength, 0)).toBeCloseTo(0, 12)
  })

  it('expects of every competitor as many wins as it has', () => {
    const expected = new Float64Array(6)
    const seen = new Float64Array(6)
    for (let i = 0; i < votes.a.length; i++) {
      const [a, b, outcome] = [votes.a[i] as number, votes.b[i] as number, votes.outcomes[i] as number]
      const p = 1 / (1 + Math.exp((fit.strengths[b] as number) - (fit.strengths[a] as number)))
      expected[a] = (expected[a] as number) + p
      expected[b] = (expected[b] as number) + 1 - p
      seen[a] = (seen[a] as number) + outcome
      seen[b] = (seen[b] as number) + 1 - outcome
    }
    expectClose(expected, seen, 6)
  })

  it('does not depend on which side was called a', () => {
    const turned = fitPaired(
      tallyVotes({ ...votes, a: votes.b, b: votes.a, outcomes: Array.from(votes.outcomes, (y) => 1 - y) }),
      bradleyTerry,
    )
    expectClose(turned.strengths, fit.strengths, 12)
  })

  it('counts a tie as half a win for each', () => {
    const halves = tallyVotes({
      names: votes.names,
      a: [...Array.from(votes.a), ...Array.from(votes.a)],
      b: [...Array.from(votes.b), ...Array.from(votes.b)],
      outcomes: [
        ...Array.from(votes.outcomes, (y) => (y === 0.5 ? 1 : y)),
        ...Array.from(votes.outcomes, (y) => (y === 0.5 ? 0 : y)),
      ],
      weights: Array(2 * votes.a.length).fill(0.5),
    })
    expectClose(fitPaired(halves, bradleyTerry).strengths, fit.strengths, 8)
  })

  it('takes graded outcomes for what they are on average', () => {
    const graded = tallyVotes({ names: ['x', 'y'], a: [0, 0], b: [1, 1], outcomes: [0.9, 0.6] })
    const { strengths } = fitPaired(graded, bradleyTerry)
    expect((strengths[0] as number) - (strengths[1] as number)).toBeCloseTo(Math.log(3), 8)
  })

  it('is the same for data given k times, with variances k times smaller', () => {
    const thrice = { ...table, counts: table.counts.map((count) => 3 * count), votes: 3 * table.votes }
    const once = rateCompetitors(table)
    const more = rateCompetitors(thrice)
    expectClose(more.ratings, once.ratings, 6)
    expectClose(
      more.variances.map((variance) => 3 * variance),
      once.variances,
      6,
    )
  })

  it('puts an anchor where it is told to, and moves the rest along', () => {
    const free = rateCompetitors(table)
    const anchored = rateCompetitors(table, { anchor: { name: 'm2', rating: 1114 } })
    expect(anchored.ratings[2]).toBeCloseTo(1114, 10)
    const shift = 1114 - (free.ratings[2] as number)
    expectClose(
      anchored.upper,
      free.upper.map((value) => value + shift),
      9,
    )
    expect(() => rateCompetitors(table, { anchor: { name: 'nobody', rating: 0 } })).toThrow(
      '"nobody" is not among the 6',
    )
  })
})

describe('the sandwich', () => {
  it('covers true differences from the mean about 95 % of the time, where counting halves as binomial would overdo it', () => {
    const truth = [-0.8, -0.3, 0, 0.4, 0.7]
    const centre = truth.reduce((sum, strength) => sum + strength, 0) / truth.length
    // Ties are half wins, so what is estimated is the strength that gives the expected score: 0.8·p + 0.1.
    const expectedTable = (): Float64Array => {
      const pairs = truth.flatMap((_, a) => truth.flatMap((__, b) => (a < b ? [{ a, b }] : [])))
      const exact = tallyVotes({
        names: truth.map(String),
        a: pairs.map(({ a }) => a),
        b: pairs.map(({ b }) => b),
        outcomes: pairs.map(({ a, b }) => 0.1 + 0.8 / (1 + Math.exp((truth[b] as number) - (truth[a] as number)))),
      })
      return fitPaired(exact, bradleyTerry).strengths
    }
    expect(centre).toBeCloseTo(0, 12)
    const target = eloRatings(expectedTable())
    const rounds = 200
    let [sandwich, fisher] = [0, 0]
    for (let round = 0; round < rounds; round++) {
      const table = tallyVotes(simulate(5, 400, `coverage ${round}`, (i) => truth[i] as number))
      for (const kind of ['sandwich', 'fisher'] as const) {
        const { lower, upper } = rateCompetitors(table, { intervals: kind })
        const covered = target.filter((rating, i) => (lower[i] as number) <= rating && rating <= (upper[i] as number))
        if (kind === 'sandwich') sandwich += covered.length
        else fisher += covered.length
      }
    }
    // 1000 intervals of which five share a data set: four standard errors are about .03.
    expect(Math.abs(sandwich / (5 * rounds) - 0.95)).toBeLessThan(0.03)
    expect(fisher).toBeGreaterThan(sandwich)
  })
})
