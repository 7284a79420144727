export { type SignalInteractionsOptions, signalInteractions } from './from-signals.ts'
export { extendIds, type IdMap, type IdTable, idsOf, idTable, positionIds } from './id-map.ts'
export {
  type CoreOptions,
  coreOf,
  filterLog,
  type InteractionColumns,
  type InteractionLog,
  interactionLog,
  renumbered,
} from './interaction-log.ts'
export {
  byItem,
  filterPairs,
  historyOf,
  holdsPair,
  type InteractionSet,
  type InteractionSetOptions,
  interactionSet,
  itemCounts,
  itemsOf,
  pairUsers,
  type SparseRows,
} from './interaction-set.ts'
export type { RowColumns } from './parse-lines.ts'
export {
  type InteractionFile,
  type ReadInteractionsOptions,
  type RejectedLine,
  readInteractions,
} from './read-interactions.ts'
export { type InteractionRows, loadInteractions, mapInteractions, saveInteractions } from './save.ts'
export { historiesOf, lastItems, type Sequences, sequenceOf, sequencesOf } from './sequences.ts'
