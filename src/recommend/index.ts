/** Choosing from a catalogue: interactions, splits, samplers, recommenders and their evaluation. */

export { type FairnessValue, fairnessMeasures, type ItemFairness, itemFairness } from '../measure/index.ts'
export {
  type ApproximateIndex,
  approximately,
  buildApproximateIndex,
  hasApproximateIndex,
  loadApproximateIndex,
} from './approximate-index.ts'
export { type AlsOptions, als, type Factors } from './baseline/als.ts'
export { type BprOptions, bpr } from './baseline/bpr.ts'
export { type EaseOptions, ease } from './baseline/ease.ts'
export { type ItemNeighboursOptions, itemNeighbours } from './baseline/item-neighbours.ts'
export { popularity } from './baseline/popularity.ts'
export {
  type Cascade,
  type CascadeTrace,
  cascade,
  type StageTrace,
  type TraceOptions,
} from './cascade.ts'
export type { RankingStage, RetrievalStage } from './cascade-stages.ts'
export {
  type Audience,
  audienceSize,
  audienceSlice,
  type ItemLists,
  type ItemVectors,
  type Reason,
  type Recommendations,
  type Recommender,
  type RecommendOptions,
} from './contract.ts'
export { type DiverseRerankOptions, diverseRerank, type Likeness } from './diversity.ts'
export * from './evaluation/index.ts'
export * from './generative/index.ts'
export * from './graph/index.ts'
export * from './hypergraph/index.ts'
export * from './impressions/index.ts'
export * from './interactions/index.ts'
export {
  type FairnessPoint,
  type FairRerankOptions,
  fairnessCurve,
  fairnessNumber,
  fairRerank,
  recommendationFairness,
  relativeExposure,
  rerankByExposure,
} from './item-fairness.ts'
export { loadRecommender, type RecommenderReader, type SavedRecommender } from './load-recommender.ts'
export * from './multi-interest/index.ts'
export {
  type AliasTable,
  adaptiveNegatives,
  aliasTable,
  type InBatchNegatives,
  inBatchNegatives,
  type NegativeSampler,
  noItem,
  popularityNegatives,
  type ScoreCandidates,
  uniformNegatives,
  unseenAt,
  weightedNegatives,
} from './negative-sampling.ts'
export * from './noisy-labels/index.ts'
export * from './ranker/index.ts'
export { type CandidateLists, type Ranker, rankerOf } from './ranker.ts'
export { type DenseScoring, type RecommenderParts, recommender, type VectorScoring } from './recommender.ts'
export {
  epochOptions,
  type FittedKind,
  type RecommenderData,
  type RecommenderKind,
  recommenderKind,
  recommenderKinds,
  withBestEpoch,
} from './recommender-kinds.ts'
export type { SampledFitOptions } from './sampled/fit-sampled.ts'
export * from './sequential/index.ts'
export * from './serving/index.ts'
export {
  coldItemSplit,
  coldUserSplit,
  historySplit,
  type LeaveOneOutOptions,
  leaveOneOut,
  leaveOneOutSequences,
  randomSplit,
  type SequenceSplit,
  type ShareOptions,
  type Split,
  type TemporalSplitOptions,
  temporalSplit,
  type UntrainedOption,
} from './split.ts'
export { type Exclusion, type ItemIndex, itemIndex, selectTop, topOfScores } from './top-items.ts'
