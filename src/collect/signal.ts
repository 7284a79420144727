import { hash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, contentHash, type Json } from '../run/index.ts'

/** Limits on what one signal may hold; what exceeds them is rejected with the limit named. */
export const signalLimits = {
  idLength: 200,
  nameLength: 500,
  textLength: 1_000_000,
  messages: 1_000,
  candidates: 10_000,
  tags: 64,
  features: 512,
  metadataBytes: 262_144,
  metadataDepth: 64,
} as const

/** Databases keep ids and names as text, which can hold neither NUL nor half of a surrogate pair. */
const storable = (word: string): boolean => word.isWellFormed() && !word.includes('\0')
const notStorable = 'contains NUL or half of a surrogate pair'
const id = z.string().min(1).max(signalLimits.idLength).refine(storable, notStorable)
const name = z.string().min(1).max(signalLimits.nameLength).refine(storable, notStorable)
const text = z.string().max(signalLimits.textLength)
const scalar = z.union([z.string().max(signalLimits.textLength), z.number(), z.boolean()])
const few = <Value extends z.ZodType>(value: Value) =>
  z
    .record(name, value)
    .refine(
      (record) => Object.keys(record).length <= signalLimits.features,
      `more than ${signalLimits.features} entries`,
    )

/** Whether a value survives JSON unchanged and is nested no deeper than a reader can follow. */
function isJson(value: unknown, depth: number = signalLimits.metadataDepth): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === 0) return false
  if (Array.isArray(value)) return value.every((entry) => isJson(entry, depth - 1))
  const prototype = Object.getPrototypeOf(value)
  return (
    (prototype === Object.prototype || prototype === null) &&
    Object.values(value).every((entry) => isJson(entry, depth - 1))
  )
}
// Not z.json(): a schema that refers to itself cannot be compiled, and signals are read by the million.
const json = z.unknown().refine((value) => isJson(value), {
  abort: true,
  error: `expected JSON nested at most ${signalLimits.metadataDepth} deep`,
}) as z.ZodType<z.core.util.JSONType>

/** Who expresses a preference: a person under a pseudonym, a language model, or a simulated person. */
export const raterSchema = z.strictObject({
  id,
  kind: z.enum(['human', 'model', 'simulated']),
  traits: few(scalar).optional(),
})

/** One message of a conversation, in the roles chat interfaces use. */
export const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: text,
})

/** What the candidates answer to: a prompt, a conversation, a query, a session's history. */
export const contextSchema = z.strictObject({
  /** Client-supplied; use {@link contextId} for one derived from the content. */
  id,
  messages: z.array(messageSchema).max(signalLimits.messages).optional(),
  /** Ids of candidates met earlier in the session, oldest first. */
  history: z.array(id).max(signalLimits.candidates).optional(),
  tags: z.array(name).max(signalLimits.tags).optional(),
  /** BCP 47 tag of the context's language, such as `en` or `pt-BR`. */
  language: z.string().min(1).max(35).optional(),
  features: few(scalar).optional(),
})

const media = { uri: z.string().min(1).max(8_192).optional(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }

/** What a candidate is. Media are referred to by the hash of their bytes; a catalogue item by its key. */
export const contentSchema = z.discriminatedUnion('modality', [
  z.strictObject({ modality: z.literal('text'), text }),
  z.strictObject({ modality: z.literal('conversation'), messages: z.array(messageSchema).max(signalLimits.messages) }),
  z.strictObject({ modality: z.literal('image'), ...media }),
  z.strictObject({ modality: z.literal('audio'), ...media }),
  z.strictObject({ modality: z.literal('video'), ...media }),
  z.strictObject({ modality: z.literal('mesh'), ...media }),
  z.strictObject({ modality: z.literal('item'), item: name }),
])

/**
 * Something a rater can prefer. `id` is the hash of its content ({@link candidateId}); `producer` is who made it (a
 * model, a system, an author), which is what leaderboards rank when it is there. `features` belong to this appearance
 * of the candidate (a length, "played at home"), not to its content.
 */
export const candidateSchema = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the content in hexadecimal'),
    content: contentSchema,
    producer: name.optional(),
    features: few(scalar).optional(),
  })
  .refine((candidate) => candidate.id === candidateId(candidate.content), {
    path: ['id'],
    error: ({ input }) =>
      `expected ${candidateId((input as { content: Content }).content)}, the address of the content`,
  })

/** How a comparison ended. A tie, both bad and a refusal to judge are three different things. */
export const outcomeSchema = z.enum(['a', 'b', 'tie', 'both-bad', 'skipped'])

const base = {
  /** Client-supplied and unique; inserting the same signal again changes nothing. */
  id,
  rater: raterSchema,
  context: contextSchema,
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  time: z.number().int().min(-8.64e15).max(8.64e15),
  /** Where the signal came from: a data set, an application, a file. */
  source: name,
  /** How much the signal counts, default 1. */
  weight: z.number().positive().finite().optional(),
  /** Why, in the rater's words. */
  rationale: text.optional(),
  metadata: z
    .record(z.string().max(signalLimits.nameLength), json)
    .refine(
      (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= signalLimits.metadataBytes,
      `metadata is larger than ${signalLimits.metadataBytes} bytes`,
    )
    .optional(),
}

/** Which of two is preferred; `aspects` holds an outcome per criterion. */
export const comparisonSchema = z.strictObject({
  kind: z.literal('comparison'),
  ...base,
  a: candidateSchema,
  b: candidateSchema,
  outcome: outcomeSchema,
  /** How clear the preference is: 0 barely, 1 beyond doubt. */
  strength: z.number().min(0).max(1).optional(),
  aspects: few(outcomeSchema).optional(),
})

/** A rank per candidate, 1 for the best; equal ranks are ties, null means the rater did not rank it. */
export const rankingSchema = z
  .strictObject({
    kind: z.literal('ranking'),
    ...base,
    candidates: z.array(candidateSchema).min(2).max(signalLimits.candidates),
    ranks: z.array(z.number().int().min(1).nullable()).max(signalLimits.candidates),
  })
  .refine((ranking) => ranking.ranks.length === ranking.candidates.length, {
    path: ['ranks'],
    message: 'ranks must have one entry per candidate',
  })

/** Scores of one candidate by aspect, on a stated scale. `overall` is the customary name of a single score. */
export const ratingSchema = z
  .strictObject({
    kind: z.literal('rating'),
    ...base,
    candidate: candidateSchema,
    aspects: few(z.number().finite()).refine((aspects) => Object.keys(aspects).length > 0, 'at least one aspect'),
    scale: z.strictObject({ min: z.number().finite(), max: z.number().finite() }).optional(),
    /** Why, by aspect. */
    rationales: few(text).optional(),
  })
  .refine(
    ({ aspects, scale }) => !scale || Object.values(aspects).every((score) => score >= scale.min && score <= scale.max),
    { path: ['aspects'], message: 'a score lies outside the scale' },
  )

/** What a rater took among what was shown: a click, a purchase, time spent. */
export const choiceSchema = z
  .strictObject({
    kind: z.literal('choice'),
    ...base,
    shown: z.array(candidateSchema).min(1).max(signalLimits.candidates),
    /** Positions in `shown`, in the order they were chosen; empty when nothing was. */
    chosen: z.array(z.number().int().min(0)).max(signalLimits.candidates),
    /** What the rater did: `click`, `purchase`, `dwell`, `play`, … */
    action: name,
    /** The action's size where it has one, such as seconds for `dwell`. */
    value: z.number().finite().optional(),
  })
  .refine((choice) => choice.chosen.every((position) => position < choice.shown.length), {
    path: ['chosen'],
    message: 'a position lies outside shown',
  })

/** What a rater changed: before and after. */
export const editSchema = z.strictObject({
  kind: z.literal('edit'),
  ...base,
  before: candidateSchema,
  after: candidateSchema,
})

/** What a rater said next, after seeing a candidate. */
export const replySchema = z.strictObject({ kind: z.literal('reply'), ...base, to: candidateSchema, text })

/** A standing wish in words. */
export const instructionSchema = z.strictObject({
  kind: z.literal('instruction'),
  ...base,
  text,
  /** Where it applies, such as a domain; everywhere when absent. */
  scope: name.optional(),
})

/** The answer to a question that was asked; `unknown` says the rater would not or could not say. */
export const answerSchema = z.strictObject({
  kind: z.literal('answer'),
  ...base,
  question: text,
  options: z.array(text).max(signalLimits.candidates).optional(),
  answer: z
    .union([scalar, z.array(text).max(signalLimits.candidates)])
    .or(z.strictObject({ unknown: z.literal(true) })),
})

/** Every sort of signal. */
export const signalKinds = [
  'comparison',
  'ranking',
  'rating',
  'choice',
  'edit',
  'reply',
  'instruction',
  'answer',
] as const

/** Everything a rater can express about candidates in a context. Unknown keys and values are rejected. */
export const signalSchema = z.compile(
  z.discriminatedUnion(
    'kind',
    [
      comparisonSchema,
      rankingSchema,
      ratingSchema,
      choiceSchema,
      editSchema,
      replySchema,
      instructionSchema,
      answerSchema,
    ],
    {
      error: ({ code, input }) =>
        code === 'invalid_union'
          ? `kind is ${JSON.stringify((input as { kind?: unknown }).kind)}, expected one of ${signalKinds.join(', ')}`
          : undefined,
    },
  ),
)

export type Rater = z.infer<typeof raterSchema>
export type Message = z.infer<typeof messageSchema>
export type Context = z.infer<typeof contextSchema>
export type Content = z.infer<typeof contentSchema>
export type Candidate = z.infer<typeof candidateSchema>
export type Outcome = z.infer<typeof outcomeSchema>
export type Comparison = z.infer<typeof comparisonSchema>
export type Ranking = z.infer<typeof rankingSchema>
export type Rating = z.infer<typeof ratingSchema>
export type Choice = z.infer<typeof choiceSchema>
export type Edit = z.infer<typeof editSchema>
export type Reply = z.infer<typeof replySchema>
export type Instruction = z.infer<typeof instructionSchema>
export type Answer = z.infer<typeof answerSchema>
export type Signal = z.infer<typeof signalSchema>
export type SignalKind = Signal['kind']

/** What a validation found wrong, path by path: `a.id: expected …; outcome: …`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ')
}

/** Signals among some values from outside, and why the others are none. */
export interface ParsedSignals {
  readonly signals: readonly Signal[]
  readonly rejected: readonly { readonly position: number; readonly reason: string }[]
}

/** Tells the signals among values from outside from what is none; every position given is in one of the two. */
export function parseSignals(values: readonly unknown[]): ParsedSignals {
  const signals: Signal[] = []
  const rejected: { position: number; reason: string }[] = []
  values.forEach((value, position) => {
    const parsed = signalSchema.safeParse(value)
    if (parsed.success) signals.push(parsed.data)
    else rejected.push({ position, reason: describeIssues(parsed.error) })
  })
  return { signals, rejected }
}

/** The address of a content: the hash of what it is. A media file's address does not depend on where it is kept. */
export function candidateId(content: Content): string {
  return hash('sha256', addressed(content))
}

/**
 * The canonical JSON of a content without the place where it is kept. Written out by modality, because every candidate
 * that enters is checked against its address.
 */
function addressed(content: Content): string {
  switch (content.modality) {
    case 'text':
      return `{"modality":"text","text":${JSON.stringify(content.text)}}`
    case 'item':
      return `{"item":${JSON.stringify(content.item)},"modality":"item"}`
    case 'conversation': {
      const messages = content.messages.map(
        ({ role, content: said }) => `{"content":${JSON.stringify(said)},"role":${JSON.stringify(role)}}`,
      )
      return `{"messages":[${messages.join(',')}],"modality":"conversation"}`
    }
    default:
      return `{"modality":${JSON.stringify(content.modality)},"sha256":${JSON.stringify(content.sha256)}}`
  }
}

/** A candidate of a content, its id computed. */
export function candidate(
  content: Content,
  about: { producer?: string; features?: Candidate['features'] } = {},
): Candidate {
  return {
    id: candidateId(content),
    content,
    ...(about.producer !== undefined && { producer: about.producer }),
    ...(about.features !== undefined && { features: about.features }),
  }
}

/** An id for a context, derived from everything in it. */
export function contextId(context: Omit<Context, 'id'>): string {
  return contentHash(canonicalJson(context as Json))
}

/** The address of a context's words: that of a conversation with its messages. */
export function contextAddress({ messages = [] }: Pick<Context, 'messages'>): string {
  return candidateId({ modality: 'conversation', messages })
}

/** Every candidate a signal mentions, in order. */
export function candidatesOf(signal: Signal): readonly Candidate[] {
  switch (signal.kind) {
    case 'comparison':
      return [signal.a, signal.b]
    case 'ranking':
      return signal.candidates
    case 'rating':
      return [signal.candidate]
    case 'choice':
      return signal.shown
    case 'edit':
      return [signal.before, signal.after]
    case 'reply':
      return [signal.to]
    case 'instruction':
    case 'answer':
      return []
  }
}

/** What a leaderboard ranks: the producer where there is one, the catalogue item's key, else the content's address. */
export function competitorOf(candidate: Candidate): string {
  return candidate.producer ?? (candidate.content.modality === 'item' ? candidate.content.item : candidate.id)
}
