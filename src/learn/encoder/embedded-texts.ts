import { type EmbeddingStore, memoryEmbeddings } from '../../collect/index.ts'
import { contentHash, type Json } from '../../run/index.ts'
import { value } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { computedFeatures } from './computed-features.ts'
import type { Encoder } from './encoder.ts'
import { encoderId } from './encoder-id.ts'
import { type Addressed, type Reads, textsOf } from './judged-text.ts'
import { recentEmbeddings } from './recent-embeddings.ts'

/** Something that turns texts into vectors. */
export interface TextEmbedder {
  /** Equal ids give equal vectors. */
  readonly id: string
  readonly width: number
  /** A vector per text, in order. Never called with the empty text. */
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>
}

export interface EmbeddedTextsOptions {
  /** Which texts are read. Default `both`. */
  readonly of?: Reads
  /** With `both`: also the products, column by column, of candidate and context. Default false. */
  readonly interactions?: boolean
  /** Put before the texts, as some models were trained with, such as `query: `. Default nothing. */
  readonly prefixes?: { readonly candidate?: string; readonly context?: string }
  /** Where vectors are kept by content, such as `store.embeddings`. Default in memory. */
  readonly cache?: EmbeddingStore
}

type Part = 'candidate' | 'context'

/** The options as a saved model names them. */
export function embeddedTextsOptions({ of = 'both', interactions = false, prefixes = {} }: EmbeddedTextsOptions): {
  readonly [name: string]: Json
} {
  return { of, interactions, prefixes: { candidate: prefixes.candidate ?? '', context: prefixes.context ?? '' } }
}

/**
 * A frozen encoder of texts by vectors that are there for the asking: the candidate's, then the context's, then with
 * interactions their products. A content met before is not embedded again; the empty text, which is never embedded, is
 * zeros. Texts are handed on whole: what is too long for a model is cut, or refused, by it.
 *
 * @param about the encoder's kind and further options, for its description. Default `embedded-texts`, which no saved
 *   model can open again
 * @throws {RangeError} on options that do not fit each other; from `prepare` on a candidate that has no words, or a
 *   vector of another length or with what is not finite
 */
export function embeddedTexts(
  embedder: TextEmbedder,
  options: EmbeddedTextsOptions = {},
  about: { readonly kind: string; readonly options: { readonly [name: string]: Json } } = {
    kind: 'embedded-texts',
    options: {},
  },
): Encoder<Record<string, never>> {
  const { of = 'both', interactions = false, prefixes = {} } = options
  const cache = options.cache ? recentEmbeddings(options.cache) : memoryEmbeddings()
  if (interactions && of !== 'both') throw new RangeError('embeddedTexts: interactions need `of: "both"`')
  const parts: readonly Part[] = of === 'both' ? ['candidate', 'context'] : [of]
  const described = embeddedTextsOptions(options)
  const side = embedder.width
  const width = side * (parts.length + (interactions ? 1 : 0))
  // What a text is embedded to depends on the embedder and the prefix alone, so other encoders can share it.
  const cacheIds = new Map(
    parts.map((part) => {
      const prefix = prefixes[part] ?? ''
      return [part, prefix === '' ? embedder.id : contentHash(`${embedder.id} ${prefix}`)]
    }),
  )

  const vectorsOf = async (part: Part, texts: readonly Addressed[]): Promise<ReadonlyMap<string, Float32Array>> => {
    const wanted = new Map(texts.map(({ address, text }) => [address, text]))
    const cacheId = cacheIds.get(part) ?? embedder.id
    const addresses = [...wanted].flatMap(([address, text]) => (text === '' ? [] : [address]))
    const kept = await cache.get(cacheId, addresses)
    const found = new Map(
      addresses.flatMap((address, at) => {
        const vector = kept[at]
        return vector ? [[address, checked(vector, side, address)] as const] : []
      }),
    )
    const missing = addresses.filter((address) => !found.has(address))
    if (missing.length > 0) {
      const made = await embedder.embed(missing.map((address) => (prefixes[part] ?? '') + (wanted.get(address) ?? '')))
      const fresh = new Map(missing.map((address, at) => [address, checked(made[at], side, address)]))
      await cache.put(cacheId, fresh)
      for (const [address, vector] of fresh) found.set(address, vector)
    }
    return found
  }

  return {
    id: encoderId({ kind: about.kind, options: described }, embedder.id),
    description: { kind: about.kind, options: { ...described, ...about.options } },
    ...computedFeatures('embeddedTexts', width),
    async prepare(batch: readonly Judgement[]) {
      const texts = batch.map((judgement) => textsOf(judgement, of))
      const vectors = await Promise.all(
        parts.map((part, at) =>
          vectorsOf(
            part,
            texts.flatMap((row) => row.slice(at, at + 1)),
          ),
        ),
      )
      const data = new Float32Array(batch.length * width)
      texts.forEach((row, index) => {
        const start = index * width
        row.forEach(({ address, text }, at) => {
          const vector = text === '' ? undefined : vectors[at]?.get(address)
          if (vector) data.set(vector, start + at * side)
        })
        if (interactions)
          for (let column = 0; column < side; column++)
            data[start + 2 * side + column] = (data[start + column] ?? 0) * (data[start + side + column] ?? 0)
      })
      return { features: value(data, [batch.length, width]) }
    },
  }
}

function checked(vector: Float32Array | undefined, width: number, address: string): Float32Array {
  if (vector?.length !== width)
    throw new RangeError(`the vector of ${address} has ${vector?.length ?? 'no'} numbers, expected ${width}`)
  let wrong = 0
  while (wrong < width && Number.isFinite(vector[wrong])) wrong++
  if (wrong < width) throw new RangeError(`number ${wrong} of the vector of ${address} is ${vector[wrong]}`)
  return vector
}
