import {
  type FitPreferences,
  fitPreferences,
  meanLogLoss,
  mixtureKind,
  type PairData,
  rewardKind,
} from '../../src/learn/index.ts'
import { startRun } from '../../src/run/index.ts'
import { adamW, value, zeros } from '../../src/tensor/index.ts'
import { floats, pairs, sizes } from './data.ts'
import type { Workload } from './workload.ts'

const { width, batch, epochs, heads } = sizes

/** A whole fit as a user calls it, everything counted; both sides start from the same numbers. */
function fitting<O, P>(
  data: PairData,
  given: Omit<FitPreferences<O, P>, 'data'>,
): Awaited<ReturnType<Workload['make']>> {
  return async () => {
    const start = performance.now()
    const model = await fitPreferences(
      { ...given, data, batchSize: batch, epochs, optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.01 }) },
      startRun({ seed: 1 }),
    )
    const ms = performance.now() - start
    const loss = meanLogLoss(await model.logits(data), data)
    await model.dispose()
    return { done: epochs * data.a.length, loss, ms }
  }
}

const start = (model: unknown): { model: unknown; encoder: object; contextEncoder: object } => ({
  model,
  encoder: {},
  contextEncoder: {},
})

const linear: Workload = {
  name: 'linear',
  title: 'linear reward head on 384-d features, 1 M pairs an epoch, batches of 1024',
  target: 3,
  unit: 'pairs',
  make: () =>
    fitting(pairs(false), {
      kind: rewardKind,
      options: { bias: false },
      parameters: start({ layers: [{ weight: zeros([1, width]) }] }),
    }),
}

const mlp: Workload = {
  name: 'mlp',
  title: 'reward head 384→64→1, the same pairs',
  target: 3,
  unit: 'pairs',
  make: () =>
    fitting(pairs(false), {
      kind: rewardKind,
      options: { hidden: [64] },
      parameters: start({
        layers: [
          { weight: value(floats('hidden'), [64, width]), bias: zeros([64]) },
          { weight: value(floats('output'), [1, 64]), bias: zeros([1]) },
        ],
      }),
    }),
}

const mixture: Workload = {
  name: 'mixture',
  title: 'mixture of 8 heads routed by 384-d contexts, the same pairs',
  target: 2,
  unit: 'pairs',
  make: () =>
    fitting(pairs(true), {
      kind: mixtureKind,
      options: { heads },
      parameters: start({
        heads: { weight: value(floats('heads'), [heads, width]) },
        router: { weight: zeros([heads, width]), bias: zeros([heads]) },
      }),
    }),
}

export const headWorkloads = [
  linear,
  { ...linear, name: 'loader', title: 'the same, beside PyTorch with its DataLoader' },
  mlp,
  mixture,
]
