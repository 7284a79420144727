import type { Candidate } from '../../collect/index.ts'
import type { Run } from '../../run/index.ts'
import { nationalBallots } from '../eurovision/ballot.ts'
import { type History, historyBefore } from '../eurovision/history.ts'
import type { VersionedSignals } from '../leaderboard/fit-leaderboard.ts'
import { judgedLists, orderingSignals } from './judged-lists.ts'
import { opinionOfOthers, type TasteColumn } from './taste-columns.ts'

const countryOf = ({ features }: Candidate): string => String(features?.['country'])

/**
 * What only the contest's history tells of a song: whether its country got more from the juror's country in earlier
 * years than from others, and what televoters elsewhere thought of it this year. Nothing of the year at hand is in the
 * first.
 */
export async function eurovisionColumns(source: VersionedSignals, run: Run): Promise<readonly TasteColumn[]> {
  const before = historyBefore(await nationalBallots(run))
  const years = new Map<number, History>()
  const known = (year: number): History => {
    const history = years.get(year) ?? before(year)
    years.set(year, history)
    return history
  }
  const nations = await judgedLists(source.read(orderingSignals('eurovision-points')))
  const publics = nations.filter(({ traits }) => traits['by'] === 'televote')
  const friends: TasteColumn = {
    name: 'old friends',
    more: 'gives more to countries that theirs gave more in earlier years',
    less: 'gives less to countries that theirs gave more in earlier years',
    unit: 'deviation',
    of: ({ candidates }, { traits }) => {
      const { recentlyOverGiven } = known(Number(traits['year']))
      return candidates.map((song) => recentlyOverGiven(String(traits['country']), countryOf(song)))
    },
  }
  if (publics.length === 0) return [friends]
  return [
    friends,
    {
      name: 'the public’s favourites',
      more: 'goes with televoters elsewhere',
      less: 'goes against televoters elsewhere',
      unit: 'deviation',
      of: opinionOfOthers(publics, ({ traits }) => String(traits['country'])),
    },
  ]
}
