import { z } from 'zod'
import { normalValue } from '../../nets/index.ts'
import { dimAt, gather, reshape, spec, type TensorValue, value } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { computedFeatures } from './computed-features.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'
import { type FeaturesOf, type FeatureValue, featureNames, featuresOf } from './judged-features.ts'

/** A named feature and the values that are told apart; every other value, and none, are one further category. */
export interface CategoricalColumn {
  readonly name: string
  /** `1` and `'1'` are two categories. */
  readonly categories: readonly FeatureValue[]
}

export interface CategoricalFeaturesOptions {
  readonly of: FeaturesOf
  readonly columns: readonly CategoricalColumn[]
  /** Columns of a learned vector per category, or `none` for a frozen encoder of zeros and a one. Default `none`. */
  readonly embedding?: number | 'none'
}

/** `table` [categories and unknowns of all features, embedding]; nothing without embedding. */
export interface CategoricalFeaturesParameters {
  readonly table?: TensorValue
}

const optionsSchema = z.strictObject({
  of: z.enum(['candidate', 'context', 'rater']),
  columns: z
    .array(z.strictObject({ name: z.string(), categories: z.array(z.union([z.string(), z.number(), z.boolean()])) }))
    .min(1),
  embedding: z.union([z.literal('none'), z.int().min(1).max(4_096)]).default('none'),
})

const kind = 'categorical-features'
const deviation = 0.1
const keyOf = (value: FeatureValue): string => `${typeof value} ${value}`

/**
 * An encoder of named categories: per feature a one among zeros, first the category that stands for every value not
 * listed and for none; or a learned vector per category, which starts as normal numbers with standard deviation 0.1, that
 * of the unknown as zeros. What unknown values come to is learned only if training meets some (see
 * {@link fitCategoricalFeatures}).
 *
 * @throws {z.ZodError | RangeError} on options of another form, or a category listed twice
 * @example
 * const encoder = categoricalFeatures({ of: 'rater', columns: [{ name: 'country', categories: ['at', 'de'] }] })
 */
export function categoricalFeatures(options: CategoricalFeaturesOptions): Encoder<CategoricalFeaturesParameters> {
  const { of, columns, embedding } = optionsSchema.parse(options)
  const description = { kind, options: { of, columns, embedding } }
  let total = 0
  const placed = columns.map(({ name, categories }) => {
    const start = total
    const places = new Map(categories.map((category, at) => [keyOf(category), start + 1 + at]))
    if (places.size !== categories.length) throw new RangeError(`categories of "${name}" are listed twice`)
    total += categories.length + 1
    return { name, start, places }
  })
  const placesOf = (judgement: Judgement): readonly number[] => {
    const features = featuresOf(judgement, of)
    return placed.map(({ name, start, places }) => {
      const found = features[name]
      return (found === undefined ? undefined : places.get(keyOf(found))) ?? start
    })
  }
  const shared = { id: encoderId(description), description }
  if (embedding === 'none')
    return {
      ...shared,
      ...computedFeatures('categoricalFeatures', total),
      async prepare(batch) {
        const data = new Float32Array(batch.length * total)
        batch.forEach((judgement, row) => {
          for (const place of placesOf(judgement)) data[row * total + place] = 1
        })
        return { features: value(data, [batch.length, total]) }
      },
    }
  const width = columns.length * embedding
  return {
    ...shared,
    width,
    frozen: false,
    specs: { places: spec(['rows', columns.length], 'int32') },
    async prepare(batch) {
      const places = Int32Array.from(batch.flatMap(placesOf))
      return { places: value(places, [batch.length, columns.length]) }
    },
    init(random) {
      const table = normalValue(random, [total, embedding], deviation)
      for (const { start } of placed) table.data.fill(0 as never, start * embedding, (start + 1) * embedding)
      return { table }
    },
    apply({ table }, { places }) {
      if (table === undefined || places === undefined)
        throw new TypeError('categoricalFeatures: the parameters have no table, or the input "places" is missing')
      return reshape(gather(table, places), [dimAt(places.shape, 0), width])
    },
  }
}

/**
 * Categorical features with the categories that some judgements have.
 *
 * @param options.names default every feature that is a text or a boolean somewhere
 * @param options.minimumCount values met in fewer judgements are left to the unknown, which is thereby learned. Default 1
 * @param options.most categories of a feature that are told apart: those met most often, first met first among equals.
 *   Default 1,000
 * @throws {RangeError} when no judgement has such a feature
 */
export function fitCategoricalFeatures(
  judgements: readonly Judgement[],
  options: Omit<CategoricalFeaturesOptions, 'columns'> & {
    readonly names?: readonly string[]
    readonly minimumCount?: number
    readonly most?: number
  },
): Encoder<CategoricalFeaturesParameters> {
  const { names, minimumCount = 1, most = 1_000, ...others } = options
  const { of } = options
  const chosen = names ?? featureNames(judgements, of, (found) => typeof found !== 'number')
  const columns = chosen.map((name) => {
    const counts = new Map<string, { readonly category: FeatureValue; count: number }>()
    for (const judgement of judgements) {
      const category = featuresOf(judgement, of)[name]
      if (category === undefined) continue
      const met = counts.get(keyOf(category)) ?? { category, count: 0 }
      met.count++
      counts.set(keyOf(category), met)
    }
    if (counts.size === 0) throw new RangeError(`no ${of} has a feature "${name}"`)
    const categories = [...counts.values()]
      .filter(({ count }) => count >= minimumCount)
      .toSorted((a, b) => b.count - a.count)
      .slice(0, most)
      .map(({ category }) => category)
    return { name, categories }
  })
  if (columns.length === 0) throw new RangeError(`no ${of} has a categorical feature`)
  return categoricalFeatures({ ...others, columns })
}

/** Opens saved encoders of this kind. */
export const categoricalFeaturesKind: EncoderKind = {
  kind,
  open: (options) => categoricalFeatures(optionsSchema.parse(options)),
}
