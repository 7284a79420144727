import { eloRatings, ranksFromIntervals, ratingScale } from '../../learn/index.ts'
import { normalQuantile } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { FittedRatings } from './fitted-ratings.ts'
import type { GatheredVotes } from './gather.ts'
import type { LeaderboardDefinition } from './leaderboard.ts'
import { UnfitBoardError } from './unfit-board.ts'

/** Different scores of one board at most: the model has a parameter for each on every occasion. */
const mostScores = 25

/**
 * Fits the rating-scale model to scores. Contexts are the occasions, whoever made a candidate is its group. 400 points
 * stand for odds of 10 : 1 of one more point from a rater.
 *
 * @throws {UnfitBoardError} when the votes hold more than 25 different scores
 */
export function rateByScale(definition: LeaderboardDefinition, gathered: GatheredVotes, run: Run): FittedRatings {
  const { scores, cells, subjects, groups, groupNames } = gathered.scores()
  if (scores.length > mostScores)
    throw new UnfitBoardError(
      `board ${definition.name}: its ratings have ${scores.length} different scores, the rating-scale model takes at most ${mostScores}`,
    )
  const nothing = { intervals: 'laplace', features: [] } as const
  if (scores.length < 2)
    return {
      ...nothing,
      ratings: [],
      lower: [],
      upper: [],
      ranks: [],
      warnings: [`Every rating is ${scores[0] ?? 'missing'}, so nothing tells the competitors apart.`],
    }
  const fit = ratingScale(
    { scores, cells, groups },
    {
      onIteration: (iteration) => {
        run.signal.throwIfAborted()
        run.progress({ label: 'fitting the rating scale', done: iteration })
      },
    },
  )
  const [listed, estimates] =
    definition.lists === 'groups' ? [groupNames, fit.groups] : ([subjects, fit.subjects] as const)
  const byName = new Map(listed.map((name, position) => [name, estimates[position]]))
  const mean = estimates.reduce((sum, { value }) => sum + value, 0) / estimates.length
  const z = normalQuantile(0.975)
  /** Points of the estimates, moved by a multiple of their standard errors. */
  const points = (errors: number): Float64Array =>
    eloRatings(
      Float64Array.from(gathered.names, (name) => {
        const { value, standardError } = byName.get(name) ?? { value: Number.NaN, standardError: Number.NaN }
        return value - mean + errors * standardError
      }),
    )
  const { anchor } = definition
  const ratings = points(0)
  const anchored = anchor ? gathered.names.indexOf(anchor.competitor) : -1
  const shift = anchor && anchored >= 0 ? anchor.rating - (ratings[anchored] as number) : 0
  const [lower, upper] = [points(-z).map((value) => value + shift), points(z).map((value) => value + shift)]
  const warnings: string[] = []
  if (fit.parts > 1)
    warnings.push(
      `The competitors fall into ${fit.parts} sets that were never rated on a common occasion. What compares them is ` +
        'the assumption that sets have the same average, up to what the same makers do in several of them.',
    )
  if (!fit.converged) warnings.push(`The spreads of the rating scale still moved after ${fit.iterations} iterations.`)
  return {
    ...nothing,
    ratings: ratings.map((value) => value + shift),
    lower,
    upper,
    ranks: ranksFromIntervals(lower, upper),
    warnings,
  }
}
