export {
  accuracy,
  areaUnderCurve,
  kendallTau,
  midranks,
  type PairAccuracy,
  pairAccuracy,
  pearson,
  spearman,
} from './agreement.ts'
export { binomialProbability, binomialTest, wilsonInterval } from './binomial.ts'
export {
  type BootstrapOptions,
  bootstrap,
  type PairedDifference,
  pairedBootstrap,
  percentileInterval,
} from './bootstrap.ts'
export {
  type Calibration,
  type CalibrationOptions,
  calibration,
  pairCalibration,
  type ReliabilityBin,
} from './calibration.ts'
export { type LbfgsOptions, lbfgs } from './lbfgs.ts'
export {
  type CholeskyFactor,
  cholesky,
  choleskyInverse,
  choleskySolve,
  NotPositiveDefiniteError,
  sandwich,
  sandwichDiagonal,
} from './linear-algebra.ts'
export { type LogisticData, type LogisticFit, type LogisticOptions, logisticRegression } from './logistic-regression.ts'
export { mean, quantile, quantiles, standardDeviation, variance } from './moments.ts'
export { drawBinomial, drawMultinomial } from './multinomial.ts'
export { type ConvexObjective, type Minimum, type NewtonOptions, newton } from './newton.ts'
export { normalCdf, normalQuantile } from './normal.ts'
export { type PooledEffect, pooledEffect, type StudyEffect } from './pooling.ts'
export { logisticLoss, sigmoid, softplus } from './sigmoid.ts'
