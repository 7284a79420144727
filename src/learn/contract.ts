import type { Candidate, Context, Rater, SignalSource } from '../collect/index.ts'
import type { Run } from '../run/index.ts'

/** A candidate to be judged, in its context and, where the judge is known, by a rater. */
export interface Judgement {
  readonly context: Context
  readonly candidate: Candidate
  readonly rater?: Rater
}

/** Two candidates to be compared in one context. */
export interface Pair {
  readonly context: Context
  readonly a: Candidate
  readonly b: Candidate
  readonly rater?: Rater
}

/** Numbers in rows, row after row. `data.length === rows * columns`. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
}

/** Something that knows what is preferred. */
export interface PreferenceModel {
  /** One score column each, such as `['helpfulness', 'verbosity']`. */
  readonly aspects: readonly string[]
  /** Scores `[batch, aspects]`; higher is preferred. */
  score(batch: readonly Judgement[]): Promise<Matrix>
  /** P(a preferred to b), `[pairs]`. */
  prefer(pairs: readonly Pair[]): Promise<Float32Array>
}

/** Fits a preference model to signals. */
export type Learner<Options> = (signals: SignalSource, options: Options, run: Run) => Promise<PreferenceModel>
