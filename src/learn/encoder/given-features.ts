import { z } from 'zod'
import type { Json } from '../../run/index.ts'
import { value } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { computedFeatures } from './computed-features.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'

/** Where numbers that are already there come from. */
export type GivenFeaturesOptions =
  /** A row of numbers for each candidate, by the candidate's id. */
  | { readonly rows: Readonly<Record<string, readonly number[] | Float32Array>> }
  /** Named numbers (or booleans) that the signals carry: of the candidate's appearance, the context, or the rater. */
  | { readonly of: 'candidate' | 'context' | 'rater'; readonly names: readonly string[] }

/**
 * A frozen encoder of numbers that are given: rows by the candidate's id, or named features of candidates, contexts or
 * raters' traits, in the order of `names`.
 *
 * @throws {RangeError} when rows differ in length or hold what is not finite, or when there are no columns
 * @example
 * const encoder = givenFeatures({ of: 'candidate', names: ['length', 'links'] })
 */
export function givenFeatures(options: GivenFeaturesOptions): Encoder<Record<string, never>> {
  const { width, read } = 'rows' in options ? fromRows(options.rows) : fromNames(options.of, options.names)
  if (width < 1) throw new RangeError('givenFeatures: there are no columns, expected at least one')
  const described: Json =
    'rows' in options
      ? { rows: Object.fromEntries(Object.entries(options.rows).map(([id, row]) => [id, [...row]])) }
      : { of: options.of, names: options.names }
  return {
    id: encoderId({ kind: 'given-features', options: described }),
    description: { kind: 'given-features', options: described },
    ...computedFeatures('givenFeatures', width),
    async prepare(batch) {
      const data = new Float32Array(batch.length * width)
      batch.forEach((judgement, at) => {
        data.set(read(judgement), at * width)
      })
      return { features: value(data, [batch.length, width]) }
    },
  }
}

/** How a saved model's given features are made again. */
export const givenFeaturesKind: EncoderKind = {
  kind: 'given-features',
  open: (options) =>
    givenFeatures(
      z
        .union([
          z.strictObject({ rows: z.record(z.string(), z.array(z.number())) }),
          z.strictObject({ of: z.enum(['candidate', 'context', 'rater']), names: z.array(z.string()) }),
        ])
        .parse(options),
    ),
}

interface Reader {
  readonly width: number
  read(judgement: Judgement): ArrayLike<number>
}

function fromRows(rows: Readonly<Record<string, ArrayLike<number>>>): Reader {
  const entries = Object.entries(rows)
  const width = entries[0]?.[1].length ?? 0
  for (const [id, row] of entries) {
    if (row.length !== width)
      throw new RangeError(`givenFeatures: the row of ${id} has ${row.length} numbers, the first one has ${width}`)
    for (let column = 0; column < width; column++)
      if (!Number.isFinite(row[column]))
        throw new RangeError(`givenFeatures: number ${column} of ${id} is ${row[column]}, expected a finite number`)
  }
  const known = new Map(entries)
  return {
    width,
    read({ candidate }) {
      const row = known.get(candidate.id)
      if (row === undefined) throw new RangeError(`givenFeatures: there is no row for the candidate ${candidate.id}`)
      return row
    },
  }
}

function fromNames(of: 'candidate' | 'context' | 'rater', names: readonly string[]): Reader {
  return {
    width: names.length,
    read(judgement) {
      const found = of === 'rater' ? judgement.rater?.traits : judgement[of].features
      return names.map((name) => {
        const given = found?.[name]
        const number = typeof given === 'string' ? Number.NaN : Number(given ?? Number.NaN)
        if (!Number.isFinite(number))
          throw new RangeError(
            `givenFeatures: "${name}" of the ${of} ${judgement[of]?.id ?? '(none)'} is ${JSON.stringify(found?.[name])}, expected a finite number`,
          )
        return number
      })
    },
  }
}
