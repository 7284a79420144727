export { type ProgressTeller, progressTeller } from './progress.ts'
export { runCli } from './run.ts'
