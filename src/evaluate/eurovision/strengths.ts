import { bradleyTerry, fitPaired, tallyVotes } from '../../learn/index.ts'
import type { Ballot } from './ballot.ts'
import type { Question } from './question.ts'
import { remembered } from './song-features.ts'

/**
 * Bradley–Terry strengths of a question's songs from some ballots, every ballot counting once however long it is read:
 * ties are half a win for each. A song that none of them judged has strength 0, the mean.
 *
 * @param ridge on every strength: ½·ridge·θ². Above 0, since a few ballots can put a song first in all of them
 */
export function strengthsOf(question: Question, ballots: readonly Ballot[], ridge: number): Float64Array {
  const names = question.songs.map(({ country }) => country)
  const place = new Map(names.map((country, position) => [country, position]))
  const size = names.length
  const wins = new Float64Array(size * size)
  for (const { songs, worth } of ballots) {
    const at = songs.map(({ country }) => place.get(country) ?? -1)
    for (let i = 0; i < at.length; i++) {
      const first = at[i] as number
      if (first < 0) continue
      for (let j = 0; j < i; j++) {
        const second = at[j] as number
        if (second < 0) continue
        const ahead = (worth[i] as number) - (worth[j] as number)
        const won = ahead > 0 ? 1 : ahead < 0 ? 0 : 0.5
        wins[first * size + second] = (wins[first * size + second] as number) + won
        wins[second * size + first] = (wins[second * size + first] as number) + 1 - won
      }
    }
  }
  const [a, b, weights]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const count = wins[i * size + j] as number
      if (count === 0) continue
      a.push(i)
      b.push(j)
      weights.push(count)
    }
  if (a.length === 0) return new Float64Array(size)
  const table = tallyVotes({ names, a, b, outcomes: new Float64Array(a.length).fill(1), weights })
  return fitPaired(table, bradleyTerry, { penalties: { strengths: ridge } }).strengths
}

/** Small beside the pairs of even one ballot, each of which adds up to ¼ to the curvature. */
const ridge = 0.1

/** One Bradley–Terry model for everybody: the strengths of the songs in this show by all other ballots. */
export const strengthForAll = remembered((question) =>
  strengthsOf(question, [...question.others, ...question.compatriots], ridge),
)

/** One per country: the strengths by the compatriots' ballots in this show. */
export const strengthByCompatriots = remembered((question) => strengthsOf(question, question.compatriots, ridge))

/** One per country: how it rated the countries of the songs in earlier years' shows, whatever they sang. */
export const strengthInEarlierYears = remembered((question) =>
  strengthsOf(
    question,
    question.history.ballots.filter(({ country }) => country === question.country),
    1,
  ),
)
