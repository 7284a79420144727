import type { Competitor } from '../api/leaderboard.ts'

/**
 * How those shown stand among all votes, made comparable: ranked among themselves only, and moved so that their mean
 * rating is the same, since a board fixes the mean of everyone who is on it.
 */
export function referenceFor(
  shown: readonly Competitor[],
  everyone: readonly Competitor[],
): ReadonlyMap<string, Competitor> {
  const names = new Set(shown.map(({ name }) => name))
  const shared = everyone.filter(({ name }) => names.has(name))
  const known = new Set(shared.map(({ name }) => name))
  const mean = (some: readonly Competitor[]): number => some.reduce((sum, { rating }) => sum + rating, 0) / some.length
  const shift = shared.length > 0 ? mean(shown.filter(({ name }) => known.has(name))) - mean(shared) : 0
  return new Map(
    shared.map((one) => [
      one.name,
      {
        ...one,
        rating: one.rating + shift,
        lower: one.lower + shift,
        upper: one.upper + shift,
        rank: 1 + shared.filter(({ lower }) => lower > one.upper).length,
      },
    ]),
  )
}
