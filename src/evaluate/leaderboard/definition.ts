import { z } from 'zod'
import { type SignalFilter, signalKinds } from '../../collect/index.ts'
import type { LeaderboardDefinition } from './leaderboard.ts'

const word = z.string().min(1).max(500)
const words = z.array(word).min(1).max(1000)
const time = z.number().int().min(-8.64e15).max(8.64e15)

/** A filter of signals as it arrives from outside. */
export const signalFilterSchema = z.strictObject({
  kinds: z.array(z.enum(signalKinds)).min(1).exactOptional(),
  raters: words.exactOptional(),
  raterKinds: z
    .array(z.enum(['human', 'model', 'simulated']))
    .min(1)
    .exactOptional(),
  raterTraits: z.record(word, z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
  sources: words.exactOptional(),
  tags: words.exactOptional(),
  languages: words.exactOptional(),
  producers: words.exactOptional(),
  from: time.exactOptional(),
  to: time.exactOptional(),
}) satisfies z.ZodType<SignalFilter>

const competitorKey = z.union([z.enum(['producer', 'candidate']), z.strictObject({ feature: word })])

/** A leaderboard's definition as it arrives from outside: unknown fields and values are rejected. */
export const leaderboardDefinitionSchema = z
  .strictObject({
    name: z
      .string()
      .max(100)
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and single hyphens, such as best-songs'),
    title: z.string().min(1).max(200),
    description: z.string().max(5000).exactOptional(),
    filter: signalFilterSchema,
    competitor: competitorKey.exactOptional(),
    aspect: word.exactOptional(),
    model: z.enum(['bradley-terry', 'davidson', 'rao-kupper', 'plackett-luce', 'rating-scale']).exactOptional(),
    features: z
      .array(word)
      .max(100)
      .refine((names) => new Set(names).size === names.length, 'a feature is named twice')
      .exactOptional(),
    featureScale: z.enum(['difference', 'relative']).exactOptional(),
    standardise: z.boolean().exactOptional(),
    centre: z.boolean().exactOptional(),
    penalty: z.enum(['none', 'search-arena', 'arena-rank']).exactOptional(),
    intervals: z.enum(['sandwich', 'bootstrap']).exactOptional(),
    bothBad: z.enum(['tie', 'drop']).exactOptional(),
    anchor: z.strictObject({ competitor: word, rating: z.number().finite() }).exactOptional(),
    clean: z
      .strictObject({
        identityLeak: z.union([z.boolean(), words]).exactOptional(),
        duplicatePrompts: z.number().gt(0).lt(1).exactOptional(),
        outlierRaters: z.number().gt(0).lt(1).exactOptional(),
      })
      .exactOptional(),
    unranked: z.enum(['absent', 'below']).exactOptional(),
    points: z.array(z.number().int().min(1)).min(1).max(100).exactOptional(),
    group: competitorKey.exactOptional(),
    lists: z.enum(['competitors', 'groups']).exactOptional(),
    attribution: z.string().max(1000).exactOptional(),
  })
  .superRefine((definition, context) => {
    const { model = 'bradley-terry', features = [], points, penalty, intervals } = definition
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (features.length > 0 && (model === 'plackett-luce' || model === 'rating-scale'))
      refuse('features', `the model ${model} takes no features; expected bradley-terry, davidson or rao-kupper`)
    for (const field of ['points', 'group', 'lists'] as const)
      if (definition[field] !== undefined && model !== 'rating-scale')
        refuse(field, `only the model rating-scale uses ${field}`)
    if (points?.some((value, rank) => rank > 0 && value >= (points[rank - 1] as number)))
      refuse('points', 'expected points that fall from rank to rank, such as [12, 10, 8]')
    if (penalty && penalty !== 'none' && model !== 'bradley-terry')
      refuse('penalty', `the penalty ${penalty} belongs to the model bradley-terry, not to ${model}`)
    if (intervals === 'bootstrap' && model === 'rating-scale')
      refuse('intervals', 'the model rating-scale has intervals of its own (Laplace); leave intervals out')
  }) satisfies z.ZodType<LeaderboardDefinition>
