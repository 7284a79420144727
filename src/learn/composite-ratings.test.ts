import { describe, expect, it } from 'vitest'
import { bradleyTerry } from './bradley-terry.ts'
import { tallyVotes } from './comparison-table.ts'
import { compositeTable, rateComposite } from './composite-ratings.ts'
import { fitPaired } from './paired-likelihood.ts'
import { rateCompetitors } from './ratings.ts'

const criterion = (wins: number, losses: number) =>
  tallyVotes({
    names: ['x', 'y'],
    a: Array(wins + losses).fill(0),
    b: Array(wins + losses).fill(1),
    outcomes: [...Array(wins).fill(1), ...Array(losses).fill(0)],
  })

describe('rateComposite', () => {
  it('weighs criteria by their weights, not by their votes', () => {
    // Shares ¾ of 8 and ¼ of 400, weighted 3 : 1, average to ⅝.
    const { fit } = rateComposite([{ table: criterion(6, 2), weight: 3 }, { table: criterion(100, 300) }], {
      penalties: { strengths: 0 },
    })
    expect((fit.strengths[0] as number) - (fit.strengths[1] as number)).toBeCloseTo(Math.log(5 / 3), 8)
  })

  it('is the plain fit for one criterion, up to its small penalty', () => {
    const table = criterion(6, 2)
    const composite = rateComposite([{ table }])
    expect(composite.ratings[0]).toBeCloseTo(rateCompetitors(table).ratings[0] as number, 1)
    // ½·ρ·‖θ‖² with ρ = 1e-5 on the mean cost is the plain fit under 8·1e-5.
    const { strengths } = fitPaired(table, bradleyTerry, { penalties: { strengths: 8e-5 } })
    expect(composite.fit.strengths[0]).toBeCloseTo(strengths[0] as number, 8)
  })

  it('rejects criteria about different things', () => {
    const other = tallyVotes({ names: ['x', 'z'], a: [0], b: [1], outcomes: [1] })
    const empty = tallyVotes({ names: ['x', 'y'], a: [], b: [], outcomes: [] })
    expect(() => compositeTable([])).toThrow('there are no criteria')
    expect(() => compositeTable([{ table: criterion(1, 1) }, { table: other }])).toThrow('criterion 1 names other')
    expect(() => compositeTable([{ table: empty }])).toThrow('criterion 0 has no votes')
  })
})
