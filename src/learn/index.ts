export {
  type Battle,
  type Contender,
  drawBattle,
  drawInformativePair,
  intervalShrinkage,
  type PairKnowledge,
  rivalWeights,
} from './battle-sampling.ts'
export { bradleyTerry } from './bradley-terry.ts'
export {
  calibrateModel,
  type EvaluatePairsOptions,
  evaluateModel,
  evaluatePairs,
  fitTemperature,
  type PairEvaluation,
  type TemperatureFit,
} from './calibrate.ts'
export * from './carm/index.ts'
export {
  type ComparisonTable,
  type CompetitorRecord,
  type Covariates,
  recordsOf,
  tallyVotes,
  type Votes,
} from './comparison-table.ts'
export { type Criterion, compositeTable, rateComposite } from './composite-ratings.ts'
export * from './contract.ts'
export { davidson } from './davidson.ts'
export * from './dissection/index.ts'
export * from './domain-knowledge/index.ts'
export * from './dpa/index.ts'
export { type EloScale, eloRatings, pointsPerLogOdds, ranksFromIntervals } from './elo-scale.ts'
export * from './encoder/index.ts'
export * from './general-preference/index.ts'
export * from './head/index.ts'
export { type LearnOptions, type LearnReport, learnPreferences } from './learn-preferences.ts'
export * from './lists/index.ts'
export * from './loss/index.ts'
export * from './micro/index.ts'
export * from './model/index.ts'
export * from './more/index.ts'
export { type OnlineEloOptions, onlineElo } from './online-elo.ts'
export {
  bootstrapPaired,
  type PairedBootstrapOptions,
  type PairedReplicates,
} from './paired-bootstrap.ts'
export { aliasedCovariates, type CovarianceOptions, pairedCovariance, pairedVariances } from './paired-covariance.ts'
export {
  denseLimit,
  fitPaired,
  type PairedFit,
  type PairedFitOptions,
  type PairedLink,
  type PairedPenalties,
  type PairingTotals,
  pairedObjective,
  pairingTotals,
} from './paired-likelihood.ts'
export * from './pairs/index.ts'
export { averageWinRates, type PairwiseWins, pairwiseWins, winFractions } from './pairwise-wins.ts'
export * from './pal/index.ts'
export {
  fitPlackettLuce,
  type PlackettLuceFit,
  type PlackettLuceOptions,
  plackettLuceCovariance,
} from './plackett-luce.ts'
export * from './preference-strength/index.ts'
export { type RankingRatingOptions, type RankingRatings, rateRankings } from './ranking-ratings.ts'
export {
  explodeRankings,
  neighbouringPairs,
  type OrderedGroups,
  type RankingOptions,
  type RankingTable,
  type RaterRanking,
  tallyRankings,
} from './rankings.ts'
export { raoKupper } from './rao-kupper.ts'
export type { BootstrapIntervals, RatedCompetitors, RatedOptions } from './rating-intervals.ts'
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
  type Effect,
  type PairedModelName,
  pairedModels,
  type RatingOptions,
  type Ratings,
  rateCompetitors,
} from './ratings.ts'
export * from './regret/index.ts'
export { describeSeparation, type Separation, separationOf, tiesSeparate } from './separation.ts'
export { kFolds, pairGroups, type SplitBy, type SplitOptions, splitGroups, splitPairs } from './split.ts'
export { relativeDifference, reweightPairs, reweightTies, standardise, styleControl } from './style-control.ts'
export * from './tabular/index.ts'
export * from './taste/index.ts'
export {
  capDuplicates,
  type DuplicateCap,
  identityLeak,
  type Outlier,
  type OutlierOptions,
  outlierRaters,
  type RaterVote,
} from './vote-filters.ts'
export * from './wimhf/index.ts'
