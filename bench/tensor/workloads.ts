import { decoder, generateMany, generateOne } from './decoder.ts'
import { dit } from './dit.ts'
import { lightGcn, lightGcnCompressed } from './light-gcn.ts'
import { mlp } from './mlp.ts'
import { rewardHead, rewardHeadOfMorePairs } from './reward-head.ts'
import { sasrec } from './sasrec.ts'
import type { Workload } from './workload.ts'

export const workloads: readonly Workload[] = [
  mlp,
  rewardHead,
  rewardHeadOfMorePairs,
  decoder,
  generateOne,
  generateMany,
  dit,
  lightGcn,
  lightGcnCompressed,
  sasrec,
]
