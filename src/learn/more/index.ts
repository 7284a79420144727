export {
  type GradientNormalization,
  type MinNorm,
  type MinNormOptions,
  minNormOfTwo,
  minNormWeights,
  normalizeGradients,
} from './min-norm.ts'
export { type FitMore, fitMore, type MoreTraining, moreTrainingSchema, type SourceWeights } from './more.ts'
