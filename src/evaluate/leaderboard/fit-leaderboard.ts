import type { SignalFilter, SignalSource } from '../../collect/index.ts'
import { averageWinRates, pairwiseWins, recordsOf } from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import { cleanVotes } from './cleaning.ts'
import { jointFilter } from './filter.ts'
import type { FittedRatings } from './fitted-ratings.ts'
import { type GatheredVotes, voteGatherer } from './gather.ts'
import type { Competitor, Leaderboard, LeaderboardDefinition, RemovedVotes } from './leaderboard.ts'
import { covariateScale, rateByPairs } from './rate-by-pairs.ts'
import { rateByRankings } from './rate-by-rankings.ts'
import { rateByScale } from './rate-by-scale.ts'
import { UnfitBoardError } from './unfit-board.ts'

/** Signals that may say which version of the data they are. */
export type VersionedSignals = SignalSource & { readonly version?: string | (() => Promise<string>) }

export interface FitLeaderboardOptions {
  /** Only the board's signals that also match this. */
  readonly within?: SignalFilter
}

/** Competitors of one board at most: fits and intervals take the cube of their number in time. */
export const mostCompetitors = 3000

/** Competitors in the win matrix at most. */
const matrixSize = 100

interface Gathered {
  readonly votes: GatheredVotes
  readonly removed?: RemovedVotes
}

async function gather(
  definition: LeaderboardDefinition,
  signals: SignalSource,
  run: Run,
  within: SignalFilter,
): Promise<Gathered> {
  const gatherer = voteGatherer(definition)
  const asked = jointFilter(definition.filter, within)
  const joint = asked && jointFilter(asked.filter, { kinds: ['comparison', 'ranking', 'rating'] })
  if (!asked || !joint) return { votes: gatherer.result() }
  const { filter } = joint
  const cleaned = definition.clean && (await cleanVotes(definition.clean, signals, filter, asked.passes, run))
  const total = await signals.count(filter)
  let done = 0
  let comparisons = 0
  for await (const signal of signals.read(filter)) {
    if (done % 4096 === 0) {
      run.signal.throwIfAborted()
      run.progress({ label: 'reading votes', done, total })
    }
    done++
    if (!asked.passes(signal)) continue
    if (signal.kind !== 'comparison' || !cleaned || cleaned.keeps(comparisons++)) gatherer.add(signal)
  }
  return { votes: gatherer.result(), ...(cleaned && { removed: cleaned.removed }) }
}

function removedWarnings({ identityLeak, duplicatePrompts, outlierRaters }: RemovedVotes): string[] {
  return [
    ...(identityLeak > 0 ? [`${voteCount(identityLeak)} left out because a text names a maker.`] : []),
    ...(duplicatePrompts > 0 ? [`${voteCount(duplicatePrompts)} left out because their prompt came up so often.`] : []),
    ...(outlierRaters > 0 ? [`${voteCount(outlierRaters)} left out of raters who vote against all others.`] : []),
  ]
}

const voteCount = (count: number): string => `${count} vote${count === 1 ? '' : 's'}`

/** What of the votes was not used, or cannot be used as it should, in sentences. */
function unusedWarnings(
  { unused, outcomes, manyRankings }: GatheredVotes,
  definition: LeaderboardDefinition,
): string[] {
  const sentences = [...unused].map(([reason, count]) => `${voteCount(count)} left out: they ${reason}.`)
  if (definition.bothBad === 'drop' && outcomes.bothBad > 0)
    sentences.push(`${voteCount(outcomes.bothBad)} for "both bad" left out, as the board's definition asks.`)
  const { model = 'bradley-terry' } = definition
  if (manyRankings > 0 && model !== 'plackett-luce' && model !== 'rating-scale')
    sentences.push(
      `The intervals take the pairs of a ranking for independent votes, which makes them too narrow (${manyRankings} ` +
        'rankings of three or more); the model plackett-luce does not.',
    )
  return sentences
}

/** The version of the data, empty where they have none. */
export async function versionOf({ version }: VersionedSignals): Promise<string> {
  return typeof version === 'function' ? version() : (version ?? '')
}

/** The competitors from best to worst; equal ratings in the order of their names. */
function order(names: readonly string[], ratings: ArrayLike<number>): number[] {
  const compare = (a: number, b: number): number => {
    const difference = (ratings[b] as number) - (ratings[a] as number)
    if (difference !== 0) return difference
    return (names[a] as string) < (names[b] as string) ? -1 : 1
  }
  return names.map((_, position) => position).sort(compare)
}

/**
 * Fits a leaderboard to signals: counts votes in one pass (two where votes are cleaned), rates the competitors by the definition's model with 95 %
 * intervals and ranks, and says what a reader must know.
 *
 * Memory grows with the pairs of competitors that met, and by a row of numbers for every vote that is weighted or has
 * covariates. A board without votes has no competitors and says so. The same signals, definition and seed give the same
 * board.
 *
 * @param signals read once; a snapshot keeps what is written meanwhile out
 * @throws {UnfitBoardError} when more than {@link mostCompetitors} competitors have votes
 */
export async function fitLeaderboard(
  definition: LeaderboardDefinition,
  signals: VersionedSignals,
  run: Run,
  options: FitLeaderboardOptions = {},
): Promise<Leaderboard> {
  const dataVersion = await versionOf(signals)
  const { votes, removed } = await gather(definition, signals, run, options.within ?? {})
  const board = boardOf(definition, votes, run)
  if (!removed) return { ...board, dataVersion }
  return { ...board, removed, warnings: [...removedWarnings(removed), ...board.warnings], dataVersion }
}

/** The board of votes that are counted already. */
export function boardOf(
  definition: LeaderboardDefinition,
  gathered: GatheredVotes,
  run: Run,
): Omit<Leaderboard, 'dataVersion'> {
  const { name, title, description, attribution, model = 'bradley-terry', anchor } = definition
  const { names, competitors: counts, outcomes, calendar } = gathered
  if (names.length > mostCompetitors)
    throw new UnfitBoardError(
      `board ${name}: there are votes on ${names.length} competitors, at most ${mostCompetitors} can be fitted; ` +
        'give candidates a producer, or narrow the filter',
    )
  const table = gathered.tally.table(names, covariateScale(definition))
  const warnings: string[] = []
  if (gathered.votes === 0) warnings.push('No vote matches this board yet.')
  if (anchor && !names.includes(anchor.competitor))
    warnings.push(`The anchor "${anchor.competitor}" has no votes; ratings have mean 1000.`)
  run.signal.throwIfAborted()
  run.progress({ label: 'fitting ratings', done: 0, total: 1 })
  const fitted: FittedRatings =
    gathered.votes === 0
      ? { ratings: [], lower: [], upper: [], ranks: [], intervals: 'sandwich', features: [], warnings: [] }
      : model === 'rating-scale'
        ? rateByScale(definition, gathered, run)
        : model === 'plackett-luce'
          ? rateByRankings(definition, gathered, run)
          : rateByPairs(definition, model, table, run)
  run.signal.throwIfAborted()
  run.progress({ label: 'fitting ratings', done: 1, total: 1 })

  const decisive = pairwiseWins(table)
  const rates = averageWinRates(decisive)
  const records = recordsOf(table)
  const ranked = order(names, fitted.ratings).filter((at) => at < fitted.ratings.length && (counts[at]?.votes ?? 0) > 0)
  const competitors = ranked.map((position): Competitor => {
    const record = records[position]
    const { votes: took = 0, bothBad = 0 } = counts[position] ?? {}
    return {
      name: names[position] as string,
      rating: fitted.ratings[position] as number,
      lower: fitted.lower[position] as number,
      upper: fitted.upper[position] as number,
      rank: fitted.ranks[position] as number,
      votes: took,
      wins: record?.wins ?? 0,
      losses: record?.losses ?? 0,
      ties: (record?.ties ?? 0) - (definition.bothBad === 'drop' ? 0 : bothBad),
      bothBad,
      averageWinRate: rates[position] ?? null,
    }
  })
  const shown = ranked.slice(0, matrixSize)
  return {
    name,
    title,
    ...(description !== undefined && { description }),
    ...(attribution !== undefined && { attribution }),
    model,
    intervals: fitted.intervals,
    competitors,
    features: fitted.features,
    ...(fitted.tieParameter !== undefined && { tieParameter: fitted.tieParameter }),
    votes: gathered.votes,
    outcomes,
    winMatrix: {
      names: shown.map((position) => names[position] as string),
      wins: shown.map((row) => shown.map((column) => decisive.wins[row * names.length + column] as number)),
    },
    votesOverTime: calendar.periods(),
    warnings: [...warnings, ...unusedWarnings(gathered, definition), ...fitted.warnings],
  }
}
