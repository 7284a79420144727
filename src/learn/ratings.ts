import { seeded } from '../run/index.ts'
import { bradleyTerry } from './bradley-terry.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { davidson } from './davidson.ts'
import { bootstrapPaired } from './paired-bootstrap.ts'
import { aliasedCovariates, type CovarianceOptions, pairedVariances, recordedCompetitors } from './paired-covariance.ts'
import { denseLimit, fitPaired, type PairedFit, type PairedLink, type PairedPenalties } from './paired-likelihood.ts'
import { raoKupper } from './rao-kupper.ts'
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
import { describeSeparation, separationOf, tiesSeparate } from './separation.ts'

/** The pairwise models by name. Plackett–Luce of rankings of two is Bradley–Terry. */
export const pairedModels = {
  'bradley-terry': bradleyTerry,
  davidson,
  'rao-kupper': raoKupper,
  'plackett-luce': bradleyTerry,
} as const satisfies Readonly<{ [name: string]: PairedLink }>

export type PairedModelName = keyof typeof pairedModels

export interface RatingOptions extends RatedOptions {
  /** Default `bradley-terry`. */
  readonly model?: PairedModelName
  /** Strengths of the quadratic penalty ½·penalty·parameter² on θ and on γ. Default 0. */
  readonly penalties?: Partial<PairedPenalties>
  /** Penalty on θ where the votes allow no finite fit; a warning says so. Default 1. */
  readonly fallbackPenalty?: number
  /** Default sandwich; beyond `denseLimit` competitors both it and fisher give way to a bootstrap, with a warning. */
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

/** Ratings from pairs, with what they rest on. */
export interface Ratings extends RatedCompetitors {
  readonly effects: readonly Effect[]
  /** ν of Davidson's model or η of Rao and Kupper's, with its interval. */
  readonly tieParameter?: { readonly value: number; readonly lower: number; readonly upper: number }
  readonly fit: PairedFit
  /** The penalty that was put on θ because no finite fit exists; 0 otherwise. */
  readonly fallbackPenalty: number
  /** What a reader must know, in sentences. */
  readonly warnings: readonly string[]
}

/** Where a covariance would be too large: few replicates, since each costs a fit, and ends that few suffice for. */
const largeBootstrap = { replicates: 30, centre: 'fit', ends: 'normal' } as const

/** The link to fit: tie models fall back to Bradley–Terry where the votes cannot tell their tie parameter. */
function linkFor(table: ComparisonTable, model: PairedModelName, warnings: string[]): PairedLink {
  const link = pairedModels[model]
  if (!link.tieParameter) return link
  const without = table.outcomes.every((outcome) => outcome !== 0.5) ? 'There are no ties' : undefined
  const only = table.outcomes.every((outcome) => outcome === 0.5) ? 'Every vote is a tie' : undefined
  const reason = without ?? only
  if (reason === undefined) return link
  warnings.push(`${reason}, so the tie parameter of ${link.name} cannot be estimated; Bradley–Terry was fitted.`)
  return bradleyTerry
}

/** Log odds that no effect of a covariate reaches unless it separates wins from losses and only rounding stops it. */
const separatingEffect = 15

/** The largest |x·γ| of a pairing, in log odds. */
function largestEffect(table: ComparisonTable, fit: PairedFit): number {
  const width = fit.coefficients.length
  let most = 0
  for (let pairing = 0; pairing < table.a.length; pairing++) {
    let effect = 0
    for (let k = 0; k < width; k++)
      effect += (table.covariates.values[pairing * width + k] as number) * (fit.coefficients[k] as number)
    most = Math.max(most, Math.abs(effect))
  }
  return most
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
  const shrunk = `An L2 penalty of ${fallback} on the strengths was added to give finite ratings; they are pulled towards the mean, and their intervals say little.`
  const byTies = asked.strengths === 0 && separation.connected && link.tieParameter && tiesSeparate(table)
  if (byTies)
    warnings.push(
      `No two competitors beat each other in turn, and the ties agree with strengths as far apart as one likes, so ${link.name} has no finite best fit.`,
    )
  if (asked.strengths === 0 && (byTies || !separation.connected)) {
    warnings.push(shrunk)
    return { fit: fitPaired(table, link, { penalties: { ...asked, strengths: fallback } }), fallback }
  }
  const fit = fitPaired(table, link, { penalties: asked })
  for (const k of aliasedCovariates(table, fit))
    warnings.push(
      `"${table.covariates.names[k]}" is fixed by who meets whom or by other covariates, so its effect cannot be told apart from theirs; it and the ratings are one choice of many.`,
    )
  if (fit.converged && largestEffect(table, fit) < separatingEffect) return { fit, fallback: 0 }
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
  const { intervals = 'sandwich' } = options
  const level = levelOf(options)
  if (table.votes === 0) throw new RangeError('there are no votes, expected at least one')
  const warnings: string[] = []
  const link = linkFor(table, options.model ?? 'bradley-terry', warnings)
  const { fit, fallback } = fitOrPenalise(table, link, options, warnings)
  const large = fit.parameters.length > denseLimit
  if (large && typeof intervals !== 'object')
    warnings.push(
      `With ${table.names.length} competitors the intervals are the fit ± ${largeBootstrap.replicates} bootstrap replicates' standard deviations instead of the ${intervals} estimate.`,
    )
  const resampling =
    typeof intervals === 'object'
      ? intervals
      : large
        ? { ...largeBootstrap, random: seeded('large leaderboard') }
        : undefined
  let found: ParameterIntervals
  if (resampling) {
    const replicates = bootstrapPaired(table, fit, { fallbackPenalty: options.fallbackPenalty ?? 1, ...resampling })
    found = replicateIntervals(fit.parameters, replicates.parameters, resampling, level)
    warnings.push(...describeReplicates(replicates, table.names))
  } else {
    const kind = intervals === 'fisher' ? intervals : 'sandwich'
    found = normalIntervals(fit.parameters, pairedVariances(table, fit, { ...options.covariance, kind }), level)
  }
  const competitors = table.names.length
  const tieIndex = fit.parameters.length - 1
  return {
    ...ratedCompetitors(table.names, found, recordedCompetitors(table), options),
    effects: table.covariates.names.map((name, k) => ({
      name,
      coefficient: found.centre[competitors + k] as number,
      standardError: Math.sqrt(found.variances[competitors + k] as number),
      lower: found.lower[competitors + k] as number,
      upper: found.upper[competitors + k] as number,
    })),
    ...(link.tieParameter && {
      tieParameter: {
        // Not the replicates' mean: in those without a tie its logarithm has no end.
        value: Math.exp(fit.tie),
        lower: Math.exp(found.lower[tieIndex] as number),
        upper: Math.exp(found.upper[tieIndex] as number),
      },
    }),
    fit,
    fallbackPenalty: fallback,
    warnings,
  }
}
