import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import { tallyVotes } from './comparison-table.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { pairedCovariance } from './paired-covariance.ts'
import { fitPaired } from './paired-likelihood.ts'
import { fitPlackettLuce, plackettLuceCovariance } from './plackett-luce.ts'
import { rateRankings } from './ranking-ratings.ts'
import { type OrderedGroups, type RaterRanking, tallyRankings } from './rankings.ts'

const order = (...competitors: number[]): RaterRanking => ({ competitors, ranks: competitors.map((_, i) => i + 1) })

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((first, i) => permutations(items.toSpliced(i, 1)).map((rest) => [first, ...rest]))
}

/** −ln P of a ranking, ties averaged over every order: the definition, written out. */
function costOf({ groups, below }: OrderedGroups, strengths: ArrayLike<number>): number {
  const orders = groups.reduce<number[][]>(
    (so, group) => so.flatMap((before) => permutations(group).map((tied) => [...before, ...tied])),
    [[]],
  )
  const costs = orders.map((placed) =>
    placed.reduce((cost, chosen, t) => {
      const left = [...placed.slice(t), ...below]
      const sum = left.reduce((total, i) => total + Math.exp(strengths[i] as number), 0)
      return cost + Math.log(sum) - (strengths[chosen] as number)
    }, 0),
  )
  return costs.reduce((sum, cost) => sum + cost, 0) / costs.length
}

describe('Plackett–Luce', () => {
  it('gives worths 1, 2, 3 for the six orders in just those proportions', () => {
    // P(zyx) = 3/6·2/3, P(zxy) = 3/6·1/3, P(yzx) = 2/6·3/4, P(yxz) = 2/6·1/4, P(xzy) = 1/6·3/5, P(xyz) = 1/6·2/5, in 60ths:
    const counts: readonly (readonly [number[], number])[] = [
      [[2, 1, 0], 20],
      [[2, 0, 1], 10],
      [[1, 2, 0], 15],
      [[1, 0, 2], 5],
      [[0, 2, 1], 6],
      [[0, 1, 2], 4],
    ]
    const rankings = counts.flatMap(([placed, count]) => Array.from({ length: count }, () => order(...placed)))
    const { strengths } = fitPlackettLuce(tallyRankings(['x', 'y', 'z'], rankings))
    expect(Math.exp((strengths[1] as number) - (strengths[0] as number))).toBeCloseTo(2, 8)
    expect(Math.exp((strengths[2] as number) - (strengths[0] as number))).toBeCloseTo(3, 8)
  })

  it('gives worths in proportion to first places when only those are known', () => {
    const firsts = [5, 3, 2].flatMap((count, first) =>
      Array.from({ length: count }, () => ({
        competitors: [0, 1, 2],
        ranks: [0, 1, 2].map((i) => (i === first ? 1 : null)),
      })),
    )
    const fit = fitPlackettLuce(tallyRankings(['x', 'y', 'z'], firsts, { unranked: 'below' }))
    const worths = fit.strengths.map(Math.exp)
    const total = worths.reduce((sum, worth) => sum + worth, 0)
    expect([...worths].map((worth) => worth / total)).toEqual([0.5, 0.3, 0.2].map((share) => expect.closeTo(share, 8)))
    expect(fit.cost).toBeCloseTo(-(5 * Math.log(0.5) + 3 * Math.log(0.3) + 2 * Math.log(0.2)), 9)
  })

  it('is Bradley–Terry for pairs: strengths, cost and both covariances, ties as half wins', () => {
    const random = seeded('pairs')
    const votes = Array.from({ length: 300 }, () => {
      const a = random.integer(4)
      return { a, b: (a + 1 + random.integer(3)) % 4, outcome: random.pick([0, 0.5, 1, 1]) }
    })
    const names = ['w', 'x', 'y', 'z']
    const pairs = tallyVotes({
      names,
      a: votes.map(({ a }) => a),
      b: votes.map(({ b }) => b),
      outcomes: votes.map(({ outcome }) => outcome),
    })
    const table = tallyRankings(
      names,
      votes.map(({ a, b, outcome }) => ({ competitors: [a, b], ranks: [2 - outcome, 1 + outcome] })),
    )
    const [fit, paired] = [fitPlackettLuce(table), fitPaired(pairs, bradleyTerry)]
    fit.strengths.forEach((strength, i) => {
      expect(strength).toBeCloseTo(paired.strengths[i] as number, 9)
    })
    expect(fit.cost).toBeCloseTo(paired.cost, 9)
    for (const kind of ['sandwich', 'fisher'] as const) {
      const expected = pairedCovariance(pairs, paired, { kind })
      plackettLuceCovariance(table, fit, kind).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 9)
      })
    }
  })

  it('finds what choix 0.4.1 finds for partial rankings and for choices', () => {
    const { names, rankings, strengths, choices, choiceStrengths } = peers.plackettLuce
    const ranked = fitPlackettLuce(
      tallyRankings(
        names,
        rankings.map((ranking) => order(...ranking)),
      ),
    )
    const chosen = fitPlackettLuce(
      tallyRankings(
        names,
        choices.map(([winner, losers]) => ({
          competitors: [winner as number, ...(losers as number[])],
          ranks: [1, ...(losers as number[]).map(() => null)],
        })),
        { unranked: 'below' },
      ),
    )
    ranked.strengths.forEach((strength, i) => {
      expect(strength).toBeCloseTo(strengths[i] as number, 6)
    })
    chosen.strengths.forEach((strength, i) => {
      expect(strength).toBeCloseTo(choiceStrengths[i] as number, 6)
    })
  })

  const mixed = tallyRankings(
    ['a', 'b', 'c', 'd', 'e', 'f'],
    [
      { competitors: [0, 1, 2, 3, 4, 5], ranks: [1, 2, 2, 2, null, null] },
      { competitors: [4, 3, 5, 0], ranks: [1, 1, 2, 3] },
      { competitors: [5, 2, 1], ranks: [1, 2, 3] },
      { competitors: [0, 1, 2, 3, 5], ranks: [1, 1, 1, 1, 2] },
      { competitors: [1, 4, 0], ranks: [1, null, null] },
    ],
    { unranked: 'below' },
  )

  it('costs what its definition costs with ties of any size and top-k lists, and is least where it says', () => {
    const fit = fitPlackettLuce(mixed)
    const whole = (strengths: ArrayLike<number>): number =>
      mixed.rankings.reduce((sum, ranking) => sum + costOf(ranking, strengths), 0)
    expect(fit.cost).toBeCloseTo(whole(fit.strengths), 10)
    expect(fit.strengths.reduce((sum, strength) => sum + strength, 0)).toBeCloseTo(0, 12)
    for (let i = 0; i < 6; i++) {
      const moved = (step: number): Float64Array => fit.strengths.map((value, k) => (k === i ? value + step : value))
      expect((whole(moved(1e-5)) - whole(moved(-1e-5))) / 2e-5).toBeCloseTo(0, 7)
    }
  })

  it('has for inverse covariance the curvature of its definition', () => {
    const penalty = 0.5
    const fit = fitPlackettLuce(mixed, { penalty })
    const whole = (strengths: Float64Array): number =>
      mixed.rankings.reduce((sum, ranking) => sum + costOf(ranking, strengths), 0) +
      (penalty / 2) * strengths.reduce((sum, strength) => sum + strength * strength, 0)
    const covariance = plackettLuceCovariance(mixed, fit, 'fisher')
    const step = 1e-3
    const curvature = (i: number, j: number): number => {
      const at = (x: number, y: number): number =>
        whole(fit.strengths.map((value, k) => value + (k === i ? x : 0) + (k === j ? y : 0)))
      return (at(step, step) - at(step, -step) - at(-step, step) + at(-step, -step)) / (4 * step * step)
    }
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++) {
        const product = Array.from({ length: 6 }, (_, k) => curvature(i, k) * (covariance[k * 6 + j] as number))
        expect(product.reduce((sum, term) => sum + term, 0)).toBeCloseTo(i === j ? 1 : 0, 4)
      }
  })

  it('rejects ties too large to average over', () => {
    const names = Array.from({ length: 11 }, (_, i) => `c${i}`)
    const tied = tallyRankings(names, [{ competitors: names.map((_, i) => i), ranks: names.map(() => 1) }])
    expect(() => fitPlackettLuce(tied)).toThrow(
      '11 competitors are tied at one rank, among them "c0"; expected at most 10',
    )
  })
})

describe('rateRankings', () => {
  /** Orders drawn from Plackett–Luce, all competitors each time. */
  const draw = (truth: readonly number[], count: number, seed: string): RaterRanking[] => {
    const random = seeded(seed)
    return Array.from({ length: count }, () => {
      const left = truth.map((_, i) => i)
      const placed: number[] = []
      while (left.length > 0) {
        const chosen = random.weighted(left.map((i) => Math.exp(truth[i] as number)))
        placed.push(...left.splice(chosen, 1))
      }
      return order(...placed)
    })
  }
  const truth = [-1, -0.4, 0.1, 0.5, 0.8]
  const names = truth.map(String)

  it('covers the truth about as often as it says, by sandwich and by bootstrap', () => {
    const rounds = 40
    const covered = { sandwich: 0, bootstrap: 0 }
    for (let round = 0; round < rounds; round++) {
      const table = tallyRankings(names, draw(truth, 120, `coverage ${round}`))
      for (const kind of ['sandwich', 'bootstrap'] as const) {
        const intervals = kind === 'sandwich' ? kind : { random: seeded(round), replicates: 40 }
        const { lower, upper } = rateRankings(table, { intervals })
        covered[kind] += truth.filter((strength, i) => {
          const rating = 1000 + (400 / Math.LN10) * strength
          return (lower[i] as number) <= rating && rating <= (upper[i] as number)
        }).length
      }
    }
    expect(Math.abs(covered.sandwich / (rounds * 5) - 0.95)).toBeLessThan(0.05)
    expect(Math.abs(covered.bootstrap / (rounds * 5) - 0.93)).toBeLessThan(0.06)
  })

  it('warns and penalises when somebody is always first, and names who is in no ranking', () => {
    const rated = rateRankings(tallyRankings(['x', 'y', 'z', 'absent'], [order(0, 1, 2), order(0, 2, 1)]))
    expect(rated.fallbackPenalty).toBe(1)
    expect(rated.warnings.slice(0, 2)).toEqual([
      '"absent" has no votes and no rating of meaning.',
      '"x" never lost or tied, so no finite rating fits the votes best.',
    ])
    expect(rated.ratings.every(Number.isFinite)).toBe(true)
    expect(rated.upper[3]).toBe(Number.POSITIVE_INFINITY)
    expect(rated.ranks[0]).toBe(1)
  })

  it('flags replicates that lose a competitor', () => {
    const rankings = [...Array.from({ length: 20 }, (_, i) => order(i % 2, 1 - (i % 2))), order(2, 0), order(0, 2)]
    const { warnings } = rateRankings(tallyRankings(['x', 'y', 'rare'], rankings), {
      intervals: { random: seeded(1), replicates: 100 },
    })
    expect(warnings.some((sentence) => sentence.startsWith('"rare" has so few votes'))).toBe(true)
  })

  it('rejects nothing to go on', () => {
    expect(() => rateRankings(tallyRankings(['x', 'y'], [order(0)]))).toThrow('no rankings of two or more')
  })
})
