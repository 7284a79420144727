import { type Candidate, candidate, type Outcome, winnerSpellings } from '../../collect/index.ts'
import type { Run } from '../../run/index.ts'
import { boardOf } from './fit-leaderboard.ts'
import { voteGatherer } from './gather.ts'
import type { Leaderboard, LeaderboardDefinition } from './leaderboard.ts'

/** A covariate of a table of votes: the difference a − b itself, or the two sides' values. */
export type FeatureColumn =
  | { readonly name: string; readonly differences: readonly number[] }
  | { readonly name: string; readonly a: readonly number[]; readonly b: readonly number[] }

/** A table of votes in columns, one entry per vote. */
export interface VoteColumns {
  readonly a: readonly string[]
  readonly b: readonly string[]
  /** `a`, `b`, `tie`, `both-bad` or `skipped` in any of the customary spellings; nothing or null is skipped. */
  readonly winner: readonly (string | null)[]
  readonly features?: readonly FeatureColumn[]
  /** How much a vote counts; default 1. */
  readonly weights?: readonly number[]
  /** Where the table comes from, for messages; default "the table". */
  readonly source?: string
  /** Line of each vote in its source, for messages; default 1, 2, … */
  readonly lines?: readonly number[]
}

/** Something of a table of votes that cannot be: the message names the source, the line and what would be right. */
export class VoteTableError extends Error {
  override readonly name = 'VoteTableError'
}

/** Those of published battles, and those that tables of games and people's own files use. */
const outcomeBySpelling = new Map<string, Outcome>([
  ...Object.entries(winnerSpellings),
  ['left', 'a'],
  ['right', 'b'],
  ['draw', 'tie'],
  ['1', 'a'],
  ['0', 'b'],
  ['0.5', 'tie'],
  ['.5', 'tie'],
  ['', 'skipped'],
])

/**
 * Fits a leaderboard straight to a table of votes.
 *
 * @param options how to fit; the board's name, title and filter have no meaning here
 * @throws {VoteTableError} on columns of unequal length, an unknown winner, a missing name, a competitor compared with
 * itself, a weight that is not positive, or a feature that is not a number
 * @example
 * const board = leaderboardFromVotes({ a: ['x', 'y'], b: ['y', 'x'], winner: ['a', 'tie'] }, {}, startRun())
 * leaderboardJson(board).competitors[0]?.name // 'x'
 */
export function leaderboardFromVotes(
  votes: VoteColumns,
  options: Omit<LeaderboardDefinition, 'name' | 'title' | 'filter' | 'features' | 'description' | 'attribution'>,
  run: Run,
): Leaderboard {
  const { source = 'the table', features = [], weights, lines } = votes
  const count = votes.a.length
  const numeric = features.flatMap((feature) =>
    'differences' in feature
      ? [{ column: feature.name, values: feature.differences }]
      : (['a', 'b'] as const).map((side) => ({ column: `${feature.name}_${side}`, values: feature[side] })),
  )
  for (const { column, values } of [
    { column: 'b', values: votes.b },
    { column: 'winner', values: votes.winner },
    ...(weights ? [{ column: 'weights', values: weights }] : []),
    ...numeric,
  ])
    if (values.length !== count)
      throw new VoteTableError(`${source}: column ${column} has ${values.length} votes, column a has ${count}`)
  if (options.featureScale === 'relative')
    for (const feature of features)
      if ('differences' in feature)
        throw new VoteTableError(
          `${source}: "${feature.name}" holds differences, from which a relative difference cannot be told; ` +
            `expected the columns ${feature.name}_a and ${feature.name}_b`,
        )
  const fault = (position: number, message: string): VoteTableError =>
    new VoteTableError(`${source}, line ${lines?.[position] ?? position + 1}: ${message}`)

  const known = new Map<string, Candidate>()
  const sideOf = (name: string, position: number, side: 'a' | 'b'): Candidate => {
    if (name === '') throw fault(position, `${side} is empty, expected a name`)
    const plain = known.get(name) ?? candidate({ modality: 'item', item: name })
    known.set(name, plain)
    if (features.length === 0) return plain
    const values: { [feature: string]: number } = {}
    for (const feature of features) {
      const both = 'a' in feature
      const value = both ? feature[side][position] : side === 'a' ? feature.differences[position] : 0
      if (value === undefined || !Number.isFinite(value))
        throw fault(position, `${feature.name}${both ? `_${side}` : ''} is ${value}, expected a number`)
      values[feature.name] = value
    }
    return { ...plain, features: values }
  }
  const definition: LeaderboardDefinition = {
    ...options,
    name: 'votes',
    title: source,
    filter: {},
    ...(features.length > 0 && { features: features.map(({ name }) => name) }),
  }
  const gatherer = voteGatherer(definition)
  for (let position = 0; position < count; position++) {
    if (position % 4096 === 0) run.signal.throwIfAborted()
    const winner = votes.winner[position] ?? ''
    const outcome = outcomeBySpelling.get(winner.trim().toLowerCase())
    if (!outcome)
      throw fault(
        position,
        `winner is ${JSON.stringify(winner)}, expected one of "a", "b", "tie", "both-bad", "skipped"`,
      )
    const [a, b] = [votes.a[position] ?? '', votes.b[position] ?? '']
    if (a === b && a !== '') throw fault(position, `"${a}" is compared with itself`)
    const weight = weights?.[position]
    if (weight !== undefined && !(weight > 0 && Number.isFinite(weight)))
      throw fault(position, `the weight is ${weight}, expected a positive number`)
    gatherer.add({
      kind: 'comparison',
      id: String(position),
      rater: { id: source, kind: 'human' },
      context: { id: source },
      time: 0,
      source,
      a: sideOf(a, position, 'a'),
      b: sideOf(b, position, 'b'),
      outcome,
      ...(weight !== undefined && { weight }),
    })
  }
  const board = boardOf(definition, gatherer.result(), run)
  // Where 0 and 1 number the sides instead, every vote would count for the other one.
  const scored = votes.winner.some((winner) => winner !== null && ['0', '1'].includes(winner.trim()))
  const note = 'The winner is given as the score of a: 1 counts as won by a, 0 as won by b.'
  return { ...board, warnings: scored ? [note, ...board.warnings] : board.warnings, votesOverTime: [], dataVersion: '' }
}

/** What `penchant leaderboard FILE --json` prints. */
export interface LeaderboardJson {
  readonly competitors: readonly {
    readonly name: string
    readonly rating: number
    readonly lower: number
    readonly upper: number
    readonly rank: number
    readonly votes: number
  }[]
  readonly features: Leaderboard['features']
  readonly tieParameter?: number
  readonly votes: number
  readonly model: Leaderboard['model']
  readonly intervals: Leaderboard['intervals']
  readonly warnings: readonly string[]
}

/** The essentials of a board, for programs. */
export function leaderboardJson(board: Leaderboard): LeaderboardJson {
  return {
    competitors: board.competitors.map(({ name, rating, lower, upper, rank, votes }) => ({
      name,
      rating,
      lower,
      upper,
      rank,
      votes,
    })),
    features: board.features,
    ...(board.tieParameter !== undefined && { tieParameter: board.tieParameter }),
    votes: board.votes,
    model: board.model,
    intervals: board.intervals,
    warnings: board.warnings,
  }
}
