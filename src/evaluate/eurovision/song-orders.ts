import { type Ranking, type Signal, shippedDatasets } from '../../collect/index.ts'
import { kendallTau } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import { fitLeaderboard } from '../leaderboard/fit-leaderboard.ts'
import type { LeaderboardDefinition } from '../leaderboard/leaderboard.ts'
import { shippedLeaderboards } from '../leaderboard/shipped.ts'

/** Songs of a year as two models rate them. */
export interface SongOrders {
  readonly year: number
  readonly songs: readonly string[]
  /** `[songs]`: of the published model, fitted to all years together. */
  readonly ratingScale: readonly number[]
  /** `[songs]`: of a Bradley–Terry model of this year alone, points as rankings, ties as half wins. */
  readonly bradleyTerry: readonly number[]
  /** Kendall's τ-b of the two. */
  readonly tau: number
  /** How many of the ten best songs the two share. */
  readonly sharedTopTen: number
}

const firstYear = 1975

const source = (signals: readonly Signal[]) => ({
  async *read() {
    yield* signals
  },
  count: async () => signals.length,
})

/**
 * The order of songs by the published rating-scale model of the contest, since 1975, beside the order of Bradley–Terry
 * models of the same juries' and televotes' points, year by year: songs of different years were never compared, so that
 * Bradley–Terry has no order across years.
 *
 * @see Burgoyne, Spijkervet & Baker, "Measuring the Eurovision Song Contest", ISMIR 2023
 */
export async function songOrders(run: Run): Promise<readonly SongOrders[]> {
  const published = shippedLeaderboards().find(({ name }) => name === 'eurovision-songs')
  const dataset = shippedDatasets().find(({ name }) => name === 'eurovision-points')
  if (!published || !dataset) throw new Error('the board or the data set of the contest is missing')
  const signals: Ranking[] = []
  for await (const signal of dataset.load(run))
    if (signal.kind === 'ranking' && Number(signal.rater.traits?.['year']) >= firstYear) signals.push(signal)
  const together = await fitLeaderboard(published, source(signals), run)
  const scale = new Map(together.competitors.map(({ name, rating }) => [name, rating]))
  const orders: SongOrders[] = []
  for (const [year, ofYear] of Map.groupBy(signals, ({ rater }) => Number(rater.traits?.['year']))) {
    run.signal.throwIfAborted()
    run.progress({ label: `rating the songs of ${year}`, done: orders.length })
    const definition: LeaderboardDefinition = {
      name: `songs-${year}`,
      title: `Songs of ${year}`,
      filter: {},
      model: 'bradley-terry',
    }
    const { competitors } = await fitLeaderboard(definition, source(ofYear), run)
    const songs = competitors.map(({ name }) => name)
    const bradleyTerry = competitors.map(({ rating }) => rating)
    const ratingScale = songs.map((name) => scale.get(name) ?? Number.NaN)
    const bestBy = (ratings: readonly number[]): string[] =>
      songs
        .toSorted((a, b) => (ratings[songs.indexOf(b)] as number) - (ratings[songs.indexOf(a)] as number))
        .slice(0, 10)
    const best = new Set(bestBy(ratingScale))
    orders.push({
      year,
      songs,
      ratingScale,
      bradleyTerry,
      tau: kendallTau(ratingScale, bradleyTerry),
      sharedTopTen: bestBy(bradleyTerry).filter((song) => best.has(song)).length,
    })
  }
  return orders
}
