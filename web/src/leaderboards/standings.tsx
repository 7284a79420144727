import { type CSSProperties, type ReactNode, useMemo, useState } from 'react'
import type { Competitor } from '../api/leaderboard.ts'
import { formatCount, formatShare } from '../ui/format.ts'
import { useQuery } from '../ui/router.tsx'
import { rangeOf, ticks } from '../ui/scale.ts'
import { Axis, gridOf, Strip } from '../ui/strip.tsx'
import { referenceFor } from './reference.ts'
import './standings.css'

/** A column that can be sorted by; numbers begin with the largest. */
interface Column {
  readonly id: string
  readonly title: string
  readonly value: (competitor: Competitor) => number | string | null
  readonly show: (competitor: Competitor) => ReactNode
  /** Left out where there is no room, unless asked for. */
  readonly minor: boolean
}

const columns: readonly Column[] = [
  { id: 'rating', title: 'Rating', value: (c) => c.rating, show: (c) => formatCount(c.rating), minor: false },
  {
    id: 'interval',
    title: '95 % interval',
    value: (c) => c.lower - c.upper,
    show: (c) => `${formatCount(c.lower)} – ${formatCount(c.upper)}`,
    minor: true,
  },
  {
    id: 'win-rate',
    title: 'Mean win rate',
    value: (c) => c.averageWinRate,
    show: (c) => (c.averageWinRate === null ? '–' : formatShare(c.averageWinRate)),
    minor: true,
  },
  { id: 'votes', title: 'Votes', value: (c) => c.votes, show: (c) => formatCount(c.votes), minor: true },
  {
    id: 'record',
    title: 'Won – lost – tied',
    value: (c) => c.wins,
    show: (c) => `${formatCount(c.wins)} – ${formatCount(c.losses)} – ${formatCount(c.ties + c.bothBad)}`,
    minor: true,
  },
]

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

function compare(a: number | string | null, b: number | string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  return typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b), 'en') : b - a
}

/** The competitors in the order that a column's name (with `-` before it for the reverse) asks for. */
export function sorted(competitors: readonly Competitor[], order: string): readonly Competitor[] {
  const id = order.replace(/^-/, '')
  const value = id === 'name' ? (c: Competitor) => c.name : columns.find((column) => column.id === id)?.value
  if (!value) return competitors
  const up = competitors.toSorted((a, b) => compare(value(a), value(b)))
  return order.startsWith('-') ? up.reverse() : up
}

/** Rows shown before one asks for the rest. */
const firstRows = 100

const longWord = /\S{16}/

const estimateOf = ({ rating, lower, upper }: Competitor) => ({ value: rating, lower, upper })

/** How a rank moved, such as up by three. */
function Move({ from, to }: { readonly from: number | undefined; readonly to: number }) {
  if (from === undefined || from === to) return null
  const up = from > to
  return (
    <span className={`move ${up ? 'up' : 'down'}`} title={`rank ${from} when all votes count`}>
      <span aria-hidden="true">{up ? '▲' : '▼'}</span>
      <span className="hidden">{up ? 'up by' : 'down by'} </span>
      {Math.abs(from - to)}
    </span>
  )
}

export interface StandingsProps {
  readonly competitors: readonly Competitor[]
  /** The same competitors among all votes, to show what a filter changes. */
  readonly reference?: readonly Competitor[] | undefined
}

/** Ranks, ratings with their intervals on one scale, and records: sortable, searchable, and readable without the drawing. */
export function Standings({ competitors, reference }: StandingsProps) {
  const [query, change] = useQuery()
  const [all, setAll] = useState(false)
  const [limit, setLimit] = useState(firstRows)
  const order = query.get('sort') ?? 'rating'
  const find = query.get('find') ?? ''
  const references = useMemo(() => referenceFor(competitors, reference ?? []), [competitors, reference])
  const range = useMemo(
    () =>
      rangeOf(
        competitors.map(estimateOf),
        competitors.flatMap(({ name }) => references.get(name)?.rating ?? []),
      ),
    [competitors, references],
  )
  const marks = ticks(...range, 4)
  // A letter is about half as wide as it is high; a name then has the room it needs, and no more.
  const nameWidth = Math.max(...competitors.map(({ name }) => name.length)) * 0.54
  const rows = sorted(competitors, order).filter(({ name }) => plain(name).includes(plain(find)))

  const heading = (id: string, title: ReactNode, className = '') => {
    const current = order === id || order === `-${id}`
    const direction = !current ? 'none' : (order === id) === (id === 'name') ? 'ascending' : 'descending'
    return (
      <th key={id} scope="col" aria-sort={direction} className={className}>
        <button
          type="button"
          className="sort"
          onClick={() =>
            change({ sort: order === id ? `-${id}` : id === 'rating' ? undefined : id }, { replace: true })
          }
        >
          {title}
          <span className="arrow" aria-hidden="true">
            {direction === 'none' ? '' : direction === 'ascending' ? '↑' : '↓'}
          </span>
        </button>
      </th>
    )
  }

  return (
    <div
      className={`standings${all ? ' all' : ''}`}
      style={{ ...gridOf(marks, range), '--name': `min(${nameWidth}em, 24rem)` } as CSSProperties}
    >
      <div className="row tools">
        <input
          type="search"
          aria-label="Find a competitor"
          placeholder={`Find among ${formatCount(competitors.length)} …`}
          value={find}
          onChange={(event) => change({ find: event.target.value }, { replace: true })}
        />
        <button type="button" className="more" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer columns' : 'All columns'}
        </button>
        <span className="hidden" role="status">
          {find ? `${rows.length} of ${competitors.length} shown` : ''}
        </span>
      </div>
      <section className="scroller" tabIndex={all ? 0 : undefined} aria-label="Standings">
        <table>
          <caption className="hidden">Competitors with rank, rating, 95 % interval, votes and record</caption>
          <thead>
            <tr>
              <th scope="col" className="rank">
                <abbr title="Rank: one more than the number of competitors that are better beyond the intervals">
                  #
                </abbr>
              </th>
              {heading('name', 'Competitor')}
              <td className="plot">
                <Axis marks={marks} range={range} format={formatCount} />
              </td>
              {columns.map(({ id, title, minor }) => heading(id, title, `number${minor ? ' minor' : ''}`))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, limit).map((competitor) => {
              const before = references.get(competitor.name)
              return (
                <tr key={competitor.name}>
                  <td className="rank">
                    {competitor.rank} <Move from={before?.rank} to={competitor.rank} />
                  </td>
                  <th
                    scope="row"
                    {...(longWord.test(competitor.name) && { className: 'long', title: competitor.name })}
                  >
                    {competitor.name}
                  </th>
                  <td className="plot">
                    <Strip estimate={estimateOf(competitor)} range={range} reference={before && estimateOf(before)} />
                  </td>
                  {columns.map(({ id, show, minor }) => (
                    <td key={id} className={`number${minor ? ' minor' : ''}`}>
                      {show(competitor)}
                    </td>
                  ))}
                </tr>
              )
            })}
          </tbody>
        </table>
      </section>
      {rows.length > limit && (
        <button type="button" className="rest" onClick={() => setLimit(rows.length)}>
          Show all {formatCount(rows.length)}
        </button>
      )}
      {rows.length === 0 && <p className="soft">No competitor’s name holds “{find}”.</p>}
      {reference && (
        <p className="soft small">
          Hollow dots and arrows show where they stand, among themselves, when all votes count.
        </p>
      )}
    </div>
  )
}
