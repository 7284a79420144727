import { z } from 'zod'
import {
  applyBert,
  type BertConfig,
  type BertParameters,
  fullBertConfig,
  initBert,
  meanPool,
} from '../../nets/index.ts'
import { type Json, recentMap } from '../../run/index.ts'
import { at, spec, value } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { type BytePairs, bytePairs, type Merge } from './byte-pairs.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'
import { candidateText, contextText, type Reads } from './judged-text.ts'

export interface TransformerEncoderOptions {
  /** Which texts are read. Default `both`. */
  readonly of?: Reads
  /** Features of a token, and columns of the result. Default 128. */
  readonly width?: number
  /** Default 2. */
  readonly layers?: number
  /** Default 4. */
  readonly heads?: number
  /** Features within the feed-forward parts. Default 4 times the width. */
  readonly hidden?: number
  /** Tokens of a row at most. Default 256. */
  readonly length?: number
  /** What stands for the row: the mean of its tokens' states, or the first one's. Default `mean`. */
  readonly pooling?: 'mean' | 'first'
}

const optionsSchema = z.strictObject({
  of: z.enum(['candidate', 'context', 'both']).default('both'),
  width: z.int().min(1).default(128),
  layers: z.int().min(1).default(2),
  heads: z.int().min(1).default(4),
  hidden: z.int().min(1).optional(),
  length: z.int().min(8).default(256),
  pooling: z.enum(['mean', 'first']).default('mean'),
})

const kind = 'transformer'
const [padding, start, separator, specials] = [0, 1, 2, 3]
/** The part of a row that a long context takes at most from a long candidate. */
const contextShare = 1 / 4
/** Tokens kept of texts met lately. */
const keptTokens = 8_000_000

/** Tokens of one row: which they are, and whose (0 the context's, 1 the candidate's). */
interface Row {
  readonly ids: readonly number[]
  readonly types: readonly number[]
}

/**
 * A small transformer in the form of BERT (Devlin et al. 2019, arXiv 1810.04805), trained from nothing with the head on
 * top of it. It reads context and candidate as one row, so that every word of one can heed every word of the other:
 *
 *     start  context  separator  candidate  separator
 *
 * A row that is too long loses the beginning of the context, which keeps a quarter of the row at least, and the end of
 * the candidate. The empty text is a row without words. Parameters start as normal numbers with standard deviation 0.02,
 * norms at 1.
 *
 * @param vocabulary see `learnBytePairs`
 * @throws {z.ZodError | RangeError} on options that are no sizes, or do not divide; from `prepare` on a candidate that
 *   has no words
 * @example
 * const encoder = transformerEncoder(learnBytePairs(texts, { size: 2_048 }), { width: 64 })
 */
export function transformerEncoder(
  vocabulary: BytePairs,
  options: TransformerEncoderOptions = {},
): Encoder<BertParameters> {
  const parsed = optionsSchema.parse(options)
  const { of, width, layers, heads, length, pooling } = parsed
  const hidden = parsed.hidden ?? 4 * width
  const config: BertConfig = fullBertConfig({
    vocabulary: vocabulary.size + specials,
    width,
    layers,
    heads,
    hidden,
    positions: length,
    epsilon: 1e-6,
  })
  const description = { kind, options: { ...parsed, hidden, merges: vocabulary.merges } as Json }
  const kept = recentMap<Int32Array>(keptTokens, (tokens) => tokens.length + 8)
  const tokensOf = (text: string): Int32Array => {
    const known = kept.get(text)
    if (known !== undefined) return known
    const tokens = vocabulary.encode(text).map((symbol) => symbol + specials)
    kept.add(text, tokens)
    return tokens
  }

  const rowOf = (judgement: Judgement): Row => {
    const context = of === 'candidate' ? undefined : tokensOf(contextText(judgement.context))
    const candidate = of === 'context' ? undefined : tokensOf(candidateText(judgement.candidate))
    const room = length - 1 - (context ? 1 : 0) - (candidate ? 1 : 0)
    const spared = candidate ? Math.max(room - candidate.length, Math.floor(room * contextShare)) : room
    const heard = context ? context.slice(Math.max(0, context.length - spared)) : []
    const said = candidate ? candidate.slice(0, room - heard.length) : []
    return {
      ids: [start, ...heard, ...(context ? [separator] : []), ...said, ...(candidate ? [separator] : [])],
      types: [
        0,
        ...new Array<number>(heard.length + (context ? 1 : 0)).fill(0),
        ...new Array<number>(said.length + (candidate ? 1 : 0)).fill(1),
      ],
    }
  }

  return {
    id: encoderId(description),
    description,
    width,
    frozen: false,
    specs: {
      ids: spec(['rows', 'tokens'], 'int32'),
      types: spec(['rows', 'tokens'], 'int32'),
      mask: spec(['rows', 'tokens'], 'bool'),
    },
    async prepare(batch) {
      const rows = batch.map(rowOf)
      const longest = rows.reduce((most, { ids }) => Math.max(most, ids.length), 1)
      const ids = new Int32Array(rows.length * longest).fill(padding)
      const types = new Int32Array(rows.length * longest)
      const mask = new Uint8Array(rows.length * longest)
      rows.forEach((row, index) => {
        ids.set(row.ids, index * longest)
        types.set(row.types, index * longest)
        mask.fill(1, index * longest, index * longest + row.ids.length)
      })
      const shape = [rows.length, longest]
      return { ids: value(ids, shape), types: value(types, shape), mask: value(mask, shape, 'bool') }
    },
    init: (random) => initBert(random, config),
    apply(parameters, { ids, types, mask }) {
      if (ids === undefined || types === undefined || mask === undefined)
        throw new TypeError('transformerEncoder: an input of ids, types and mask is missing')
      const states = applyBert(parameters, ids, config, { types, mask })
      return pooling === 'first' ? at(states, 1, 0) : meanPool(states, mask, false)
    },
  }
}

/** Opens saved encoders of this kind. */
export const transformerEncoderKind: EncoderKind = {
  kind,
  open(options) {
    const { merges, ...others } = z
      .looseObject({ merges: z.array(z.tuple([z.int().min(0), z.int().min(0)])) })
      .parse(options)
    return transformerEncoder(bytePairs(merges satisfies readonly Merge[]), others)
  },
}
