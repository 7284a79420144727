const dayMs = 86_400_000

/** Votes counted by day as they stream past, in memory that grows with the days only. */
export interface VoteCalendar {
  /** Counts a vote at a time in milliseconds since 1970. */
  add(time: number): void
  /**
   * Votes per period, oldest first: days up to nine weeks, weeks (from Monday) up to two years, months up to twelve
   * years, years beyond, all in UTC. Empty periods in between are there with 0 votes, unless there are thousands.
   */
  periods(): readonly { readonly start: number; readonly votes: number }[]
}

const startOfDay = (day: number): number => day
// Day 0, 1 January 1970, was a Thursday.
const startOfWeek = (day: number): number => Math.floor((day + 3) / 7) * 7 - 3
const dayOf = (year: number, month: number): number => {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month, 1)
  return Math.floor(date.getTime() / dayMs)
}
const startOfMonth = (day: number): number => {
  const date = new Date(day * dayMs)
  return dayOf(date.getUTCFullYear(), date.getUTCMonth())
}
const startOfYear = (day: number): number => dayOf(new Date(day * dayMs).getUTCFullYear(), 0)

const periods = [
  { upTo: 63, start: startOfDay, longest: 1 },
  { upTo: 731, start: startOfWeek, longest: 7 },
  { upTo: 12 * 366, start: startOfMonth, longest: 31 },
  { upTo: Number.POSITIVE_INFINITY, start: startOfYear, longest: 366 },
] as const

/** Starts an empty calendar of votes. */
export function voteCalendar(): VoteCalendar {
  const days = new Map<number, number>()
  return {
    add(time) {
      const day = Math.floor(time / dayMs)
      days.set(day, (days.get(day) ?? 0) + 1)
    },
    periods() {
      const known = [...days.keys()].sort((a, b) => a - b)
      const [first, last] = [known[0], known.at(-1)]
      if (first === undefined || last === undefined) return []
      const span = last - first + 1
      const { start, longest } = periods.find(({ upTo }) => span <= upTo) ?? periods[3]
      const votes = new Map<number, number>()
      if (span / longest < 5000)
        // The longest period on from a period's start lies in the next one.
        for (let at = start(first); at <= last; at = start(at + longest)) votes.set(at, 0)
      for (const day of known) votes.set(start(day), (votes.get(start(day)) ?? 0) + (days.get(day) ?? 0))
      return [...votes].sort(([a], [b]) => a - b).map(([at, count]) => ({ start: at * dayMs, votes: count }))
    },
  }
}
