import { distinctRows } from './distinct-rows.ts'

/** Numbers known about each comparison beside who met whom, as differences (side a minus side b). */
export interface Covariates {
  /** One name per column. */
  readonly names: readonly string[]
  /** `[rows, names]`, row after row. */
  readonly values: Float64Array
}

/**
 * Comparisons in which equal ones are counted once: everything that the pairwise models need to know, so that the cost
 * of a fit does not grow with the number of votes. A *pairing* is two competitors and the covariates of their meeting,
 * a *cell* an outcome of a pairing. Pairings are stored with a < b; turning one round turns outcomes into 1 − y and
 * covariates into −x.
 */
export interface ComparisonTable {
  readonly names: readonly string[]
  /** `[pairings]`: index of the first competitor in `names`, below that of the second. */
  readonly a: Int32Array
  readonly b: Int32Array
  /** `[pairings, covariates.names]`. */
  readonly covariates: Covariates
  /** `[cells]`: index of the pairing. */
  readonly pairing: Int32Array
  /** `[cells]`: 1 when a won, ½ for a tie, 0 when b won; anything between is a graded outcome. */
  readonly outcomes: Float64Array
  /** `[cells]`: how many votes. */
  readonly counts: Float64Array
  /** `[cells]`: how much each of these votes counts, 1 unless the votes were weighted. */
  readonly weights: Float64Array
  /** All votes: the sum of `counts`. */
  readonly votes: number
}

/** Votes in columns, one entry each. */
export interface Votes {
  /** The competitors; votes refer to them by index. */
  readonly names: readonly string[]
  readonly a: ArrayLike<number>
  readonly b: ArrayLike<number>
  /** 1 when a won, ½ for a tie, 0 when b won; anything between for graded outcomes. */
  readonly outcomes: ArrayLike<number>
  /** How much a vote counts; default 1. */
  readonly weights?: ArrayLike<number>
  readonly covariates?: Covariates
}

const noCovariates: Covariates = { names: [], values: new Float64Array(0) }

/** Above this many possible (pair, outcome) cells a table is hashed instead of counted in place: 64 MB of counts. */
const countedCells = 2 ** 24

function check(votes: Votes): void {
  const { names, a, b, outcomes, weights, covariates } = votes
  const columns = { b, outcomes, ...(weights && { weights }) }
  for (const [name, column] of Object.entries(columns))
    if (column.length !== a.length)
      throw new RangeError(`${name} has ${column.length} entries, expected ${a.length}, one per vote`)
  if (covariates && covariates.values.length !== a.length * covariates.names.length)
    throw new RangeError(
      `covariates hold ${covariates.values.length} numbers, expected ${a.length} votes × ${covariates.names.length} names`,
    )
  const bad = covariates?.values.findIndex((value) => !Number.isFinite(value)) ?? -1
  if (covariates && bad >= 0) {
    const column = bad % covariates.names.length
    throw new RangeError(
      `vote ${(bad - column) / covariates.names.length}: covariate "${covariates.names[column]}" is ${covariates.values[bad]}, expected a finite number`,
    )
  }
  for (let i = 0; i < a.length; i++) {
    const [first, second, outcome] = [a[i] as number, b[i] as number, outcomes[i] as number]
    for (const [side, index] of [
      ['a', first],
      ['b', second],
    ] as const)
      if (!Number.isInteger(index) || index < 0 || index >= names.length)
        throw new RangeError(`vote ${i}: ${side} is ${index}, expected an index below ${names.length}`)
    if (first === second) throw new RangeError(`vote ${i}: "${names[first]}" is compared with itself`)
    if (!(outcome >= 0 && outcome <= 1))
      throw new RangeError(`vote ${i}: outcome is ${outcome}, expected a number from 0 (b won) to 1 (a won)`)
    const weight = weights?.[i] ?? 1
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`vote ${i}: weight is ${weight}, expected a positive finite number`)
  }
}

/** Counts wins, ties and losses by pair index; returns undefined on the first vote that needs the general path. */
function countDecisions(votes: Votes): ComparisonTable | undefined {
  const { names, a, b, outcomes } = votes
  const size = names.length
  const counts = new Int32Array(size * size * 3)
  for (let i = 0; i < a.length; i++) {
    const first = a[i] as number
    const second = b[i] as number
    const outcome = outcomes[i] as number
    if (first !== (first | 0) || second !== (second | 0) || first === second) return undefined
    if (first < 0 || second < 0 || first >= size || second >= size) return undefined
    const half = 2 * outcome
    if (half !== 0 && half !== 1 && half !== 2) return undefined
    const cell = first < second ? (first * size + second) * 3 + 2 - half : (second * size + first) * 3 + half
    counts[cell] = (counts[cell] as number) + 1
  }
  let pairings = 0
  let cells = 0
  for (let pair = 0; pair < size * size; pair++) {
    let met = 0
    for (let k = 0; k < 3; k++) met += counts[3 * pair + k] === 0 ? 0 : 1
    cells += met
    if (met > 0) pairings++
  }
  const table = {
    names,
    a: new Int32Array(pairings),
    b: new Int32Array(pairings),
    covariates: noCovariates,
    pairing: new Int32Array(cells),
    outcomes: new Float64Array(cells),
    counts: new Float64Array(cells),
    weights: new Float64Array(cells).fill(1),
    votes: a.length,
  }
  let pairing = -1
  let cell = 0
  for (let first = 0; first < size; first++)
    for (let second = first + 1; second < size; second++) {
      const pair = first * size + second
      for (let k = 0, opened = false; k < 3; k++) {
        const count = counts[3 * pair + k] as number
        if (count === 0) continue
        if (!opened) {
          opened = true
          pairing++
          table.a[pairing] = first
          table.b[pairing] = second
        }
        table.pairing[cell] = pairing
        table.outcomes[cell] = 1 - k / 2
        table.counts[cell] = count
        cell++
      }
    }
  return table
}

/** Groups votes of any kind: weighted, graded, with covariates. */
function groupVotes(votes: Votes): ComparisonTable {
  const { names, a, b, weights, covariates = noCovariates } = votes
  const rows = a.length
  const width = covariates.names.length
  const low = new Float64Array(rows)
  const high = new Float64Array(rows)
  const outcome = new Float64Array(rows)
  const values = Array.from({ length: width }, () => new Float64Array(rows))
  for (let i = 0; i < rows; i++) {
    const [first, second, y] = [a[i] as number, b[i] as number, votes.outcomes[i] as number]
    const turned = first > second
    low[i] = turned ? second : first
    high[i] = turned ? first : second
    outcome[i] = turned ? 1 - y : y
    for (let k = 0; k < width; k++) {
      const value = covariates.values[i * width + k] as number
      ;(values[k] as Float64Array)[i] = turned ? -value : value
    }
  }
  const weight = Float64Array.from({ length: rows }, (_, i) => weights?.[i] ?? 1)
  const pairings = distinctRows([low, high, ...values], rows)
  const cells = distinctRows([Float64Array.from(pairings.group), outcome, weight], rows)
  const counts = new Float64Array(cells.first.length)
  for (const cell of cells.group) counts[cell] = (counts[cell] as number) + 1
  const take = <Column extends Float64Array | Int32Array>(column: Column, from: Int32Array, to: Column): Column => {
    for (let i = 0; i < from.length; i++) to[i] = column[from[i] as number] as number
    return to
  }
  const covariateValues = new Float64Array(pairings.first.length * width)
  pairings.first.forEach((row, i) => {
    for (let k = 0; k < width; k++) covariateValues[i * width + k] = (values[k] as Float64Array)[row] as number
  })
  return {
    names,
    a: Int32Array.from(pairings.first, (row) => low[row] as number),
    b: Int32Array.from(pairings.first, (row) => high[row] as number),
    covariates: { names: covariates.names, values: covariateValues },
    pairing: take(pairings.group, cells.first, new Int32Array(cells.first.length)),
    outcomes: take(outcome, cells.first, new Float64Array(cells.first.length)),
    counts,
    weights: take(weight, cells.first, new Float64Array(cells.first.length)),
    votes: rows,
  }
}

/**
 * Counts equal votes once. Votes without weights and covariates that are won, tied or lost are counted by pair index,
 * a few nanoseconds each; all others are grouped by hashing.
 *
 * @throws {RangeError} on an index outside `names`, a competitor compared with itself, an outcome outside [0, 1], a
 * weight that is not positive, a covariate that is not finite, or columns of unequal length; the message names the vote
 * @example
 * tallyVotes({ names: ['x', 'y'], a: [0, 0, 1], b: [1, 1, 0], outcomes: [1, 0.5, 1] })
 */
export function tallyVotes(votes: Votes): ComparisonTable {
  const { names, a, b, outcomes, weights, covariates } = votes
  const plain = !weights && !covariates?.names.length && names.length ** 2 * 3 <= countedCells
  const counted = plain && a.length === b.length && a.length === outcomes.length ? countDecisions(votes) : undefined
  if (counted) return counted
  check(votes)
  return groupVotes(votes)
}

/** Votes, ties and decisive votes that involve a competitor. */
export interface CompetitorRecord {
  readonly votes: number
  readonly wins: number
  readonly losses: number
  /** Votes with any outcome strictly between 0 and 1. */
  readonly ties: number
}

/** The record of every competitor, in the order of `names`; votes are counted, not weighted. */
export function recordsOf(table: ComparisonTable): readonly CompetitorRecord[] {
  const wins = new Float64Array(table.names.length)
  const losses = new Float64Array(table.names.length)
  const ties = new Float64Array(table.names.length)
  for (let cell = 0; cell < table.counts.length; cell++) {
    const pairing = table.pairing[cell] as number
    const [a, b] = [table.a[pairing] as number, table.b[pairing] as number]
    const count = table.counts[cell] as number
    const outcome = table.outcomes[cell] as number
    const [ofA, ofB] = outcome === 1 ? [wins, losses] : outcome === 0 ? [losses, wins] : [ties, ties]
    ofA[a] = (ofA[a] as number) + count
    ofB[b] = (ofB[b] as number) + count
  }
  return table.names.map((_, i) => {
    const [won, lost, tied] = [wins[i] as number, losses[i] as number, ties[i] as number]
    return { votes: won + lost + tied, wins: won, losses: lost, ties: tied }
  })
}
