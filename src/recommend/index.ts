/** Choosing from a catalogue: interactions, splits, samplers, recommenders and their evaluation. */

export { popularity } from './baseline/popularity.ts'
export {
  type Audience,
  audienceSize,
  audienceSlice,
  type ItemLists,
  type Reason,
  type Recommendations,
  type Recommender,
  type RecommendOptions,
} from './contract.ts'
export * from './evaluation/index.ts'
export * from './interactions/index.ts'
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
} from './negative-sampling.ts'
export { type DenseScoring, type RecommenderParts, recommender, type VectorScoring } from './recommender.ts'
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
export { type Exclusion, type ItemIndex, type ItemVectors, itemIndex, selectTop, topOfScores } from './top-items.ts'
