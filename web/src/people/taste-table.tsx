import type { TasteColumn, TasteEffect } from '../api/people.ts'
import { formatNumber } from '../ui/format.ts'
import { rangeOf, ticks } from '../ui/scale.ts'
import { Axis, gridOf, Strip } from '../ui/strip.tsx'
import '../leaderboards/effects.css'

export interface TasteTableProps {
  readonly caption: string
  readonly columns: readonly TasteColumn[]
  readonly effects: readonly TasteEffect[]
  /** Drawn hollow behind, and told in the last column. */
  readonly reference?: { readonly title: string; readonly effects: readonly TasteEffect[] }
}

const side = ({ lower, upper }: TasteEffect): 'to' | 'from' | 'neither' =>
  lower > 0 ? 'to' : upper < 0 ? 'from' : 'neither'

/** A taste as a direction: a number per column with its interval. */
export function TasteTable({ caption, columns, effects, reference }: TasteTableProps) {
  const range = rangeOf(effects, [0])
  const marks = ticks(...range, 3)
  const step = marks[0] !== undefined && marks[1] !== undefined ? marks[1] - marks[0] : 1
  const places = Math.max(0, -Math.floor(Math.log10(step)))
  return (
    <div className="scroller">
      <table className="effects tastes" style={gridOf([...marks, 0], range)}>
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <td className="plot">
              <Axis marks={marks} range={range} format={(mark) => formatNumber(mark, places)} />
            </td>
            <th scope="col" className="number">
              Log-odds
            </th>
            <th scope="col" className="number wide">
              95 % interval
            </th>
            <th scope="col" className="number">
              Odds ×
            </th>
            {reference && (
              <th scope="col" className="number wide">
                {reference.title}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {columns.map(({ name, unit }, k) => {
            const effect = effects[k]
            if (!effect) return null
            const other = reference?.effects[k]
            return (
              <tr key={name}>
                <th scope="row">
                  {name}
                  {unit === 'deviation' && <span className="soft per"> per deviation</span>}
                </th>
                <td className="plot">
                  <Strip estimate={effect} range={range} side={side(effect)} reference={other} />
                </td>
                <td className="number">{formatNumber(effect.value)}</td>
                <td className="number wide">
                  {formatNumber(effect.lower)} to {formatNumber(effect.upper)}
                </td>
                <td className="number">{formatNumber(Math.exp(effect.value))}</td>
                {reference && <td className="number wide soft">{other ? formatNumber(other.value) : ''}</td>}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
