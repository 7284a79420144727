export { type Grid, type GridRules, gridMdp, gridMoves } from './grid.ts'
export {
  denseMdp,
  deterministicMdp,
  expectedFeatures,
  isDeterministic,
  type Mdp,
  type MdpOutcome,
  sparseMdp,
} from './mdp.ts'
export { fixedPolicy, greedyPolicy, type Policy, uniformPolicy } from './policy.ts'
export {
  bestKnownValues,
  type ImprovedPolicy,
  improvePolicy,
  optimalPolicies,
  randomPolicyFeatures,
} from './policy-improvement.ts'
export { type ScaledReturnOptions, scaledReturn } from './scaled-return.ts'
export { type PolicyEvaluationOptions, policyValues, successorFeatures } from './successor-features.ts'
export { statesThatNeverEnd } from './termination.ts'
export { actionValues, type OptimalValues, type ValueIterationOptions, valueIteration } from './value-iteration.ts'
