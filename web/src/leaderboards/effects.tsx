import type { FeatureEffect } from '../api/leaderboard.ts'
import { formatNumber } from '../ui/format.ts'
import { rangeOf, ticks } from '../ui/scale.ts'
import { Axis, gridOf, Strip } from '../ui/strip.tsx'
import './effects.css'

function verdict({ lower, upper }: FeatureEffect): 'to' | 'from' | 'neither' {
  return lower > 0 ? 'to' : upper < 0 ? 'from' : 'neither'
}
const words = { to: 'helps', from: 'hurts', neither: 'no clear effect' } as const

/** What besides the competitors themselves moves votes: coefficients on the logit scale with their intervals. */
export function Effects({ effects }: { readonly effects: readonly FeatureEffect[] }) {
  const range = rangeOf(
    effects.map(({ coefficient, lower, upper }) => ({ value: coefficient, lower, upper })),
    [0],
  )
  const marks = ticks(...range, 3)
  const step = marks[0] !== undefined && marks[1] !== undefined ? marks[1] - marks[0] : 1
  const places = Math.max(0, -Math.floor(Math.log10(step)))
  return (
    <div className="scroller">
      <table className="effects" style={gridOf([...marks, 0], range)}>
        <caption className="hidden">Features with coefficients, 95 % intervals and odds ratios</caption>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <td className="plot">
              <Axis marks={marks} range={range} format={(mark) => formatNumber(mark, places)} />
            </td>
            <th scope="col" className="number">
              Coefficient
            </th>
            <th scope="col" className="number wide">
              95 % interval
            </th>
            <th scope="col" className="number wide">
              Odds ×
            </th>
            <th scope="col">Reading</th>
          </tr>
        </thead>
        <tbody>
          {effects.map((effect) => (
            <tr key={effect.name}>
              <th scope="row">{effect.name}</th>
              <td className="plot">
                <Strip estimate={{ ...effect, value: effect.coefficient }} range={range} side={verdict(effect)} />
              </td>
              <td className="number">{formatNumber(effect.coefficient)}</td>
              <td className="number wide">
                {formatNumber(effect.lower)} to {formatNumber(effect.upper)}
              </td>
              <td className="number wide">{formatNumber(Math.exp(effect.coefficient))}</td>
              <td>{words[verdict(effect)]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
