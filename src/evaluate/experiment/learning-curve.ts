import { figureColors, plotSvg } from './figure.ts'

/** A curve of one measure over how much was seen, and what it is held against. */
export interface LearningCurve {
  readonly title: string
  readonly subtitle: string
  readonly caption: string
  /** What lies along the curve, such as `Labelled pairs of a group`. */
  readonly seen: string
  /** What is measured. Default `Accuracy`. */
  readonly measure?: string
  /** From low to high. */
  readonly points: readonly { readonly seen: number; readonly value: number }[]
  /** Ends of the vertical axis. */
  readonly domain: readonly [low: number, high: number]
  /** Name of the curve, told in a legend. Default: no legend. */
  readonly method?: string
  /** Dashed levels that do not depend on what was seen. */
  readonly levels: readonly { readonly label: string; readonly value: number; readonly of: 'baseline' | 'truth' }[]
}

/** Draws a {@link LearningCurve}: the method's points joined by a line, and levels dashed. */
export function learningCurveSvg(curve: LearningCurve): Promise<string> {
  const { points, levels, method } = curve
  return plotSvg(({ dot, line, ruleY }) => ({
    title: curve.title,
    subtitle: curve.subtitle,
    caption: curve.caption,
    ...(method !== undefined && {
      legend: [
        { label: method, color: figureColors.method },
        ...levels.map(({ label, of }) => ({ label, color: figureColors[of] })),
      ],
    }),
    width: 640,
    height: 340,
    style: { fontSize: '12px' },
    x: { label: curve.seen, ticks: points.map(({ seen }) => seen) },
    y: { label: curve.measure ?? 'Accuracy', domain: [...curve.domain], grid: true },
    marks: [
      ...levels.map(({ value, of }) => ruleY([value], { stroke: figureColors[of], strokeDasharray: '4 4' })),
      line(points, { x: 'seen', y: 'value', stroke: figureColors.method, strokeWidth: 2 }),
      dot(points, { x: 'seen', y: 'value', fill: figureColors.method, r: 4.5 }),
    ],
  }))
}
