import { describe, expect, it } from 'vitest'
import { madeBallot } from './ballot.fixture.ts'
import { likeness, overGiving, residualsOf } from './history.ts'

const ballots = [
  madeBallot('A', { X: 8, Y: 2 }, { year: 2000 }),
  madeBallot('B', { X: 2, Y: 4 }, { year: 2000 }),
  madeBallot('C', { X: 4, Y: 0 }, { year: 2000 }),
  madeBallot('A', { X: 6, Z: 1 }, { year: 2002 }),
  madeBallot('B', { X: 0, Z: 3 }, { year: 2002 }),
]
const residuals = residualsOf(ballots)

describe('residualsOf', () => {
  // 2000: A gave X 8, the others 3 on average; Y 2 against 2. C gave X 4 against 5, Y 0 against 3.
  it('is what a country gave beyond the mean of the others', () => {
    expect(residuals.map(({ country, beyond }) => [country, [...beyond]])).toEqual([
      ['A', [5, 0]],
      ['B', [-4, 3]],
      ['C', [-1, -3]],
      ['A', [6, -2]],
      ['B', [-6, 2]],
    ])
  })

  it('is 0 for a song nobody else judged', () => {
    expect([...(residualsOf([madeBallot('A', { X: 8 })])[0]?.beyond ?? [])]).toEqual([0])
  })
})

describe('overGiving', () => {
  it('is the mean over earlier years, shrunk', () => {
    const before = overGiving(residuals, { shrinkage: 3 })
    expect(before(2003)('A', 'X')).toBeCloseTo((5 + 6) / (2 + 3), 12)
    expect(before(2002)('A', 'X')).toBeCloseTo(5 / 4, 12)
    expect(before(2000)('A', 'X')).toBe(0)
    expect(before(2003)('A', 'Q')).toBe(0)
  })

  // Before 2003, 2002 has weight 1 and 2000 has weight 1/4.
  it('forgets by the year', () => {
    expect(overGiving(residuals, { shrinkage: 1, decay: 0.5 })(2003)('A', 'X')).toBeCloseTo(
      (0.25 * 5 + 6) / (0.25 + 1 + 1),
      12,
    )
  })

  it('looks at finals alone when told to', () => {
    const mixed = residualsOf([
      ...ballots.slice(0, 3),
      ...ballots.slice(3).map((ballot) => ({ ...ballot, final: false })),
    ])
    expect(overGiving(mixed, { shrinkage: 0, finalsOnly: true })(2003)('A', 'X')).toBe(5)
    expect(overGiving(mixed, { shrinkage: 0 })(2003)('A', 'X')).toBe(5.5)
  })
})

describe('likeness', () => {
  // A on B in 2000: (5·−4 + 0·3)/(16 + 9); in 2002 (6·−6 + −2·2)/(36 + 4).
  it('is the ridged slope of one country’s residuals on the other’s', () => {
    const before = likeness(residuals, { ridge: 10, decay: 1 })
    expect(before(2002)('A', 'B')).toBeCloseTo(-20 / (25 + 10), 12)
    expect(before(2003)('A', 'B')).toBeCloseTo((-20 - 40) / (25 + 40 + 10), 12)
    expect(before(2003)('A', 'nobody')).toBe(0)
  })
})
