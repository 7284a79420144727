import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** Files of a recommender's folder. */
export const folderFiles = {
  manifest: 'recommender.json',
  model: 'recommender.safetensors',
  /** What it was fitted to, with the ids. */
  interactions: 'interactions.safetensors',
  /** Vectors that tell which items are alike. */
  likeness: 'likeness.safetensors',
  /** Lists that re-ranking is measured on. */
  lists: 'lists.safetensors',
  /** Titles and attributes, one JSON object a line; later lines replace earlier ones of the same item. */
  details: 'items.jsonl',
  /** The approximate index. */
  index: 'items.usearch',
} as const

const count = z.number().int().min(0)

const qualitySchema = z.strictObject({
  holdOut: z.number(),
  users: count,
  interactions: count,
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      value: z.number(),
      lower: z.number(),
      upper: z.number(),
      popularity: z.number(),
    }),
  ),
  coverage: z.number(),
  novelty: z.number(),
  gini: z.number().optional(),
})

/** How good a recommender is at what was held out of the histories, before it learned from all. */
export type RecommenderQuality = z.infer<typeof qualitySchema>

const manifestSchema = z.strictObject({
  format: z.literal('penchant-recommender-folder'),
  version: z.literal(1),
  kind: z.string(),
  options: z.record(z.string(), z.unknown()),
  seed: count,
  users: count,
  items: count,
  interactions: count,
  index: z.enum(['exact', 'hnsw', 'scores']),
  /** Share of the exact best 20 that the approximate index finds. */
  indexRecall: z.number().optional(),
  explains: z.boolean(),
  quality: qualitySchema.optional(),
  /** Names what it was fitted to. */
  dataVersion: z.string().optional(),
})

/** What a recommender's folder says of itself. */
export type RecommenderManifest = z.infer<typeof manifestSchema>

/** @throws {RangeError} when the folder holds no recommender */
export function readRecommenderManifest(folder: string): RecommenderManifest {
  const path = join(folder, folderFiles.manifest)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new RangeError(`${folder} holds no recommender: there is no ${folderFiles.manifest}`)
  }
  const parsed = manifestSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new RangeError(`${path}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
