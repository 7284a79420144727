import type { Logger } from 'pino'
import type { SignalStore } from '../collect/index.ts'
import type { Background } from './background.ts'
import type { Boards } from './boards.ts'
import type { Dials } from './dials.ts'
import type { Jobs } from './jobs.ts'
import type { PeopleBySource } from './people.ts'
import type { Recommenders } from './recommenders.ts'

/** How much the server takes on. */
export interface Limits {
  /** Bytes of a JSON request body. Default 16 MiB. */
  readonly bodyBytes: number
  /** Bytes of an imported file. Default 2 GiB. */
  readonly importBytes: number
  /** Milliseconds a request may take whose answer does not stream. Default 120,000. */
  readonly requestTimeoutMs: number
}

export const defaultLimits: Limits = {
  bodyBytes: 16 * 1024 ** 2,
  importBytes: 2 * 1024 ** 3,
  requestTimeoutMs: 120_000,
}

export interface Readiness {
  readonly status: 'ready' | 'loading' | 'stopping' | 'failed'
  readonly detail?: string
}

/** What the routes share. */
export interface Service {
  readonly store: SignalStore
  readonly boards: Boards
  readonly jobs: Jobs
  readonly people: PeopleBySource
  readonly dials: Dials
  readonly recommenders: Recommenders
  /** What runs off the main thread. */
  readonly background: Background
  readonly log: Logger
  /** The data folder. */
  readonly folder: string
  readonly limits: Limits
  /** Aborted when the server is about to stop; endless answers end then. */
  readonly stopping: AbortSignal
  readiness(): Readiness
}
