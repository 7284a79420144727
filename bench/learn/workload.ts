/** One row of the comparison. `peer.py` does the same work under the same name. */
export interface Workload {
  readonly name: string
  readonly title: string
  /** The peer's time ÷ ours that is aimed at. */
  readonly target: number
  /** What is counted per second, such as `pairs`. */
  readonly unit: string
  /** Makes ready what is not counted, and returns one round. */
  make(): Promise<() => Promise<Round>> | (() => Promise<Round>)
}

/** What a round did. */
export interface Round {
  /** How many units were done. */
  readonly done: number
  /** The loss it ended with, measured outside of the time; both sides must come to the same. */
  readonly loss: number
  readonly ms: number
}
