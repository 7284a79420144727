export type { BoardRequest, Boards } from './boards.ts'
export type { Dials } from './dials.ts'
export { importWithBoards } from './imported-board.ts'
export type { Job, JobState, Jobs } from './jobs.ts'
export {
  type FittedRecommender,
  fitAndKeep,
  historyNow,
  type KeptRecommender,
  type RecommenderShelf,
  recommenderShelf,
} from './kept-recommenders.ts'
export { FolderInUseError } from './lock.ts'
export { type LogLevel, serverLog } from './log.ts'
export type { KnownPeople, PeopleBySource } from './people.ts'
export { type RecommenderRequest, recommenderRequestSchema } from './recommend-schema.ts'
export type { Recommenders } from './recommenders.ts'
export { CannotServeError, type RunningServer, type ServerOptions, startServer } from './server.ts'
export { defaultLimits, type Limits, type Readiness, type Service } from './service.ts'
export { beginLearning, defineShippedBoards, type LoadedDataset, loadShippedData } from './shipped.ts'
