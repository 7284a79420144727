export {
  type CodeQuestion,
  type CodeTeller,
  type SearchOptions,
  type SessionBeam,
  searchSessions,
} from './beam-search.ts'
export { type CodeTrie, childOf, codeTrie, itemOfCodes } from './code-trie.ts'
export {
  consecutiveSessions,
  fitSessions,
  nextItemSessions,
  type SessionFitOptions,
  sessionRecall,
} from './fit-sessions.ts'
export {
  type ItemQuantizer,
  type QuantizeOptions,
  type ResidualIdOptions,
  type RqVaeIdOptions,
  residualIds,
  rqVaeIds,
} from './item-quantizer.ts'
export { type ContentVectors, collaborativeVectors, joinVectors, textVectors } from './item-vectors.ts'
export {
  isHighQualitySession,
  type OneRec,
  type OneRecData,
  type OneRecOptions,
  oneRec,
  oneRecOf,
  type QualityOptions,
  type WatchedSession,
} from './one-rec.ts'
export {
  type AlignmentOptions,
  type AlignmentRound,
  alignSessions,
  hardestPairs,
  mergeRewards,
  type RewardSessions,
  type SessionLogProbabilities,
  type SessionPair,
  sessionPreferenceLoss,
} from './preference-alignment.ts'
export {
  codesOf,
  loadSemanticIds,
  type SemanticIdOptions,
  type SemanticIds,
  saveSemanticIds,
  semanticIds,
} from './semantic-ids.ts'
export {
  type GenerateSessionsOptions,
  type Session,
  type SessionGenerator,
  sessionGenerator,
} from './session-generator.ts'
export { initSessionNet, type SessionNetConfig, type SessionNetParameters } from './session-net.ts'
export { type GenerativeKind, type SessionRecommenderOptions, sessionRecommender } from './session-recommender.ts'
export {
  fitSessionReward,
  type JudgedSession,
  loadSessionReward,
  type SessionReward,
  type SessionRewardOptions,
  sessionObjectives,
} from './session-reward.ts'
export { heldOutSessions, type TigerOptions, tiger } from './tiger.ts'
