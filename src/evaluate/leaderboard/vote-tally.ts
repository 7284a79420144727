import { type ComparisonTable, type Covariates, tallyVotes } from '../../learn/index.ts'

/** Collects votes one by one and counts equal ones, in memory that does not grow with plain votes. */
export interface VoteTally {
  /**
   * @param a position of the first competitor
   * @param outcome 1 when a won, ½ for a tie, 0 when b won
   * @param covariates one number per covariate, from a's side; left out when the tally has none
   */
  add(a: number, b: number, outcome: number, weight?: number, covariates?: readonly number[]): void
  /** @param prepare what is done to the covariates, one row per vote, before equal votes are counted */
  table(names: readonly string[], prepare?: (covariates: Covariates) => Covariates): ComparisonTable
}

/** A column that grows by doubling. */
function column(): { push(value: number): void; values(): Float64Array } {
  let data = new Float64Array(1024)
  let length = 0
  return {
    push(value) {
      if (length === data.length) {
        const wider = new Float64Array(2 * length)
        wider.set(data)
        data = wider
      }
      data[length++] = value
    },
    values: () => data.subarray(0, length),
  }
}

/** Plain votes by pair: a Map of positions to [wins, ties, losses] of the lower position. */
function plainTable(
  names: readonly string[],
  pairs: ReadonlyMap<number, Float64Array>,
  width: number,
): ComparisonTable {
  const keys = [...pairs.keys()].sort((x, y) => x - y)
  const cells = keys.flatMap((key, pairing) =>
    [1, 0.5, 0].flatMap((outcome, k) => {
      const count = pairs.get(key)?.[k] ?? 0
      return count > 0 ? [{ pairing, outcome, count }] : []
    }),
  )
  return {
    names,
    a: Int32Array.from(keys, (key) => Math.floor(key / width)),
    b: Int32Array.from(keys, (key) => key % width),
    covariates: { names: [], values: new Float64Array(0) },
    pairing: Int32Array.from(cells, ({ pairing }) => pairing),
    outcomes: Float64Array.from(cells, ({ outcome }) => outcome),
    counts: Float64Array.from(cells, ({ count }) => count),
    weights: new Float64Array(cells.length).fill(1),
    votes: cells.reduce((sum, { count }) => sum + count, 0),
  }
}

function joined(first: ComparisonTable, second: ComparisonTable): ComparisonTable {
  const floats = (a: Float64Array, b: Float64Array): Float64Array => {
    const both = new Float64Array(a.length + b.length)
    both.set(a)
    both.set(b, a.length)
    return both
  }
  const integers = (a: Int32Array, b: Int32Array): Int32Array => {
    const both = new Int32Array(a.length + b.length)
    both.set(a)
    both.set(b, a.length)
    return both
  }
  return {
    names: first.names,
    a: integers(first.a, second.a),
    b: integers(first.b, second.b),
    covariates: first.covariates,
    pairing: integers(
      first.pairing,
      second.pairing.map((pairing) => pairing + first.a.length),
    ),
    outcomes: floats(first.outcomes, second.outcomes),
    counts: floats(first.counts, second.counts),
    weights: floats(first.weights, second.weights),
    votes: first.votes + second.votes,
  }
}

/**
 * Starts a tally. Votes of weight 1 without covariates take memory by pair of competitors; weighted ones and those with
 * covariates take a row of numbers each until the end.
 *
 * @param covariates names of what is known about each vote's two sides
 */
export function voteTally(covariates: readonly string[] = []): VoteTally {
  // Positions stay below 2²⁶, so that a pair is one exact number.
  const width = 2 ** 26
  const pairs = new Map<number, Float64Array>()
  const rows = { a: column(), b: column(), outcome: column(), weight: column(), covariates: column() }
  return {
    add(a, b, outcome, weight = 1, values = []) {
      if (weight === 1 && covariates.length === 0) {
        const turned = a > b
        const key = turned ? b * width + a : a * width + b
        let counts = pairs.get(key)
        if (!counts) {
          counts = new Float64Array(3)
          pairs.set(key, counts)
        }
        const won = turned ? 1 - outcome : outcome
        const cell = 2 - 2 * won
        counts[cell] = (counts[cell] as number) + 1
        return
      }
      rows.a.push(a)
      rows.b.push(b)
      rows.outcome.push(outcome)
      rows.weight.push(weight)
      for (const value of values) rows.covariates.push(value)
    },
    table(names, prepare = (raw) => raw) {
      const plain = plainTable(names, pairs, width)
      const a = rows.a.values()
      if (a.length === 0) return plain
      const grouped = tallyVotes({
        names,
        a,
        b: rows.b.values(),
        outcomes: rows.outcome.values(),
        weights: rows.weight.values(),
        covariates: prepare({ names: covariates, values: rows.covariates.values() }),
      })
      return plain.votes === 0 ? grouped : joined(grouped, plain)
    },
  }
}
