import { applyDit, type DitConfig, denoisingErrors, initDit, linearNoise } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import { adam, mean, randomNormal, spec, trainStep } from '../../src/tensor/index.ts'
import { indexValue, normalValue } from './numbers.ts'
import type { Workload } from './workload.ts'

const config: DitConfig = {
  channels: 3,
  size: [16, 16],
  patch: 2,
  width: 128,
  layers: 4,
  heads: 4,
  vocabulary: 23,
}
const batch = 64

/** Noise, forward, squared error, backward and Adam of a captioned DiT on 64 tokens. */
export const dit: Workload = {
  name: 'dit',
  title: 'DiT, width 128, 4 layers, 64 tokens and 6 caption tokens, batch 64, training step with Adam',
  target: 1.2,
  steps: 4,
  async make(threads) {
    const process = { parameterization: 'eps', schedule: linearNoise() } as const
    const step = await trainStep(
      ({ x, time, caption }, p, { key }) =>
        mean(
          denoisingErrors(
            (state, seen) => applyDit(p, state, seen, config, { caption }),
            x,
            randomNormal(key(), [batch, 3, 16, 16]),
            time,
            process,
          ),
        ),
      {
        inputs: { x: spec([batch, 3, 16, 16]), time: spec([batch], 'int64'), caption: spec([batch, 6], 'int64') },
        parameters: initDit(seeded('dit'), config),
        optimizer: adam({ learningRate: 1e-3 }),
        threads,
      },
    )
    const x = normalValue('pictures', [batch, 3, 16, 16])
    const time = indexValue('times', [batch], 1000)
    const caption = indexValue('captions', [batch, 6], 23)
    return () => step({ x, time, caption })
  },
}
