import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import { tallyVotes } from './comparison-table.ts'
import { aliasedCovariates, pairedCovariance, pairedVariances } from './paired-covariance.ts'
import { fitPaired } from './paired-likelihood.ts'

const random = seeded('covariance')
const votes = Array.from({ length: 400 }, () => {
  const a = random.integer(3)
  return { a, b: (a + 1 + random.integer(2)) % 3, outcome: random.chance(0.6) ? 1 : 0, x: random.integer(3) - 1 }
})
const table = tallyVotes({
  names: ['x', 'y', 'z'],
  a: votes.map(({ a }) => a),
  b: votes.map(({ b }) => b),
  outcomes: votes.map(({ outcome }) => outcome),
  covariates: { names: ['u'], values: Float64Array.from(votes, ({ x }) => x) },
})
const fit = fitPaired(table, bradleyTerry, { penalties: { coefficients: 5 } })

/** Score and curvature of every vote on (θ, γ), added up as outer products, from the definition. */
function naive(): { information: number[][]; meat: number[][] } {
  const zero = (): number[][] => Array.from({ length: 4 }, () => [0, 0, 0, 0])
  const [information, meat] = [zero(), zero()]
  for (const { a, b, outcome, x } of votes) {
    const z: number[] = [0, 1, 2].map((i) => (i === a ? 1 : i === b ? -1 : 0))
    z.push(x)
    const delta = z.reduce((sum, value, i) => sum + value * (fit.parameters[i] as number), 0)
    const p = 1 / (1 + Math.exp(-delta))
    z.forEach((left, i) => {
      z.forEach((right, j) => {
        const [h, m] = [information[i] as number[], meat[i] as number[]]
        h[j] = (h[j] as number) + p * (1 - p) * left * right
        m[j] = (m[j] as number) + (p - outcome) ** 2 * left * right
      })
    })
  }
  return { information, meat }
}

/** The inverse by Gauss–Jordan elimination. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))])
  for (let k = 0; k < size; k++) {
    const pivot = rows[k] as number[]
    const scale = pivot[k] as number
    rows[k] = pivot.map((value) => value / scale)
    rows.forEach((row, i) => {
      const factor = row[k] as number
      if (i !== k) rows[i] = row.map((value, j) => value - factor * ((rows[k] as number[])[j] as number))
    })
  }
  return rows.map((row) => row.slice(size))
}

const multiply = (x: readonly (readonly number[])[], y: readonly (readonly number[])[]): number[][] =>
  x.map((row) =>
    (y[0] as readonly number[]).map((_, j) =>
      row.reduce((sum, value, k) => sum + value * ((y[k] as readonly number[])[j] as number), 0),
    ),
  )

function expectMatrix(found: Float64Array, expected: readonly (readonly number[])[]): void {
  expected.flat().forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 8)
  })
}

describe('pairedCovariance', () => {
  const { information, meat } = naive()
  const bread = (ridge: number, penalty: number): number[][] =>
    inverse(information.map((row, i) => row.map((value, j) => value + (i === j ? ridge + (i === 3 ? penalty : 0) : 0))))

  it('is H⁻¹·B·H⁻¹ with λ = 1e-5 a vote, penalty included', () => {
    const h = bread(400e-5, 5)
    expectMatrix(pairedCovariance(table, fit), multiply(multiply(h, meat), h))
  })

  it('can leave the penalty out, take another λ, and shift the block of γ', () => {
    const gamma = fit.coefficients[0] as number
    const h = bread(0.3, 0)
    const shifted = meat.map((row, i) =>
      row.map((value, j) => (i === 3 && j === 3 ? value - 50 * gamma * gamma : value)),
    )
    const options = { ridge: 0.3, penalised: false, coefficientShift: 50 }
    expectMatrix(pairedCovariance(table, fit, options), multiply(multiply(h, shifted), h))
  })

  it('keeps its digits however many weighted votes there are', () => {
    // The scores of a vote of weight 3 are three times those of one, and so is H: the sandwich stays the same.
    const many = { ...table, counts: table.counts.map((count) => 5_000 * count), votes: 5_000 * table.votes }
    const heavy = { ...many, weights: table.weights.map(() => 3) }
    const [expected, found] = [many, heavy].map((each) => pairedVariances(each, fitPaired(each, bradleyTerry)))
    expected?.forEach((value, i) => {
      expect((found?.[i] ?? 0) / value).toBeCloseTo(1, 3)
    })
  })

  it('as the inverse information has rows of θ that sum to 0, and variances of differences as with any reference', () => {
    const fisher = pairedCovariance(table, fit, { kind: 'fisher' })
    for (let i = 0; i < 4; i++)
      expect((fisher[4 * i] as number) + (fisher[4 * i + 1] as number) + (fisher[4 * i + 2] as number)).toBeCloseTo(
        0,
        10,
      )
    // With x held at 0, the information on (θ_y, θ_z, γ) has an inverse of its own.
    const held = inverse(
      [1, 2, 3].map((i) => [1, 2, 3].map((j) => (information[i]?.[j] as number) + (i === 3 && j === 3 ? 5 : 0))),
    )
    const difference = (fisher[5] as number) + (fisher[0] as number) - 2 * (fisher[1] as number)
    expect(difference).toBeCloseTo(held[0]?.[0] as number, 9)
    expect(fisher[15]).toBeCloseTo(held[2]?.[2] as number, 9)
  })
})

describe('aliasedCovariates', () => {
  const withColumns = (names: readonly string[], row: (vote: (typeof votes)[number]) => number[]) =>
    tallyVotes({
      names: ['x', 'y', 'z'],
      a: votes.map(({ a }) => a),
      b: votes.map(({ b }) => b),
      outcomes: votes.map(({ outcome }) => outcome),
      covariates: { names, values: Float64Array.from(votes.flatMap(row)) },
    })

  it('finds columns that are 0, repeat others, or are fixed by who plays', () => {
    const strength = [1, 4, 2]
    const doubtful = withColumns(['free', 'zero', 'twice', 'fixed'], ({ a, b, x }) => [
      x,
      0,
      2 * x,
      (strength[a] as number) - (strength[b] as number),
    ])
    expect(aliasedCovariates(doubtful, fitPaired(doubtful, bradleyTerry))).toEqual([1, 2, 3])
    expect(aliasedCovariates(table, fit)).toEqual([])
  })
})
