export {
  type AxisDescription,
  type AxisWords,
  axisWords,
  type DescribeOptions,
  describeAxes,
  descriptionQuality,
  type WordedPair,
} from './describe-axes.ts'
export {
  type ExpressedPreference,
  expressedPreferences,
  type MeasuredPairs,
  selectAxes,
} from './expressed-preferences.ts'
export { type LatentSemanticsOptions, latentSemantics } from './latent-semantics.ts'
export { axisSubjectivity, personalSlopes, type SlopePrior, type Subjectivity, tellingPairs } from './personal-axes.ts'
export { relabelAlong } from './relabel.ts'
export { type Axes, type AxesOptions, axesOptionsSchema, encodeAxes, trainAxes } from './train-axes.ts'
export {
  type ExplainedPair,
  type FeedbackAudit,
  type FeedbackAxis,
  type WimhfOptions,
  wimhf,
  wimhfOptionsSchema,
} from './wimhf.ts'
