export * from './lists.ts'
export {
  type Divergence,
  type DivergenceOptions,
  divergenceScore,
  divergences,
  type LogRatios,
  logRatios,
  type PairLogProbabilities,
  type ReferenceOptions,
} from './log-ratios.ts'
export * from './online.ts'
export * from './paired.ts'
export * from './policy-gradient.ts'
export * from './reference-free.ts'
export * from './registry.ts'
export * from './token-level.ts'
export * from './unpaired.ts'
