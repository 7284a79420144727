import { type Ballot, byShow, standardised, tallySongs } from './ballot.ts'

/** A national ballot as what a country gave beyond what the others gave the same songs on average. */
export interface Residual {
  readonly year: number
  readonly final: boolean
  readonly show: string
  readonly country: string
  /** Countries of the songs. */
  readonly songs: readonly string[]
  /** `[songs]` */
  readonly beyond: Float64Array
}

/**
 * What every ballot gave beyond the mean of the other ballots of its show. A song that nobody else judged gets 0.
 *
 * @param worthOf default the worth itself, such as points
 */
export function residualsOf(
  ballots: readonly Ballot[],
  worthOf: (ballot: Ballot) => Float64Array = ({ worth }) => worth,
): readonly Residual[] {
  return [...byShow(ballots)].flatMap(([show, together]) => {
    const tallies = tallySongs(together, worthOf)
    return together.map(({ year, final, country, songs, ...ballot }): Residual => {
      const worth = worthOf({ year, final, country, songs, ...ballot })
      const beyond = worth.map((own, i) => {
        const { sum, count } = tallies.get(songs[i]?.country ?? '') ?? { sum: own, count: 1 }
        return count > 1 ? own - (sum - own) / (count - 1) : 0
      })
      return { year, final, show, country, songs: songs.map((song) => song.country), beyond }
    })
  })
}

/** A number for one country and another. */
export type BetweenCountries = (from: string, to: string) => number

/** What is known of two countries before a year. */
export type BeforeYear = (year: number) => BetweenCountries

/** Sums of a ratio, by year and by two countries. */
type YearlySums = ReadonlyMap<number, Map<string, { over: number; under: number }>>

const keyOf = (from: string, to: string): string => `${from}\0${to}`

function add(sums: YearlySums, year: number, key: string, over: number, under: number): void {
  const ofYear = sums.get(year)
  const sum = ofYear?.get(key)
  if (sum) {
    sum.over += over
    sum.under += under
  } else ofYear?.set(key, { over, under })
}

/** Σ decay^age·over / (Σ decay^age·under + extra) over the years before one, last year having age 0. */
function decayedRatio(sums: YearlySums, decay: number, extra: number): BeforeYear {
  return (before) => {
    const earlier = [...sums].filter(([year]) => year < before)
    const known = new Map<string, number>()
    return (from, to) => {
      const key = keyOf(from, to)
      const found = known.get(key)
      if (found !== undefined) return found
      let [over, under] = [0, extra]
      for (const [year, ofYear] of earlier) {
        const sum = ofYear.get(key)
        if (!sum) continue
        const weight = decay ** (before - 1 - year)
        over += weight * sum.over
        under += weight * sum.under
      }
      const ratio = under > 0 ? over / under : 0
      known.set(key, ratio)
      return ratio
    }
  }
}

const yearsOf = (residuals: readonly Residual[]): YearlySums => new Map(residuals.map(({ year }) => [year, new Map()]))

export interface OverGivingOptions {
  /** How many shows of giving nothing extra are added: Σ residual / (n + shrinkage). */
  readonly shrinkage: number
  /** Weight of a year relative to the next one. Default 1. */
  readonly decay?: number
  /** Look at finals alone. Default false. */
  readonly finalsOnly?: boolean
}

/** How much a country gave another one beyond what the others gave it, on average over earlier years, shrunk to 0. */
export function overGiving(
  residuals: readonly Residual[],
  { shrinkage, decay = 1, finalsOnly = false }: OverGivingOptions,
): BeforeYear {
  const sums = yearsOf(residuals)
  for (const { year, final, country, songs, beyond } of residuals)
    if (final || !finalsOnly)
      for (const [i, to] of songs.entries()) add(sums, year, keyOf(country, to), beyond[i] as number, 1)
  return decayedRatio(sums, decay, shrinkage)
}

/**
 * How a country's residuals followed another one's in earlier years: the slope of the regression through the origin
 * over the songs both judged, ridged: Σ x·y / (Σ y² + ridge), x of `from` and y of `to`.
 *
 * @param options.ridge added to the squares, in the residuals' unit squared
 * @param options.decay weight of a year relative to the next one
 */
export function likeness(
  residuals: readonly Residual[],
  { ridge, decay }: { readonly ridge: number; readonly decay: number },
): BeforeYear {
  const sums = yearsOf(residuals)
  for (const together of Map.groupBy(residuals, ({ show }) => show).values()) {
    const place = new Map([...new Set(together.flatMap(({ songs }) => songs))].map((country, k) => [country, k]))
    const rows = together.map(({ country, songs, beyond, year }) => {
      const row = new Float64Array(place.size).fill(Number.NaN)
      songs.forEach((song, i) => {
        row[place.get(song) as number] = beyond[i] as number
      })
      return { country, row, year }
    })
    for (const x of rows)
      for (const y of rows) {
        if (x === y) continue
        let [product, square] = [0, 0]
        for (let k = 0; k < place.size; k++) {
          const [own, other] = [x.row[k] as number, y.row[k] as number]
          if (Number.isNaN(own) || Number.isNaN(other)) continue
          product += own * other
          square += other * other
        }
        add(sums, x.year, keyOf(x.country, y.country), product, square)
      }
  }
  return decayedRatio(sums, decay, ridge)
}

/** What the national votes of earlier years say. Nothing of the year at hand, or later, is in it. */
export interface History {
  /** National ballots of earlier years. */
  readonly ballots: readonly Ballot[]
  /** Mean points beyond the others', in earlier finals: what the two-line baseline adds. */
  readonly pointsBeyond: BetweenCountries
  /** The same in all earlier shows, shrunk less. */
  readonly pointsBeyondInAllShows: BetweenCountries
  /** Standardised points beyond, in all earlier shows, every year alike. */
  readonly overGiven: BetweenCountries
  /** The same, recent years counting more. */
  readonly recentlyOverGiven: BetweenCountries
  /** How the taste of one country follows that of another. */
  readonly likeness: BetweenCountries
}

/** Before the present points came in, votes say little of today's tastes. */
const firstYearOfTaste = 1975

/**
 * What is known before a year, by year.
 *
 * @param ballots national ballots of all years
 */
export function historyBefore(ballots: readonly Ballot[]): (year: number) => History {
  const scaled = residualsOf(ballots, standardised)
  const points = residualsOf(ballots)
  const numbers = {
    pointsBeyond: overGiving(points, { shrinkage: 5, finalsOnly: true }),
    pointsBeyondInAllShows: overGiving(points, { shrinkage: 2 }),
    overGiven: overGiving(scaled, { shrinkage: 2 }),
    recentlyOverGiven: overGiving(scaled, { shrinkage: 2, decay: 0.8 }),
    likeness: likeness(
      scaled.filter(({ year }) => year >= firstYearOfTaste),
      { ridge: 20, decay: 0.9 },
    ),
  }
  const made = new Map<number, History>()
  return (year) => {
    const known = made.get(year)
    if (known) return known
    const history: History = {
      ballots: ballots.filter((ballot) => ballot.year < year),
      pointsBeyond: numbers.pointsBeyond(year),
      pointsBeyondInAllShows: numbers.pointsBeyondInAllShows(year),
      overGiven: numbers.overGiven(year),
      recentlyOverGiven: numbers.recentlyOverGiven(year),
      likeness: numbers.likeness(year),
    }
    made.set(year, history)
    return history
  }
}
