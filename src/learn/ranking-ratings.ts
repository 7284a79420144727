import { drawMultinomial } from '../measure/index.ts'
import {
  fitPlackettLuce,
  type PlackettLuceFit,
  plackettLuceCovariance,
  plackettLuceFactor,
  rankedCompetitors,
} from './plackett-luce.ts'
import { neighbouringPairs, type RankingTable } from './rankings.ts'
import {
  type BootstrapIntervals,
  describeReplicates,
  levelOf,
  normalIntervals,
  type ParameterIntervals,
  type RatedCompetitors,
  type RatedOptions,
  ratedCompetitors,
  replicateIntervals,
} from './rating-intervals.ts'
import { describeSeparation, separationOf } from './separation.ts'

export interface RankingRatingOptions extends RatedOptions {
  /** Strength of the quadratic penalty on the strengths. Default 0. */
  readonly penalty?: number
  /** Penalty where the rankings allow no finite fit; a warning says so. Default 1. */
  readonly fallbackPenalty?: number
  /** Default sandwich, with a ranking as the unit. */
  readonly intervals?: 'sandwich' | 'fisher' | BootstrapIntervals
}

/** Ratings from rankings, with what they rest on. */
export interface RankingRatings extends RatedCompetitors {
  readonly fit: PlackettLuceFit
  /** The penalty that was put on θ because no finite fit exists; 0 otherwise. */
  readonly fallbackPenalty: number
  readonly warnings: readonly string[]
}

/** Refits to resampled rankings; those without a finite fit are penalised. */
function bootstrapRankings(
  table: RankingTable,
  fit: PlackettLuceFit,
  { random, replicates = 100 }: BootstrapIntervals,
  fallbackPenalty: number,
): { parameters: Float64Array; replicates: number; penalised: number; unseen: Int32Array } {
  if (!Number.isInteger(replicates) || replicates < 2)
    throw new RangeError(`replicates is ${replicates}, expected an integer of at least 2`)
  const size = table.names.length
  const parameters = new Float64Array(replicates * size)
  const unseen = new Int32Array(size)
  const counts = new Float64Array(table.counts.length)
  const factor = plackettLuceFactor(table, fit)
  let penalised = 0
  for (let replicate = 0; replicate < replicates; replicate++) {
    drawMultinomial(random, table.total, table.counts, counts)
    const drawn = table.rankings.filter((_, r) => counts[r] !== 0)
    const separation = separationOf(
      neighbouringPairs({ ...table, rankings: drawn, counts: new Float64Array(drawn.length).fill(1) }),
    )
    for (const i of separation.unseen) unseen[i] = (unseen[i] as number) + 1
    const fallback = fit.penalty === 0 && !separation.connected
    if (fallback) penalised++
    const near = !fallback && separation.unseen.length === 0
    const refit = fitPlackettLuce(table, {
      counts,
      penalty: fallback ? fallbackPenalty : fit.penalty,
      ...(near && { start: fit.strengths, factor }),
    })
    parameters.set(refit.strengths, replicate * size)
  }
  return { parameters, replicates, penalised, unseen }
}

const diagonal = (matrix: Float64Array): Float64Array => {
  const size = Math.sqrt(matrix.length)
  return Float64Array.from({ length: size }, (_, i) => matrix[i * (size + 1)] as number)
}

/**
 * Rates competitors from rankings by Plackett–Luce: fit, intervals, ranks and warnings. The unit of the intervals is a
 * ranking, not a pair.
 *
 * @throws {RangeError} without rankings, on an unknown anchor, on a level outside (0, 1), or on ties of more than ten
 * @example
 * const table = tallyRankings(['x', 'y', 'z'], [{ competitors: [0, 1, 2], ranks: [1, 2, 2] }])
 * rateRankings(table).ratings
 */
export function rateRankings(table: RankingTable, options: RankingRatingOptions = {}): RankingRatings {
  const { intervals = 'sandwich', penalty = 0, fallbackPenalty = 1 } = options
  const level = levelOf(options)
  if (table.total === 0) throw new RangeError('there are no rankings of two or more, expected at least one')
  const separation = separationOf(neighbouringPairs(table))
  const warnings = describeSeparation(separation, table.names)
  const fallback = penalty === 0 && !separation.connected ? fallbackPenalty : 0
  if (fallback > 0)
    warnings.push(
      `An L2 penalty of ${fallback} on the strengths was added to give finite ratings; they are pulled towards the mean.`,
    )
  const fit = fitPlackettLuce(table, { penalty: penalty || fallback })
  let found: ParameterIntervals
  if (typeof intervals === 'object') {
    const replicates = bootstrapRankings(table, fit, intervals, fallbackPenalty)
    found = replicateIntervals(fit.strengths, replicates.parameters, intervals, level)
    warnings.push(...describeReplicates(replicates, table.names))
  } else found = normalIntervals(fit.strengths, diagonal(plackettLuceCovariance(table, fit, intervals)), level)
  return {
    ...ratedCompetitors(table.names, found, rankedCompetitors(table), options),
    fit,
    fallbackPenalty: fallback,
    warnings,
  }
}
