import type { Competitor } from '../api/leaderboard.ts'
import { formatCount } from '../ui/format.ts'
import { rangeOf } from '../ui/scale.ts'
import { Strip } from '../ui/strip.tsx'
import './preview.css'

/** The first few of a board. */
export function Preview({
  competitors,
  count = 5,
}: {
  readonly competitors: readonly Competitor[]
  readonly count?: number
}) {
  const first = competitors.slice(0, count)
  const range = rangeOf(first.map(({ rating, lower, upper }) => ({ value: rating, lower, upper })))
  return (
    <table className="preview">
      <colgroup>
        <col className="rank" />
        <col />
        <col className="plot" />
        <col className="number" />
      </colgroup>
      <thead className="hidden">
        <tr>
          <th scope="col">Rank</th>
          <th scope="col">Competitor</th>
          <td />
          <th scope="col">Rating</th>
        </tr>
      </thead>
      <tbody>
        {first.map(({ name, rank, rating, lower, upper }) => (
          <tr key={name}>
            <td className="rank">{rank}</td>
            <th scope="row">{name}</th>
            <td className="plot">
              <Strip estimate={{ value: rating, lower, upper }} range={range} />
            </td>
            <td className="number">{formatCount(rating)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
