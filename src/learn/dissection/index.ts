export { type AnnotatedPair, type AnswerPair, annotateAnswers, type QueryTraits } from './annotate-answers.ts'
export { type AnswerProperty, answerProperties, answerScenarios, queryGroups } from './answer-properties.ts'
export {
  type AnswerAnnotation,
  type ComparisonForm,
  compareAnswers,
  compareLengths,
  wordCount,
} from './compare-answers.ts'
export {
  type Dissection,
  type DissectionOptions,
  type DissectionRows,
  dissect,
  dissectionOptionsSchema,
} from './dissect.ts'
export {
  averageDegrees,
  degreeOfPreference,
  type JudgeSimilarities,
  type JudgeWeights,
  judgeSimilarities,
  meanSimilarity,
  propertyContributions,
  rankProperties,
  type SimilarityMeasure,
  similarityMeasures,
  weightSimilarity,
} from './judge-weights.ts'
export {
  type Answerer,
  type ManipulationOptions,
  type ManipulationReport,
  manipulatedProperties,
  manipulationMessage,
  manipulationShift,
} from './manipulation.ts'
export {
  type DissectedPair,
  type DissectedPreferences,
  type PreferenceDissectionOptions,
  preferenceDissection,
  preferenceDissectionOptionsSchema,
} from './preference-dissection.ts'
export { publishedJudgeWeights, publishedWeightsFolder } from './published-weights.ts'
export { compareSurfaces, type SurfaceRatings, surfaceProperties, surfaceRatings } from './surface-properties.ts'
