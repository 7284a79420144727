export {
  type DeliveryCondition,
  type DeliveryPreferences,
  deliveryConditions,
  deliveryDataMissing,
  deliveryFolder,
  deliverySignals,
  deliveryWorld,
  readDeliveryPreferences,
  readDeliveryTask,
} from './delivery-data.ts'
export {
  deliveryCells,
  deliveryFeatures,
  deliveryRewards,
  deliveryTask,
  gridSegment,
  type SegmentDifference,
  segmentDifference,
} from './delivery-task.ts'
export { fitSegmentReward, type SegmentRewardFit, type SegmentRewardOptions } from './fit-segment-reward.ts'
export {
  deterministicRegret,
  partialReturn,
  partialReturnPreference,
  preferenceLoss,
  type RegretValues,
  regretDifference,
  regretPreference,
  segmentRegret,
} from './regret.ts'
export {
  type FittedSegmentReward,
  greedyInReward,
  type RegretPreferencesOptions,
  regretPreferences,
  type SegmentRewardModel,
  segmentRewardModel,
} from './regret-preferences.ts'
export { followActions, type Segment, segmentFeatures } from './segment.ts'
export {
  type RegretForm,
  type SegmentModel,
  type SegmentPreferences,
  type SegmentScore,
  segmentScore,
} from './segment-rows.ts'
export { type SegmentComparison, segmentCandidate, segmentComparison, segmentOf } from './segment-signal.ts'
export { softValue } from './soft-value.ts'
