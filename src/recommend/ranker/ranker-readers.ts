import { z } from 'zod'
import { seeded } from '../../run/index.ts'
import type { FeatureTable } from '../impressions/feature-table.ts'
import type { RecommenderReader, SavedRecommender } from '../saved-recommender.ts'
import { readSequences, readTree } from '../sequential/sequential-recommender.ts'
import { behaviourRankerOf, type SavedTable } from './behaviour-ranker.ts'
import { initRankerNetwork, type RankerFeatures, rankerModels } from './ranker-network.ts'

const count = z.number().int().min(1)
const tableSchema = z.object({
  rows: count,
  fields: z.array(z.object({ name: z.string(), labels: z.array(z.string()), size: count })),
  numbers: z.boolean(),
})
const networkSchema = z.object({
  shape: z.object({
    model: z.enum(rankerModels),
    experts: count,
    width: count,
    hidden: z.array(count),
    unitHidden: z.array(count),
    length: count,
    pooling: z.enum(['attention', 'mean']),
    gateBy: z.enum(['query', 'target']),
    gateNorm: z.enum(['none', 'softmax']),
  }),
  numbers: z.number().int().min(0),
  tables: z.object({ items: tableSchema, users: tableSchema.optional(), queries: tableSchema.optional() }),
})

async function readTable(saved: SavedRecommender, name: string, table: SavedTable): Promise<FeatureTable> {
  const fields = await Promise.all(
    table.fields.map(async (field, at) => ({
      ...field,
      values: {
        offsets: await saved.words(`features/${name}/${at}/offsets`),
        columns: await saved.words(`features/${name}/${at}/columns`),
      },
    })),
  )
  if (!table.numbers) return { rows: table.rows, fields }
  const data = await saved.floats(`features/${name}/numbers`)
  return { rows: table.rows, fields, numbers: { data, width: data.length / table.rows } }
}

const read: RecommenderReader = async (saved) => {
  const { shape, numbers, tables } = networkSchema.parse(JSON.parse(saved.text('network')))
  const features: RankerFeatures = {
    items: await readTable(saved, 'items', tables.items),
    ...(tables.users && { users: await readTable(saved, 'users', tables.users) }),
    ...(tables.queries && { queries: await readTable(saved, 'queries', tables.queries) }),
    ...(numbers > 0 && { numbers }),
  }
  const parameters = initRankerNetwork(seeded(0), features, shape)
  await readTree(saved, parameters)
  return behaviourRankerOf(parameters, features, shape, await readSequences(saved), saved.seen)
}

/** Readers of what `behaviourRanker` makes. */
export const rankerReaders: Readonly<Record<string, RecommenderReader>> = Object.fromEntries(
  rankerModels.map((model) => [model, read]),
)
