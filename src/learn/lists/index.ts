export { evaluateLists, type ListEvaluation, listAgreement } from './evaluate-lists.ts'
export { type FitLists, fitLists, type ListLoss, type ListLossContext } from './fit-lists.ts'
export {
  checkedLists,
  type FeatureLists,
  featureLists,
  type ListData,
  type PairsOfListsOptions,
  pairsOfLists,
  type SampledListsOptions,
  sampledLists,
  takeLists,
} from './list-data.ts'
export { type ListsOptions, listsOf, type SignalLists } from './lists-of.ts'
export { type RankListTraining, rankListLoss, rankListTrainingSchema } from './rank-list.ts'
