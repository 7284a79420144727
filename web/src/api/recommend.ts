import * as z from 'zod/mini'
import { address, request } from './request.ts'

const scalar = z.union([z.string(), z.number(), z.boolean()])
const attributes = z.optional(z.record(z.string(), z.union([scalar, z.array(scalar)])))
/** What is known of an item, the most telling first. */
export type Attributes = z.infer<typeof attributes>

const metricSchema = z.object({
  name: z.string(),
  value: z.number(),
  lower: z.number(),
  upper: z.number(),
  popularity: z.number(),
})

const recommenderSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.optional(z.string()),
  kind: z.string(),
  /** Equal for those that learned from the same choices. */
  data: z.record(z.string(), z.unknown()),
  state: z.enum(['ready', 'fitting', 'failed']),
  job: z.optional(z.string()),
  error: z.optional(z.string()),
  fitted: z.optional(
    z.object({
      at: z.number(),
      users: z.number(),
      items: z.number(),
      interactions: z.number(),
      explains: z.boolean(),
      quality: z.optional(
        z.object({ holdOut: z.number(), users: z.number(), metrics: z.array(metricSchema), coverage: z.number() }),
      ),
    }),
  ),
})
/** A method fitted, or being fitted, to choices. */
export type Recommender = z.infer<typeof recommenderSchema>

const kindsSchema = z.object({
  kinds: z.array(z.object({ kind: z.string(), title: z.string(), description: z.string() })),
})
/** The methods there are. */
export type RecommenderKinds = z.infer<typeof kindsSchema>['kinds']

const itemSchema = z.object({ id: z.string(), title: z.optional(z.string()), attributes, users: z.number() })
const itemsSchema = z.object({ items: z.array(itemSchema), total: z.number() })
/** Items that a search found. */
export type ItemPage = z.infer<typeof itemsSchema>

const usersSchema = z.object({ users: z.array(z.object({ id: z.string(), items: z.number() })), total: z.number() })
/** Users that a search found. */
export type UserPage = z.infer<typeof usersSchema>

const historySchema = z.object({
  id: z.string(),
  history: z.array(z.object({ id: z.string(), title: z.optional(z.string()) })),
})
/** What a user took, oldest first. */
export type UserHistory = z.infer<typeof historySchema>

const reasonSchema = z.object({ id: z.string(), title: z.optional(z.string()), weight: z.number() })
const recommendedSchema = z.object({
  id: z.string(),
  title: z.optional(z.string()),
  attributes,
  score: z.number(),
  reasons: z.optional(z.array(reasonSchema)),
})
/** An item of a list, and why it is there. */
export type Recommended = z.infer<typeof recommendedSchema>

const recommendationSchema = z.object({
  basis: z.enum(['user', 'history', 'popularity']),
  items: z.array(recommendedSchema),
  notes: z.optional(z.array(z.string())),
})
/** A list for somebody. */
export type Recommendation = z.infer<typeof recommendationSchema>

/** What re-ranking weighs beside relevance. */
export type Aim = 'fairness' | 'diversity'

const curveSchema = z.object({
  over: z.enum(['diversity', 'fairness']),
  count: z.number(),
  users: z.number(),
  points: z.array(
    z.object({
      weight: z.number(),
      recall: z.number(),
      ndcg: z.number(),
      coverage: z.number(),
      diversity: z.number(),
      gini: z.optional(z.number()),
    }),
  ),
})
/** What re-ranking costs, measured. */
export type Curve = z.infer<typeof curveSchema>
export type CurvePoint = Curve['points'][number]

const path = (name: string, part = ''): string => `/v1/recommenders/${encodeURIComponent(name)}${part}`

/** Every recommender there is. */
export async function listRecommenders(signal: AbortSignal): Promise<readonly Recommender[]> {
  const list = z.object({ recommenders: z.array(recommenderSchema) })
  return (await request(list, '/v1/recommenders', { signal })).recommenders
}

export async function listKinds(signal: AbortSignal): Promise<RecommenderKinds> {
  return (await request(kindsSchema, '/v1/recommender-kinds', { signal })).kinds
}

/** Items whose title or id holds the words, those that most took first where nothing is searched for. */
export function findItems(name: string, search: string, limit: number, signal: AbortSignal): Promise<ItemPage> {
  return request(itemsSchema, address(path(name, '/items'), { search: search || undefined, limit }), { signal })
}

/** Users whose id holds the words. */
export function findUsers(name: string, search: string, limit: number, signal: AbortSignal): Promise<UserPage> {
  return request(usersSchema, address(path(name, '/users'), { search: search || undefined, limit }), { signal })
}

export function readHistory(name: string, user: string, signal: AbortSignal): Promise<UserHistory> {
  return request(historySchema, path(name, `/users/${encodeURIComponent(user)}`), { signal })
}

export interface Wish {
  /** A user, or what somebody took, oldest first. */
  readonly whom: { readonly user: string } | { readonly history: readonly string[] }
  readonly count: number
  /** What is weighed beside relevance, and how much. */
  readonly aim: Aim
  readonly weight: number
  /** Reasons for each item, at most. */
  readonly explain: number
}

/** Candidates for each place that re-ranking chooses from: as many as it was measured with. */
const candidates = 10

/** A list by one method. */
export function recommend(name: string, wish: Wish, signal: AbortSignal): Promise<Recommendation> {
  const { whom, count, aim, weight, explain } = wish
  const json = { ...whom, count, explain, ...(weight > 0 && { rerank: { [aim]: weight, candidates } }) }
  return request(recommendationSchema, path(name, '/recommend'), { method: 'POST', json, signal })
}

/** What a method's lists lose and gain at some weights. */
export function readCurve(
  name: string,
  aim: Aim,
  count: number,
  weights: readonly number[],
  signal: AbortSignal,
): Promise<Curve> {
  return request(curveSchema, address(path(name, '/curve'), { over: aim, count, weights: weights.join() }), { signal })
}
