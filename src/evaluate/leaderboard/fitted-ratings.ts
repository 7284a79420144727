import type { Leaderboard } from './leaderboard.ts'

/** What a model says of the competitors, in the order of the gathered names; empty when it cannot tell. */
export interface FittedRatings {
  readonly ratings: ArrayLike<number>
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
  readonly ranks: ArrayLike<number>
  readonly intervals: Leaderboard['intervals']
  readonly features: Leaderboard['features']
  readonly tieParameter?: number
  readonly warnings: readonly string[]
}
