export { type PolicyTokenizer, policyTokenizer, type TextPolicy, textPolicy } from './policy.ts'
export { hasAdapter, loadPolicy, saveAdapter, savePolicy } from './policy-folder.ts'
export {
  type Completion,
  openSampler,
  type PolicySampler,
  promptTokens,
  type SampleOptions,
} from './sampler.ts'
export { openScorer, type PolicyScorer, policyLogProbabilities } from './scorer.ts'
