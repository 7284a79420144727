import { z } from 'zod'
import { type Context, candidate, type Rating } from '../signal.ts'
import { type About, aboutReader, withoutUndefined } from './about.ts'
import { cellOf, numberCell, textCell } from './cells.ts'
import { unexpected } from './fault.ts'
import {
  type Draft,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type ReadOptions,
  type RowWriter,
  rowByRow,
} from './format.ts'

const aspectScale = { min: 1, max: 5 }
const overallScale = { min: 1, max: 10 }

const annotation = z.looseObject({ Rating: z.unknown() })
const annotationsSchema = z.record(z.string(), annotation.nullable())
const completion = z.looseObject({
  response: z.string(),
  model: z.string().nullish(),
  annotations: annotationsSchema.nullish(),
  critique: z.string().nullish(),
  overall_score: z.union([z.number(), z.string()]).nullish(),
})
type Completion = z.infer<typeof completion>
type Annotation = z.infer<typeof annotation>
type Base = About['base']

/** A published rating: `"1"` to `"5"`, or `N/A`, which is undefined. */
function aspectRating(path: string, value: unknown): number | undefined {
  if (value === 'N/A') return undefined
  const number = typeof value === 'string' && /^\s*[1-5]\s*$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 5) return number
  throw unexpected(path, value, '"1" to "5" or "N/A"')
}

function overallRating(path: string, value: unknown): number | undefined {
  const score = numberCell(path, value)
  if (score !== undefined && (score < overallScale.min || score > overallScale.max))
    throw unexpected(path, value, `a number from ${overallScale.min} to ${overallScale.max}`)
  return score
}

/** The rating by aspect, and the overall rating that a critique ends with: two signals, each where it was given. */
function readCompletion(made: Completion, index: number, base: Base, context: Context): Draft[] {
  const { response, model, annotations, critique, overall_score, ...others } = made
  const path = `completions.${index}`
  const aspects: Record<string, number> = {}
  const rationales: Record<string, string> = {}
  const details: Record<string, Fields> = {}
  for (const [aspect, said] of Object.entries(annotations ?? {})) {
    if (!said) continue
    const { Rating: rating, ...rest } = said
    const score = aspectRating(`${path}.annotations.${aspect}.Rating`, rating)
    if (score !== undefined) aspects[aspect] = score
    const why = rest['Rationale For Rating'] ?? rest['Rationale']
    if (typeof why === 'string') rationales[aspect] = why
    details[aspect] = rest
  }
  const overall = overallRating(`${path}.overall_score`, overall_score)
  const rated = candidate({ modality: 'text', text: response }, typeof model === 'string' ? { producer: model } : {})
  const draft = (scores: Record<string, number>, scale: Rating['scale'], more: Partial<Rating>, kept: Fields): Draft =>
    ({
      ...base,
      kind: 'rating',
      context,
      candidate: rated,
      aspects: scores,
      scale,
      ...more,
      metadata: { ...base.metadata, completion: { ...others, index }, ...kept },
    }) as Draft
  const byAspect = Object.keys(aspects).length > 0
  const annotated = Object.keys(details).length > 0 ? { annotations: details } : {}
  return [
    ...(byAspect
      ? [draft(aspects, aspectScale, Object.keys(rationales).length > 0 ? { rationales } : {}, annotated)]
      : []),
    ...(overall === undefined
      ? []
      : [
          draft(
            { overall },
            overallScale,
            typeof critique === 'string' ? { rationale: critique } : {},
            byAspect ? {} : annotated,
          ),
        ]),
  ]
}

function readInstance(fields: Fields, about: (fields: Fields) => About, options: ReadOptions): Draft[] {
  const instruction = textCell('instruction', fields['instruction'])
  if (instruction === undefined) throw unexpected('instruction', undefined, 'a text')
  const completions = cellOf(z.array(completion), 'completions', fields['completions'])
  if (!completions || completions.length === 0)
    throw unexpected('completions', fields['completions'], 'a list of completions')
  const { base, context } = about(fields)
  const { id: _, ...rest } = base
  const asked = context({ messages: [{ role: 'user', content: instruction }] })
  return completions.flatMap((made, index) => {
    const drafts = readCompletion(made, index, rest, asked)
    if (drafts.length === 0) options.note('Some completions have no rating; they give no signal.')
    return drafts
  })
}

const keptCompletion = z.looseObject({ index: z.int().min(0).optional() })

/** What is known so far of a completion that is being put together from its ratings. */
interface Slot {
  readonly key: string
  made: Record<string, unknown>
  aspects: boolean
  overall: boolean
}

function annotationsOf({ aspects, rationales, metadata }: Rating, byAspect: boolean): Record<string, Annotation> {
  const kept = annotationsSchema.safeParse(withRatings(metadata?.['annotations'])).data ?? {}
  const names = new Set([...Object.keys(kept), ...(byAspect ? Object.keys(aspects) : [])])
  return Object.fromEntries(
    [...names].map((aspect) => {
      const { Rating: _, ...rest } = kept[aspect] ?? { Rating: undefined, Rationale: rationales?.[aspect] }
      return [
        aspect,
        withoutUndefined({
          Rating: byAspect && Object.hasOwn(aspects, aspect) ? String(aspects[aspect]) : 'N/A',
          ...rest,
        }),
      ]
    }),
  )
}

function withRatings(annotations: unknown): unknown {
  if (typeof annotations !== 'object' || annotations === null) return annotations
  return Object.fromEntries(
    Object.entries(annotations).map(([aspect, rest]) => [aspect, { Rating: undefined, ...(rest as object) }]),
  )
}

/** Gathers ratings that follow each other in one context into a row. */
function instanceWriter(): RowWriter {
  let contextId: string | undefined
  let row: Record<string, unknown> = {}
  let slots: Slot[] = []

  const flush = (): OutRow[] => {
    if (slots.length === 0) return []
    const completions = slots.map(({ made }) => made)
    const { models = completions.map(({ model }) => model ?? null), ...rest } = row
    slots = []
    return [{ ...rest, models, completions }]
  }

  return {
    write(signal, leave) {
      if (signal.kind !== 'rating') return new Inexpressible(`a ${signal.kind}`)
      const { content, producer } = signal.candidate
      const prompt = signal.context.messages
      const scale = signal.scale
      const byAspect = scale?.min === aspectScale.min && scale.max === aspectScale.max
      const overall = scale?.min === overallScale.min && scale.max === overallScale.max
      if (content.modality !== 'text') return new Inexpressible('a candidate that is no text')
      if (prompt?.length !== 1 || prompt[0]?.role !== 'user')
        return new Inexpressible('a prompt that is not one message of a user')
      if (byAspect && !Object.values(signal.aspects).every(Number.isInteger))
        return new Inexpressible('a rating by aspect that is no whole number')
      if (!byAspect && !(overall && Object.keys(signal.aspects).join() === 'overall'))
        return new Inexpressible('a rating that is neither by aspect from 1 to 5 nor overall from 1 to 10')
      const { completion: said, annotations: _, ...instance } = signal.metadata ?? {}
      const { index, ...others } = keptCompletion.safeParse(said).data ?? {}
      const key = index === undefined ? signal.candidate.id : `${index}`
      const found = slots.find((slot) => slot.key === key)
      const taken = found && (byAspect ? found.aspects : found.overall)
      const out =
        taken || signal.context.id !== contextId || (index !== undefined && index < slots.length - 1) ? flush() : []
      if (out.length > 0 || slots.length === 0) {
        contextId = signal.context.id
        row = { ...instance, instruction: prompt[0].content }
      }
      let slot = slots.find((one) => one.key === key)
      if (!slot) {
        slot = { key, made: {}, aspects: false, overall: false }
        slots.push(slot)
      }
      const annotations = annotationsOf(signal, byAspect)
      slot.made = withoutUndefined({
        ...slot.made,
        model: producer,
        ...others,
        response: content.text,
        annotations: Object.keys(annotations).length > 0 ? annotations : slot.made['annotations'],
        critique: overall ? signal.rationale : slot.made['critique'],
        overall_score: overall ? signal.aspects['overall'] : slot.made['overall_score'],
      })
      if (byAspect) slot.aspects = true
      else slot.overall = true
      if (signal.candidate.features) leave('features')
      if (byAspect && signal.rationale !== undefined) leave('rationale')
      if (overall && signal.rationales) leave('rationales')
      return out
    },
    end: flush,
  }
}

/**
 * Instructions with several completions, each rated by a model: `instruction`, `models`, and `completions` of a
 * `response`, a `model`, `annotations` (by aspect a `Rating` from "1" to "5" or "N/A" and its `Rationale`), a
 * `critique` and an `overall_score` from 1 to 10. Every completion gives a rating by aspect and an overall rating;
 * "N/A" is an absent aspect. Written, ratings of one context that follow each other make a row.
 *
 * @see Cui et al. 2023, UltraFeedback, arXiv 2310.01377
 */
export const ultrafeedback: Format = {
  name: 'ultrafeedback',
  title: 'instructions with completions rated by a model',
  containers: ['jsonl', 'json', 'parquet'],
  rater: { id: 'ultrafeedback-annotator', kind: 'model' },
  detect: ({ columns }) => columns.includes('instruction') && columns.includes('completions'),
  reader(options) {
    const about = aboutReader(
      { id: [], rater: ['rater'], time: ['timestamp'], own: ['instruction', 'completions'] },
      options,
    )
    return rowByRow((row) => readInstance(row.fields, about, options))
  },
  write: {
    containers: ['jsonl', 'json', 'parquet'],
    types: () => ({ instruction: 'VARCHAR' }),
    keeps: () => ['context.messages', 'producer', 'metadata', 'rationale', 'rationales', 'scale'],
    writer: instanceWriter,
  },
}
