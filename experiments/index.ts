import { catalogue } from '../src/catalogue.ts'
import { comparisons } from '../src/comparisons.ts'

export type { Experiment, ExperimentReport, Measurement, MetricSummary, Trial } from '../src/evaluate/index.ts'
export { experimentFolder, loadExperiment, runExperiment } from '../src/evaluate/index.ts'

/** Ids of the methods and comparisons that have an experiment; {@link loadExperiment} takes one. */
export const experimentIds: readonly string[] = [...catalogue, ...comparisons].map(({ id }) => id)
