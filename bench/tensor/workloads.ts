import { decoder, generateMany, generateOne } from './decoder.ts'
import { mlp } from './mlp.ts'
import { rewardHead } from './reward-head.ts'

/** One row of the comparison. `peer.py` has the same model under the same name. */
export interface Workload {
  readonly name: string
  readonly title: string
  /** The peer's time ÷ ours that is aimed at. */
  readonly target: number
  /** Steps in one round. */
  readonly steps: number
  /** Builds and compiles it, and returns one step. */
  make(threads: number): Promise<() => Promise<unknown>>
}

export const workloads: readonly Workload[] = [mlp, rewardHead, decoder, generateOne, generateMany]
