/** Choosing from a catalogue: interactions, splits, samplers, recommenders and their evaluation. */
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
export * from './interactions/index.ts'
