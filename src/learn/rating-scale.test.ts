import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { cantobels, type RatingCell, ratingScale } from './rating-scale.ts'

describe('cantobels', () => {
  it('is ten times the decimal logarithm of the odds', () => {
    expect(cantobels(Math.log(10))).toBeCloseTo(10, 12)
    expect(cantobels(Math.log(2))).toBeCloseTo(3.0103, 4)
  })
})

describe('ratingScale', () => {
  it('is the logistic model with a normal prior when there is one subject and two scores', () => {
    // With unit spreads the logit η = β − δ has prior variance 4 (subject, group, step, mean step), and the mode solves
    // k − n·σ(η) = η/4. For n = 8 and η = ln 3, σ(η) = 3/4, k = 6 + (ln 3)/4. Half of η belongs to β, a quarter to its
    // group; the information 8·¾·¼ = 3/2 leaves Var β = 2 − 2²·(3/2)/(1 + 4·(3/2)) = 8/7, Var b = 1 − (3/2)/7 = 11/14.
    const won = 6 + Math.log(3) / 4
    const fit = ratingScale(
      { scores: [0, 1], cells: [{ subject: 0, occasion: 0, counts: [8 - won, won] }], groups: [0] },
      { subjectScale: 1, groupScale: 1, stepScale: 1 },
    )
    expect(fit.subjects[0]?.value).toBeCloseTo(Math.log(3) / 2, 6)
    expect(fit.groups[0]?.value).toBeCloseTo(Math.log(3) / 4, 6)
    expect(fit.thresholds[0]?.[0]).toBeCloseTo(-Math.log(3) / 2, 6)
    expect(fit.subjects[0]?.standardError).toBeCloseTo(Math.sqrt(8 / 7), 6)
    expect(fit.groups[0]?.standardError).toBeCloseTo(Math.sqrt(11 / 14), 6)
  })

  it('turns round when the scores are turned round', () => {
    const cells: RatingCell[] = [
      { subject: 0, occasion: 0, counts: [1, 2, 6] },
      { subject: 1, occasion: 0, counts: [4, 3, 2] },
      { subject: 2, occasion: 1, counts: [5, 3, 1] },
      { subject: 3, occasion: 1, counts: [2, 4, 3] },
    ]
    const groups = [0, 1, 0, 1]
    const straight = ratingScale({ scores: [0, 1, 3], cells, groups })
    const turned = ratingScale({
      scores: [0, 2, 3],
      cells: cells.map((cell) => ({ ...cell, counts: cell.counts.toReversed() })),
      groups,
    })
    for (const [n, { value, standardError }] of straight.subjects.entries()) {
      expect(turned.subjects[n]?.value).toBeCloseTo(-value, 6)
      expect(turned.subjects[n]?.standardError).toBeCloseTo(standardError, 6)
    }
    expect(straight.parts).toBe(2)
    expect(turned.subjectScale).toBeCloseTo(straight.subjectScale, 6)
  })

  it('recovers a simulated truth, with intervals that hold it about as often as they say', () => {
    const random = seeded('rating-scale')
    const scores = [0, 1, 2, 3, 5]
    const truth: number[] = []
    const groups: number[] = []
    const cells: RatingCell[] = []
    const means = Array.from({ length: 20 }, () => 0.2 * random.normal())
    for (let occasion = 0; occasion < 30; occasion++) {
      const steps = [1, 0.6, 0.8, 0.7].map((mean) => mean + 0.2 * random.normal())
      for (const group of random.shuffle(means.map((_, g) => g)).slice(0, 12)) {
        const beta = (means[group] as number) + 0.35 * random.normal()
        let threshold = 0
        const weights = scores.map((score, k) => {
          if (k > 0) threshold += ((scores[k] as number) - (scores[k - 1] as number)) * (steps[k - 1] as number)
          return Math.exp(score * beta - threshold)
        })
        const counts = scores.map(() => 0)
        for (let rater = 0; rater < 25; rater++) {
          const given = random.weighted(weights)
          counts[given] = (counts[given] as number) + 1
        }
        cells.push({ subject: truth.length, occasion, counts })
        truth.push(beta)
        groups.push(group)
      }
    }
    const fit = ratingScale({ scores, cells, groups })
    expect(fit.converged).toBe(true)
    // 360 subjects around their groups and 20 groups: spreads are known to about 6 % and 20 %.
    expect(fit.subjectScale).toBeGreaterThan(0.3)
    expect(fit.subjectScale).toBeLessThan(0.4)
    expect(fit.groupScale).toBeGreaterThan(0.1)
    expect(fit.groupScale).toBeLessThan(0.3)
    const held = fit.subjects.filter(
      ({ value, standardError }, n) => Math.abs(value - (truth[n] as number)) < 1.96 * standardError,
    ).length
    // Coverage 95 % of 360, four standard errors wide.
    expect(held / truth.length).toBeGreaterThan(0.9)
    expect(held / truth.length).toBeLessThan(0.996)
  })

  it('says what is wrong with ratings that cannot be', () => {
    const cells = [{ subject: 0, occasion: 0, counts: [1, 1] }]
    expect(() => ratingScale({ scores: [1, 0], cells, groups: [0] })).toThrow('scores are [1, 0]')
    expect(() => ratingScale({ scores: [0, 1], cells: [], groups: [0] })).toThrow('no ratings')
    expect(() => ratingScale({ scores: [0, 1], cells, groups: [] })).toThrow('cell 0: subject is 0')
    expect(() => ratingScale({ scores: [0, 1, 2], cells, groups: [0] })).toThrow('cell 0: expected 3 counts')
    expect(() => ratingScale({ scores: [0, 1], cells, groups: [0] }, { groupScale: 0 })).toThrow('groupScale is 0')
  })
})
