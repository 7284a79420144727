import { applyMlp, initMlp } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import { adam, logSigmoid, mean, neg, spec, sub, trainStep } from '../../src/tensor/index.ts'
import { normalValue } from './numbers.ts'
import type { Workload } from './workload.ts'

/** The pairwise logistic loss of some pairs of 384-d features, scored by 384 → 64 → 1 with ReLU; Adam. */
function rewardHeadOf(name: string, pairs: number): Workload {
  return {
    name,
    title: `reward head 384→64→1, ${pairs} pairs (${2 * pairs} rows), training step with Adam`,
    target: 3,
    steps: 150,
    async make(threads) {
      const step = await trainStep(
        ({ preferred, other }, parameters) =>
          neg(mean(logSigmoid(sub(applyMlp(parameters, preferred), applyMlp(parameters, other))))),
        {
          inputs: { preferred: spec([pairs, 384]), other: spec([pairs, 384]) },
          parameters: initMlp(seeded('reward'), [384, 64, 1]),
          optimizer: adam({ learningRate: 1e-3 }),
          threads,
        },
      )
      const [preferred, other] = [normalValue('preferred', [pairs, 384]), normalValue('other', [pairs, 384])]
      return () => step({ preferred, other })
    },
  }
}

/** A batch of 1024 may be read as so many rows or as so many pairs. */
export const rewardHead = rewardHeadOf('reward', 512)
export const rewardHeadOfMorePairs = rewardHeadOf('reward-pairs', 1024)
