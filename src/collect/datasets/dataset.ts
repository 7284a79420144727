import type { Run } from '../../run/index.ts'
import type { Signal } from '../signal.ts'

/** A set of real preference data. */
export interface Dataset {
  /** Also the source of its signals. */
  readonly name: string
  readonly title: string
  /** What it holds, in a sentence. */
  readonly description: string
  /** Whom to name. */
  readonly attribution: string
  readonly licence: string
  /** How many signals there are. */
  readonly signals: number
  /** The signals, in the files' order; their ids are the same every time. */
  load(run: Run): AsyncIterable<Signal>
}
