export { type Ballot, byShow, jurorBallots, nationalBallots, type Song, standardised } from './ballot.ts'
export { type Estimate, type Lead, leadOver, type ShowTally, type Standing, tryEntrant } from './contest.ts'
export {
  type Entrant,
  type PairLogitOptions,
  type Predictor,
  pairLogit,
  probabilitiesOf,
  type TrainingPairs,
  trainingPairs,
} from './entrant.ts'
export {
  consensusAlone,
  consensusAndCompatriots,
  consensusAndOverGiving,
  consensusAndOverGivingInAllShows,
  consensusCompatriotsAndOwn,
  nationalEntrants,
  newJurorEntrants,
  returningJurorEntrants,
} from './entrants.ts'
export {
  cohesion,
  jurorFeatures,
  jurorShowFeatures,
  nationalFeatures,
  questionFeatures,
  returningJurorFeatures,
  returningJurorShowFeatures,
} from './features.ts'
export {
  type BeforeYear,
  type BetweenCountries,
  type History,
  historyBefore,
  likeness,
  type OverGivingOptions,
  overGiving,
  type Residual,
  residualsOf,
} from './history.ts'
export { type ListEntrantOptions, listEntrant } from './list-entrant.ts'
export { type PreferenceEntrantOptions, type PreferenceView, preferenceEntrant } from './preference-entrant.ts'
export {
  type Example,
  type Fold,
  forEachPair,
  nationalFinalFolds,
  newJurorFolds,
  pairCount,
  type Question,
  returningJurorFolds,
  type TrainingYears,
} from './question.ts'
export { meanWorth, type SongFeatures, songFeatures, withConstant } from './song-features.ts'
export { type SongOrders, songOrders } from './song-orders.ts'
export { strengthByCompatriots, strengthForAll, strengthInEarlierYears, strengthsOf } from './strengths.ts'
