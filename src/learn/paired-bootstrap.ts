import { type CholeskyFactor, drawMultinomial } from '../measure/index.ts'
import type { Random } from '../run/index.ts'
import type { ComparisonTable } from './comparison-table.ts'
import {
  denseLimit,
  factorAt,
  fitPaired,
  type PairedFit,
  type PairedPenalties,
  pairingTotals,
} from './paired-likelihood.ts'
import { separationOf, tiesSeparate } from './separation.ts'

export interface PairedBootstrapOptions {
  /** Default 100. */
  readonly replicates?: number
  readonly random: Random
  /** Penalty on θ in replicates that have no finite fit without one. Default 1. */
  readonly fallbackPenalty?: number
}

/** Refits to resampled votes. */
export interface PairedReplicates {
  /** `[replicates, parameters]`, in the order of the fit's `parameters`. */
  readonly parameters: Float64Array
  readonly replicates: number
  /** Replicates that had no finite fit and were penalised instead. */
  readonly penalised: number
  /** `[competitors]`: replicates in which a competitor had no votes and was pinned to strength 0. */
  readonly unseen: Int32Array
}

/**
 * The bootstrap of votes: each replicate draws as many votes as there are, with replacement, and fits again. Votes
 * that are equal in everything are interchangeable, so drawing multinomial counts of the cells is the same as drawing
 * rows, with covariates as without. Replicates begin at the fit and share its factored Hessian.
 */
export function bootstrapPaired(
  table: ComparisonTable,
  fit: PairedFit,
  { replicates = 100, random, fallbackPenalty = 1 }: PairedBootstrapOptions,
): PairedReplicates {
  if (!Number.isInteger(replicates) || replicates < 2)
    throw new RangeError(`replicates is ${replicates}, expected an integer of at least 2`)
  const size = fit.parameters.length
  const competitors = table.names.length
  const parameters = new Float64Array(replicates * size)
  const unseen = new Int32Array(competitors)
  const counts = new Float64Array(table.counts.length)
  const totals = pairingTotals(table, fit.link)
  const factor = size > denseLimit ? undefined : factorAt(table, fit)
  let penalised = 0
  for (let replicate = 0; replicate < replicates; replicate++) {
    drawMultinomial(random, table.votes, table.counts, counts)
    pairingTotals(table, fit.link, counts, totals)
    const separation = separationOf(table, counts)
    const finite = separation.connected && !(fit.link.tieParameter && tiesSeparate(table, counts))
    const fallback = fit.penalties.strengths === 0 && !finite
    if (fallback) penalised++
    for (const competitor of separation.unseen) unseen[competitor] = (unseen[competitor] as number) + 1
    const start = Float64Array.from(fit.parameters)
    if (separation.unseen.length > 0) pin(start, separation.unseen, competitors)
    const penalties: PairedPenalties = fallback ? { ...fit.penalties, strengths: fallbackPenalty } : fit.penalties
    const held: { factor?: CholeskyFactor } = fallback || separation.unseen.length > 0 || !factor ? {} : { factor }
    const refit = fitPaired(table, fit.link, { start, totals, penalties, ...held })
    parameters.set(refit.parameters, replicate * size)
  }
  return { parameters, replicates, penalised, unseen }
}

/** Sets the strengths of absent competitors to 0 and the mean of the others to 0. */
function pin(parameters: Float64Array, absent: readonly number[], competitors: number): void {
  for (const i of absent) parameters[i] = 0
  let sum = 0
  for (let i = 0; i < competitors; i++) sum += parameters[i] as number
  const shift = sum / (competitors - absent.length)
  const pinned = new Set(absent)
  for (let i = 0; i < competitors; i++) if (!pinned.has(i)) parameters[i] = (parameters[i] as number) - shift
}
