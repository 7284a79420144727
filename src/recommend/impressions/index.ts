export {
  compareImpressions,
  type EvaluateImpressionsOptions,
  evaluateImpressions,
  type ImpressionReport,
} from './evaluate-impressions.ts'
export { type FeatureColumns, type FeatureTable, type Field, type FieldValues, featureTable } from './feature-table.ts'
export { type ChoiceImpressions, type ChoiceImpressionsOptions, choiceImpressions } from './from-choices.ts'
export { type RatedImpressionsOptions, ratedImpressions } from './from-ratings.ts'
export { type SampledImpressionsOptions, sampledImpressions } from './from-sequences.ts'
export {
  checkedImpressions,
  historyBefore,
  type ImpressionRequest,
  type ImpressionSplit,
  type Impressions,
  impressionsOf,
  requestCount,
  requestsOf,
  selectRequests,
  splitByTime,
} from './impressions.ts'
