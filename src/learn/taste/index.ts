export { type FitTastesOptions, fitTastes, type TasteRater, type Tastes } from './fit-tastes.ts'
export {
  type LevelVariances,
  type NormalEstimate,
  type NormalLevels,
  type NormalLevelsOptions,
  type NormalLikelihood,
  normalLevels,
} from './normal-levels.ts'
export {
  choicesIn,
  type NormalPrior,
  type OrderedList,
  orderList,
  type RankedList,
  type RankOrderedLogit,
  rankOrderedLogit,
} from './rank-ordered-logit.ts'
export { type TasteMap, type TasteMapOptions, tasteMap } from './taste-map.ts'
