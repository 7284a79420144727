import { applyMlp, initMlp } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import { adam, logSigmoid, mean, neg, spec, sub, trainStep } from '../../src/tensor/index.ts'
import { normalValue } from './numbers.ts'
import type { Workload } from './workload.ts'

/** The pairwise logistic loss of 512 pairs of 384-d features (1024 rows), scored by 384 → 64 → 1 with ReLU; Adam. */
export const rewardHead: Workload = {
  name: 'reward',
  title: 'reward head 384→64→1, 512 pairs (1024 rows), training step with Adam',
  target: 3,
  steps: 150,
  async make(threads) {
    const step = await trainStep(
      ({ preferred, other }, parameters) =>
        neg(mean(logSigmoid(sub(applyMlp(parameters, preferred), applyMlp(parameters, other))))),
      {
        inputs: { preferred: spec([512, 384]), other: spec([512, 384]) },
        parameters: initMlp(seeded('reward'), [384, 64, 1]),
        optimizer: adam({ learningRate: 1e-3 }),
        threads,
      },
    )
    const [preferred, other] = [normalValue('preferred', [512, 384]), normalValue('other', [512, 384])]
    return () => step({ preferred, other })
  },
}
