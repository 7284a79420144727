import { z } from '@hono/zod-openapi'
import type { Leaderboard } from '../evaluate/index.ts'
import { named } from './openapi.ts'

/** The models a board can be asked for; `rating-scale` boards are read as they are defined. */
export const boardModels = ['bradley-terry', 'davidson', 'rao-kupper', 'plackett-luce', 'rating-scale'] as const
export const intervalKinds = ['sandwich', 'bootstrap'] as const

const count = z.number().int().min(0)

/** A fitted leaderboard as the API answers it; the same shape as {@link Leaderboard}, checked by the compiler. */
export const leaderboardSchema = named(
  'Leaderboard',
  z.object({
    name: z.string(),
    title: z.string(),
    description: z.string().exactOptional(),
    attribution: z.string().exactOptional(),
    model: z.enum(boardModels),
    intervals: z.enum([...intervalKinds, 'laplace']),
    competitors: z
      .array(
        z.object({
          name: z.string(),
          rating: z.number(),
          lower: z.number(),
          upper: z.number(),
          rank: count,
          votes: count,
          wins: count,
          losses: count,
          ties: count,
          bothBad: count,
          averageWinRate: z.number().nullable(),
        }),
      )
      .readonly(),
    features: z
      .array(z.object({ name: z.string(), coefficient: z.number(), lower: z.number(), upper: z.number() }))
      .readonly(),
    tieParameter: z.number().exactOptional(),
    votes: count,
    outcomes: z.object({ a: count, b: count, tie: count, bothBad: count, skipped: count }),
    winMatrix: z.object({
      names: z.array(z.string()).readonly(),
      wins: z.array(z.array(z.number()).readonly()).readonly(),
    }),
    votesOverTime: z.array(z.object({ start: z.number(), votes: count })).readonly(),
    removed: z.object({ identityLeak: count, duplicatePrompts: count, outlierRaters: count }).exactOptional(),
    warnings: z.array(z.string()).readonly(),
    dataVersion: z.string(),
  }),
) satisfies z.ZodType<Leaderboard>
