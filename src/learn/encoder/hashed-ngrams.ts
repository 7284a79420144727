import { z } from 'zod'
import { normalValue } from '../../nets/index.ts'
import { type Json, recentMap } from '../../run/index.ts'
import {
  add,
  cast,
  concat,
  type Dim,
  dimAt,
  expandDims,
  full,
  gather,
  type InputSpecs,
  matmul,
  mul,
  multiplyDims,
  range,
  reshape,
  scatterAdd,
  spec,
  squeeze,
  type Tensor,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId, floatsAsText, floatsFromText } from './encoder-id.ts'
import {
  type FullNgramOptions,
  fullNgramOptions,
  hashChecked,
  inverseDocumentFrequencies,
  type NgramOptions,
  type SparseRow,
} from './hash-ngrams.ts'
import { candidateText, contextText, type Reads } from './judged-text.ts'

/** [buckets] each, what the weights of candidates' and of contexts' n-grams are multiplied by. */
export interface NgramRarity {
  readonly candidate?: Float32Array
  readonly context?: Float32Array
}

export interface HashedNgramsOptions extends Omit<NgramOptions, 'namespace' | 'idf'> {
  /** Which texts are read. Default `both`. */
  readonly of?: Reads
  /**
   * Columns that the buckets of one text are mapped to by a learned table, or `none` for a frozen encoder whose columns
   * are the buckets themselves. Default 32.
   */
  readonly projection?: number | 'none'
  /** With `both` and a projection: also the products, column by column, of candidate and context. Default false. */
  readonly interactions?: boolean
  /** For tf-idf weights, see {@link ngramRarity}. Default none. */
  readonly rarity?: NgramRarity
  /** Default 16,384, without projection 1,024. */
  readonly buckets?: number
}

/** `table` [buckets, projection]; nothing without projection. */
export interface HashedNgramsParameters {
  readonly table?: TensorValue
}

/** Entries of rows of weights kept for texts met again: 12 bytes each. */
const keptEntries = 8_000_000
/** Up to this many buckets, rows are written out whole and multiplied: faster than gathering, and bounded in memory. */
const denseBuckets = 65_536
const deviation = 0.1

const rangeSchema = z.union([z.literal(false), z.tuple([z.int(), z.int()])])
const optionsSchema = z.strictObject({
  of: z.enum(['candidate', 'context', 'both']).default('both'),
  projection: z.union([z.literal('none'), z.int().min(1).max(4_096)]).default(32),
  interactions: z.boolean().default(false),
  words: rangeSchema.default([1, 2]),
  characters: rangeSchema.default([3, 4]),
  lowerCase: z.boolean().default(true),
  counts: z.enum(['log1p', 'raw', 'binary']).default('log1p'),
  signed: z.boolean().default(true),
  norm: z.enum(['l2', 'none']).default('l2'),
  buckets: z.int().optional(),
  rarity: z
    .strictObject({ candidate: z.instanceof(Float32Array).optional(), context: z.instanceof(Float32Array).optional() })
    .default({}),
})

type Part = 'candidate' | 'context'

/** The n-grams of one part of a judgement, in a space of hashes of its own. */
function partOptions(
  options: z.infer<typeof optionsSchema> & { readonly buckets: number },
  part: Part,
): FullNgramOptions {
  const { words, characters, lowerCase, counts, signed, norm, buckets, rarity } = options
  const idf = rarity[part]
  return fullNgramOptions({
    words,
    characters,
    lowerCase,
    counts,
    signed,
    norm,
    buckets,
    namespace: part,
    ...(idf && { idf }),
  })
}

const textOf = (part: Part, judgement: Judgement): string =>
  part === 'candidate' ? candidateText(judgement.candidate) : contextText(judgement.context)

/**
 * Rows of sparse weights as two arrays, padded with weights of 0 to the longest.
 *
 * @returns int32 and float32 [rows, longest]
 */
function padded(rows: readonly SparseRow[]): { readonly buckets: TensorValue; readonly weights: TensorValue } {
  const longest = rows.reduce((most, row) => Math.max(most, row.buckets.length), 1)
  const buckets = new Int32Array(rows.length * longest)
  const weights = new Float32Array(rows.length * longest)
  rows.forEach((row, at) => {
    buckets.set(row.buckets, at * longest)
    weights.set(row.weights, at * longest)
  })
  const shape = [rows.length, longest]
  return { buckets: value(buckets, shape), weights: value(weights, shape) }
}

/** Rows of sparse weights written out: float32 [rows, buckets]. */
function dense(rows: readonly SparseRow[], buckets: number): TensorValue {
  const data = new Float32Array(rows.length * buckets)
  rows.forEach((row, at) => {
    for (let entry = 0; entry < row.buckets.length; entry++)
      data[at * buckets + (row.buckets[entry] as number)] = row.weights[entry] as number
  })
  return value(data, [rows.length, buckets])
}

/**
 * The sum of a table's rows that sparse weights touch, each times its weight: the product of a sparse matrix with the
 * table.
 *
 * @param table [buckets, width]
 * @param buckets int32 or int64 [rows, entries]; entries of weight 0 count for nothing
 * @param weights [rows, entries]
 * @returns [rows, width]
 */
export function projectSparse(table: Tensor, buckets: Tensor, weights: Tensor): Tensor {
  const size = dimAt(table.shape, 0)
  if (typeof size !== 'number' || size > denseBuckets)
    return squeeze(matmul(expandDims(weights, 1), gather(table, buckets)), [1])
  const [rows, entries] = [dimAt(buckets.shape, 0), dimAt(buckets.shape, 1)]
  const all: Dim = multiplyDims(rows, entries)
  const places = reshape(add(cast(buckets, 'int64'), mul(expandDims(range(rows), 1), size)), [all])
  const written = scatterAdd(full([multiplyDims(rows, size)], 0, weights.dtype), places, reshape(weights, [all]))
  return matmul(reshape(written, [rows, size]), table)
}

/**
 * Reads texts as hashed n-grams of words and characters ({@link hashNgrams}), whole, contexts and candidates in spaces
 * of their own; needs no weights from anywhere. Each text's n-grams become a vector by a learned table of one row per
 * bucket, the sum of the rows touched:
 *
 *     x = Σ_b w_b(text) T_b
 *
 * and the columns are those of the candidate, then of the context, then, with interactions, x_candidate ⊙ x_context. The
 * table starts as normal numbers with standard deviation 0.1.
 *
 * A text without n-grams gives zeros. Rows of n-grams are kept for the texts met lately.
 *
 * @throws {RangeError} on options that do not fit each other; from `prepare` on a candidate that has no words
 * @throws {z.ZodError} on options of another form
 * @example
 * const encoder = hashedNgrams({ of: 'candidate' })
 */
export function hashedNgrams(options: HashedNgramsOptions = {}): Encoder<HashedNgramsParameters> {
  const parsed = optionsSchema.parse(options)
  const checked = { ...parsed, buckets: parsed.buckets ?? (parsed.projection === 'none' ? 1_024 : 16_384) }
  const { of, projection, interactions, buckets, rarity } = checked
  if (interactions && (of !== 'both' || projection === 'none'))
    throw new RangeError('hashedNgrams: interactions need `of: "both"` and a learned projection')
  const parts: readonly Part[] = of === 'both' ? ['candidate', 'context'] : [of]
  const ngrams = { candidate: partOptions(checked, 'candidate'), context: partOptions(checked, 'context') }
  const described: Json = {
    ...checked,
    rarity: Object.fromEntries(
      parts.flatMap((part) => {
        const idf = rarity[part]
        return idf ? [[part, floatsAsText(idf)] as const] : []
      }),
    ),
  }
  const description = { kind: 'hashed-ngrams', options: described }
  const kept = recentMap<SparseRow>(keptEntries, (row) => row.buckets.length + 1)
  const rowOf = (part: Part, text: string): SparseRow => {
    const key = `${part} ${text}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const row = hashChecked(text, ngrams[part])
    kept.add(key, row)
    return row
  }
  const inputs = (names: (part: Part) => readonly (readonly [string, ReturnType<typeof spec>])[]): InputSpecs =>
    Object.fromEntries(parts.flatMap(names))
  const taken = (input: Tensor | undefined, name: string): Tensor => {
    if (input === undefined) throw new TypeError(`hashedNgrams: the input "${name}" is missing`)
    return input
  }
  const side = (columns: number): number => columns * (parts.length + (interactions ? 1 : 0))

  if (projection === 'none')
    return {
      id: encoderId(description),
      description,
      width: side(buckets),
      frozen: true,
      specs: inputs((part) => [[part, spec(['rows', buckets])]]),
      async prepare(batch) {
        const rows = (part: Part) => batch.map((judgement) => rowOf(part, textOf(part, judgement)))
        return Object.fromEntries(parts.map((part) => [part, dense(rows(part), buckets)]))
      },
      init: () => ({}),
      apply: (_, given) =>
        concat(
          parts.map((part) => taken(given[part], part)),
          1,
        ),
    }

  return {
    id: encoderId(description),
    description,
    width: side(projection),
    frozen: false,
    specs: inputs((part) => [
      [`${part}Buckets`, spec(['rows', `${part}Entries`], 'int32')],
      [`${part}Weights`, spec(['rows', `${part}Entries`])],
    ]),
    async prepare(batch) {
      const made = parts.flatMap((part) => {
        const rows = padded(batch.map((judgement) => rowOf(part, textOf(part, judgement))))
        return [[`${part}Buckets`, rows.buckets] as const, [`${part}Weights`, rows.weights] as const]
      })
      return Object.fromEntries(made)
    },
    init: (random) => ({ table: normalValue(random, [buckets, projection], deviation) }),
    apply({ table }, given) {
      if (table === undefined) throw new TypeError('hashedNgrams: the parameters have no table')
      const columns = parts.map((part) => {
        const [places, weights] = [`${part}Buckets`, `${part}Weights`]
        return projectSparse(table, taken(given[places], places), taken(given[weights], weights))
      })
      const [first, second] = columns
      return concat(interactions && first && second ? [first, second, mul(first, second)] : columns, 1)
    },
  }
}

/**
 * How rare n-grams are among the texts of some judgements, each text counted once, for tf-idf weights.
 *
 * @param options those of the encoder it is for
 * @example
 * const encoder = hashedNgrams({ rarity: ngramRarity(judgements) })
 */
export function ngramRarity(judgements: Iterable<Judgement>, options: HashedNgramsOptions = {}): NgramRarity {
  const { rarity: _, ...others } = optionsSchema.parse(options)
  const checked = {
    ...others,
    rarity: {},
    buckets: others.buckets ?? (others.projection === 'none' ? 1_024 : 16_384),
  }
  const texts = { candidate: new Set<string>(), context: new Set<string>() }
  const parts: readonly Part[] = checked.of === 'both' ? ['candidate', 'context'] : [checked.of]
  for (const judgement of judgements) for (const part of parts) texts[part].add(textOf(part, judgement))
  return Object.fromEntries(
    parts.map((part) => [part, inverseDocumentFrequencies(texts[part], partOptions(checked, part))]),
  )
}

/** Opens saved encoders of this kind. */
export const hashedNgramsKind: EncoderKind = {
  kind: 'hashed-ngrams',
  open(options) {
    const { rarity, ...others } = z.looseObject({ rarity: z.record(z.string(), z.string()) }).parse(options)
    const read = Object.fromEntries(Object.entries(rarity).map(([part, text]) => [part, floatsFromText(text)]))
    return hashedNgrams({ ...(others as HashedNgramsOptions), rarity: read })
  },
}
