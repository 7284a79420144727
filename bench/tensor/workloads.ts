import { decoder, generateMany, generateOne } from './decoder.ts'
import { dit } from './dit.ts'
import { lightGcn } from './light-gcn.ts'
import { mlp } from './mlp.ts'
import { rewardHead } from './reward-head.ts'
import { sasrec } from './sasrec.ts'

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

export const workloads: readonly Workload[] = [
  mlp,
  rewardHead,
  decoder,
  generateOne,
  generateMany,
  dit,
  lightGcn,
  sasrec,
]
