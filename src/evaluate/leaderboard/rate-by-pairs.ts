import {
  type ComparisonTable,
  type Covariates,
  type Ratings,
  rateCompetitors,
  reweightPairs,
  standardise,
  styleControl,
} from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import type { FittedRatings } from './fitted-ratings.ts'
import type { LeaderboardDefinition, PairModel } from './leaderboard.ts'

/** What a definition wants done to the differences of features, one row per vote. */
export function covariateScale(definition: LeaderboardDefinition): (covariates: Covariates) => Covariates {
  const scaled = definition.standardise ?? definition.featureScale === 'relative'
  return scaled
    ? (covariates) => standardise(covariates, { centre: definition.centre ?? false })
    : (covariates) => covariates
}

/** Features whose two sides never differ tell nothing, and would leave the fit without a unique answer. */
function withoutConstant(table: ComparisonTable): {
  readonly table: ComparisonTable
  readonly dropped: readonly string[]
} {
  const { names, values } = table.covariates
  const width = names.length
  const differs = names.map((_, k) => {
    for (let at = k; at < values.length; at += width) if (values[at] !== 0) return true
    return false
  })
  if (differs.every(Boolean)) return { table, dropped: [] }
  const kept = Float64Array.from(values.filter((_, at) => differs[at % width]))
  return {
    table: { ...table, covariates: { names: names.filter((_, k) => differs[k]), values: kept } },
    dropped: names.filter((_, k) => !differs[k]),
  }
}

/**
 * Fits a model of paired votes.
 *
 * @param table the definition's votes, covariates as {@link covariateScale} makes them
 */
export function rateByPairs(
  definition: LeaderboardDefinition,
  model: PairModel,
  table: ComparisonTable,
  run: Run,
): FittedRatings {
  const { intervals = 'sandwich', penalty = 'none', anchor } = definition
  const { table: usable, dropped } = withoutConstant(table)
  const weighted = penalty === 'arena-rank' ? reweightPairs(usable) : usable
  const fitted: Ratings = rateCompetitors(weighted, {
    model,
    intervals: intervals === 'bootstrap' ? { random: run.random('bootstrap') } : intervals,
    ...(penalty !== 'none' && styleControl(penalty, weighted.votes)),
    ...(anchor &&
      table.names.includes(anchor.competitor) && {
        anchor: { name: anchor.competitor, rating: anchor.rating },
      }),
  })
  return {
    ratings: fitted.ratings,
    lower: fitted.lower,
    upper: fitted.upper,
    ranks: fitted.ranks,
    intervals,
    features: fitted.effects.map(({ name, coefficient, lower, upper }) => ({ name, coefficient, lower, upper })),
    ...(fitted.tieParameter && { tieParameter: fitted.tieParameter.value }),
    warnings: [
      ...dropped.map((name) => `The two sides never differ in "${name}", so its effect cannot be estimated.`),
      ...fitted.warnings,
    ],
  }
}
