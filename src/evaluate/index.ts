export * from './experiment/experiment.ts'
export { type FigureSpec, figureColors, plotSvg } from './experiment/figure.ts'
export { loadExperiment, UnknownExperimentError } from './experiment/load.ts'
export {
  experimentFolder,
  type RunExperimentOptions,
  runExperiment,
  type SeedResult,
} from './experiment/run-experiment.ts'
export { leaderboardDefinitionSchema, signalFilterSchema } from './leaderboard/definition.ts'
export * from './leaderboard/leaderboard.ts'
