import { embedMany, type EmbeddingModel as SdkModel } from 'ai'
import { type CallOptions, openCaller } from './caller.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { ModelError } from './model-error.ts'
import { type ModelUsage, openAccount, type Price } from './usage.ts'

/** A model behind the AI SDK's current interface. */
export type ServedEmbeddingModel = Extract<SdkModel, { readonly specificationVersion: 'v4' }>

export interface EmbeddingModelOptions extends CallOptions {
  /** Texts in one request. Default 96. */
  readonly batch?: number
  /** Columns to ask for, of models that can be asked. Default the model's own. */
  readonly dimensions?: number
  /** Cut longer texts, by UTF-16 units. Default never: what is too long for the model is the server's error. */
  readonly maxCharacters?: number
  /** Per million tokens. Default unknown. */
  readonly price?: Price
}

/** A model that turns texts into vectors over a wire. */
export interface EmbeddingModel {
  /** Where and which model, and what was chosen that changes its vectors; holds no secrets. */
  readonly id: string
  /**
   * One vector per text, all of one length, in order. Equal texts are sent once. The empty text is sent as one space,
   * since servers refuse it.
   *
   * @throws {ModelError} when it cannot be asked, or gives what are no vectors
   * @throws the signal's reason when aborted
   */
  embed(texts: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<readonly Float32Array[]>
  usage(): ModelUsage
}

/**
 * Opens an embedding model: one served with OpenAI's protocol, or any of the AI SDK.
 *
 * @throws {TypeError | RangeError} naming the setting that is wrong
 * @example
 * const model = embeddingModel({ baseUrl: 'http://localhost:11434/v1', model: 'nomic-embed-text' })
 * const [vector] = await model.embed(['I prefer the shorter answer.'])
 */
export function embeddingModel(
  source: Endpoint | { readonly sdk: ServedEmbeddingModel },
  options: EmbeddingModelOptions = {},
): EmbeddingModel {
  const { batch = 96, dimensions, maxCharacters, price } = options
  for (const [name, number] of Object.entries({ batch, dimensions, maxCharacters }))
    if (number !== undefined && (!Number.isInteger(number) || number < 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  const { sdk, name, redact } = opened(source)
  const chosen = { dimensions, maxCharacters }
  const id = [name, ...Object.entries(chosen).flatMap(([key, number]) => (number ? [`${key}=${number}`] : []))].join(
    ' ',
  )
  const account = openAccount(price)
  const call = openCaller(id, options, redact, account.retried)

  const embedPart = async (values: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> => {
    const { embeddings, usage } = await call(
      (abortSignal) =>
        embedMany({
          model: sdk,
          values: [...values],
          maxRetries: 0,
          abortSignal,
          ...(dimensions !== undefined && { dimensions }),
        }),
      signal,
    )
    // The SDK tells tokens that a server kept silent about as NaN.
    account.called({ input: Number.isFinite(usage.tokens) ? usage.tokens : undefined, output: undefined })
    return embeddings.map((embedding) => Float32Array.from(embedding))
  }

  return {
    id,
    usage: account.read,
    async embed(texts, { signal } = {}) {
      const sent = texts.map((text) => (maxCharacters === undefined ? text : text.slice(0, maxCharacters)) || ' ')
      const distinct = [...new Set(sent)]
      const parts = Array.from({ length: Math.ceil(distinct.length / batch) }, (_, part) =>
        distinct.slice(part * batch, (part + 1) * batch),
      )
      const vectors = (await Promise.all(parts.map((part) => embedPart(part, signal)))).flat()
      const width = vectors[0]?.length
      vectors.forEach((vector, at) => {
        if (vector.length !== width || vector.length === 0)
          throw new ModelError(`${id}: vector ${at} has ${vector.length} numbers, the first has ${width}`, {
            attempts: 1,
          })
        if (!vector.every(Number.isFinite))
          throw new ModelError(`${id}: vector ${at} holds what is no finite number`, { attempts: 1 })
      })
      const places = new Map(distinct.map((text, at) => [text, at]))
      return sent.map((text) => vectors[places.get(text) ?? -1] as Float32Array)
    },
  }
}

function opened(source: Endpoint | { readonly sdk: ServedEmbeddingModel }): {
  readonly sdk: ServedEmbeddingModel
  readonly name: string
  redact(text: string): string
} {
  if ('sdk' in source) {
    const { sdk } = source
    return { sdk, name: `${sdk.provider} ${sdk.modelId}`, redact: (text) => text }
  }
  const { provider, id, redact } = openEndpoint(source)
  return { sdk: provider.embeddingModel(source.model), name: id, redact }
}
