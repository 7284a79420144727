import { z } from '@hono/zod-openapi'
import * as collect from '../collect/index.ts'

/** JSON Schema of the named schemas, by name. */
export type Components = { readonly [name: string]: z.core.JSONSchema.BaseSchema }

const registry = z.registry<{ id: string }>()

/**
 * Gives a schema its name in the OpenAPI document. Routes refer to it by that name; what the name stands for is written
 * by zod itself ({@link components}), which knows the recursive schemas that the route generator does not.
 */
export function named<Schema extends z.ZodType>(name: string, schema: Schema): z.ZodLazy<Schema> {
  registry.add(schema, { id: name })
  // Only schemas made after the route library was loaded know its methods; other rooms make theirs before.
  return z.lazy(() => schema).openapi(name, { type: 'object' })
}

for (const [name, schema] of Object.entries({
  Rater: collect.raterSchema,
  Message: collect.messageSchema,
  Context: collect.contextSchema,
  Outcome: collect.outcomeSchema,
  Comparison: collect.comparisonSchema,
  Ranking: collect.rankingSchema,
  Rating: collect.ratingSchema,
  Choice: collect.choiceSchema,
  Edit: collect.editSchema,
  Reply: collect.replySchema,
  Instruction: collect.instructionSchema,
  Answer: collect.answerSchema,
}))
  registry.add(schema, { id: name })

/** A signal, as the document names it. */
export const namedSignal = named('Signal', collect.signalSchema)
export const namedContent = named('Content', collect.contentSchema)
export const namedCandidate = named('Candidate', collect.candidateSchema)

/** JSON Schema (2020-12) of every named schema, referring to each other below `#/components/schemas/`. */
export function components(): Components {
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` })
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema]),
  )
}
