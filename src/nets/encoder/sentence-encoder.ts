import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import {
  at,
  compile,
  expandDims,
  max,
  normalize,
  openSafetensors,
  type SessionOptions,
  spec,
  type Tensor,
  type TensorValue,
  value,
  where,
} from '../../tensor/index.ts'
import { readParameters } from '../checkpoint.ts'
import { applyBert, type BertParameters, bertLayout, meanPool } from './bert.ts'
import { type FullBertConfig, parseBertConfig } from './bert-config.ts'

export type Pooling = 'mean' | 'first' | 'max'

/** A text encoder as loaded from a folder. */
export interface LoadedSentenceEncoder {
  readonly config: FullBertConfig
  readonly parameters: BertParameters
  /** Ids of a text, special tokens included, cut to the most that the encoder takes. */
  tokenize(text: string): readonly number[]
  readonly pooling: Pooling
  /** Whether embeddings are unit vectors. */
  readonly unit: boolean
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return schema.parse(JSON.parse(text))
}

const modulesSchema = z.array(z.object({ path: z.string(), type: z.string() }))
const poolingSchema = z.object({
  pooling_mode: z.string().optional(),
  pooling_mode_cls_token: z.boolean().optional(),
  pooling_mode_mean_tokens: z.boolean().optional(),
  pooling_mode_max_tokens: z.boolean().optional(),
})
const lengthSchema = z.object({ max_seq_length: z.int().nullish(), do_lower_case: z.boolean().default(false) })
const tokenizerConfigSchema = z.looseObject({ model_max_length: z.number().nullish() })

function poolingOf(file: z.infer<typeof poolingSchema>, path: string): Pooling {
  const modes = {
    mean: file.pooling_mode_mean_tokens || file.pooling_mode === 'mean',
    first: file.pooling_mode_cls_token || file.pooling_mode === 'cls',
    max: file.pooling_mode_max_tokens || file.pooling_mode === 'max',
  }
  const chosen = (['mean', 'first', 'max'] as const).filter((mode) => modes[mode])
  const [only] = chosen
  if (only === undefined || chosen.length > 1)
    throw new RangeError(`${path}: expected one pooling of mean, cls or max, found ${chosen.join(', ') || 'none'}`)
  return only
}

/** What follows the transformer in a sentence-transformers folder; without `modules.json`, unit vectors of means. */
async function readModules(folder: string): Promise<{ readonly pooling: Pooling; readonly unit: boolean }> {
  const modules = await readJson(join(folder, 'modules.json'), modulesSchema)
  if (modules === undefined) return { pooling: 'mean', unit: true }
  let pooling: Pooling | undefined
  let unit = false
  for (const { path, type } of modules) {
    const kind = type.slice(type.lastIndexOf('.') + 1)
    if (kind === 'Pooling') {
      const file = join(folder, path, 'config.json')
      pooling = poolingOf((await readJson(file, poolingSchema)) ?? {}, file)
    } else if (kind === 'Normalize') unit = true
    else if (kind !== 'Transformer' || path !== '')
      throw new RangeError(`${folder}/modules.json: module "${type}" is not known here`)
  }
  return { pooling: pooling ?? 'mean', unit }
}

/** Ids cut to a length, keeping the special tokens around the text. */
function cutIds(whole: readonly number[], body: readonly number[], most: number): readonly number[] {
  if (whole.length <= most) return whole
  const specials = whole.length - body.length
  let before = 0
  while (before < specials && body.some((id, index) => whole[before + index] !== id)) before++
  const kept = body.slice(0, Math.max(0, most - specials))
  return [...whole.slice(0, before), ...kept, ...whole.slice(before + body.length)]
}

/**
 * Loads a BERT-style text encoder from a folder as it is downloaded: `config.json`, `model.safetensors`,
 * `tokenizer.json`, and for sentence-transformers `modules.json` and what it names.
 *
 * @throws {RangeError} naming the tensor, file or module that does not fit
 */
export async function loadSentenceEncoder(folder: string): Promise<LoadedSentenceEncoder> {
  const parsed = parseBertConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  const checkpoint = await openSafetensors(folder)
  const prefix = ['', 'bert.', 'roberta.'].find((start) =>
    checkpoint.names.includes(`${start}embeddings.word_embeddings.weight`),
  )
  const config = { ...parsed, pooler: checkpoint.names.includes(`${prefix ?? ''}pooler.dense.weight`) }
  const parameters = await readParameters<BertParameters>(checkpoint, bertLayout(config, prefix))
  const settings = await readJson(join(folder, 'tokenizer_config.json'), tokenizerConfigSchema)
  const tokenizer = new Tokenizer(
    JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as object,
    settings ?? {},
  )
  const limits = await readJson(join(folder, 'sentence_bert_config.json'), lengthSchema)
  const room = config.positions - config.positionOffset
  const most = Math.min(limits?.max_seq_length ?? settings?.model_max_length ?? room, room)
  const tokenize = (text: string): readonly number[] => {
    const given = limits?.do_lower_case ? text.toLowerCase() : text
    return cutIds(tokenizer.encode(given).ids, tokenizer.encode(given, { add_special_tokens: false }).ids, most)
  }
  return { config, parameters, tokenize, ...(await readModules(folder)) }
}

/** The embedding of each row: [batch, sequence, width] → [batch, width]. */
function pool(states: Tensor, mask: Tensor, pooling: Pooling, unit: boolean): Tensor {
  if (pooling === 'mean') return meanPool(states, mask, unit)
  const pooled = pooling === 'first' ? at(states, 1, 0) : max(where(expandDims(mask, 2), states, -1e30), 1)
  return unit ? normalize(pooled) : pooled
}

/** A text encoder ready to embed. */
export interface SentenceEncoder {
  /** Features of an embedding. */
  readonly width: number
  /**
   * Embeds texts, some at a time, texts of similar length together.
   *
   * @param texts any number
   * @returns float32 [texts, width], in the order of the texts
   */
  embed(texts: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<TensorValue>
  dispose(): Promise<void>
}

export interface SentenceEncoderOptions extends SessionOptions {
  /** Texts at a time. Default 32. */
  readonly batch?: number
}

/**
 * Opens a text encoder, from a folder or loaded before.
 *
 * @example
 * const encoder = await openSentenceEncoder('all-MiniLM-L6-v2')
 * const { data } = await encoder.embed(['I prefer the shorter answer.'])
 */
export async function openSentenceEncoder(
  source: string | LoadedSentenceEncoder,
  options: SentenceEncoderOptions = {},
): Promise<SentenceEncoder> {
  const loaded = typeof source === 'string' ? await loadSentenceEncoder(source) : source
  const { config, parameters, tokenize, pooling, unit } = loaded
  const { batch = 32, ...session } = options
  const run = await compile(({ ids, mask }, p) => pool(applyBert(p, ids, config, { mask }), mask, pooling, unit), {
    ...session,
    inputs: { ids: spec(['batch', 'sequence'], 'int64'), mask: spec(['batch', 'sequence'], 'bool') },
    parameters,
    frozen: true,
  })
  return {
    width: config.width,
    async embed(texts, { signal } = {}) {
      const rows = texts.map((text, row) => ({ row, ids: tokenize(text) }))
      rows.sort((a, b) => b.ids.length - a.ids.length)
      const embedded = new Float32Array(texts.length * config.width)
      for (let start = 0; start < rows.length; start += batch) {
        signal?.throwIfAborted()
        const part = rows.slice(start, start + batch)
        const longest = Math.max(1, part[0]?.ids.length ?? 0)
        const ids = new BigInt64Array(part.length * longest)
        const mask = new Uint8Array(part.length * longest)
        part.forEach((item, index) => {
          item.ids.forEach((id, place) => {
            ids[index * longest + place] = BigInt(id)
            mask[index * longest + place] = 1
          })
        })
        const shape = [part.length, longest]
        const { data } = await run({ ids: value(ids, shape), mask: value(mask, shape, 'bool') })
        part.forEach(({ row }, index) => {
          embedded.set(
            (data as Float32Array).subarray(index * config.width, (index + 1) * config.width),
            row * config.width,
          )
        })
      }
      return value(embedded, [texts.length, config.width])
    },
    dispose: () => run.dispose(),
  }
}
