import { decoderLoss, initDecoder, openGenerator } from '../../src/nets/index.ts'
import { seeded } from '../../src/run/index.ts'
import { adamW, spec, trainStep } from '../../src/tensor/index.ts'
import { indexValue } from './numbers.ts'
import type { Workload } from './workload.ts'

const config = { vocabulary: 4096, width: 256, layers: 4, heads: 8, hidden: 688 }
const [batch, sequence] = [16, 128]
const [prompt, count] = [32, 128]

/** Forward, cross-entropy, backward and AdamW of a small decoder of the Llama family. */
export const decoder: Workload = {
  name: 'decoder',
  title: 'decoder, 4 layers, width 256, vocabulary 4096, 16 × 128 tokens, training step with AdamW',
  target: 1.3,
  steps: 5,
  async make(threads) {
    const step = await trainStep(({ ids }, parameters) => decoderLoss(parameters, ids, config), {
      inputs: { ids: spec([batch, sequence + 1], 'int64') },
      parameters: initDecoder(seeded('decoder'), config),
      optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.01 }),
      threads,
    })
    const ids = indexValue('ids', [batch, sequence + 1], config.vocabulary)
    return () => step({ ids })
  },
}

function generation(rows: number, steps: number): Workload {
  return {
    name: `generate${rows}`,
    title: `the same decoder, ${count} greedy tokens after ${prompt}, batch ${rows} (${rows * count} tokens)`,
    target: 1.5,
    steps,
    async make(threads) {
      const generator = await openGenerator(initDecoder(seeded('decoder'), config), config, { threads })
      const random = seeded('prompts')
      const prompts = Array.from({ length: rows }, () =>
        Array.from({ length: prompt }, () => random.integer(config.vocabulary)),
      )
      // Compiles it.
      await generator.generate(prompts, { count: 1 })
      return () => generator.generate(prompts, { count })
    },
  }
}

/** Greedy generation with kept keys and values. */
export const generateOne: Workload = generation(1, 8)
export const generateMany: Workload = generation(16, 3)
