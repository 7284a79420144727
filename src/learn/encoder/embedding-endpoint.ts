import { z } from 'zod'
import { candidateId, memoryEmbeddings } from '../../collect/index.ts'
import type { EmbeddingModel } from '../../llm/index.ts'
import { contentHash } from '../../run/index.ts'
import { type EmbeddedTextsOptions, embeddedTexts } from './embedded-texts.ts'
import type { Encoder, EncoderKind } from './encoder.ts'

export interface EmbeddingEndpointOptions extends EmbeddedTextsOptions {
  /** Length of the model's vectors. Default: found by embedding one word. */
  readonly width?: number
}

const kind = 'embedding-endpoint'

/**
 * A frozen encoder by an embedding model that is asked over a wire: in batches, each content once.
 *
 * @throws {ModelError} when the model cannot be asked
 * @example
 * const model = embeddingModel({ baseUrl: 'http://localhost:11434/v1', model: 'nomic-embed-text' })
 * const encoder = await embeddingEndpoint(model, { cache: store.embeddings })
 */
export async function embeddingEndpoint(
  model: EmbeddingModel,
  options: EmbeddingEndpointOptions = {},
): Promise<Encoder<Record<string, never>>> {
  const { cache = memoryEmbeddings(), width: known, ...others } = options
  const id = contentHash(`${kind} ${model.id}`)
  const width = known ?? (await vectorLength(model, id, cache))
  return embeddedTexts(
    { id, width, embed: (texts) => model.embed(texts) },
    { ...others, cache },
    { kind, options: { model: model.id, width } },
  )
}

async function vectorLength(
  model: EmbeddingModel,
  id: string,
  cache: NonNullable<EmbeddedTextsOptions['cache']>,
): Promise<number> {
  const word = 'length'
  const address = candidateId({ modality: 'text', text: word })
  const [kept] = await cache.get(id, [address])
  if (kept) return kept.length
  const [vector] = await model.embed([word])
  if (vector === undefined) throw new RangeError(`${model.id} gave no vector`)
  await cache.put(id, new Map([[address, vector]]))
  return vector.length
}

const describedSchema = z.object({
  model: z.string(),
  width: z.int().min(1),
  of: z.enum(['candidate', 'context', 'both']),
  interactions: z.boolean(),
  prefixes: z.object({ candidate: z.string(), context: z.string() }),
})

/** Opens saved encoders of this kind with the model they were trained on. */
export function embeddingEndpointKind(
  model: EmbeddingModel,
  options: Pick<EmbeddingEndpointOptions, 'cache'> = {},
): EncoderKind {
  return {
    kind,
    open(described) {
      const { model: wanted, ...read } = describedSchema.parse(described)
      if (wanted !== model.id)
        throw new RangeError(`the model was trained on embeddings by ${wanted}, and ${model.id} was given`)
      return embeddingEndpoint(model, { ...read, ...options })
    },
  }
}
