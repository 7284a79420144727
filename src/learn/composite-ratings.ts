import type { ComparisonTable } from './comparison-table.ts'
import { type RatingOptions, type Ratings, rateCompetitors } from './ratings.ts'

/** Votes by one criterion, and how much the criterion counts. */
export interface Criterion {
  readonly table: ComparisonTable
  /** Default 1. */
  readonly weight?: number
}

/**
 * One table in which the votes of criterion k weigh w_k / N_k each, so that criteria count by their weights and not by
 * how many votes they got. Pairings of different criteria stay apart.
 *
 * @throws {RangeError} when the criteria name different competitors or covariates, or one has no votes
 */
export function compositeTable(criteria: readonly Criterion[]): ComparisonTable {
  const [first] = criteria
  if (!first) throw new RangeError('there are no criteria, expected at least one')
  const { names, covariates } = first.table
  const same = (x: readonly string[], y: readonly string[]): boolean =>
    x.length === y.length && x.every((name, i) => name === y[i])
  criteria.forEach(({ table }, k) => {
    if (!same(table.names, names) || !same(table.covariates.names, covariates.names))
      throw new RangeError(`criterion ${k} names other competitors or covariates than criterion 0, expected the same`)
    if (table.votes === 0) throw new RangeError(`criterion ${k} has no votes, expected at least one`)
  })
  const join = (column: (table: ComparisonTable) => Float64Array | Int32Array): number[] =>
    criteria.flatMap(({ table }) => [...column(table)])
  let before = 0
  const pairing = criteria.flatMap(({ table }) => {
    const shift = before
    before += table.a.length
    return Array.from(table.pairing, (index) => index + shift)
  })
  return {
    names,
    a: Int32Array.from(join((table) => table.a)),
    b: Int32Array.from(join((table) => table.b)),
    covariates: {
      names: covariates.names,
      values: Float64Array.from(join((table) => table.covariates.values)),
    },
    pairing: Int32Array.from(pairing),
    outcomes: Float64Array.from(join((table) => table.outcomes)),
    counts: Float64Array.from(join((table) => table.counts)),
    weights: Float64Array.from(
      criteria.flatMap(({ table, weight = 1 }) => Array.from(table.weights, (own) => (own * weight) / table.votes)),
    ),
    votes: criteria.reduce((sum, { table }) => sum + table.votes, 0),
  }
}

/**
 * Composite Bradley–Terry: one strength per competitor from votes by several criteria, minimising
 * Σ_k w_k·NLL_k / N_k + ½·ρ·‖θ‖².
 *
 * The intervals take the votes for independent; one person's votes on several criteria of the same pair are not, which
 * makes them too narrow.
 *
 * @param options `penalties.strengths` is ρ, default 1e-5
 * @see lmarena/arena-rank, ρ = 1e-5
 */
export function rateComposite(criteria: readonly Criterion[], options: RatingOptions = {}): Ratings {
  return rateCompetitors(compositeTable(criteria), { ...options, penalties: { strengths: 1e-5, ...options.penalties } })
}
