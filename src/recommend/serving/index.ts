export { type FitToFolderOptions, fitToFolder } from './fit-to-folder.ts'
export { forgetUser } from './forget-user.ts'
export type {
  AttributeCondition,
  AttributeSummary,
  AttributeValue,
  DetailsTable,
  ItemDetails,
  ItemFilter,
  NamedDetails,
} from './item-details.ts'
export { curveWeights, type RerankCurve, type RerankPoint } from './list-store.ts'
export { type RecommenderManifest, type RecommenderQuality, readRecommenderManifest } from './manifest.ts'
export {
  type CurveOptions,
  holdsRecommender,
  type OpenRecommender,
  openRecommender,
  recommenderCurve,
} from './open-folder.ts'
export {
  type ListedItem,
  type ListOptions,
  type ListRow,
  type RecommendedList,
  recommendByIds,
  unknownItems,
} from './recommend-by-ids.ts'
