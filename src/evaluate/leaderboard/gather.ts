import {
  type Candidate,
  type Comparison,
  competitorOf,
  type Outcome,
  type Ranking,
  type Rating,
  type Signal,
} from '../../collect/index.ts'
import { type RaterRanking, type RatingCell, relativeDifference } from '../../learn/index.ts'
import type { CompetitorKey, Leaderboard, LeaderboardDefinition } from './leaderboard.ts'
import { type VoteTally, voteTally } from './vote-tally.ts'
import { type VoteCalendar, voteCalendar } from './votes-over-time.ts'

/** Plackett–Luce averages over the orders of a tie, which grow too many beyond this. */
const largestTie = 10

/** What is counted of each competitor beside the votes themselves. */
export interface CompetitorCounts {
  votes: number
  bothBad: number
}

/** Scores counted by subject and occasion, as the rating-scale model wants them. */
export interface GatheredScores {
  /** All scores that occurred, ascending. */
  readonly scores: readonly number[]
  readonly cells: readonly RatingCell[]
  /** Names of those that were scored. */
  readonly subjects: readonly string[]
  /** Position of each subject's group. */
  readonly groups: readonly number[]
  readonly groupNames: readonly string[]
}

/** The votes of a board, counted. */
export interface GatheredVotes {
  readonly names: readonly string[]
  readonly tally: VoteTally
  /** Every vote as a ranking, for ranking models only. */
  readonly rankings: readonly RaterRanking[]
  /** Rankings of three or more, which vote with several pairs at once. */
  readonly manyRankings: number
  /** Whether any vote has a weight other than 1. */
  readonly weighted: boolean
  readonly competitors: readonly CompetitorCounts[]
  readonly votes: number
  readonly outcomes: Leaderboard['outcomes']
  readonly calendar: VoteCalendar
  scores(): GatheredScores
  /** Why votes were not used, and how often. */
  readonly unused: ReadonlyMap<string, number>
}

/** Takes signals one at a time. */
export interface VoteGatherer {
  add(signal: Signal): void
  result(): GatheredVotes
}

/** The number a feature of a candidate is, booleans as 0 and 1. */
function featureValue(candidate: Candidate, name: string): number | undefined {
  const value = candidate.features?.[name]
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The name under which a candidate competes; undefined when it lacks the feature that is asked for. */
function nameOf(candidate: Candidate, key: CompetitorKey): string | undefined {
  if (key === 'producer') return competitorOf(candidate)
  if (key === 'candidate') return candidate.content.modality === 'item' ? candidate.content.item : candidate.id
  const value = candidate.features?.[key.feature]
  return value === undefined ? undefined : String(value)
}

/** Positions with equal ranks, best first, and those without a rank. */
function orderOf(ranks: readonly (number | null)[]): { groups: number[][]; unranked: number[] } {
  const byRank = new Map<number, number[]>()
  const unranked: number[] = []
  for (const [position, rank] of ranks.entries()) {
    const group = rank === null ? unranked : byRank.get(rank)
    if (group) group.push(position)
    else if (rank !== null) byRank.set(rank, [position])
  }
  return { groups: [...byRank].sort(([a], [b]) => a - b).map(([, group]) => group), unranked }
}

/**
 * Starts counting votes for a board: who won, tied and lost against whom, by what covariates, when.
 *
 * Comparisons count by their outcome (or that of the board's aspect): skipped ones and, where the board drops them,
 * "both bad" are counted but do not vote. Rankings vote with every pair of ranked candidates, and are kept as orders
 * for ranking models. Ratings vote under the rating-scale model only: two ratings by one rater are no comparison that
 * the rater made.
 */
export function voteGatherer(definition: LeaderboardDefinition): VoteGatherer {
  const { model = 'bradley-terry', features = [], aspect, bothBad: onBothBad = 'tie' } = definition
  const relative = definition.featureScale === 'relative'
  const positions = new Map<string, number>()
  const competitors: CompetitorCounts[] = []
  const { competitor = 'producer', lists = 'competitors' } = definition
  const groupKey = definition.group ?? 'producer'
  const groupOf = (candidate: Candidate): string | undefined =>
    groupKey === 'producer' ? (candidate.producer ?? '(no producer)') : nameOf(candidate, groupKey)
  const listedName = (candidate: Candidate): string | undefined =>
    lists === 'groups' ? groupOf(candidate) : nameOf(candidate, competitor)
  /** Name and group of what the rating-scale model scores. */
  const scoredName = (candidate: Candidate): { readonly name: string; readonly group: string } | undefined => {
    const [name, group] = [nameOf(candidate, competitor), groupOf(candidate)]
    return name === undefined || group === undefined ? undefined : { name, group }
  }
  const groupPositions = new Map<string, number>()
  const subjects = new Map<string, number>()
  const groups: number[] = []
  const tally = voteTally(features)
  const rankings: RaterRanking[] = []
  let weighted = false
  let manyRankings = 0
  const occasions = new Map<string, number>()
  /** By subject and occasion: how often each score was given. */
  const cells = new Map<string, { subject: number; occasion: number; counts: Map<number, number> }>()
  const outcomes = { a: 0, b: 0, tie: 0, bothBad: 0, skipped: 0 }
  const calendar = voteCalendar()
  const unused = new Map<string, number>()
  let votes = 0

  const entry = <Key>(map: Map<Key, number>, key: Key): number => {
    const known = map.get(key)
    if (known !== undefined) return known
    map.set(key, map.size)
    return map.size - 1
  }
  /** Position on the board; undefined when the candidate lacks the feature that tells competitors apart. */
  const positionOf = (candidate: Candidate): number | undefined => {
    const name = listedName(candidate)
    if (name === undefined || (model === 'rating-scale' && scoredName(candidate) === undefined)) return undefined
    const position = entry(positions, name)
    if (position === competitors.length) competitors.push({ votes: 0, bothBad: 0 })
    return position
  }
  const unnamed = 'lack the feature that tells competitors or their groups apart'
  const took = (position: number): CompetitorCounts => competitors[position] as CompetitorCounts
  const count = (signal: Signal, parts: Iterable<number>): void => {
    votes++
    if ((signal.weight ?? 1) !== 1) weighted = true
    calendar.add(signal.time)
    for (const position of parts) took(position).votes++
  }

  /** One number per feature from a's side, or why there is none. */
  function covariatesOf({ a, b }: Comparison): number[] | string {
    const values: number[] = []
    for (const name of features) {
      const [first, second] = [featureValue(a, name), featureValue(b, name)]
      if (first === undefined || second === undefined) return `lack a number for the feature "${name}"`
      if (relative && (first < 0 || second < 0)) return `have a negative "${name}", which is not an amount`
      values.push(relative ? relativeDifference(first, second) : first - second)
    }
    return values
  }

  /** Counts a comparison, or says why not. */
  function addComparison(signal: Comparison): string | undefined {
    const outcome: Outcome | undefined = aspect === undefined ? signal.outcome : signal.aspects?.[aspect]
    if (outcome === undefined) return `say nothing on the aspect "${aspect}"`
    if (outcome === 'skipped') {
      outcomes.skipped++
      return undefined
    }
    const [a, b] = [positionOf(signal.a), positionOf(signal.b)]
    if (a === undefined || b === undefined) return unnamed
    if (a === b) return 'compare a competitor with itself'
    const values = covariatesOf(signal)
    if (typeof values === 'string') return values
    if (outcome === 'both-bad') {
      outcomes.bothBad++
      took(a).bothBad++
      took(b).bothBad++
      if (onBothBad === 'drop') return undefined
    } else outcomes[outcome]++
    count(signal, [a, b])
    tally.add(a, b, outcome === 'a' ? 1 : outcome === 'b' ? 0 : 0.5, signal.weight, values)
    if (model === 'plackett-luce') {
      const better = outcome === 'a' ? [1, 2] : outcome === 'b' ? [2, 1] : [1, 1]
      rankings.push({ competitors: [a, b], ranks: better })
    }
    return undefined
  }

  /** Counts a score for the rating-scale model. */
  function addScore(candidate: Candidate, occasion: string, score: number, weight: number): void {
    const scored = scoredName(candidate)
    if (!scored) return
    const { name, group } = scored
    const subject = entry(subjects, name)
    if (subject === groups.length) groups.push(entry(groupPositions, group))
    const at = entry(occasions, occasion)
    const key = `${subject}/${at}`
    const cell = cells.get(key) ?? { subject, occasion: at, counts: new Map<number, number>() }
    cells.set(key, cell)
    cell.counts.set(score, (cell.counts.get(score) ?? 0) + weight)
  }

  /** Counts a ranking, or says why not. */
  function addRanking(signal: Ranking): string | undefined {
    if (features.length > 0) return 'are rankings, which features are not estimated from'
    const competing = signal.candidates.map(positionOf)
    if (competing.includes(undefined)) return unnamed
    // Groups may have several competitors in one ranking.
    const own: readonly unknown[] =
      lists === 'groups' ? signal.candidates.map((candidate) => nameOf(candidate, competitor)) : competing
    if (new Set(own).size < own.length) return 'rank a competitor twice'
    const { groups, unranked } = orderOf(signal.ranks)
    if (model === 'plackett-luce' && groups.some((group) => group.length > largestTie))
      return `tie more than ${largestTie} competitors at one rank, which the model plackett-luce does not take`
    // Who gets no points was rated all the same: with 0.
    const below = definition.unranked === 'below' || model === 'rating-scale' ? unranked : []
    const ranked = [...groups.flat(), ...below].map((at) => competing[at] as number)
    if (groups.length === 0 || ranked.length < 2) return 'rank fewer than two competitors'
    const weight = signal.weight ?? 1
    count(signal, new Set(ranked))
    if (ranked.length > 2) manyRankings++
    const meet = (first: number, second: number, outcome: number): void => {
      const [a, b] = [competing[first] as number, competing[second] as number]
      if (a !== b) tally.add(a, b, outcome, weight)
    }
    for (const [place, group] of groups.entries()) {
      const worse = [...groups.slice(place + 1).flat(), ...below]
      for (const [i, first] of group.entries()) {
        for (const second of group.slice(i + 1)) meet(first, second, 0.5)
        for (const second of worse) meet(first, second, 1)
      }
    }
    if (model === 'plackett-luce') rankings.push({ competitors: competing as number[], ranks: signal.ranks })
    if (model === 'rating-scale')
      for (const [position, rank] of signal.ranks.entries()) {
        const score = definition.points?.[(rank ?? Number.POSITIVE_INFINITY) - 1] ?? 0
        addScore(signal.candidates[position] as Candidate, signal.context.id, score, weight)
      }
    return undefined
  }

  /** Counts a rating, or says why not. */
  function addRating(signal: Rating): string | undefined {
    if (model !== 'rating-scale') return `are ratings, which the model ${model} does not use`
    const score = signal.aspects[aspect ?? 'overall']
    if (score === undefined) return `say nothing on the aspect "${aspect ?? 'overall'}"`
    const position = positionOf(signal.candidate)
    if (position === undefined) return unnamed
    count(signal, [position])
    addScore(signal.candidate, signal.context.id, score, signal.weight ?? 1)
    return undefined
  }

  return {
    add(signal) {
      const reason =
        signal.kind === 'comparison'
          ? addComparison(signal)
          : signal.kind === 'ranking'
            ? addRanking(signal)
            : signal.kind === 'rating'
              ? addRating(signal)
              : `are of the kind ${signal.kind}, which boards do not use`
      if (reason !== undefined) unused.set(reason, (unused.get(reason) ?? 0) + 1)
    },
    result: () => ({
      names: [...positions.keys()],
      tally,
      rankings,
      weighted,
      manyRankings,
      competitors,
      votes,
      outcomes,
      calendar,
      unused,
      scores() {
        const scores = [...new Set([...cells.values()].flatMap(({ counts }) => [...counts.keys()]))].sort(
          (a, b) => a - b,
        )
        return {
          scores,
          cells: [...cells.values()].map(({ subject, occasion, counts }) => ({
            subject,
            occasion,
            counts: scores.map((score) => counts.get(score) ?? 0),
          })),
          subjects: [...subjects.keys()],
          groups,
          groupNames: [...groupPositions.keys()],
        }
      },
    }),
  }
}
