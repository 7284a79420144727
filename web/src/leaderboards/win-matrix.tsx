import { type KeyboardEvent, memo, useId, useState } from 'react'
import type { Leaderboard } from '../api/leaderboard.ts'
import { formatCount, formatCounted, formatShare } from '../ui/format.ts'
import { Scroller } from '../ui/scroller.tsx'
import './win-matrix.css'

type Wins = Leaderboard['winMatrix']

/** Steps of the colour scale on each side of the middle, and in all. */
const steps = 9

/** Where a share of won votes falls on the colour scale: 0 for always lost, 8 for always won. */
export function shade(share: number): number {
  return Math.min(steps - 1, Math.floor(share * steps))
}

function inWords({ names, wins }: Wins, row: number, column: number): string {
  const [one, other] = [names[row] ?? '', names[column] ?? '']
  if (row === column) return `${one} against itself: nothing to tell.`
  const won = wins[row]?.[column] ?? 0
  const all = won + (wins[column]?.[row] ?? 0)
  if (all === 0) return `${one} and ${other} have no decisive votes between them.`
  return `${one} won ${formatCount(won)} of ${formatCounted(all, 'decisive vote')} against ${other} (${formatShare(won / all)}).`
}

interface CellsProps {
  readonly matrix: Wins
  readonly size: number
  /** In cells; undefined when there is no room for text. */
  readonly textHeight?: number | undefined
}

const Cells = memo(({ matrix: { names, wins }, size, textHeight }: CellsProps) => (
  <g className="cells">
    {names.slice(0, size).flatMap((one, row) =>
      names.slice(0, size).map((other, column) => {
        const won = wins[row]?.[column] ?? 0
        const all = won + (wins[column]?.[row] ?? 0)
        if (row === column || all === 0) return null
        return (
          <g key={`${one} ${other}`} className={`shade-${shade(won / all)}`}>
            <rect x={column + 0.03} y={row + 0.03} width={0.94} height={0.94} />
            {textHeight !== undefined && (
              <text x={column + 0.5} y={row + 0.5} fontSize={textHeight} textAnchor="middle" dominantBaseline="central">
                {Math.round((won / all) * 100)}
              </text>
            )}
          </g>
        )
      }),
    )}
  </g>
))

/** The longest name that is written out beside the cells, in letters. */
const labelLimit = { narrow: 14, wide: 30 }

/**
 * Who beats whom: one cell per pair, coloured by the share of decisive votes that the row won against the column. With
 * a pointer or the arrow keys each cell says its numbers; the same is there as a table.
 */
export function WinMatrix({ matrix }: { readonly matrix: Wins }) {
  const choices = [10, 20, 40, 100].filter((choice) => choice < matrix.names.length)
  const narrow = matchMedia('(max-width: 44rem)').matches
  const [size, setSize] = useState(Math.min(matrix.names.length, narrow ? 10 : 20))
  const [active, setActive] = useState<readonly [number, number]>()
  const readout = useId()
  const shown = matrix.names.slice(0, size)

  const most = narrow ? labelLimit.narrow : labelLimit.wide
  const letters = Math.min(most, Math.max(...shown.map((name) => name.length)))
  // Letters are about half an em wide; the text is 0.62 of a cell high, but never so small that it cannot be read.
  const cell = narrow
    ? Math.max(14, 330 / (size + letters * 0.45))
    : Math.max(16, Math.min(44, 1000 / (size + letters * 0.4)))
  const text = Math.min(14, cell * 0.72) / cell
  const label = letters * text * 0.52 + 0.4
  const short = (name: string): string => (name.length > most ? `${name.slice(0, most - 1)}…` : name)

  const move = (event: KeyboardEvent): void => {
    const steps: { readonly [key: string]: readonly [number, number] } = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -size],
      End: [0, size],
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const clamp = (value: number): number => Math.min(size - 1, Math.max(0, value))
    setActive(([row, column] = [0, 0]) => [clamp(row + step[0]), clamp(column + step[1])])
  }

  return (
    <div className="win-matrix">
      <div className="row">
        {choices.length > 0 && (
          <label className="row small soft">
            Show the first
            <select
              value={size}
              onChange={(event) => {
                setSize(Number(event.target.value))
                setActive(undefined)
              }}
            >
              {[...choices, matrix.names.length].map((choice) => (
                <option key={choice} value={choice}>
                  {choice === matrix.names.length ? `all ${choice}` : choice}
                </option>
              ))}
            </select>
          </label>
        )}
        <Legend />
      </div>
      <p id={readout} className="readout" role="status">
        {active ? inWords(matrix, ...active) : 'Point at a cell, or focus the picture and use the arrow keys.'}
      </p>
      <div className="scroller">
        <svg
          role="img"
          aria-label={`Who beats whom among the first ${size}: use the arrow keys to read the cells`}
          aria-describedby={readout}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read the picture, as a pointer does
          tabIndex={0}
          width={(size + label) * cell}
          height={(size + label) * cell}
          viewBox={`${-label} ${-label} ${size + label} ${size + label}`}
          onKeyDown={move}
          onFocus={() => setActive((before) => before ?? [0, Math.min(1, size - 1)])}
          onBlur={() => setActive(undefined)}
          onPointerLeave={() => setActive(undefined)}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect()
            const unit = box.width / (size + label)
            const row = Math.floor((event.clientY - box.top) / unit - label)
            const column = Math.floor((event.clientX - box.left) / unit - label)
            const there = row >= 0 && row < size && column >= 0 && column < size
            setActive((before) =>
              !there ? undefined : before?.[0] === row && before[1] === column ? before : [row, column],
            )
          }}
        >
          <g fontSize={text}>
            {shown.map((name, position) => (
              <text
                key={name}
                x={-0.25}
                y={position + 0.5}
                textAnchor="end"
                dominantBaseline="central"
                className={active?.[0] === position ? 'active' : ''}
              >
                {short(name)}
              </text>
            ))}
            {shown.map((name, position) => (
              <text
                key={name}
                transform={`translate(${position + 0.5} -0.25) rotate(-90)`}
                dominantBaseline="central"
                className={active?.[1] === position ? 'active' : ''}
              >
                {short(name)}
              </text>
            ))}
          </g>
          <rect className="ground" width={size} height={size} />
          <Cells matrix={matrix} size={size} textHeight={cell >= 30 ? text : undefined} />
          {active && <rect className="cursor" x={active[1]} y={active[0]} width={1} height={1} />}
        </svg>
      </div>
      <TableOfWins matrix={matrix} size={size} />
    </div>
  )
}

function Legend() {
  return (
    <div className="legend small" role="img" aria-label="Colours: from never won, over half, to always won">
      <span>Row lost all</span>
      {Array.from({ length: steps }, (_, step) => (
        <span key={step} className={`swatch shade-${step}`} />
      ))}
      <span>won all</span>
      <span className="swatch none" />
      <span>no decisive votes</span>
    </div>
  )
}

/** The matrix as a table of counts, made only once it is opened. */
function TableOfWins({ matrix: { names, wins }, size }: CellsProps) {
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (
        <Scroller label="Table of wins">
          <table className="wins small">
            <caption>Decisive votes that the row won against the column</caption>
            <thead>
              <tr>
                <td />
                {names.slice(0, size).map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {names.slice(0, size).map((name, row) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {names.slice(0, size).map((other, column) => (
                    <td key={other} className="number">
                      {row === column ? '' : formatCount(wins[row]?.[column] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </details>
  )
}
