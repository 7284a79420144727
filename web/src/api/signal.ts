import * as z from 'zod/mini'
import { address, type Query, request } from './request.ts'

/** Kinds of signal, in words. */
export const kinds = {
  comparison: 'Comparison',
  ranking: 'Ranking',
  rating: 'Rating',
  choice: 'Choice',
  edit: 'Edit',
  reply: 'Reply',
  instruction: 'Instruction',
  answer: 'Answer',
} as const
export type Kind = keyof typeof kinds

const scalar = z.union([z.string(), z.number(), z.boolean()])
const scalars = z.optional(z.record(z.string(), scalar))
const message = z.object({ role: z.string(), content: z.string() })
const media = { uri: z.optional(z.string()), sha256: z.string() }

const contentSchema = z.discriminatedUnion('modality', [
  z.object({ modality: z.literal('text'), text: z.string() }),
  z.object({ modality: z.literal('conversation'), messages: z.array(message) }),
  z.object({ modality: z.literal('image'), ...media }),
  z.object({ modality: z.literal('audio'), ...media }),
  z.object({ modality: z.literal('video'), ...media }),
  z.object({ modality: z.literal('mesh'), ...media }),
  z.object({ modality: z.literal('item'), item: z.string() }),
])
export type Content = z.infer<typeof contentSchema>

const candidateSchema = z.object({
  id: z.string(),
  content: contentSchema,
  producer: z.optional(z.string()),
  features: scalars,
})
export type Candidate = z.infer<typeof candidateSchema>
export type Message = z.infer<typeof message>

const base = {
  id: z.string(),
  rater: z.object({ id: z.string(), kind: z.string(), traits: scalars }),
  context: z.object({
    id: z.string(),
    messages: z.optional(z.array(message)),
    history: z.optional(z.array(z.string())),
    tags: z.optional(z.array(z.string())),
    language: z.optional(z.string()),
    features: scalars,
  }),
  time: z.number(),
  source: z.string(),
  weight: z.optional(z.number()),
  rationale: z.optional(z.string()),
  metadata: z.optional(z.record(z.string(), z.unknown())),
}
const outcome = z.enum(['a', 'b', 'tie', 'both-bad', 'skipped'])
export type Outcome = z.infer<typeof outcome>

const signalSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('comparison'),
    ...base,
    a: candidateSchema,
    b: candidateSchema,
    outcome,
    strength: z.optional(z.number()),
    aspects: z.optional(z.record(z.string(), outcome)),
  }),
  z.object({
    kind: z.literal('ranking'),
    ...base,
    candidates: z.array(candidateSchema),
    ranks: z.array(z.nullable(z.number())),
  }),
  z.object({
    kind: z.literal('rating'),
    ...base,
    candidate: candidateSchema,
    aspects: z.record(z.string(), z.number()),
    scale: z.optional(z.object({ min: z.number(), max: z.number() })),
    rationales: z.optional(z.record(z.string(), z.string())),
  }),
  z.object({
    kind: z.literal('choice'),
    ...base,
    shown: z.array(candidateSchema),
    chosen: z.array(z.number()),
    action: z.string(),
    value: z.optional(z.number()),
  }),
  z.object({ kind: z.literal('edit'), ...base, before: candidateSchema, after: candidateSchema }),
  z.object({ kind: z.literal('reply'), ...base, to: candidateSchema, text: z.string() }),
  z.object({ kind: z.literal('instruction'), ...base, text: z.string(), scope: z.optional(z.string()) }),
  z.object({
    kind: z.literal('answer'),
    ...base,
    question: z.string(),
    options: z.optional(z.array(z.string())),
    answer: z.union([scalar, z.array(z.string()), z.object({ unknown: z.literal(true) })]),
  }),
])
/** What somebody expressed; see the API's description for what each part means. */
export type Signal = z.infer<typeof signalSchema>

const pageSchema = z.object({
  signals: z.array(signalSchema),
  next: z.optional(z.string()),
  total: z.optional(z.number()),
})
/** Some signals, and how to go on. */
export type SignalPage = z.infer<typeof pageSchema>

const countsSchema = z.object({
  total: z.number(),
  kinds: z.record(z.string(), z.number()),
  sources: z.record(z.string(), z.number()),
  raters: z.number(),
  candidates: z.number(),
})
/** How many signals there are of each sort. */
export type Counts = z.infer<typeof countsSchema>

const facet = z.array(z.object({ value: z.string(), count: z.number() }))
const facetsSchema = z.object({
  tags: facet,
  languages: facet,
  producers: facet,
  traits: z.record(z.string(), z.array(z.object({ value: scalar, count: z.number() }))),
})
/** The values filters can take, most frequent first. */
export type Facets = z.infer<typeof facetsSchema>

/** A page of signals that match a query. */
export function readSignals(query: Query, signal: AbortSignal): Promise<SignalPage> {
  return request(pageSchema, address('/v1/signals', query), { signal })
}

/** One signal by its id. */
export function readSignal(id: string, signal: AbortSignal): Promise<Signal> {
  return request(signalSchema, `/v1/signals/${encodeURIComponent(id)}`, { signal })
}

/** How many signals there are. */
export function readCounts(signal: AbortSignal): Promise<Counts> {
  return request(countsSchema, '/v1/counts', { signal })
}

/** Erases all that a rater said. Returns how many signals went. */
export async function eraseRater(id: string): Promise<number> {
  const schema = z.object({ erased: z.number() })
  return (await request(schema, `/v1/raters/${encodeURIComponent(id)}`, { method: 'DELETE' })).erased
}

/** The values that filters can take within the signals that match a query. */
export function readFacets(query: Query, signal: AbortSignal): Promise<Facets> {
  return request(facetsSchema, address('/v1/facets', query), { signal })
}

/** A trait as the API's `trait` parameter wants it: texts that read as something else are quoted. */
export function traitParameter(name: string, value: string | number | boolean): string {
  const ambiguous =
    typeof value === 'string' &&
    (value === 'true' ||
      value === 'false' ||
      /^".*"$/s.test(value) ||
      (value.trim() !== '' && Number.isFinite(Number(value))))
  return `${name}:${ambiguous ? `"${value}"` : value}`
}

/** Where the signals that match a query are as a file, one JSON object per line. */
export function exportAddress(query: Query): string {
  return address('/v1/exports', query)
}
