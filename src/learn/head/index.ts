export {
  type AntisymmetricHeadOptions,
  type AntisymmetricHeadParameters,
  antisymmetricScales,
  antisymmetricScore,
  antisymmetricScores,
  embedAntisymmetric,
  initAntisymmetricHead,
} from './antisymmetric-head.ts'
export { type IdealPointOptions, idealPointScore, mixedPoints } from './ideal-point-head.ts'
export { raterRows } from './rater-rows.ts'
export {
  initRoutedHead,
  mixtureLogOdds,
  mixtureLogProbabilities,
  type RoutedHeadOptions,
  type RoutedHeadParameters,
  routedLogWeights,
  routedRewards,
} from './routed-head.ts'
export {
  applyAspectsHead,
  applyScalarHead,
  initAspectsHead,
  initScalarHead,
  type ScoreHeadOptions,
  type ScoreHeadParameters,
} from './score-head.ts'
