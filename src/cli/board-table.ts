import pc from 'picocolors'
import type { Competitor, FeatureEffect } from '../evaluate/index.ts'
import { printable } from './printable.ts'

type Row = Pick<Competitor, 'name' | 'rating' | 'lower' | 'upper' | 'rank' | 'votes'>

/** What a table is drawn from; a fitted leaderboard is one. */
export interface BoardRows {
  readonly competitors: readonly Row[]
  readonly features?: readonly FeatureEffect[]
  readonly warnings?: readonly string[]
}

export interface TableOptions {
  /** Columns of the terminal. Default 80. */
  readonly columns?: number
  /** Show this many competitors only. */
  readonly top?: number
}

/** Cuts a text to a width, and fills it to it. Characters count one column each. */
function fitted(text: string, width: number): string {
  const characters = [...text]
  return characters.length > width
    ? `${characters.slice(0, width - 1).join('')}…`
    : text + ' '.repeat(width - characters.length)
}

/**
 * An interval drawn on a line of `width` columns that spans `from` to `to`: `├──●──┤`.
 *
 * @returns exactly `width` characters
 */
export function intervalBar(
  row: Pick<Row, 'rating' | 'lower' | 'upper'>,
  from: number,
  to: number,
  width: number,
): string {
  const span = to - from
  const column = (value: number): number =>
    span > 0 && Number.isFinite(value)
      ? Math.min(width - 1, Math.max(0, Math.round(((value - from) / span) * (width - 1))))
      : value > to
        ? width - 1
        : 0
  const [left, middle, right] = [column(row.lower), column(row.rating), column(row.upper)]
  return Array.from({ length: width }, (_, position) => {
    if (position === middle) return '●'
    if (position === left) return '├'
    if (position === right) return '┤'
    return position > left && position < right ? '─' : ' '
  }).join('')
}

const rounded = (value: number): string => (Number.isFinite(value) ? String(Math.round(value)) : value > 0 ? '∞' : '−∞')

/** A leaderboard as lines of text, its 95 % intervals drawn to one scale. */
export function boardTable(board: BoardRows, options: TableOptions = {}): readonly string[] {
  const { columns = 80, top = board.competitors.length } = options
  const rows = board.competitors.slice(0, top).map((row) => ({ ...row, name: printable(row.name) }))
  if (rows.length === 0) return [pc.dim('nobody to rank yet')]
  const finite = (pick: (row: Row) => number, otherwise: (row: Row) => number): number[] =>
    rows.map((row) => (Number.isFinite(pick(row)) ? pick(row) : otherwise(row)))
  const from = Math.min(
    ...finite(
      ({ lower }) => lower,
      ({ rating }) => rating,
    ),
  )
  const to = Math.max(
    ...finite(
      ({ upper }) => upper,
      ({ rating }) => rating,
    ),
  )
  const width = (text: (row: Row) => string, least: number): number =>
    Math.max(least, ...rows.map((row) => [...text(row)].length))
  const interval = ({ lower, upper }: Row): string => `${rounded(lower)} – ${rounded(upper)}`
  const rank = width((row) => String(row.rank), 1)
  const rating = width((row) => rounded(row.rating), 4)
  const between = width(interval, 5)
  const votes = width((row) => String(row.votes), 1)
  const rest = columns - rank - rating - between - votes - 6 - 2 * 5
  const name = Math.min(
    width(({ name }) => name, 4),
    Math.max(8, rest - 18),
  )
  const bar = Math.min(40, Math.max(10, rest - name))
  const lines = rows.map((row) =>
    [
      pc.dim(String(row.rank).padStart(rank)),
      pc.bold(fitted(row.name, name)),
      rounded(row.rating).padStart(rating),
      pc.dim(interval(row).padStart(between)),
      pc.cyan(intervalBar(row, from, to, bar)),
      pc.dim(`${String(row.votes).padStart(votes)} votes`),
    ].join('  '),
  )
  const effects = (board.features ?? []).map(
    ({ name, coefficient, lower, upper }) =>
      `${pc.bold(name)}: ${coefficient.toFixed(3)} on the logit scale ${pc.dim(`(${lower.toFixed(3)} – ${upper.toFixed(3)})`)}`,
  )
  const left = board.competitors.length - rows.length
  return [...lines, ...(left > 0 ? [pc.dim(`… and ${left} more`)] : []), ...effects]
}
