import { candidate } from '../../collect/index.ts'
import type { Ballot } from './ballot.ts'
import type { History } from './history.ts'
import type { Question } from './question.ts'

/** A made-up ballot: worths by the songs' countries. */
export function madeBallot(
  country: string,
  worths: Readonly<Record<string, number>>,
  about: Partial<Pick<Ballot, 'year' | 'show' | 'judge' | 'final'>> = {},
): Ballot {
  const { year = 2000, final = true, show = `made/${year}/final`, judge = country } = about
  return {
    id: `${show}/${judge}`,
    show,
    year,
    final,
    judge,
    country,
    region: 'Made-up',
    songs: Object.keys(worths).map((of, i) => ({
      country: of,
      region: 'Made-up',
      runningOrder: i + 1,
      candidate: candidate({ modality: 'item', item: `${year} ${of}` }),
    })),
    worth: Float64Array.from(Object.values(worths)),
  }
}

const nothing = (): number => 0

/** A history in which nothing happened. */
export const emptyHistory: History = {
  ballots: [],
  pointsBeyond: nothing,
  pointsBeyondInAllShows: nothing,
  overGiven: nothing,
  recentlyOverGiven: nothing,
  likeness: nothing,
}

/** A question about a ballot, with what others said. */
export function madeQuestion(
  ballot: Ballot,
  known: Partial<Pick<Question, 'others' | 'compatriots' | 'own'>>,
): Question {
  const { show, year, final, judge, country, region, songs } = ballot
  return {
    show,
    year,
    final,
    judge,
    country,
    region,
    songs,
    others: known.others ?? [],
    compatriots: known.compatriots ?? [],
    own: known.own ?? [],
    history: emptyHistory,
  }
}
