export { bradleyTerry } from './bradley-terry.ts'
export {
  type ComparisonTable,
  type CompetitorRecord,
  type Covariates,
  recordsOf,
  tallyVotes,
  type Votes,
} from './comparison-table.ts'
export * from './contract.ts'
export { davidson } from './davidson.ts'
export { type EloScale, eloRatings, pointsPerLogOdds, ranksFromIntervals } from './elo-scale.ts'
export {
  bootstrapPaired,
  type PairedBootstrapOptions,
  type PairedReplicates,
} from './paired-bootstrap.ts'
export {
  type CovarianceOptions,
  fitPaired,
  type PairedFit,
  type PairedFitOptions,
  type PairedLink,
  type PairedPenalties,
  pairedCovariance,
} from './paired-likelihood.ts'
export { raoKupper } from './rao-kupper.ts'
export {
  cantobels,
  type PosteriorEstimate,
  type RatingCell,
  type RatingScale,
  type RatingScaleData,
  type RatingScaleOptions,
  ratingScale,
} from './rating-scale.ts'
export {
  type BootstrapIntervals,
  type Effect,
  type PairedModelName,
  pairedModels,
  type RatingOptions,
  type Ratings,
  rateCompetitors,
} from './ratings.ts'
export { describeSeparation, type Separation, separationOf } from './separation.ts'
