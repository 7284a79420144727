export {
  type ContextConditionedOptions,
  type ContextConditionedParameters,
  contextConditionedKind,
  contextConditionedOptionsSchema,
} from './context-conditioned.ts'
export { type ContextBeliefs, type ContextError, contextError } from './context-error.ts'
export { criterionLimit, criterionOf, withCriterion } from './criterion-context.ts'
export { criterionEncoder, criterionEncoderKind } from './criterion-encoder.ts'
export { inferProfile, type LabelledPair, profilePosterior } from './profile.ts'
export {
  evaluateReversals,
  type Reversal,
  type ReversalReport,
  type ReversalSignalsOptions,
  reversalSignals,
} from './reversals.ts'
export {
  type CriterionPair,
  criterionOrder,
  nonsenseOf,
  nonsenseReversals,
  type RuleReversalsOptions,
  ruleReversals,
  type TextCriterion,
  textCriteria,
} from './text-criteria.ts'
export { contextBorda, expectedPreference, inContexts, type WeightedCriterion } from './weighted-contexts.ts'
