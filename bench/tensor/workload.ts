/** One row of the comparison. `peer.py` has the same model under the same name. */
export interface Workload {
  readonly name: string
  readonly title: string
  /** The peer's time ÷ ours that is aimed at. */
  readonly target: number
  /** Steps in one round. */
  readonly steps: number
  /** Makes its data, which is not compilation. */
  prepare?(): void
  /** Builds and compiles it, and returns one step. */
  make(threads: number): Promise<() => Promise<unknown>>
}
