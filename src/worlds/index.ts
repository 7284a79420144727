export {
  type ArenaModel,
  type ArenaVote,
  type ArenaWorld,
  type ArenaWorldOptions,
  arenaSignals,
  arenaWorld,
} from './arena.ts'
export { type AspectPairs, type AspectPairsOptions, aspectPairs } from './aspect-pairs.ts'
export { type CriteriaReversal, type CriteriaWorld, type CriteriaWorldOptions, criteriaWorld } from './criteria.ts'
export { type DiverseSourcesOptions, type DiverseSourcesWorld, diverseSourcesWorld } from './diverse-sources.ts'
export { type ExposedShop, type ExposedShopOptions, exposedShop } from './exposed-shop.ts'
export { type FeedObjective, type FeedSession, type FeedWorld, type FeedWorldOptions, feedWorld } from './feed.ts'
export {
  axisWord,
  type FeedbackTruth,
  type FeedbackWorld,
  type FeedbackWorldOptions,
  feedbackSignals,
  feedbackWorld,
} from './feedback.ts'
export { circleWorld, type GeneralPreferenceWorld, generalPreferenceWorld } from './general-preferences.ts'
export { deliveryBoard, type GridWorld, type GridWorldOptions, gridWorld, randomWalk } from './grid-world.ts'
export { type IdealPointWorld, type IdealPointWorldOptions, idealPointWorld } from './ideal-points.ts'
export { type InterestWorld, type InterestWorldOptions, interestWorld } from './interests.ts'
export {
  type JudgedPair,
  type JudgeWorld,
  type JudgeWorldOptions,
  judgeWorld,
  obedientAnswerer,
  type PlantedJudge,
  plantedJudges,
  simulatedQuestions,
} from './judges.ts'
export { type ModalShop, type ModalShopOptions, modalShop, type TakenPairs } from './modal-shop.ts'
export { type NoisyPairsOptions, type NoisyPairsWorld, noisyPairsWorld } from './noisy-pairs.ts'
export { type OpposedGroupsOptions, type OpposedGroupsWorld, opposedGroupsWorld } from './opposed-groups.ts'
export { opposedStatements, type PersonaRatersOptions, personaRaters } from './persona-raters.ts'
export { type RatedItemsOptions, type RatedItemsWorld, ratedItemsWorld } from './rated-items.ts'
export {
  type RatedReplies,
  type RatedRepliesOptions,
  type RatedReply,
  ratedReplies,
  replyAspects,
} from './rated-replies.ts'
export { type ShopWorld, type ShopWorldOptions, shopWorld } from './shop.ts'
export { type ShownItemsOptions, type ShownItemsWorld, type ShownRequest, shownItemsWorld } from './shown-items.ts'
