import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import { tallyVotes } from './comparison-table.ts'
import { davidson } from './davidson.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { pairedCovariance } from './paired-covariance.ts'
import { fitPaired, type PairedLink, pairedObjective, pairingTotals } from './paired-likelihood.ts'
import { raoKupper } from './rao-kupper.ts'

const cems = (() => {
  const votes = peers.cems.cells.flatMap(([a, b, outcome, count]) =>
    Array.from({ length: count as number }, () => [a, b, outcome] as number[]),
  )
  return tallyVotes({
    names: peers.cems.names,
    a: votes.map((vote) => vote[0] as number),
    b: votes.map((vote) => vote[1] as number),
    outcomes: votes.map((vote) => vote[2] as number),
  })
})()

/** P(win), P(tie), P(loss) as the link prices them. */
function probabilities(link: PairedLink, delta: number, tie: number): number[] {
  const out = new Float64Array(6)
  return [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ].map(([wins, ties, losses]) => {
    link.evaluate(delta, tie, wins as number, ties as number, losses as number, out)
    return Math.exp(-(out[0] as number))
  })
}

const models = [
  { link: davidson, peer: peers.cems.davidson },
  { link: raoKupper, peer: peers.cems.raoKupper },
]

describe.each(models)('$link.name', ({ link, peer }) => {
  it('spreads probability 1 over win, tie and loss', () => {
    for (const delta of [-3, -0.4, 0, 1, 8])
      for (const tie of [0.1, 0.7, 2])
        expect(probabilities(link, delta, tie).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
  })

  it('turns round with the sides', () => {
    const [win, tie, loss] = probabilities(link, 0.8, 0.5)
    expect(probabilities(link, -0.8, 0.5)).toEqual([loss, tie, win].map((p) => expect.closeTo(p as number, 12)))
  })

  it('starts where equal competitors tie as often as asked', () => {
    expect(probabilities(link, 0, link.tieStart(0.3))[1]).toBeCloseTo(0.3, 12)
  })

  it('has the derivatives that finite differences give', () => {
    const [step, at, out] = [1e-5, { delta: 0.6, tie: 0.4 }, new Float64Array(6)]
    const cost = (delta: number, tie: number): Float64Array => {
      link.evaluate(delta, tie, 3, 1.5, 2, out)
      return Float64Array.from(out)
    }
    const here = cost(at.delta, at.tie)
    const byDelta = [cost(at.delta + step, at.tie), cost(at.delta - step, at.tie)] as const
    const byTie = [cost(at.delta, at.tie + step), cost(at.delta, at.tie - step)] as const
    const slope = ([up, down]: readonly [Float64Array, Float64Array], entry: number): number =>
      ((up[entry] as number) - (down[entry] as number)) / (2 * step)
    expect(here[1]).toBeCloseTo(slope(byDelta, 0), 8)
    expect(here[2]).toBeCloseTo(slope(byTie, 0), 8)
    expect(here[3]).toBeCloseTo(slope(byDelta, 1), 8)
    expect(here[4]).toBeCloseTo(slope(byTie, 1), 8)
    expect(here[5]).toBeCloseTo(slope(byTie, 2), 7)
  })

  it('fits the management schools as SciPy does, standard errors included', () => {
    const fit = fitPaired(cems, link)
    fit.strengths.forEach((strength, i) => {
      expect(strength).toBeCloseTo(peer.strengths[i] as number, 5)
    })
    expect(Math.exp(fit.tie)).toBeCloseTo(peer.tie, 5)
    expect(fit.cost).toBeCloseTo(peer.nll, 5)
    const covariance = pairedCovariance(cems, fit, { kind: 'fisher' })
    peer.fisher_se.forEach((error, i) => {
      expect(Math.sqrt(covariance[8 * i] as number)).toBeCloseTo(error, 4)
    })
  })

  it('recovers the truth from its own votes', () => {
    const random = seeded(`truth ${link.name}`)
    const truth = [-0.9, -0.2, 0.3, 0.8]
    const tie = link.tieStart(0.35)
    const votes = Array.from({ length: 20_000 }, () => {
      const a = random.integer(4)
      const b = (a + 1 + random.integer(3)) % 4
      const outcome = 1 - random.weighted(probabilities(link, (truth[a] as number) - (truth[b] as number), tie)) / 2
      return { a, b, outcome }
    })
    const table = tallyVotes({
      names: truth.map(String),
      a: votes.map(({ a }) => a),
      b: votes.map(({ b }) => b),
      outcomes: votes.map(({ outcome }) => outcome),
    })
    const fit = fitPaired(table, link)
    const covariance = pairedCovariance(table, fit)
    fit.strengths.forEach((strength, i) => {
      expect(Math.abs(strength - (truth[i] as number))).toBeLessThan(3.5 * Math.sqrt(covariance[6 * i] as number))
    })
    expect(Math.abs(fit.tie - tie)).toBeLessThan(3.5 * Math.sqrt(covariance[24] as number))
    // The model is right, so the sandwich and the inverse information say the same.
    const fisher = pairedCovariance(table, fit, { kind: 'fisher' })
    fisher.forEach((value, i) => {
      if (i % 6 === 0) expect(covariance[i]).toBeCloseTo(value, 4)
    })
  })

  it('has gradient and Hessian over θ, γ and τ that belong to its cost', () => {
    const table = tallyVotes({
      names: ['x', 'y', 'z'],
      a: [0, 0, 1, 2, 0, 1],
      b: [1, 2, 2, 0, 1, 0],
      outcomes: [1, 0.5, 0, 1, 0, 0.5],
      covariates: { names: ['u', 'v'], values: Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i)) },
    })
    const objective = pairedObjective(table, link, pairingTotals(table, link), { strengths: 0.3, coefficients: 0.7 })
    const at = Float64Array.of(0.2, -0.5, 0.1, 0.4, -0.3, 0.6)
    const gradient = new Float64Array(6)
    objective.gradient(at, gradient)
    const hessian = new Float64Array(36)
    objective.hessian(at, hessian)
    for (let i = 0; i < 6; i++) {
      const [up, down] = [new Float64Array(6), new Float64Array(6)]
      const moved = (step: number): Float64Array => at.map((value, k) => (k === i ? value + step : value))
      const rise = objective.gradient(moved(1e-5), up) - objective.gradient(moved(-1e-5), down)
      expect(gradient[i]).toBeCloseTo(rise / 2e-5, 7)
      for (let j = i; j < 6; j++)
        expect(hessian[j * 6 + i]).toBeCloseTo(((up[j] as number) - (down[j] as number)) / 2e-5, 7)
    }
  })
})

describe('the tie models and Bradley–Terry', () => {
  it('agree on the odds among decisive votes of two competitors', () => {
    const table = tallyVotes({
      names: ['x', 'y'],
      a: Array(10).fill(0),
      b: Array(10).fill(1),
      outcomes: [1, 1, 1, 1, 1, 1, 0, 0, 0.5, 0.5],
    })
    const decisive = { ...table, counts: table.counts.map((count, cell) => (table.outcomes[cell] === 0.5 ? 0 : count)) }
    const gap = (link: PairedLink, of: typeof table): number => {
      const { strengths } = fitPaired(of, link)
      return (strengths[0] as number) - (strengths[1] as number)
    }
    expect(gap(davidson, table)).toBeCloseTo(Math.log(3), 8)
    expect(gap(bradleyTerry, decisive)).toBeCloseTo(Math.log(3), 8)
    // Two of ten votes tied: P(tie) = ν / (e^{δ/2} + e^{−δ/2} + ν) = .2 with e^δ = 3 gives ν = (√3 + 1/√3)/4.
    expect(Math.exp(fitPaired(table, davidson).tie)).toBeCloseTo((Math.sqrt(3) + 1 / Math.sqrt(3)) / 4, 8)
  })
})
