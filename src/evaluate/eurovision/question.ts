import { type Ballot, byShow, type Song } from './ballot.ts'
import type { History } from './history.ts'

/** One ballot to be predicted, and everything that may be known when predicting it. Its own answers are not in it. */
export interface Question extends Pick<Ballot, 'show' | 'year' | 'final' | 'judge' | 'country' | 'region'> {
  readonly songs: readonly Song[]
  /** Ballots of the same show by judges of other countries. */
  readonly others: readonly Ballot[]
  /** Ballots of the same show by other judges of the same country. */
  readonly compatriots: readonly Ballot[]
  /** What the same judge said of songs in an earlier round of the same year; empty unless the protocol tells it. */
  readonly own: readonly Ballot[]
  /** National votes of earlier years. */
  readonly history: History
}

/** A question with its answer. */
export interface Example {
  readonly question: Question
  readonly ballot: Ballot
}

/** Examples to learn from, and others to be tried on. */
export interface Fold {
  readonly name: string
  readonly train: readonly Example[]
  readonly test: readonly Example[]
}

/** How many pairs of n songs there are. Pairs are ordered (0, 1), (0, 2), …, (1, 2), …. */
export function pairCount(songs: number): number {
  return (songs * (songs - 1)) / 2
}

/** Calls with every pair of n songs, i before j, and the pair's position. */
export function forEachPair(songs: number, visit: (i: number, j: number, position: number) => void): void {
  let position = 0
  for (let i = 0; i < songs; i++) for (let j = i + 1; j < songs; j++) visit(i, j, position++)
}

/** A question of each ballot: what its show's other judges said is known. */
function examplesOf(
  ballots: readonly Ballot[],
  historyOf: (year: number) => History,
  ownOf: (ballot: Ballot) => readonly Ballot[],
): readonly Example[] {
  const shows = byShow(ballots)
  return ballots.map((ballot) => {
    const { show, year, final, judge, country, region, songs } = ballot
    const together = shows.get(show) ?? []
    return {
      ballot,
      question: {
        show,
        year,
        final,
        judge,
        country,
        region,
        songs,
        others: together.filter((other) => other.country !== country),
        compatriots: together.filter((other) => other.country === country && other.judge !== judge),
        own: ownOf(ballot),
        history: historyOf(year),
      },
    }
  })
}

/** Which years may be learned from: all others, or earlier ones only. */
export type TrainingYears = 'other' | 'earlier'

function foldsByYear(examples: readonly Example[], from: TrainingYears): readonly Fold[] {
  const years = [...new Set(examples.map(({ question }) => question.year))].toSorted((a, b) => a - b)
  return years.flatMap((year) => {
    const train = examples.filter(({ question }) => (from === 'other' ? question.year !== year : question.year < year))
    const test = examples.filter(({ question }) => question.year === year)
    return train.length > 0 ? [{ name: `${year}`, train, test }] : []
  })
}

/**
 * A new juror of a known jury: each juror's order of a show's songs is predicted from what the other jurors ranked in
 * that show, compatriots among them, and from what is learned from other years. A fold per year.
 *
 * @param years default `other`, so that every year is predicted; `earlier` leaves the first out
 */
export function newJurorFolds(
  jurors: readonly Ballot[],
  historyOf: (year: number) => History,
  years: TrainingYears = 'other',
): readonly Fold[] {
  return foldsByYear(
    examplesOf(jurors, historyOf, () => []),
    years,
  )
}

/**
 * A returning juror: as {@link newJurorFolds}, in finals, for jurors who ranked a semi-final of the same year, and that
 * ranking is known.
 */
export function returningJurorFolds(
  jurors: readonly Ballot[],
  historyOf: (year: number) => History,
  years: TrainingYears = 'other',
): readonly Fold[] {
  const semifinals = Map.groupBy(
    jurors.filter(({ final }) => !final),
    ({ judge }) => judge,
  )
  const all = examplesOf(jurors, historyOf, ({ judge, final }) => (final ? (semifinals.get(judge) ?? []) : []))
  return foldsByYear(
    all.filter(({ question }) => question.own.length > 0),
    years,
  )
}

/**
 * A country's vote in a final, predicted from what the other countries gave in that final, and from earlier years'
 * votes. A fold per year from 2009, when juries came back beside the televote; the dozen years before are learned from.
 */
export function nationalFinalFolds(
  countries: readonly Ballot[],
  historyOf: (year: number) => History,
  { from = 2009, learned = 12 }: { readonly from?: number; readonly learned?: number } = {},
): readonly Fold[] {
  const examples = examplesOf(
    countries.filter(({ final, year }) => final && year >= from - learned),
    historyOf,
    () => [],
  )
  return foldsByYear(examples, 'earlier').flatMap(({ name, train, test }) => {
    const year = Number(name)
    if (year < from) return []
    return [{ name, test, train: train.filter(({ question }) => question.year >= year - learned) }]
  })
}
