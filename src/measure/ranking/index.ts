export { coverage, exposureCounts, listDiversity, novelty } from './catalogue-metrics.ts'
export {
  type FairnessMeasure,
  type FairnessMeasureName,
  type FairnessValue,
  fairnessMeasures,
  type ItemFairness,
  type ItemFairnessOptions,
  itemFairness,
} from './item-fairness.ts'
export {
  averagePrecisionAt,
  dcgAt,
  f1At,
  gradedNdcgAt,
  hitAt,
  hitsOf,
  idealDcgAt,
  ndcgAt,
  ndcgHitIdealAt,
  precisionAt,
  rankDiscount,
  recallAt,
  reciprocalRankAt,
} from './list-metrics.ts'
