import type { Run } from '../../run/index.ts'
import { type Candidate, type Context, candidate, type Ranking, type Rater } from '../signal.ts'
import { type TableRow, tableRows } from './data-files.ts'

/**
 * The contest's day is not in the data; every signal of a year is given the middle of May, when the contest is held.
 */
export function contestTime(year: number): number {
  return Date.UTC(year, 4, 15)
}

interface Ballot {
  readonly year: number
  readonly round: string
  readonly from: string
}

/** Songs by year and country's code, as items such as `2019 Italy: Soldi – Mahmood`. */
type Songs = ReadonlyMap<string, Candidate>

async function countryNames(run: Run): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  const rows = tableRows('eurovision/countries.csv', run, (row): [string, string] => [
    row.text('country'),
    row.text('country_name'),
  ])
  for await (const [code, name] of rows) names.set(code, name)
  return names
}

async function readSongs(run: Run, countries: ReadonlyMap<string, string>): Promise<Songs> {
  const songs = new Map<string, Candidate>()
  const rows = tableRows('eurovision/contestants.csv', run, (row) => {
    const year = row.number('year')
    const country = countries.get(row.text('country')) ?? row.text('country')
    // Three songs have no title in the file; it is the performers' own name.
    const title = [row.maybeText('song'), row.text('performer')].filter((part) => part !== undefined).join(' – ')
    const item = `${year} ${country}: ${title}`
    return {
      key: `${year} ${row.text('country')}`,
      song: candidate({ modality: 'item', item }, { features: { year, country } }),
    }
  })
  // In 1956, of which there are no votes, every country sang two songs; the later row stands here.
  for await (const { key, song } of rows) songs.set(key, song)
  return songs
}

function songOf(songs: Songs, year: number, country: string): Candidate {
  const song = songs.get(`${year} ${country}`)
  if (!song) throw new Error(`contestants.csv has no song of ${country} in ${year}`)
  return song
}

const ballotOf = (row: TableRow): Ballot => ({
  year: row.number('year'),
  round: row.text('round'),
  from: row.text('from_country'),
})

const contextOf = ({ year, round }: Ballot): Context => ({
  id: `eurovision/${year}/${round}`,
  tags: ['eurovision', `${year}`, round],
})

const timeNote = 'the contest’s day is not known; the middle of May stands for it'

function signalOf(
  ballot: Ballot,
  who: { readonly id: string; readonly traits: NonNullable<Rater['traits']> },
  source: string,
  candidates: Candidate[],
  ranks: Ranking['ranks'],
  metadata: Ranking['metadata'] = {},
): Ranking {
  return {
    kind: 'ranking',
    id: `${who.id}/${ballot.round}`,
    rater: { ...who, kind: 'human' },
    context: contextOf(ballot),
    time: contestTime(ballot.year),
    source,
    metadata: { time: timeNote, ...metadata },
    candidates,
    ranks,
  }
}

/** Gathers rows of one ballot, which follow each other in the files. */
async function* ballots<Entry>(
  rows: AsyncIterable<{ readonly ballot: Ballot; readonly entry: Entry }>,
): AsyncGenerator<{ readonly ballot: Ballot; readonly entries: readonly Entry[] }> {
  let ballot: Ballot | undefined
  let entries: Entry[] = []
  for await (const row of rows) {
    const same =
      ballot && row.ballot.year === ballot.year && row.ballot.round === ballot.round && row.ballot.from === ballot.from
    if (ballot && !same) {
      yield { ballot, entries }
      entries = []
    }
    ballot = row.ballot
    entries.push(row.entry)
  }
  if (ballot) yield { ballot, entries }
}

/**
 * Full rankings by the jurors of the Eurovision Song Contest, 2016 to 2022: a rater per juror (`eurovision/2019/AZ/A`,
 * with traits country and year), a ranking per show. A juror without any rank in a show is left out.
 */
export async function* eurovisionJurors(run: Run): AsyncGenerator<Ranking> {
  const countries = await countryNames(run)
  const songs = await readSongs(run, countries)
  const seats = ['A', 'B', 'C', 'D', 'E']
  const rows = tableRows('eurovision/jurors.csv', run, (row) => ({
    ballot: ballotOf(row),
    entry: { to: row.text('to_country'), ranks: seats.map((seat) => row.maybeNumber(seat) ?? null) },
  }))
  for await (const { ballot, entries } of ballots(rows))
    for (const [position, seat] of seats.entries()) {
      const ranks = entries.map((entry) => entry.ranks[position] ?? null)
      if (ranks.every((rank) => rank === null)) continue
      yield signalOf(
        ballot,
        {
          id: `eurovision/${ballot.year}/${ballot.from}/${seat}`,
          traits: { country: countries.get(ballot.from) ?? ballot.from, year: ballot.year },
        },
        'eurovision-jurors',
        entries.map(({ to }) => songOf(songs, ballot.year, to)),
        ranks,
      )
    }
}

/** Ranks of points: 1 and the number of songs with more points, so that equal points are ties. */
export function ranksOfPoints(points: readonly number[]): number[] {
  return points.map((own) => 1 + points.filter((other) => other > own).length)
}

const voters = [
  ['televote', 'televoting_points'],
  ['jury', 'jury_points'],
] as const

/**
 * Points from country to country in the Eurovision Song Contest, 1957 to 2022, as rankings with ties: of a country's
 * jury and of its televote where they are known apart (`eurovision/2019/AZ/jury`), else of both together (`…/total`).
 * The points themselves are in the metadata, in the candidates' order.
 */
export async function* eurovisionPoints(run: Run): AsyncGenerator<Ranking> {
  const countries = await countryNames(run)
  const songs = await readSongs(run, countries)
  const rows = tableRows('eurovision/votes.csv', run, (row) => ({
    ballot: ballotOf(row),
    entry: {
      to: row.text('to_country'),
      total: row.number('total_points'),
      split: voters.map(([, column]) => row.maybeNumber(column)),
    },
  }))
  for await (const { ballot, entries } of ballots(rows)) {
    const apart = voters.flatMap(([by], position) => {
      const points = entries.flatMap(({ split }) => split[position] ?? [])
      return points.length === entries.length ? [{ by, points }] : []
    })
    const sets = apart.length > 0 ? apart : [{ by: 'total', points: entries.map(({ total }) => total) }]
    for (const { by, points } of sets)
      yield signalOf(
        ballot,
        {
          id: `eurovision/${ballot.year}/${ballot.from}/${by}`,
          traits: { country: countries.get(ballot.from) ?? ballot.from, year: ballot.year, by },
        },
        'eurovision-points',
        entries.map(({ to }) => songOf(songs, ballot.year, to)),
        ranksOfPoints(points),
        { points },
      )
  }
}
