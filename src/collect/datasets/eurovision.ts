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

/** Songs by year and country's code, as items such as `2019 Italy: Soldi – Mahmood`, and their place in a show. */
interface Songs {
  readonly songs: ReadonlyMap<string, Candidate>
  /** By show's id and country's code; the first to sing is 1. */
  readonly runningOrder: ReadonlyMap<string, number>
}

interface Country {
  readonly country: string
  readonly region?: string
}

type Countries = (code: string) => Country

async function readCountries(run: Run): Promise<Countries> {
  const countries = new Map<string, Country>()
  const rows = tableRows('eurovision/countries.csv', run, (row): [string, Country] => [
    row.text('country'),
    { country: row.text('country_name'), region: row.text('region') },
  ])
  for await (const [code, about] of rows) countries.set(code, about)
  return (code) => countries.get(code) ?? { country: code }
}

async function readSongs(run: Run, countries: Countries): Promise<Songs> {
  const songs = new Map<string, Candidate>()
  const runningOrder = new Map<string, number>()
  const rows = tableRows('eurovision/contestants.csv', run, (row) => {
    const year = row.number('year')
    const code = row.text('country')
    const { country, region } = countries(code)
    // Three songs have no title in the file; it is the performers' own name.
    const title = [row.maybeText('song'), row.text('performer')].filter((part) => part !== undefined).join(' – ')
    const item = `${year} ${country}: ${title}`
    // The one semi-final of 2004 to 2007 has the number 0.
    const semifinal = row.maybeNumber('semifinal_number')
    return {
      key: `${year} ${code}`,
      song: candidate(
        { modality: 'item', item },
        { features: { year, country, ...(region !== undefined && { region }) } },
      ),
      places: [
        [semifinal === 0 ? 'semi-final' : `semi-final-${semifinal}`, row.maybeNumber('semifinal_running_order')],
        ['final', row.maybeNumber('final_running_order')],
      ] as const,
      show: (round: string) => `${contextOf({ year, round }).id}/${code}`,
    }
  })
  // In 1956, of which there are no votes, every country sang two songs; the later row stands here.
  for await (const { key, song, places, show } of rows) {
    songs.set(key, song)
    for (const [round, place] of places) if (place !== undefined) runningOrder.set(show(round), place)
  }
  return { songs, runningOrder }
}

function songOf({ songs, runningOrder }: Songs, ballot: Ballot, country: string): Candidate {
  const song = songs.get(`${ballot.year} ${country}`)
  if (!song) throw new Error(`contestants.csv has no song of ${country} in ${ballot.year}`)
  const place = runningOrder.get(`${contextOf(ballot).id}/${country}`)
  return place === undefined ? song : { ...song, features: { ...song.features, runningOrder: place } }
}

const ballotOf = (row: TableRow): Ballot => ({
  year: row.number('year'),
  round: row.text('round'),
  from: row.text('from_country'),
})

const contextOf = ({ year, round }: Pick<Ballot, 'year' | 'round'>): Context => ({
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
 * with traits country, region and year), a ranking per show. A juror without any rank in a show is left out.
 */
export async function* eurovisionJurors(run: Run): AsyncGenerator<Ranking> {
  const countries = await readCountries(run)
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
          traits: { ...countries(ballot.from), year: ballot.year },
        },
        'eurovision-jurors',
        entries.map(({ to }) => songOf(songs, ballot, to)),
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
 *
 * Features of a song, here and in {@link eurovisionJurors}: year, country, region of the country, and its place in the
 * running order of the show where it is known.
 */
export async function* eurovisionPoints(run: Run): AsyncGenerator<Ranking> {
  const countries = await readCountries(run)
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
          traits: { ...countries(ballot.from), year: ballot.year, by },
        },
        'eurovision-points',
        entries.map(({ to }) => songOf(songs, ballot, to)),
        ranksOfPoints(points),
        { points },
      )
  }
}
