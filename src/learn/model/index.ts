export { type AdaptRatersOptions, adaptRaters } from './adapt-raters.ts'
export {
  type FitPreferences,
  type FitStreamedPreferences,
  fitPreferences,
  initialParameters,
  meanLogLoss,
  type PreferenceFitter,
  preferenceFitter,
  type TrainingOptions,
} from './fit-preferences.ts'
export { type AspectAgreement, evaluateRatings, type FitRatings, fitRatings } from './fit-ratings.ts'
export { fittedModel } from './fitted-model.ts'
export { type AdaptedRaters, adaptLinearRaters, type LinearRaters } from './linear-raters.ts'
export { type LinearRating, linearRatings } from './linear-ratings.ts'
export type {
  FeatureRows,
  FittedModel,
  JudgedPairs,
  JudgedRows,
  LabelledPairs,
  ModelKind,
  ModelParameters,
  ModelParts,
  ModelSizes,
} from './model-kind.ts'
export { modelKinds } from './model-kinds.ts'
export { memberRun, type OutOfFold, type OutOfFoldOptions, outOfFold } from './out-of-fold.ts'
export { type Encoders, encodedPairs, feedPairs, logitOf, pairSpecs, symbolicPairs } from './pair-graph.ts'
export { type RatingsModelOptions, type RatingsParameters, ratingsKind, ratingsOptionsSchema } from './ratings-kind.ts'
export { type RewardOptions, rewardKind, rewardOptionsSchema } from './reward-kind.ts'
export {
  type LoadModelOptions,
  loadModel,
  type ModelManifest,
  modelManifestSchema,
  readManifest,
  type SaveModelOptions,
  saveModel,
} from './save-model.ts'
