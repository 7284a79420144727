import { z } from 'zod'
import { value } from '../../tensor/index.ts'
import type { Judgement, Matrix } from '../contract.ts'
import { computedFeatures } from '../encoder/computed-features.ts'
import type { Encoder, EncoderKind } from '../encoder/encoder.ts'
import { encoderId } from '../encoder/encoder-id.ts'
import { featuresOf, placeOf } from '../encoder/judged-features.ts'

/** Scores by aspect, some of them missing: [rows][aspects], `null` or NaN where there is none. */
export type AspectTable = readonly (readonly (number | null)[])[]

/** Scores with means in the place of what is missing. */
export interface ImputedAspects {
  /** [rows, aspects] */
  readonly scores: Matrix
  /** [aspects]: what stands for a missing score. Give those of the training rows for any others. */
  readonly means: readonly number[]
  /** Rows in which something was missing. */
  readonly flagged: readonly number[]
}

function checkedWidth(scores: AspectTable): number {
  const width = scores[0]?.length ?? 0
  scores.forEach((row, at) => {
    if (row.length !== width)
      throw new RangeError(`row ${at} has ${row.length} aspect scores, the first one has ${width}`)
    const wrong = row.findIndex((score) => Math.abs(score ?? 0) === Number.POSITIVE_INFINITY)
    if (wrong >= 0)
      throw new RangeError(`aspect ${wrong} of row ${at} is ${row[wrong]}, expected a number, NaN or null`)
  })
  return width
}

const there = (score: number | null | undefined): score is number => typeof score === 'number' && !Number.isNaN(score)

/**
 * Puts each aspect's mean where a score is missing, and says in which rows.
 *
 * @param means default those of these rows
 * @throws {RangeError} when rows differ in length, an aspect has no score at all, one is infinite, or a mean is not finite
 */
export function imputeAspects(scores: AspectTable, means?: readonly number[]): ImputedAspects {
  const width = checkedWidth(scores)
  const used =
    means ??
    Array.from({ length: width }, (_, aspect) => {
      const known = scores.map((row) => row[aspect]).filter(there)
      if (known.length === 0) throw new RangeError(`aspect ${aspect} has no score in any of ${scores.length} rows`)
      return known.reduce((sum, score) => sum + score, 0) / known.length
    })
  if (used.length !== width) throw new RangeError(`${used.length} means for ${width} aspects`)
  const unknown = used.findIndex((mean) => !Number.isFinite(mean))
  if (unknown >= 0) throw new RangeError(`the mean of aspect ${unknown} is ${used[unknown]}, expected a finite number`)
  const data = new Float32Array(scores.length * width)
  const flagged: number[] = []
  scores.forEach((row, at) => {
    row.forEach((score, aspect) => {
      data[at * width + aspect] = there(score) ? score : (used[aspect] as number)
    })
    if (!row.every(there)) flagged.push(at)
  })
  return { scores: { rows: scores.length, columns: width, data }, means: used, flagged }
}

/**
 * The reward without learning: the mean of the scores that are there, over the highest score, in [0, 1].
 *
 * @returns [rows]; NaN where all are missing
 * @throws {RangeError} when rows differ in length
 */
export function naiveAspectMean(scores: AspectTable, highest = 5): Float64Array {
  checkedWidth(scores)
  return Float64Array.from(scores, (row) => {
    const known = row.filter(there)
    return known.reduce((sum, score) => sum + score, 0) / known.length / highest
  })
}

const optionsSchema = z
  .strictObject({ aspects: z.array(z.string().min(1)).min(1), means: z.array(z.number()) })
  .refine(({ aspects, means }) => aspects.length === means.length, {
    path: ['means'],
    error: 'expected one per aspect',
  })

const kind = 'aspect-scores'

function scoreOf(judgement: Judgement, aspect: string): number {
  const found = featuresOf(judgement, 'candidate')[aspect]
  if (found === undefined) return Number.NaN
  if (typeof found !== 'number' || !Number.isFinite(found))
    throw new RangeError(
      `${placeOf(judgement, 'candidate', aspect)} is ${JSON.stringify(found)}, expected a finite number`,
    )
  return found
}

/**
 * A frozen encoder of the aspect scores that candidates carry as features, as they are, in the order of `aspects`
 * whatever the order of the features; the mean stands for a missing one.
 *
 * @throws {z.ZodError} on options of another form; from `prepare` a {RangeError} on a score that is no finite number
 */
export function aspectScores(options: {
  readonly aspects: readonly string[]
  readonly means: readonly number[]
}): Encoder<Record<string, never>> {
  const { aspects, means } = optionsSchema.parse({ aspects: [...options.aspects], means: [...options.means] })
  const description = { kind, options: { aspects, means } }
  return {
    id: encoderId(description),
    description,
    ...computedFeatures('aspectScores', aspects.length),
    async prepare(batch) {
      const { scores } = imputeAspects(
        batch.map((judgement) => aspects.map((aspect) => scoreOf(judgement, aspect))),
        means,
      )
      return { features: value(scores.data, [batch.length, aspects.length]) }
    },
  }
}

/**
 * The encoder of some aspects with the means of these judgements.
 *
 * @throws {RangeError} when no candidate has a score for an aspect
 */
export function fitAspectScores(
  judgements: readonly Judgement[],
  aspects: readonly string[],
): Encoder<Record<string, never>> {
  const table = judgements.map((judgement) => aspects.map((aspect) => scoreOf(judgement, aspect)))
  const unscored = aspects.findIndex((_, at) => table.every((row) => Number.isNaN(row[at] as number)))
  if (unscored >= 0) throw new RangeError(`no candidate has a score for "${aspects[unscored]}"; score them first`)
  return aspectScores({ aspects, means: imputeAspects(table).means })
}

/** Opens saved encoders of this kind. */
export const aspectScoresKind: EncoderKind = { kind, open: (options) => aspectScores(optionsSchema.parse(options)) }
