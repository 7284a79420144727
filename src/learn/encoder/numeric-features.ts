import { z } from 'zod'
import { value } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { computedFeatures } from './computed-features.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'
import { type FeaturesOf, featureNames, featuresOf, placeOf } from './judged-features.ts'

/** A named number and how it is standardised. */
export interface NumericColumn {
  readonly name: string
  readonly mean: number
  /** Above 0. */
  readonly deviation: number
}

export interface NumericFeaturesOptions {
  readonly of: FeaturesOf
  readonly columns: readonly NumericColumn[]
  /**
   * What a feature that is not there is: an error, or the mean, with one more column per feature that is 1 where it was
   * missing and 0 elsewhere. Default `error`.
   */
  readonly missing?: 'error' | 'mean'
}

const optionsSchema = z.strictObject({
  of: z.enum(['candidate', 'context', 'rater']),
  columns: z.array(z.strictObject({ name: z.string(), mean: z.number(), deviation: z.number().positive() })).min(1),
  missing: z.enum(['error', 'mean']).default('error'),
})

const kind = 'numeric-features'

/** The number of a feature, NaN where it is missing. @throws {RangeError} when it is there and no finite number */
function numberOf(judgement: Judgement, of: FeaturesOf, name: string): number {
  const found = featuresOf(judgement, of)[name]
  if (found === undefined) return Number.NaN
  const number = typeof found === 'string' ? Number.NaN : Number(found)
  if (!Number.isFinite(number))
    throw new RangeError(`${placeOf(judgement, of, name)} is ${JSON.stringify(found)}, expected a finite number`)
  return number
}

/**
 * A frozen encoder of named numbers, standardised: (x − mean) / deviation. Booleans are 0 and 1.
 *
 * @throws {z.ZodError} on options of another form; from `prepare` a {RangeError} on a feature that is no finite number,
 *   or is missing when that is an error
 * @example
 * const encoder = numericFeatures({ of: 'candidate', columns: [{ name: 'length', mean: 120, deviation: 40 }] })
 */
export function numericFeatures(options: NumericFeaturesOptions): Encoder<Record<string, never>> {
  const { of, columns, missing } = optionsSchema.parse(options)
  const description = { kind, options: { of, columns, missing } }
  const width = columns.length * (missing === 'mean' ? 2 : 1)
  return {
    id: encoderId(description),
    description,
    ...computedFeatures('numericFeatures', width),
    async prepare(batch) {
      const data = new Float32Array(batch.length * width)
      batch.forEach((judgement, row) => {
        columns.forEach(({ name, mean, deviation }, column) => {
          const number = numberOf(judgement, of, name)
          if (!Number.isNaN(number)) data[row * width + column] = (number - mean) / deviation
          else if (missing === 'mean') data[row * width + columns.length + column] = 1
          else throw new RangeError(`${placeOf(judgement, of, name)} is missing, expected a finite number`)
        })
      })
      return { features: value(data, [batch.length, width]) }
    },
  }
}

/**
 * Numeric features standardised by some judgements: by the mean and the standard deviation (divided by n) of the values
 * that are there, each judgement counted once. A feature that never varies has deviation 1.
 *
 * @param options.names default every feature that is a number or boolean somewhere
 * @throws {RangeError} when no judgement has such a feature, or one is no finite number
 */
export function fitNumericFeatures(
  judgements: readonly Judgement[],
  options: Omit<NumericFeaturesOptions, 'columns'> & { readonly names?: readonly string[] },
): Encoder<Record<string, never>> {
  const { names, ...others } = options
  const { of } = options
  const chosen = names ?? featureNames(judgements, of, (found) => typeof found !== 'string')
  const columns = chosen.map((name) => {
    const numbers = judgements
      .map((judgement) => numberOf(judgement, of, name))
      .filter((number) => !Number.isNaN(number))
    if (numbers.length === 0) throw new RangeError(`no ${of} has a feature "${name}"`)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length
    return { name, mean, deviation: Math.sqrt(variance) || 1 }
  })
  if (columns.length === 0) throw new RangeError(`no ${of} has a numeric feature`)
  return numericFeatures({ ...others, columns })
}

/** Opens saved encoders of this kind. */
export const numericFeaturesKind: EncoderKind = {
  kind,
  open: (options) => numericFeatures(optionsSchema.parse(options)),
}
