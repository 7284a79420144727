import { type Candidate, type Ranking, shippedDatasets } from '../../collect/index.ts'
import type { Run } from '../../run/index.ts'

/** A song as it appeared in a show. Countries sing one song a show, so the country names it there. */
export interface Song {
  readonly country: string
  readonly region: string
  /** The first to sing is 1. */
  readonly runningOrder: number
  readonly candidate: Candidate
}

/** What one judge (a juror, or a country as a whole) thought of the songs of a show. */
export interface Ballot {
  /** Unique among ballots of one sort. */
  readonly id: string
  /** Such as `eurovision/2019/final`. */
  readonly show: string
  readonly year: number
  readonly final: boolean
  /** A juror, such as `eurovision/2019/AZ/A`, or the country's name. */
  readonly judge: string
  readonly country: string
  readonly region: string
  /** Every song of the show but the judge's own country's, which may not be voted for. */
  readonly songs: readonly Song[]
  /** `[songs]`: higher is preferred, equal is a tie. Jurors: minus the rank. Countries: points. */
  readonly worth: Float64Array
}

function textOf(value: unknown, what: string, where: string): string {
  if (typeof value !== 'string') throw new TypeError(`${where}: ${what} is ${JSON.stringify(value)}, expected a text`)
  return value
}

function songOf(candidate: Candidate, where: string): Song {
  const { country, region, runningOrder } = candidate.features ?? {}
  return {
    country: textOf(country, 'the country of a song', where),
    region: textOf(region, 'the region of a song', where),
    runningOrder: Number(runningOrder),
    candidate,
  }
}

function aboutBallot(signal: Ranking): Omit<Ballot, 'judge' | 'worth'> {
  const { id, context, rater, candidates } = signal
  return {
    id,
    show: context.id,
    year: Number(rater.traits?.['year']),
    final: context.id.endsWith('/final'),
    country: textOf(rater.traits?.['country'], 'the country of a rater', id),
    region: textOf(rater.traits?.['region'], 'the region of a rater', id),
    songs: candidates.map((candidate) => songOf(candidate, id)),
  }
}

async function* rankingsOf(name: string, run: Run): AsyncGenerator<Ranking> {
  const dataset = shippedDatasets().find((one) => one.name === name)
  if (!dataset) throw new Error(`the data set ${name} is missing`)
  for await (const signal of dataset.load(run)) if (signal.kind === 'ranking') yield signal
}

/** Full rankings by the five jurors of every national jury, 2016 to 2022, semi-finals and finals: 2,404 ballots. */
export async function jurorBallots(run: Run): Promise<readonly Ballot[]> {
  const ballots: Ballot[] = []
  for await (const signal of rankingsOf('eurovision-jurors', run))
    ballots.push({
      ...aboutBallot(signal),
      judge: signal.rater.id,
      worth: Float64Array.from(signal.ranks, (rank) => -(rank ?? Number.NaN)),
    })
  return ballots
}

/**
 * What each country gave the songs of a show, 1957 to 2022, semi-finals and finals: its points in total, those of its
 * jury and of its televoters together where they are known apart.
 */
export async function nationalBallots(run: Run): Promise<readonly Ballot[]> {
  const ballots = new Map<string, Ballot>()
  for await (const signal of rankingsOf('eurovision-points', run)) {
    const about = aboutBallot(signal)
    const id = `${about.show}/${about.country}`
    const points = signal.metadata?.['points'] as readonly number[]
    const other = ballots.get(id)
    ballots.set(id, {
      ...about,
      id,
      judge: about.country,
      worth: Float64Array.from(points, (own, i) => own + (other?.worth[i] ?? 0)),
    })
  }
  return [...ballots.values()]
}

/** Ballots by their show. */
export function byShow(ballots: readonly Ballot[]): ReadonlyMap<string, readonly Ballot[]> {
  return Map.groupBy(ballots, ({ show }) => show)
}

/**
 * A ballot's worths with mean 0 and variance 1, so that rankings of different lengths and points of different rules are
 * on one scale. All 0 when the judge told no song from another.
 */
export function standardised({ worth }: Pick<Ballot, 'worth'>): Float64Array {
  const mean = worth.reduce((sum, value) => sum + value, 0) / worth.length
  const deviation = Math.sqrt(worth.reduce((sum, value) => sum + (value - mean) ** 2, 0) / worth.length)
  return worth.map((value) => (deviation > 0 ? (value - mean) / deviation : 0))
}

/** For each song of a show that some ballots judged: the sum of its worths and how many there are. */
export interface Tally {
  readonly sum: number
  readonly count: number
}

/** Adds up ballots of one show by song. */
export function tallySongs(
  ballots: readonly Ballot[],
  worthOf: (ballot: Ballot) => Float64Array = ({ worth }) => worth,
): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, { sum: number; count: number }>()
  for (const ballot of ballots) {
    const worth = worthOf(ballot)
    ballot.songs.forEach(({ country }, i) => {
      let tally = tallies.get(country)
      if (!tally) {
        tally = { sum: 0, count: 0 }
        tallies.set(country, tally)
      }
      tally.sum += worth[i] as number
      tally.count++
    })
  }
  return tallies
}
