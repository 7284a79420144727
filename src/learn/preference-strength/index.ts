export {
  type ContrastiveRewardOptions,
  type ContrastiveRewardParameters,
  contrastiveRewardKind,
  contrastiveRewardOptionsSchema,
} from './contrastive-reward.ts'
export {
  type FitByStrength,
  fitByStrength,
  type StrengthTraining,
  strengthenedPairs,
  strengthRecipes,
  strengthTrainingSchema,
} from './fit-by-strength.ts'
export {
  type FitMetaReward,
  fitMetaReward,
  type MetaTraining,
  metaStep,
  metaTrainingSchema,
  responseDifference,
} from './meta-reward.ts'
export {
  annotateStrength,
  type DoubtedPair,
  flipLabels,
  flipStrength,
  mislabelQueue,
  type PreferenceStrength,
  strengthBins,
  strengthColumns,
  strengthOf,
  takeStrength,
  weakestPairs,
} from './strength.ts'
export { strengthLoss } from './strength-loss.ts'
