import * as Plot from '@observablehq/plot'
import { useEffect, useRef, useState } from 'react'
import { formatCount, formatCounted, formatDay } from '../ui/format.ts'

interface Period {
  readonly start: number
  readonly votes: number
}

/** The end of each period: where the next one starts, and for the last as long after as the shortest lasts. */
function ends(periods: readonly Period[]): readonly number[] {
  const gaps = periods.slice(1).map(({ start }, index) => start - (periods[index]?.start ?? start))
  const shortest = gaps.length > 0 ? Math.min(...gaps) : 86_400_000
  return periods.map(({ start }) => start + shortest)
}

/** When the votes came. */
export default function VotesOverTime({ periods }: { readonly periods: readonly Period[] }) {
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!host.current) return
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watcher.observe(host.current)
    return () => watcher.disconnect()
  }, [])
  useEffect(() => {
    if (!host.current || width === 0) return
    const until = ends(periods)
    const bars = periods.map((period, index) => ({ ...period, end: until[index] ?? period.start }))
    const inset = width / bars.length > 6 ? 0.5 : 0
    const figure = Plot.plot({
      width,
      height: 200,
      marginLeft: 48,
      marginBottom: 40,
      ariaLabel: 'Votes over time',
      style: { background: 'none', color: 'var(--ink-soft)', fontFamily: 'var(--sans)', fontSize: '13px' },
      x: { type: 'utc', label: null },
      y: { label: null, grid: true, ticks: 4, tickFormat: (value: number) => formatCount(value) },
      marks: [
        Plot.rectY(bars, {
          x1: 'start',
          x2: 'end',
          y: 'votes',
          fill: 'var(--to)',
          insetLeft: inset,
          insetRight: inset,
          channels: { when: { value: (bar: Period) => formatDay(bar.start), label: 'From' } },
          tip: { fill: 'var(--surface)', stroke: 'var(--line-strong)', format: { x: false, y: true, when: true } },
        }),
        Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
      ],
    })
    host.current.append(figure)
    return () => figure.remove()
  }, [periods, width])
  const total = periods.reduce((sum, { votes }) => sum + votes, 0)
  const [first] = periods
  const last = periods.at(-1)
  return (
    <>
      <p className="soft">
        {formatCounted(total, 'vote')}
        {first && last && ` from ${formatDay(first.start)} to ${formatDay(last.start)}`}.
      </p>
      <div ref={host} aria-hidden="true" />
      <details>
        <summary>The same as a table</summary>
        <table className="periods small">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col" className="number">
                Votes
              </th>
            </tr>
          </thead>
          <tbody>
            {periods.map(({ start, votes }) => (
              <tr key={start}>
                <td>{formatDay(start)}</td>
                <td className="number">{formatCount(votes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  )
}
