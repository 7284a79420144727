import { mean, normalQuantile, quantiles, variance } from '../measure/index.ts'
import type { Random } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import { type ComparisonTable, recordsOf } from './comparison-table.ts'
import { davidson } from './davidson.ts'
import { type EloScale, eloRatings, pointsPerLogOdds, ranksFromIntervals } from './elo-scale.ts'
import { bootstrapPaired, type PairedReplicates } from './paired-bootstrap.ts'
import {
  type CovarianceOptions,
  fitPaired,
  type PairedFit,
  type PairedLink,
  type PairedPenalties,
  pairedCovariance,
} from './paired-likelihood.ts'
import { raoKupper } from './rao-kupper.ts'
import { describeSeparation, separationOf } from './separation.ts'

/** The pairwise models by name. Plackett–Luce of rankings of two is Bradley–Terry. */
export const pairedModels = {
  'bradley-terry': bradleyTerry,
  davidson,
  'rao-kupper': raoKupper,
  'plackett-luce': bradleyTerry,
} as const satisfies Readonly<{ [name: string]: PairedLink }>

export type PairedModelName = keyof typeof pairedModels

export interface BootstrapIntervals {
  readonly random: Random
  /** Default 100. */
  readonly replicates?: number
  /** What is reported as the rating: the mean of the replicates, or the fit to the votes. Default mean. */
  readonly centre?: 'mean' | 'fit'
  /** Percentiles of the replicates, or centre ± z·(their standard deviation). Default percentile. */
  readonly ends?: 'percentile' | 'normal'
}

export interface RatingOptions extends EloScale {
  /** Default `bradley-terry`. */
  readonly model?: PairedModelName
  /** Strengths of the quadratic penalty ½·penalty·parameter² on θ and on γ. Default 0. */
  readonly penalties?: Partial<PairedPenalties>
  /** Penalty on θ where the votes allow no finite fit; a warning says so. Default 1. */
  readonly fallbackPenalty?: number
  /** Moves all ratings so that one competitor has a given rating. */
  readonly anchor?: { readonly name: string; readonly rating: number }
  /** Coverage of the intervals. Default 0.95. */
  readonly level?: number
  /** Default sandwich. */
  readonly intervals?: 'sandwich' | 'fisher' | BootstrapIntervals
  /** How the sandwich is built; see `pairedCovariance`. */
  readonly covariance?: Omit<CovarianceOptions, 'kind'>
}

/** The effect of a covariate on the log odds, per unit of the covariate. */
export interface Effect {
  readonly name: string
  readonly coefficient: number
  readonly standardError: number
  readonly lower: number
  readonly upper: number
}

/** Ratings of competitors, each array in the order of `names`. */
export interface Ratings {
  readonly names: readonly string[]
  /** In points. */
  readonly ratings: Float64Array
  /** Ends of the intervals, in points; ∓infinity for competitors without votes. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Squared standard errors, in squared points. */
  readonly variances: Float64Array
  /** 1 + how many others' lower ends lie above this one's upper end. */
  readonly ranks: Int32Array
  readonly effects: readonly Effect[]
  /** ν of Davidson's model or η of Rao and Kupper's, with its interval. */
  readonly tieParameter?: { readonly value: number; readonly lower: number; readonly upper: number }
  readonly fit: PairedFit
  /** The penalty that was put on θ because no finite fit exists; 0 otherwise. */
  readonly fallbackPenalty: number
  /** What a reader must know, in sentences. */
  readonly warnings: readonly string[]
}

interface Intervals {
  readonly centre: Float64Array
  readonly lower: Float64Array
  readonly upper: Float64Array
  readonly variances: Float64Array
}

function replicateIntervals(
  fit: PairedFit,
  replicates: PairedReplicates,
  { centre, ends }: BootstrapIntervals,
  level: number,
): Intervals {
  const size = fit.parameters.length
  const z = normalQuantile((1 + level) / 2)
  const result = {
    centre: Float64Array.from(fit.parameters),
    lower: new Float64Array(size),
    upper: new Float64Array(size),
    variances: new Float64Array(size),
  }
  for (let i = 0; i < size; i++) {
    const column = Float64Array.from(
      { length: replicates.replicates },
      (_, replicate) => replicates.parameters[replicate * size + i] as number,
    )
    const spread = variance(column, 0)
    if (centre !== 'fit') result.centre[i] = mean(column)
    result.variances[i] = spread
    const middle = result.centre[i] as number
    const [lower, upper] =
      ends === 'normal'
        ? [middle - z * Math.sqrt(spread), middle + z * Math.sqrt(spread)]
        : quantiles(column, [(1 - level) / 2, (1 + level) / 2])
    result.lower[i] = lower as number
    result.upper[i] = upper as number
  }
  return result
}

function normalIntervals(fit: PairedFit, covariance: Float64Array, level: number): Intervals {
  const size = fit.parameters.length
  const z = normalQuantile((1 + level) / 2)
  const variances = fit.parameters.map((_, i) => Math.max(0, covariance[i * size + i] as number))
  return {
    centre: fit.parameters,
    lower: fit.parameters.map((value, i) => value - z * Math.sqrt(variances[i] as number)),
    upper: fit.parameters.map((value, i) => value + z * Math.sqrt(variances[i] as number)),
    variances,
  }
}

/** The link to fit: tie models fall back to Bradley–Terry where the votes cannot tell their tie parameter. */
function linkFor(table: ComparisonTable, model: PairedModelName, warnings: string[]): PairedLink {
  const link = pairedModels[model]
  if (!link.tieParameter) return link
  const records = recordsOf(table)
  const without = records.every((record) => record.ties === 0) ? 'There are no ties' : undefined
  const only = records.every((record) => record.ties === record.votes) ? 'Every vote is a tie' : undefined
  const reason = without ?? only
  if (reason === undefined) return link
  warnings.push(`${reason}, so the tie parameter of ${link.name} cannot be estimated; Bradley–Terry was fitted.`)
  return bradleyTerry
}

/** Fits, and fits again with a penalty when the votes allow no finite fit. */
function fitOrPenalise(
  table: ComparisonTable,
  link: PairedLink,
  options: RatingOptions,
  warnings: string[],
): { readonly fit: PairedFit; readonly fallback: number } {
  const asked = { strengths: 0, coefficients: 0, ...options.penalties }
  const fallback = options.fallbackPenalty ?? 1
  const separation = separationOf(table)
  warnings.push(...describeSeparation(separation, table.names))
  const shrunk = `An L2 penalty of ${fallback} on the strengths was added to give finite ratings; they are pulled towards the mean.`
  if (asked.strengths === 0 && !separation.connected) {
    warnings.push(shrunk)
    return { fit: fitPaired(table, link, { penalties: { ...asked, strengths: fallback } }), fallback }
  }
  const fit = fitPaired(table, link, { penalties: asked })
  // Beyond odds of e³⁰ the covariates separate wins from losses, and only rounding ends the climb.
  if (fit.converged && fit.parameters.every((value) => Math.abs(value) < 30)) return { fit, fallback: 0 }
  const penalties = { strengths: asked.strengths || fallback, coefficients: asked.coefficients || fallback }
  warnings.push(
    `The covariates tell wins from losses without error, so their effects have no finite best fit. ${shrunk}`,
  )
  return { fit: fitPaired(table, link, { penalties }), fallback: penalties.strengths }
}

/**
 * Rates competitors from counted comparisons: fit, intervals, ranks, effects of covariates, and warnings.
 *
 * @throws {RangeError} without votes, on an unknown anchor, or on a level outside (0, 1)
 * @example
 * const table = tallyVotes({ names: ['x', 'y'], a: [0, 0, 0], b: [1, 1, 1], outcomes: [1, 1, 0] })
 * rateCompetitors(table).ratings // x is 2 : 1 ahead, 400·log₁₀2 ≈ 120 points
 */
export function rateCompetitors(table: ComparisonTable, options: RatingOptions = {}): Ratings {
  const { level = 0.95, intervals = 'sandwich', anchor } = options
  if (table.votes === 0) throw new RangeError('there are no votes, expected at least one')
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}, expected a number between 0 and 1`)
  const anchorIndex = anchor ? table.names.indexOf(anchor.name) : -1
  if (anchor && anchorIndex < 0)
    throw new RangeError(`the anchor "${anchor.name}" is not among the ${table.names.length} competitors`)

  const warnings: string[] = []
  const link = linkFor(table, options.model ?? 'bradley-terry', warnings)
  const { fit, fallback } = fitOrPenalise(table, link, options, warnings)
  let found: Intervals
  if (typeof intervals === 'object') {
    const replicates = bootstrapPaired(table, fit, { fallbackPenalty: options.fallbackPenalty ?? 1, ...intervals })
    found = replicateIntervals(fit, replicates, intervals, level)
    warnings.push(...describeReplicates(replicates, table.names))
  } else {
    found = normalIntervals(fit, pairedCovariance(table, fit, { ...options.covariance, kind: intervals }), level)
  }

  const competitors = table.names.length
  const points = pointsPerLogOdds(options)
  const ratings = eloRatings(found.centre.subarray(0, competitors), options)
  const shift = anchor ? anchor.rating - (ratings[anchorIndex] as number) : 0
  const shifted = (values: Float64Array): Float64Array =>
    eloRatings(values.subarray(0, competitors), options).map((value) => value + shift)
  const lower = shifted(found.lower)
  const upper = shifted(found.upper)
  const seen = new Set<number>([...table.a, ...table.b])
  for (let i = 0; i < competitors; i++) {
    if (seen.has(i)) continue
    lower[i] = Number.NEGATIVE_INFINITY
    upper[i] = Number.POSITIVE_INFINITY
  }
  const tieIndex = fit.parameters.length - 1
  return {
    names: table.names,
    ratings: ratings.map((value) => value + shift),
    lower,
    upper,
    variances: found.variances.slice(0, competitors).map((value) => value * points ** 2),
    ranks: ranksFromIntervals(lower, upper),
    effects: table.covariates.names.map((name, k) => ({
      name,
      coefficient: found.centre[competitors + k] as number,
      standardError: Math.sqrt(found.variances[competitors + k] as number),
      lower: found.lower[competitors + k] as number,
      upper: found.upper[competitors + k] as number,
    })),
    ...(link.tieParameter && {
      tieParameter: {
        value: Math.exp(found.centre[tieIndex] as number),
        lower: Math.exp(found.lower[tieIndex] as number),
        upper: Math.exp(found.upper[tieIndex] as number),
      },
    }),
    fit,
    fallbackPenalty: fallback,
    warnings,
  }
}

function describeReplicates(replicates: PairedReplicates, names: readonly string[]): string[] {
  const sentences: string[] = []
  if (replicates.penalised > 0)
    sentences.push(
      `${replicates.penalised} of ${replicates.replicates} bootstrap replicates had no finite fit and were penalised.`,
    )
  replicates.unseen.forEach((count, i) => {
    if (count > 0 && count < replicates.replicates)
      sentences.push(
        `"${names[i]}" has so few votes that ${count} of ${replicates.replicates} bootstrap replicates had none of them; there it was put at the mean.`,
      )
  })
  return sentences
}
