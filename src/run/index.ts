export { canonicalJson, contentHash, type Json } from './hash.ts'
export { type Random, seeded } from './random.ts'
export { type RecentMap, recentMap } from './recent.ts'
export {
  type Checkpoints,
  type LogLine,
  type Progress,
  type Run,
  type RunOptions,
  startRun,
  writeWhole,
} from './run.ts'
