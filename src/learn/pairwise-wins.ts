import type { ComparisonTable } from './comparison-table.ts'

/** Decisive votes of each competitor against each other. */
export interface PairwiseWins {
  readonly names: readonly string[]
  /** `[names, names]`: votes that the row won against the column. Ties and graded outcomes are not counted. */
  readonly wins: Float64Array
}

/** Counts decisive votes, each as one, whatever its weight. */
export function pairwiseWins(table: ComparisonTable): PairwiseWins {
  const size = table.names.length
  const wins = new Float64Array(size * size)
  for (let cell = 0; cell < table.counts.length; cell++) {
    const outcome = table.outcomes[cell] as number
    if (outcome !== 0 && outcome !== 1) continue
    const pairing = table.pairing[cell] as number
    const [a, b] = [table.a[pairing] as number, table.b[pairing] as number]
    const at = outcome === 1 ? a * size + b : b * size + a
    wins[at] = (wins[at] as number) + (table.counts[cell] as number)
  }
  return { names: table.names, wins }
}

/** `[names, names]`: wins of the row over the column / their decisive votes; NaN where there are none. */
export function winFractions({ names, wins }: PairwiseWins): Float64Array {
  const size = names.length
  return wins.map((won, at) => won / (won + (wins[(at % size) * size + Math.floor(at / size)] as number)))
}

/**
 * Unweighted mean over opponents of the share of decisive votes won; null for a competitor without decisive votes.
 * Unlike a share of all votes it does not depend on whom a competitor happened to meet often.
 *
 * @see lm-sys/FastChat, serve/monitor: the average win rate of Chatbot Arena and Search Arena (arXiv 2506.05334)
 */
export function averageWinRates(counted: PairwiseWins): readonly (number | null)[] {
  const size = counted.names.length
  const fractions = winFractions(counted)
  return counted.names.map((_, row) => {
    const against = fractions.subarray(row * size, (row + 1) * size).filter((fraction) => !Number.isNaN(fraction))
    return against.length === 0 ? null : against.reduce((sum, fraction) => sum + fraction, 0) / against.length
  })
}
