import { rateRankings, tallyRankings } from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import type { FittedRatings } from './fitted-ratings.ts'
import type { GatheredVotes } from './gather.ts'
import type { LeaderboardDefinition } from './leaderboard.ts'

/** Fits Plackett–Luce to rankings; a comparison is a ranking of two. The unit of the intervals is a ranking. */
export function rateByRankings(definition: LeaderboardDefinition, gathered: GatheredVotes, run: Run): FittedRatings {
  const { intervals = 'sandwich', anchor, unranked = 'absent' } = definition
  const { names } = gathered
  const fitted = rateRankings(tallyRankings(names, gathered.rankings, { unranked }), {
    intervals: intervals === 'bootstrap' ? { random: run.random('bootstrap') } : intervals,
    ...(anchor && names.includes(anchor.competitor) && { anchor: { name: anchor.competitor, rating: anchor.rating } }),
  })
  return {
    ratings: fitted.ratings,
    lower: fitted.lower,
    upper: fitted.upper,
    ranks: fitted.ranks,
    intervals,
    features: [],
    warnings: [
      ...(gathered.weighted ? ['Plackett–Luce counts every vote as one; the weights of votes were not used.'] : []),
      ...fitted.warnings,
    ],
  }
}
