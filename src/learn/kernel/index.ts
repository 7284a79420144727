export { type LinearPairModel, type PairSteps, pairSteps } from './pair-steps.ts'
export { withPairKernels } from './with-pair-kernels.ts'
