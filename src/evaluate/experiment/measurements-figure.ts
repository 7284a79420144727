import type { Experiment, Measurement } from './experiment.ts'
import { figureColors, plotSvg } from './figure.ts'

/**
 * Every seed's measurements, baseline beside method: one row per measurement on its own scale, a small dot per seed and
 * a large one at the mean.
 */
export function measurementsFigure(
  experiment: Pick<Experiment, 'id' | 'claim' | 'baseline' | 'data'>,
  trials: readonly { readonly seed: number; readonly measurements: readonly Measurement[] }[],
): Promise<string> {
  const rows = trials[0]?.measurements ?? []
  const width = 720
  const [left, right] = [250, 80]
  const rowHeight = 46
  /** Share of the panel's width at which a value is drawn: each row is scaled to its own values. */
  const placed = rows.map(({ name, better }, k) => {
    const values = (side: 'baseline' | 'method'): number[] =>
      trials.map(({ measurements }) => measurements[k]?.[side] ?? Number.NaN)
    const all = [...values('baseline'), ...values('method')]
    const [low, high] = [Math.min(...all), Math.max(...all)]
    const place = (value: number): number => (high > low ? (value - low) / (high - low) : 0.5)
    return (['baseline', 'method'] as const).map((side) => {
      const own = values(side)
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length
      return {
        side,
        row: k,
        label: `${name} ${better === 'higher' ? '↑' : '↓'}`,
        y: k + (side === 'baseline' ? -0.17 : 0.17),
        color: figureColors[side],
        mean,
        text: Math.abs(mean) >= 1000 ? mean.toFixed(0) : Number(mean.toPrecision(3)).toString(),
        meanPlace: place(mean),
        seeds: own.map(place),
      }
    })
  })
  const sides = placed.flat()
  return plotSvg(({ dot, link, text, ruleY }) => ({
    title: `${experiment.id}: method against baseline`,
    subtitle: `${experiment.claim} Each row has its own scale; arrows point to better. Small dots are seeds, large dots and numbers their mean.`,
    caption: experiment.data,
    legend: [
      { label: `Baseline: ${experiment.baseline}`, color: figureColors.baseline },
      { label: 'Method', color: figureColors.method },
    ],
    width,
    height: 24 + rows.length * rowHeight,
    marginLeft: left,
    marginRight: right,
    marginTop: 8,
    marginBottom: 8,
    style: { fontSize: '12px' },
    x: { domain: [-0.03, 1.03], axis: null },
    y: { domain: [rows.length - 0.5, -0.5], axis: null },
    marks: [
      ruleY(
        rows.slice(1).map((_, k) => k + 0.5),
        { stroke: '#e5e7eb' },
      ),
      link(sides, { x1: -0.03, x2: 1.03, y1: 'y', y2: 'y', stroke: '#eef0f3', strokeWidth: 6 }),
      text(
        sides.filter(({ side }) => side === 'baseline'),
        { x: -0.03, y: 'row', text: 'label', textAnchor: 'end', dx: -12, lineWidth: 17 },
      ),
      dot(
        sides.flatMap((side) => side.seeds.map((place) => ({ ...side, place }))),
        { x: 'place', y: 'y', fill: 'color', r: 3, fillOpacity: 0.35 },
      ),
      dot(sides, { x: 'meanPlace', y: 'y', fill: 'color', r: 5.5, stroke: 'white' }),
      text(sides, { x: 1.03, y: 'y', text: 'text', fill: 'color', textAnchor: 'start', dx: 10 }),
    ],
  }))
}
