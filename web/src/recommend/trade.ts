import type { Aim, CurvePoint } from '../api/recommend.ts'

/** Places of every list, shown and measured. */
export const places = 10

export interface AimInWords {
  readonly title: string
  /** Weights that the slider goes through, 0 first. */
  readonly weights: readonly number[]
  readonly least: string
  readonly most: string
  /** What is gained, and how it is measured. */
  readonly gain: string
  readonly about: string
  readonly of: (point: CurvePoint) => number
}

/** What lists can be beside relevant. */
export const aims: { readonly [A in Aim]: AimInWords } = {
  fairness: {
    title: 'Fairness',
    weights: [0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
    least: 'relevance alone',
    most: 'a share for every item',
    gain: 'Evenness',
    about:
      'Evenness is 1 less the Gini index of how often each item is shown to all users: 0 if few have all places, 1 if all have as many.',
    of: ({ gini }) => 1 - (gini ?? Number.NaN),
  },
  diversity: {
    title: 'Diversity',
    weights: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    least: 'relevance alone',
    most: 'items unlike each other',
    gain: 'Difference',
    about:
      'Difference is the mean distance of two items in a list, 1 less the cosine of what is learned of them from who took them: 0 for likeness, 1 if they have nothing to do with each other.',
    of: ({ diversity }) => diversity,
  },
}

/** The point of a curve that was measured at a weight. */
export function pointAt(points: readonly CurvePoint[], weight: number): CurvePoint | undefined {
  return points.find((point) => Math.abs(point.weight - weight) < 1e-9)
}

/** The recall among a method’s metrics, at the places that it was measured at. */
export function recallOf<Metric extends { readonly name: string }>(
  metrics: readonly Metric[],
): (Metric & { readonly at: number }) | undefined {
  for (const metric of metrics) {
    const [, at] = /^recall@(\d+)$/.exec(metric.name) ?? []
    if (at !== undefined) return { ...metric, at: Number(at) }
  }
  return undefined
}
