import type { CSSProperties } from 'react'
import { type Estimate, placeIn } from './scale.ts'
import './strip.css'

export interface StripProps {
  readonly estimate: Estimate
  /** The values at the strip's ends. */
  readonly range: readonly [number, number]
  /** Drawn hollow behind the estimate: what it is compared with. */
  readonly reference?: Estimate | undefined
  /** `to` when the estimate counts for, `from` when it counts against; default `to`. */
  readonly side?: 'to' | 'from' | 'neither'
}

const inside = (place: number): number => Math.min(100, Math.max(0, place))

/** An estimate and its interval on a shared scale. The numbers stand in the table beside it, so this is only for eyes. */
export function Strip({ estimate, range, reference, side = 'to' }: StripProps) {
  const place = placeIn(estimate.value, range)
  const left = placeIn(estimate.lower, range)
  const right = placeIn(estimate.upper, range)
  const cut = `${left < 0 ? ' cut-left' : ''}${right > 100 ? ' cut-right' : ''}`
  return (
    <span className={`strip ${side}`} aria-hidden="true">
      {reference && <span className="reference" style={{ left: `${inside(placeIn(reference.value, range))}%` }} />}
      <span
        className={`interval${cut}`}
        style={{ left: `${inside(left)}%`, width: `${inside(right) - inside(left)}%` }}
      />
      <span
        className={`value${place < 0 ? ' beyond-left' : place > 100 ? ' beyond-right' : ''}`}
        style={{ left: `${inside(place)}%` }}
      />
    </span>
  )
}

/** Vertical lines at ticks for all strips below an element, as one background that the strips share. */
export function gridOf(marks: readonly number[], range: readonly [number, number]): CSSProperties {
  return {
    '--grid-images': marks.map(() => 'linear-gradient(var(--line), var(--line))').join(', ') || 'none',
    '--grid-places': marks.map((mark) => `${placeIn(mark, range)}% 0`).join(', ') || '0 0',
  } as CSSProperties
}

/** The axis above strips: its ticks, named. */
export function Axis({
  marks,
  range,
  format,
}: {
  readonly marks: readonly number[]
  readonly range: readonly [number, number]
  readonly format: (value: number) => string
}) {
  return (
    <span className="axis" aria-hidden="true">
      {marks.map((mark) => (
        <span key={mark} style={{ left: `${placeIn(mark, range)}%` }}>
          {format(mark)}
        </span>
      ))}
    </span>
  )
}
