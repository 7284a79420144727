export {
  embedPreferences,
  type GeneralPreferenceModel,
  type GeneralPreferenceOptions,
  type GeneralPreferenceParameters,
  generalPreferenceKind,
  generalPreferenceOptionsSchema,
} from './general-preference.ts'
export {
  type GeneralPreferenceTargets,
  type GeneralPreferenceTargetsOptions,
  generalPreferenceTargets,
} from './general-preference-targets.ts'
export {
  averageScores,
  copelandScores,
  generalPreferenceScores,
  type MaximalLotteryOptions,
  maximalLottery,
  type ScoreMatrix,
} from './tournament.ts'
