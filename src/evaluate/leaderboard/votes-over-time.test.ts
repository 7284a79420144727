import { describe, expect, it } from 'vitest'
import { voteCalendar } from './votes-over-time.ts'

function periodsOf(...dates: readonly string[]): (readonly [string, number])[] {
  const calendar = voteCalendar()
  for (const date of dates) calendar.add(Date.parse(date))
  return calendar.periods().map(({ start, votes }) => [new Date(start).toISOString().slice(0, 10), votes])
}

describe('voteCalendar', () => {
  it('is empty without votes', () => {
    expect(voteCalendar().periods()).toEqual([])
  })

  it('counts by day within nine weeks, empty days included', () => {
    expect(periodsOf('2024-02-28T23:59:59Z', '2024-02-28', '2024-03-01')).toEqual([
      ['2024-02-28', 2],
      ['2024-02-29', 0],
      ['2024-03-01', 1],
    ])
  })

  it('counts by week from Monday within two years', () => {
    const weeks = periodsOf('2024-01-03', '2024-01-07', '2024-01-08', '2024-04-01')
    expect(weeks.slice(0, 3)).toEqual([
      ['2024-01-01', 2],
      ['2024-01-08', 1],
      ['2024-01-15', 0],
    ])
    expect(weeks).toHaveLength(14)
    expect(weeks.at(-1)).toEqual(['2024-04-01', 1])
  })

  it('counts by month within twelve years, every month once', () => {
    const months = periodsOf('2020-01-31', '2020-02-01', '2023-12-31')
    expect(months).toHaveLength(48)
    expect(months.slice(0, 3).map(([, votes]) => votes)).toEqual([1, 1, 0])
    expect(months.map(([start]) => start.slice(8)).every((day) => day === '01')).toBe(true)
    expect(months.at(-1)).toEqual(['2023-12-01', 1])
  })

  it('counts by year beyond, also before 1970 and in the first century', () => {
    const years = periodsOf('1957-03-03', '2022-05-14', '2022-05-10')
    expect(years).toHaveLength(66)
    expect([years[0], years.at(-1)]).toEqual([
      ['1957-01-01', 1],
      ['2022-01-01', 2],
    ])
    expect(periodsOf('0050-06-01', '0090-06-01')[0]?.[0]).toBe('0050-01-01')
  })

  it('leaves empty periods out rather than list thousands of them', () => {
    const calendar = voteCalendar()
    calendar.add(-8.64e15)
    calendar.add(8.64e15)
    expect(calendar.periods().map(({ votes }) => votes)).toEqual([1, 1])
  })
})
