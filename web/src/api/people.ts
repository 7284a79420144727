import * as z from 'zod/mini'
import { address, request } from './request.ts'

const scalar = z.union([z.string(), z.number(), z.boolean()])
const effectSchema = z.object({ value: z.number(), lower: z.number(), upper: z.number() })
/** A number of a taste with its 95 % interval. */
export type TasteEffect = z.infer<typeof effectSchema>

const columnSchema = z.object({
  name: z.string(),
  more: z.string(),
  less: z.string(),
  unit: z.enum(['deviation', 'yes']),
  common: effectSchema,
  spread: z.number(),
})
/** What tastes are told by. */
export type TasteColumn = z.infer<typeof columnSchema>

const place = { x: z.number(), y: z.number(), cluster: z.number() }
const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  traits: z.record(z.string(), scalar),
  group: z.optional(z.string()),
  ...place,
  choices: z.number(),
})
/** A rater on the map. */
export type Person = z.infer<typeof personSchema>

const groupSchema = z.object({ name: z.string(), raters: z.number(), ...place, effects: z.array(effectSchema) })
export type PeopleGroup = z.infer<typeof groupSchema>

const sourceSchema = z.object({ source: z.string(), title: z.string() })

const mapSchema = z.object({
  source: z.string(),
  title: z.string(),
  description: z.optional(z.string()),
  attribution: z.optional(z.string()),
  groupBy: z.optional(z.string()),
  columns: z.array(columnSchema),
  raters: z.array(personSchema),
  groups: z.array(groupSchema),
  clusters: z.array(z.object({ size: z.number(), lean: z.array(z.number()) })),
  silhouette: z.number(),
  map: z.object({
    shares: z.tuple([z.number(), z.number()]),
    axes: z.tuple([z.array(z.number()), z.array(z.number())]),
  }),
  reliability: z.number(),
  leftOut: z.record(z.string(), z.number()),
  warnings: z.array(z.string()),
  dataVersion: z.string(),
})
/** The raters of a source on a map of tastes. */
export type PeopleMap = z.infer<typeof mapSchema>

const answerSchema = z.object({
  sources: z.array(sourceSchema),
  people: z.optional(mapSchema),
  total: z.number(),
  job: z.optional(z.string()),
})
/** People as they were found last, and the job that finds them anew, if one does. */
export type PeopleAnswer = z.infer<typeof answerSchema>

const tasteSchema = z.object({
  source: z.string(),
  title: z.string(),
  person: personSchema,
  columns: z.array(columnSchema),
  effects: z.array(effectSchema),
  group: z.optional(z.object({ name: z.string(), raters: z.number(), effects: z.array(effectSchema) })),
  reasons: z.array(z.object({ column: z.string(), text: z.string(), odds: z.number() })),
  nearest: z.array(z.object({ id: z.string(), name: z.string(), cluster: z.number(), distance: z.number() })),
  signals: z.record(z.string(), z.number()),
  dataVersion: z.string(),
})
/** What moves one person. */
export type PersonTaste = z.infer<typeof tasteSchema>

/** The people of a source, or of the first there is. */
export function readPeople(source: string | undefined, signal: AbortSignal): Promise<PeopleAnswer> {
  return request(answerSchema, address('/v1/people', { source }), { signal })
}

/** One of a source's people. */
export function readPerson(source: string, id: string, signal: AbortSignal): Promise<PersonTaste> {
  return request(tasteSchema, address(`/v1/people/${encodeURIComponent(id)}`, { source }), { signal })
}

/** Where a person's page is. */
export function personAddress(source: string, id: string): string {
  return `/people/${encodeURIComponent(source)}/${encodeURIComponent(id)}`
}
