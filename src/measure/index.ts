export {
  type BootstrapOptions,
  bootstrap,
  type PairedDifference,
  pairedBootstrap,
  percentileInterval,
} from './bootstrap.ts'
export {
  type CholeskyFactor,
  cholesky,
  choleskyInverse,
  choleskySolve,
  NotPositiveDefiniteError,
  sandwich,
} from './linear-algebra.ts'
export { mean, quantile, quantiles, standardDeviation, variance } from './moments.ts'
export { drawBinomial, drawMultinomial } from './multinomial.ts'
export { type ConvexObjective, type Minimum, type NewtonOptions, newton } from './newton.ts'
export { normalCdf, normalQuantile } from './normal.ts'
export { logisticLoss, sigmoid, softplus } from './sigmoid.ts'
