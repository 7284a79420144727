import type { FormatName, ImportReport, SignalFilter } from '../collect/index.ts'
import type { Dial, Leaderboard, LeaderboardDefinition, People, PeopleDefinition } from '../evaluate/index.ts'
import type { CurveOptions, RecommenderManifest, RerankCurve } from '../recommend/index.ts'
import type { LogLine, Progress } from '../run/index.ts'
import type { RecommenderData } from './recommend-schema.ts'

/** Fitting a board to the signals as they are when it begins. */
export interface FitTask {
  readonly kind: 'fit'
  readonly definition: LeaderboardDefinition
  readonly within: SignalFilter
}

/** Reading a file into the store. */
export interface ImportTask {
  readonly kind: 'import'
  readonly path: string
  /** What messages call the file. */
  readonly name: string
  readonly format?: FormatName
  readonly keepGoing: boolean
  readonly source?: string
  /** Where rejected rows go. */
  readonly rejects: string
}

/** Loading a set of data that comes with the package. */
export interface DatasetTask {
  readonly kind: 'dataset'
  readonly name: string
}

/** Finding the tastes of a source's raters as they are when it begins. */
export interface PeopleTask {
  readonly kind: 'people'
  readonly definition: PeopleDefinition
}

/** Making the dial of opinion summaries, its model saved to a folder. */
export interface DialTask {
  readonly kind: 'dial'
  readonly folder: string
}

/** What to fit, and from where to where. */
export interface RecommenderWork {
  readonly kind: string
  readonly options: Readonly<Record<string, unknown>>
  readonly holdOut: number
  readonly holdOutFrom: 'latest' | 'random'
  readonly index: 'auto' | 'exact' | 'hnsw'
  readonly seed: number
  readonly data: RecommenderData
  /** The file that `data` means. */
  readonly file?: { readonly id: string; readonly name: string; readonly path: string }
  /** Where the recommender goes. */
  readonly folder: string
  /** A file of details of items, which stand beside what signals say of them. */
  readonly details?: string
}

/** Fitting a recommender into a folder. */
export interface RecommenderTask {
  readonly kind: 'recommender'
  readonly work: RecommenderWork
}

/** Measuring what re-ranking by a recommender costs. */
export interface CurveTask {
  readonly kind: 'curve'
  /** The recommender's folder. */
  readonly folder: string
  readonly options: CurveOptions
}

/** What an import did, and the sources whose signals can be ranked. */
export interface ImportOutcome {
  readonly report: ImportReport
  readonly ranked: readonly RankedSource[]
}

/** A source of which an import brought something to rank. */
export interface RankedSource {
  readonly source: string
  readonly kind: 'comparison' | 'ranking'
  /** Whether two were ever found equally good. */
  readonly ties: boolean
}

export type Task = FitTask | ImportTask | DatasetTask | PeopleTask | DialTask | RecommenderTask | CurveTask

/** What a kind of task gives back. */
export interface TaskResults {
  readonly fit: Leaderboard
  readonly import: ImportOutcome
  /** Signals that were not there before. */
  readonly dataset: number
  readonly people: People
  readonly dial: Dial
  readonly recommender: RecommenderManifest
  readonly curve: RerankCurve
}

/** What a thread is told: work to do, or to stop doing it. */
export type ToThread =
  | { readonly id: number; readonly task: Task; readonly seed: number; readonly folder: string }
  | { readonly id: number; readonly stop: true }

/** What a thread tells. Errors travel as what is needed to make them again. */
export type FromThread =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly log: LogLine }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string; readonly code?: string } }
