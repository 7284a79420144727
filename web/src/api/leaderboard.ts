import * as z from 'zod/mini'
import { address, request } from './request.ts'

/** The models that comparisons can be fitted with, in words. */
export const models: { readonly [model: string]: string } = {
  'bradley-terry': 'Bradley–Terry',
  davidson: 'Davidson',
  'rao-kupper': 'Rao–Kupper',
  'plackett-luce': 'Plackett–Luce',
  'rating-scale': 'Rating scale',
}

/** How uncertainty is estimated, in words. */
export const intervalKinds: { readonly [intervals: string]: string } = {
  sandwich: 'Sandwich',
  bootstrap: 'Bootstrap',
  laplace: 'Laplace',
}

const entrySchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.optional(z.string()),
  attribution: z.optional(z.string()),
  model: z.optional(z.string()),
  group: z.optional(z.string()),
})
/** A board in the list of boards. */
export type BoardEntry = z.infer<typeof entrySchema>

const competitorSchema = z.object({
  name: z.string(),
  rating: z.number(),
  lower: z.number(),
  upper: z.number(),
  rank: z.number(),
  votes: z.number(),
  wins: z.number(),
  losses: z.number(),
  ties: z.number(),
  bothBad: z.number(),
  averageWinRate: z.nullable(z.number()),
})
export type Competitor = z.infer<typeof competitorSchema>

const effectSchema = z.object({ name: z.string(), coefficient: z.number(), lower: z.number(), upper: z.number() })
export type FeatureEffect = z.infer<typeof effectSchema>

/** A fitted board; see the API's description for what each part means. */
export const leaderboardSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.optional(z.string()),
  attribution: z.optional(z.string()),
  model: z.string(),
  intervals: z.string(),
  competitors: z.array(competitorSchema),
  features: z.array(effectSchema),
  tieParameter: z.optional(z.number()),
  votes: z.number(),
  outcomes: z.object({ a: z.number(), b: z.number(), tie: z.number(), bothBad: z.number(), skipped: z.number() }),
  winMatrix: z.object({ names: z.array(z.string()), wins: z.array(z.array(z.number())) }),
  votesOverTime: z.array(z.object({ start: z.number(), votes: z.number() })),
  removed: z.optional(z.object({ identityLeak: z.number(), duplicatePrompts: z.number(), outlierRaters: z.number() })),
  warnings: z.array(z.string()),
  dataVersion: z.string(),
})
export type Leaderboard = z.infer<typeof leaderboardSchema>

/** How a board is asked for where it differs from its definition. */
export interface BoardQuery {
  readonly model?: string | undefined
  readonly intervals?: string | undefined
  readonly tag?: readonly string[]
  readonly language?: readonly string[]
  /** Each `name:value`. */
  readonly trait?: readonly string[]
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Names with commas between; empty to estimate no effect beside the ratings. */
  readonly features?: string | undefined
}

/** Every board there is. */
export async function listBoards(signal: AbortSignal): Promise<readonly BoardEntry[]> {
  const schema = z.object({ leaderboards: z.array(entrySchema) })
  return (await request(schema, '/v1/leaderboards', { signal })).leaderboards
}

/** Where a fitted board is. */
export function boardAddress(name: string, query: BoardQuery = {}): string {
  return address(`/v1/leaderboards/${encodeURIComponent(name)}`, { ...query })
}

/** One board, fitted to the signals of now. */
export function readBoard(name: string, query: BoardQuery, signal: AbortSignal): Promise<Leaderboard> {
  return request(leaderboardSchema, boardAddress(name, query), { signal })
}
