export {
  accuracy,
  kendallTau,
  midranks,
  type PairAccuracy,
  pairAccuracy,
  pearson,
  spearman,
} from './agreement.ts'
export {
  type AreaDifference,
  areaInterval,
  areaUnderCurve,
  compareAreas,
  type EstimatedArea,
} from './area-under-curve.ts'
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
export { type ChainDiagnostics, chainDiagnostics } from './chains.ts'
export { type ClassificationReport, type ClassReport, classificationReport } from './classification.ts'
export {
  type GroupSlope,
  type GroupSlopes,
  type GroupSlopesOptions,
  groupSlopes,
  NoFiniteSlopeError,
} from './group-slopes.ts'
export { type IsotonicFit, type IsotonicOptions, isotonicRegression, isotonicValue } from './isotonic.ts'
export { type LaplaceLogisticFit, type LaplaceLogisticOptions, laplaceLogistic } from './laplace-logistic.ts'
export {
  type LassoFit,
  type LassoOptions,
  type LassoPathOptions,
  lassoLogistic,
  lassoPath,
  lassoViolation,
  type SelectedColumns,
  selectColumns,
} from './lasso-logistic.ts'
export { type LbfgsOptions, lbfgs } from './lbfgs.ts'
export {
  type CholeskyFactor,
  cholesky,
  choleskyInverse,
  choleskySolve,
  choleskyTransposeSolve,
  NotPositiveDefiniteError,
  sandwich,
  sandwichDiagonal,
} from './linear-algebra.ts'
export { isSeparable, type LogisticFit, type LogisticOptions, logisticRegression } from './logistic-regression.ts'
export type { LogisticData } from './logistic-rows.ts'
export { mean, quantile, quantiles, standardDeviation, variance } from './moments.ts'
export { drawBinomial, drawMultinomial } from './multinomial.ts'
export { type ConvexObjective, type Minimum, type NewtonOptions, newton } from './newton.ts'
export { normalCdf, normalQuantile } from './normal.ts'
export { drawInverseGaussian, drawPolyaGamma } from './polya-gamma.ts'
export { type PooledEffect, pooledEffect, type StudyEffect } from './pooling.ts'
export * from './ranking/index.ts'
export { logisticLoss, sigmoid, softplus } from './sigmoid.ts'
export { silhouette } from './silhouette.ts'
export { type SymmetricEigen, symmetricEigen } from './symmetric-eigen.ts'
export { type SparseVector, type TruncatedSvd, type TruncatedSvdOptions, truncatedSvd } from './truncated-svd.ts'
