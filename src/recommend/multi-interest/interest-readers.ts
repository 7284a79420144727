import { z } from 'zod'
import { seeded } from '../../run/index.ts'
import type { RecommenderReader } from '../saved-recommender.ts'
import { readSequences, readTree } from '../sequential/sequential-recommender.ts'
import { hcnNetwork } from './hcn-network.ts'
import { interestModel } from './interest-models.ts'
import { interestRecommenderOf } from './interest-recommender.ts'

const size = z.int().min(1)

const hcnSettings = z.strictObject({
  width: size,
  interests: size,
  longInterests: size,
  layers: size,
  short: size,
  long: size,
  longFrom: z.enum(['before', 'end']),
  positions: z.boolean(),
  coInterest: z.boolean(),
  shareLayers: z.boolean(),
  update: z.enum(['mlp', 'gru']),
  residual: z.boolean(),
  read: z.enum(['last', 'mean', 'concatenated']),
})

const modelSettings = z.strictObject({
  model: z.enum(['youtube-dnn', 'mind', 'comirec-dr', 'comirec-sa']),
  width: size,
  interests: size,
  length: size,
  rounds: size,
})

const reader =
  (make: (items: number, settings: unknown) => ReturnType<typeof interestModel>): RecommenderReader =>
  async (saved) => {
    const network = make(saved.number('items'), JSON.parse(saved.text('network')))
    await readTree(saved, network.parameters)
    return interestRecommenderOf(network, await readSequences(saved), saved.seen)
  }

const ofModel = reader((items, settings) => {
  const { model, ...options } = modelSettings.parse(settings)
  return interestModel(items, model, options, seeded(0))
})

/** Readers of recommenders by interests, by their kind. */
export const interestReaders: Readonly<Record<string, RecommenderReader>> = {
  hcn: reader((items, settings) => hcnNetwork(items, hcnSettings.parse(settings), seeded(0)) as never),
  'youtube-dnn': ofModel,
  mind: ofModel,
  'comirec-dr': ofModel,
  'comirec-sa': ofModel,
}
