export * from './choices/index.ts'
export * from './dial/index.ts'
export * from './eurovision/index.ts'
export * from './experiment/experiment.ts'
export { type FigureSpec, figureColors, plotSvg } from './experiment/figure.ts'
export { type LearningCurve, learningCurveSvg } from './experiment/learning-curve.ts'
export { loadExperiment, UnknownExperimentError } from './experiment/load.ts'
export {
  experimentFolder,
  type RunExperimentOptions,
  runExperiment,
  type SeedResult,
} from './experiment/run-experiment.ts'
export { makerNames } from './leaderboard/cleaning.ts'
export { leaderboardDefinitionSchema, signalFilterSchema } from './leaderboard/definition.ts'
export {
  type FitLeaderboardOptions,
  fitLeaderboard,
  mostCompetitors,
  type VersionedSignals,
} from './leaderboard/fit-leaderboard.ts'
export * from './leaderboard/leaderboard.ts'
export { shippedLeaderboards } from './leaderboard/shipped.ts'
export { UnfitBoardError } from './leaderboard/unfit-board.ts'
export {
  type FeatureColumn,
  type LeaderboardJson,
  leaderboardFromVotes,
  leaderboardJson,
  type VoteColumns,
  VoteTableError,
} from './leaderboard/vote-columns.ts'
export { opinionPairs } from './opinion-pairs.ts'
export * from './people/index.ts'
