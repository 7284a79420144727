export {
  checkedPairs,
  type FeaturePairs,
  featurePairs,
  matrixOf,
  type PairData,
  type Rows,
  type Table,
  takePairs,
  withColumns,
} from './pair-data.ts'
export { type PairedKind, type PairsOptions, pairsOf, readSignals, type SignalPairs, type Signals } from './pairs-of.ts'
export { checkedRatings, type FeatureRatings, featureRatings, type RatingData, takeRatings } from './rating-data.ts'
export { type RatingsOptions, type RatingTable, ratingsOf } from './ratings-of.ts'
export { type PairStream, type StreamedPair, type StreamPairsOptions, streamPairs } from './stream-pairs.ts'
