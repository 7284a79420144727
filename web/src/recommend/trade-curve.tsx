import * as Plot from '@observablehq/plot'
import { useEffect, useRef, useState } from 'react'
import type { CurvePoint } from '../api/recommend.ts'
import { type AimInWords, places, pointAt } from './trade.ts'

/** A method’s curve, and how to draw it. */
export interface DrawnCurve {
  readonly title: string
  readonly hue: number
  readonly points: readonly CurvePoint[]
}

export interface TradeCurveProps {
  readonly curves: readonly DrawnCurve[]
  readonly aim: AimInWords
  /** Where the slider is. */
  readonly weight: number
}

interface Row {
  readonly title: string
  readonly hue: number
  readonly weight: number
  readonly gain: number
  readonly recall: number
}

/** Recall against what is gained, a line for each method; the slider’s place is ringed on all of them. */
export default function TradeCurve({ curves, aim, weight }: TradeCurveProps) {
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
    const row =
      ({ title, hue }: DrawnCurve) =>
      (point: CurvePoint): Row => ({ title, hue, weight: point.weight, gain: aim.of(point), recall: point.recall })
    const rows = curves.flatMap((curve) => curve.points.map(row(curve))).filter(({ gain }) => !Number.isNaN(gain))
    const here = curves.flatMap((curve) => {
      const point = pointAt(curve.points, weight)
      return point && !Number.isNaN(aim.of(point)) ? [row(curve)(point)] : []
    })
    const colour = ({ hue }: Row): string => `var(--cluster-${hue})`
    const place = { x: 'gain', y: 'recall', z: 'title' } as const
    const figure = Plot.plot({
      width,
      height: Math.min(280, Math.max(210, width * 0.6)),
      marginLeft: 38,
      marginRight: 14,
      marginTop: 22,
      marginBottom: 38,
      ariaLabel: `Recall against ${aim.gain.toLowerCase()}`,
      style: { background: 'none', color: 'var(--ink-soft)', fontFamily: 'var(--sans)', fontSize: '12.5px' },
      x: { label: `${aim.gain} →`, labelAnchor: 'right', ticks: 5, nice: true },
      y: { label: `↑ Recall@${places}`, zero: true, grid: true, ticks: 4, nice: true },
      marks: [
        Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
        Plot.line(rows, { ...place, stroke: colour, strokeWidth: 2, curve: 'monotone-x' }),
        Plot.dot(rows, { ...place, r: 2.4, fill: colour }),
        Plot.dot(here, { ...place, r: 7, stroke: 'var(--page)', strokeWidth: 5 }),
        Plot.dot(here, { ...place, r: 6.5, fill: colour, stroke: 'var(--ink)', strokeWidth: 2, className: 'here' }),
        Plot.tip(
          rows,
          Plot.pointer({
            ...place,
            channels: { Method: 'title', Weight: 'weight' },
            fill: 'var(--surface)',
            stroke: 'var(--line-strong)',
            format: { Method: true, Weight: true, x: '.2f', y: '.3f', z: false },
          }),
        ),
      ],
    })
    host.current.append(figure)
    return () => figure.remove()
  }, [curves, aim, weight, width])
  return <div ref={host} className="trade-curve" aria-hidden="true" />
}
