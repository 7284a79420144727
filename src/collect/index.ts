export type { Dataset } from './datasets/dataset.ts'
export { type ShippedDataset, shippedDatasets } from './datasets/datasets.ts'
export { contestTime } from './datasets/eurovision.ts'
export { type FetchedDataset, fetchedDatasets, fetchedFolder } from './datasets/fetched.ts'
export { opinionAspects } from './datasets/opinpref.ts'
export { type PersonaName, type PersonaStatement, personaNames, personaStatements } from './datasets/personas.ts'
export { type ExportOptions, type ExportReport, exportSignals } from './export.ts'
export { winnerSpellings } from './formats/arena.ts'
export { ImportError } from './formats/fault.ts'
export {
  type BrokenRow,
  type ColumnUse,
  type ContainerName,
  containerNames,
  type Format,
  type PairStyle,
  type Row,
  type SignalField,
} from './formats/format.ts'
export { type FormatName, formatNames, formats, isFormatName } from './formats/formats.ts'
export { readTranscript, writeTranscript } from './formats/hh-rlhf.ts'
export { type Input, openInput } from './formats/input.ts'
export { type LineBlock, lineBlocks, lineLimit } from './formats/lines.ts'
export type { Reject } from './formats/rejects.ts'
export { type ImportOptions, type ImportReport, importFile } from './import.ts'
export { type Issue, issuesOf } from './issue.ts'
export { memoryEmbeddings } from './memory-embeddings.ts'
export { type FileRows, readRows } from './read-rows.ts'
export * from './signal.ts'
export { NewerStoreError } from './sqlite/migrations.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/store.ts'
export * from './store.ts'
