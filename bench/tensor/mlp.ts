import { applyMlp, initMlp } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import { adam, mean, spec, square, sub, trainStep } from '../../src/tensor/index.ts'
import { normalValue } from './numbers.ts'
import type { Workload } from './workload.ts'

/** Forward, backward and Adam of 512 → 2048 → 512 with ReLU on a batch of 256, mean squared error. */
export const mlp: Workload = {
  name: 'mlp',
  title: 'MLP 512→2048→512, batch 256, training step with Adam',
  target: 1.3,
  steps: 40,
  async make(threads) {
    const step = await trainStep(({ x, y }, parameters) => mean(square(sub(applyMlp(parameters, x), y))), {
      inputs: { x: spec([256, 512]), y: spec([256, 512]) },
      parameters: initMlp(seeded('mlp'), [512, 2048, 512]),
      optimizer: adam({ learningRate: 1e-3 }),
      threads,
    })
    const [x, y] = [normalValue('x', [256, 512]), normalValue('y', [256, 512])]
    return () => step({ x, y })
  },
}
