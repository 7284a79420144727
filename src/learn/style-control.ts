import type { ComparisonTable, Covariates } from './comparison-table.ts'
import type { RatingOptions } from './ratings.ts'

/**
 * (a − b) / (a + b + 1): which side has more of an amount, relative to how much there is, in (−1, 1).
 *
 * @param plus added to the sum; with 0, the value is 0 where both amounts are
 * @throws {RangeError} on a negative amount
 * @see Search Arena (arXiv 2506.05334), which adds 1; the example of lmarena/arena-rank adds 0
 */
export function relativeDifference(a: number, b: number, plus: 0 | 1 = 1): number {
  if (!(a >= 0 && b >= 0)) throw new RangeError(`the amounts are ${a} and ${b}, expected numbers of at least 0`)
  const sum = a + b + plus
  return sum === 0 ? 0 : (a - b) / sum
}

/**
 * Scales covariates to unit spread over all rows (degrees of freedom not counted); a column without spread is left as
 * it is.
 *
 * With `centre` (the customary z-score) a column's mean is subtracted. That acts as a hidden advantage of one side:
 * swapping the sides of some votes then changes the fit. Without it columns are divided by their root mean square
 * instead, which no swap changes.
 *
 * @param covariates one row per vote
 */
export function standardise(covariates: Covariates, options: { readonly centre: boolean }): Covariates {
  const width = covariates.names.length
  const rows = covariates.values.length / width
  const values = Float64Array.from(covariates.values)
  for (let k = 0; k < width; k++) {
    let sum = 0
    for (let i = k; i < values.length; i += width) sum += values[i] as number
    const middle = options.centre && rows > 0 ? sum / rows : 0
    let squares = 0
    for (let i = k; i < values.length; i += width) squares += ((values[i] as number) - middle) ** 2
    const spread = Math.sqrt(squares / rows) || 1
    for (let i = k; i < values.length; i += width) values[i] = ((values[i] as number) - middle) / spread
  }
  return { names: covariates.names, values }
}

/**
 * Gives every vote of a pair the weight 1 / max(votes of the pair, minimum), so that pairs that met often do not
 * decide alone. With `normalise` (default) the mean weight of a vote is 1.
 *
 * @see lmarena/arena-rank, minimum 50
 */
export function reweightPairs(
  table: ComparisonTable,
  { minimum = 50, normalise = true }: { readonly minimum?: number; readonly normalise?: boolean } = {},
): ComparisonTable {
  const met = new Map<number, number>()
  const pair = (cell: number): number => {
    const pairing = table.pairing[cell] as number
    return (table.a[pairing] as number) * table.names.length + (table.b[pairing] as number)
  }
  table.counts.forEach((count, cell) => {
    met.set(pair(cell), (met.get(pair(cell)) ?? 0) + count)
  })
  const weights = table.weights.map((weight, cell) => weight / Math.max(met.get(pair(cell)) ?? 0, minimum))
  const total = weights.reduce((sum, weight, cell) => sum + weight * (table.counts[cell] as number), 0)
  return { ...table, weights: normalise ? weights.map((weight) => (weight * table.votes) / total) : weights }
}

/**
 * Changes how much ties weigh. 1 is a half win for each; 2 counts a draw as a full win for both, the convention of
 * GPTEval3D; 0 leaves ties out.
 */
export function reweightTies(table: ComparisonTable, weight: number): ComparisonTable {
  if (!(weight >= 0)) throw new RangeError(`weight is ${weight}, expected a number of at least 0`)
  const weights = table.weights.map((own, cell) => (table.outcomes[cell] === 0.5 ? own * weight : own))
  if (weight > 0) return { ...table, weights }
  const kept = Int32Array.from(table.outcomes.keys()).filter((cell) => table.outcomes[cell] !== 0.5)
  const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (cell) => column[cell] as number)
  const counts = pick(table.counts)
  return {
    ...table,
    pairing: kept.map((cell) => table.pairing[cell] as number),
    outcomes: pick(table.outcomes),
    counts,
    weights: pick(table.weights),
    votes: counts.reduce((sum, count) => sum + count, 0),
  }
}

/**
 * The two published ways to fit strengths and style together, as options of `rateCompetitors`. They give different γ.
 *
 * - `search-arena`: Σ log-loss + ½·½·‖(r, γ)‖² with logit ln 10·(r_a − r_b) + x·γ; in θ = r·ln 10 the penalty on
 *   strengths is ½ / ln² 10. Its tables use bootstrap intervals.
 * - `arena-rank`: mean weighted log-loss + ½·reg·‖γ‖², reg = 1, on votes reweighted by pair (`reweightPairs`); its
 *   sandwich has λ = 1e-5 per vote, leaves the penalty out of H and subtracts reg²·γ·γᵀ from B.
 *
 * @param votes how many votes the table has
 * @param reg strength of the penalty; default ½ and 1
 * @see Search Arena (arXiv 2506.05334) and lm-sys/FastChat, serve/monitor; lmarena/arena-rank, ContextualBradleyTerry
 */
export function styleControl(
  convention: 'search-arena' | 'arena-rank',
  votes: number,
  reg: number = convention === 'search-arena' ? 0.5 : 1,
): Pick<RatingOptions, 'penalties' | 'covariance'> {
  if (convention === 'search-arena') return { penalties: { strengths: reg / Math.LN10 ** 2, coefficients: reg } }
  return {
    penalties: { coefficients: reg * votes },
    covariance: { ridge: 1e-5 * votes, penalised: false, coefficientShift: reg ** 2 },
  }
}
