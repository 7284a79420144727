import type { Run } from '../../run/index.ts'

/** One measured quantity of one seed, for the baseline and for the method. */
export interface Measurement {
  readonly name: string
  readonly baseline: number
  readonly method: number
  /** Whether more is better. */
  readonly better: 'higher' | 'lower'
}

/** A figure an experiment draws: SVG text. */
export interface Figure {
  readonly name: string
  readonly svg: string
}

export interface Trial {
  readonly measurements: readonly Measurement[]
  readonly figures?: readonly Figure[]
}

/** Mean over seeds with its 95 % interval. */
export interface MetricSummary {
  readonly name: string
  /** Mean over seeds. */
  readonly baseline: number
  readonly method: number
  /** Mean of method − baseline over seeds, and its 95 % paired bootstrap interval. */
  readonly difference: number
  readonly interval: readonly [lower: number, upper: number]
  readonly better: 'higher' | 'lower'
}

/**
 * The metric of a name, for an experiment's judgement.
 *
 * @throws {Error} when it was not measured
 */
export function metricNamed(metrics: readonly MetricSummary[], name: string): MetricSummary {
  const found = metrics.find((metric) => metric.name === name)
  if (!found) throw new Error(`"${name}" was not measured`)
  return found
}

/**
 * A method against the baseline its paper beats. `holds` judges the summaries; it can say no, and what it says is what
 * is reported.
 */
export interface Experiment {
  /** The catalogue id of the method. */
  readonly id: string
  /** What is claimed, in one sentence that can be false. */
  readonly claim: string
  /** What it is compared with. */
  readonly baseline: string
  /** Real data's name, or the simulated world's, called so. */
  readonly data: string
  /** Number of seeds by default. */
  readonly seeds: number
  /** One seed's measurements. `full` asks for the long form. */
  trial(run: Run, options: { readonly full: boolean }): Promise<Trial>
  holds(metrics: readonly MetricSummary[]): boolean
}

/** What `penchant reproduce <id> --json` prints. */
export interface ExperimentReport {
  readonly id: string
  readonly claim: string
  readonly baseline: string
  readonly data: string
  readonly metrics: readonly MetricSummary[]
  readonly seeds: number
  readonly holds: boolean
  readonly seconds: number
  /** Files written beside the report. */
  readonly figures: readonly string[]
}
