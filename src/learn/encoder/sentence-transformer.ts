import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { openSentenceEncoder, type SentenceEncoderOptions } from '../../nets/index.ts'
import { type EmbeddedTextsOptions, embeddedTexts } from './embedded-texts.ts'
import type { Encoder, EncoderKind } from './encoder.ts'

export interface SentenceTransformerOptions extends EmbeddedTextsOptions {
  /** Threads, execution provider, and how many texts are embedded at a time. */
  readonly session?: SentenceEncoderOptions
}

/** A frozen encoder that holds a session. */
export interface OpenedEncoder extends Encoder<Record<string, never>> {
  /** Gives the memory of the session back. */
  dispose(): Promise<void>
}

/** The hash of the files of a checkpoint that decide its embeddings: weights, tokenizer and configuration. */
export async function checkpointHash(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile() && /\.(safetensors|json|txt)$/.test(file.name))
    .map((file) => relative(folder, join(file.parentPath, file.name)).replaceAll('\\', '/'))
    .sort()
  if (files.length === 0) throw new RangeError(`${folder} holds no checkpoint: no .safetensors, .json or .txt`)
  const all = createHash('sha256')
  for (const file of files) {
    const one = createHash('sha256')
    for await (const part of createReadStream(join(folder, file))) one.update(part as Buffer)
    all.update(`${file} ${one.digest('hex')}\n`)
  }
  return all.digest('hex')
}

const kind = 'sentence-transformer'

/**
 * A frozen encoder from a folder in the form of sentence-transformers with safetensors, as it is downloaded: a BERT- or
 * RoBERTa-style transformer, pooling by mean, first token or maximum, unit vectors or not. Texts of like length are
 * embedded together; texts longer than the model takes are cut by its tokenizer; each content is embedded once.
 *
 * @throws {RangeError} naming the tensor, file or module that does not fit
 * @example
 * const encoder = await sentenceTransformer('models/all-MiniLM-L6-v2', { cache: store.embeddings })
 */
export async function sentenceTransformer(
  folder: string,
  { session, ...options }: SentenceTransformerOptions = {},
): Promise<OpenedEncoder> {
  const [opened, id] = [await openSentenceEncoder(folder, session), await checkpointHash(folder)]
  const encoder = embeddedTexts(
    {
      id,
      width: opened.width,
      async embed(texts) {
        const { data } = await opened.embed(texts)
        const numbers = data as Float32Array
        return texts.map((_, row) => numbers.slice(row * opened.width, (row + 1) * opened.width))
      },
    },
    options,
    { kind, options: { folder, checkpoint: id } },
  )
  return { ...encoder, dispose: () => opened.dispose() }
}

const describedSchema = z.object({
  folder: z.string(),
  checkpoint: z.string(),
  of: z.enum(['candidate', 'context', 'both']),
  interactions: z.boolean(),
  prefixes: z.object({ candidate: z.string(), context: z.string() }),
})

/**
 * Opens saved encoders of this kind, from the folder they name.
 *
 * @param options.folder read instead, when the checkpoint has moved
 */
export function sentenceTransformerKind(
  options: { readonly folder?: string } & Pick<SentenceTransformerOptions, 'cache' | 'session'> = {},
): EncoderKind {
  const { folder: moved, ...others } = options
  return {
    kind,
    async open(described) {
      const { folder, checkpoint, ...read } = describedSchema.parse(described)
      const encoder = await sentenceTransformer(moved ?? folder, { ...read, ...others })
      const found = describedSchema.parse(encoder.description.options).checkpoint
      if (found !== checkpoint)
        throw new RangeError(
          `${moved ?? folder} holds another checkpoint (${found}) than the model was trained on (${checkpoint})`,
        )
      return encoder
    },
  }
}
