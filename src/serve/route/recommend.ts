import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import {
  historyOf,
  type ListOptions,
  type OpenRecommender,
  recommendByIds,
  unknownItems,
} from '../../recommend/index.ts'
import { jsonBody } from '../body.ts'
import type { KeptRecommender } from '../kept-recommenders.ts'
import { missing, Problem, problems } from '../problem.ts'
import {
  browseQuerySchema,
  curveQuerySchema,
  itemDetailsReceiptSchema,
  itemDetailsSchema,
  itemPageSchema,
  recommendationBatchSchema,
  recommendationSchema,
  recommendBatchSchema,
  recommenderCurveSchema,
  recommendRequestSchema,
  userHistorySchema,
  userPageSchema,
} from '../recommend-schema.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

const params = z.object({ name: z.string() })
const answers = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  200: { description, content: { 'application/json': { schema } } },
})

const recommend = createRoute({
  method: 'post',
  path: '/v1/recommenders/{name}/recommend',
  tags: ['recommenders'],
  summary: 'Recommend to someone',
  description:
    'By user, by what somebody took, or both. Items of a history that are not known are passed over and named in `unknown`. Of a user of whom nothing is known the list is what most took, and says so. Signals that came after the fit count at once.',
  request: { params, body: { required: true, content: { 'application/json': { schema: recommendRequestSchema } } } },
  responses: { ...answers('A list, best first.', recommendationSchema), ...problems(400, 404, 413, 415, 503) },
})

const recommendMany = createRoute({
  method: 'post',
  path: '/v1/recommenders/{name}/recommend/batch',
  tags: ['recommenders'],
  summary: 'Recommend to many',
  description: 'Each row gets the list that it would get by itself.',
  request: { params, body: { required: true, content: { 'application/json': { schema: recommendBatchSchema } } } },
  responses: {
    ...answers('A list for each row.', recommendationBatchSchema),
    ...problems(400, 404, 413, 415, 503),
  },
})

const curve = createRoute({
  method: 'get',
  path: '/v1/recommenders/{name}/curve',
  tags: ['recommenders'],
  summary: 'What diversity or fairness costs',
  description:
    'Lists for users with held-out items, re-ranked with growing weights: how relevant they are, and how diverse or fair.',
  request: { params, query: curveQuerySchema },
  responses: { ...answers('The curve.', recommenderCurveSchema), ...problems(400, 404, 409, 503) },
})

const putItems = createRoute({
  method: 'put',
  path: '/v1/recommenders/{name}/items',
  tags: ['recommenders'],
  summary: 'Say what items are called and what they are like',
  description:
    'Filters go by the attributes. What is given stands in place of what an item had; other items keep theirs, also when the recommender is fitted anew.',
  request: { params, body: { required: true, content: { 'application/json': { schema: itemDetailsSchema } } } },
  responses: { ...answers('Kept.', itemDetailsReceiptSchema), ...problems(400, 404, 413, 415, 503, 507) },
})

const items = createRoute({
  method: 'get',
  path: '/v1/recommenders/{name}/items',
  tags: ['recommenders'],
  summary: 'Items of a recommender, those that most took first',
  request: { params, query: browseQuerySchema },
  responses: { ...answers('A page of items.', itemPageSchema), ...problems(400, 404, 503) },
})

const users = createRoute({
  method: 'get',
  path: '/v1/recommenders/{name}/users',
  tags: ['recommenders'],
  summary: 'Users that a recommender was fitted to',
  request: { params, query: browseQuerySchema },
  responses: { ...answers('A page of users.', userPageSchema), ...problems(400, 404, 503) },
})

const user = createRoute({
  method: 'get',
  path: '/v1/recommenders/{name}/users/{user}',
  tags: ['recommenders'],
  summary: 'What a user took up to now',
  request: { params: params.extend({ user: z.string() }) },
  responses: { ...answers('The history, oldest first.', userHistorySchema), ...problems(404, 503) },
})

type Listing = Omit<z.output<typeof recommendRequestSchema>, 'user' | 'history'>

/** Numbers at which `keep` says yes, a page of them. */
function pageOf(
  numbers: Iterable<number>,
  { limit, after }: { readonly limit: number; readonly after: number },
  keep: (number: number) => boolean,
): { readonly page: readonly number[]; readonly total: number; readonly next?: number } {
  const page: number[] = []
  let total = 0
  for (const number of numbers) {
    if (!keep(number)) continue
    if (total >= after && page.length < limit) page.push(number)
    total++
  }
  return { page, total, ...(after + page.length < total && { next: after + page.length }) }
}

/** Asking recommenders: lists, what re-ranking costs, and what the ids stand for. */
export function recommendRoutes({ recommenders, limits }: Service): OpenAPIHono {
  const optionsOf = (
    { count, filter, exclude, explain, rerank }: Listing,
    kept: KeptRecommender,
    open: OpenRecommender,
  ): ListOptions => ({
    count,
    exclude,
    explain,
    ...(filter && { filter: filter as NonNullable<ListOptions['filter']> }),
    ...(rerank && { rerank: rerank as NonNullable<ListOptions['rerank']> }),
    historyNow: (id) => recommenders.historyNow(kept, open, id),
  })
  const named = ({ filter, exclude }: Listing): readonly string[] => [...(filter?.items ?? []), ...exclude.items]

  /** Items by how many took them, most first. */
  const orders = new WeakMap<OpenRecommender, Uint32Array>()
  const byPopularity = (open: OpenRecommender): Uint32Array => {
    const known = orders.get(open)
    if (known) return known
    const { taken } = open
    const order = Uint32Array.from(taken, (_, item) => item).sort((a, b) => (taken[b] ?? 0) - (taken[a] ?? 0) || a - b)
    orders.set(open, order)
    return order
  }

  const routes = router()
  for (const path of ['recommend', 'recommend/batch', 'items'])
    routes.use(`/v1/recommenders/:name/${path}`, jsonBody(limits.bodyBytes))
  routes.openapi(recommend, async (c) => {
    const { name } = c.req.valid('param')
    const { user: id, history, ...listing } = c.req.valid('json')
    return recommenders.use(name, async (open, kept) => {
      const row = { ...(id !== undefined && { user: id }), ...(history && { history }) }
      const [list] = await recommendByIds(open, [row], optionsOf(listing, kept, open))
      if (!list) throw new Error('no list was made')
      const more = unknownItems(open, [...named(listing), ...(list.unknown?.items ?? [])])
      const unknown = { ...list.unknown, ...(more.length > 0 && { items: more }) }
      return c.json(
        { recommender: name, ...list, ...(Object.keys(unknown).length > 0 && { unknown }) } as z.output<
          typeof recommendationSchema
        >,
        200,
      )
    })
  })
  routes.openapi(recommendMany, async (c) => {
    const { name } = c.req.valid('param')
    const { rows, ...listing } = c.req.valid('json')
    return recommenders.use(name, async (open, kept) => {
      const asked = rows.map(({ user: id, history }) => ({
        ...(id !== undefined && { user: id }),
        ...(history && { history }),
      }))
      const lists = await recommendByIds(open, asked, optionsOf(listing, kept, open))
      const unknown = unknownItems(open, named(listing))
      return c.json(
        { recommender: name, rows: lists, ...(unknown.length > 0 && { unknownItems: unknown }) } as z.output<
          typeof recommendationBatchSchema
        >,
        200,
      )
    })
  })
  routes.openapi(curve, async (c) => {
    const { name } = c.req.valid('param')
    const { over, count, weights } = c.req.valid('query')
    if (over === 'diversity' && weights?.some((weight) => weight > 1))
      throw new Problem(400, 'invalid', 'weights has one above 1, expected shares from 0 to 1 for diversity', {
        issues: [{ path: 'weights', message: 'has one above 1, expected shares from 0 to 1' }],
      })
    const { users: measured, points } = await recommenders.curve(name, { over, count, ...(weights && { weights }) })
    return c.json(
      { recommender: name, over, count, users: measured, points } as z.output<typeof recommenderCurveSchema>,
      200,
    )
  })
  routes.openapi(putItems, async (c) => {
    const { name } = c.req.valid('param')
    const { items: given } = c.req.valid('json')
    return recommenders.use(name, async ({ details }) => {
      const unknown = details.put(
        given.map(({ id, title, attributes }) => ({
          id,
          ...(title !== undefined && { title }),
          ...(attributes && { attributes }),
        })),
      )
      return c.json(
        { known: given.length - unknown.length, unknown: unknown.slice(0, 100), unknownCount: unknown.length },
        200,
      )
    })
  })
  routes.openapi(items, async (c) => {
    const { search = '', ...place } = c.req.valid('query')
    return recommenders.use(c.req.valid('param').name, async (open) => {
      const { interactions, details, taken } = open
      const wanted = search.toLowerCase()
      const { page, ...more } = pageOf(
        byPopularity(open),
        place,
        (item) =>
          wanted === '' ||
          interactions.itemIds.id(item).toLowerCase().includes(wanted) ||
          (details.of(item).title ?? '').toLowerCase().includes(wanted),
      )
      const shown = page.map((item) => {
        const { title, attributes } = details.of(item)
        return {
          id: interactions.itemIds.id(item),
          ...(title !== undefined && { title }),
          ...(attributes && { attributes: attributes as Record<string, unknown> }),
          users: taken[item] ?? 0,
        }
      })
      return c.json({ items: shown, ...more }, 200)
    })
  })
  routes.openapi(users, async (c) => {
    const { search = '', ...place } = c.req.valid('query')
    return recommenders.use(c.req.valid('param').name, async ({ interactions }) => {
      const { userIds, offsets } = interactions
      const wanted = search.toLowerCase()
      const held = (number: number): number => (offsets[number + 1] ?? 0) - (offsets[number] ?? 0)
      const all = Uint32Array.from({ length: interactions.users }, (_, number) => number)
      // Users without interactions were forgotten.
      const { page, ...more } = pageOf(
        all,
        place,
        (number) => held(number) > 0 && (wanted === '' || userIds.id(number).toLowerCase().includes(wanted)),
      )
      return c.json({ users: page.map((number) => ({ id: userIds.id(number), items: held(number) })), ...more }, 200)
    })
  })
  routes.openapi(user, async (c) => {
    const { name, user: id } = c.req.valid('param')
    return recommenders.use(name, async (open, kept) => {
      const { interactions, details } = open
      const number = interactions.userIds.find(id)
      const now = await recommenders.historyNow(kept, open, id)
      if (!now) throw missing(`user of the recommender ${name}`, id)
      const fitted = new Set(number === undefined ? [] : historyOf(interactions, number))
      const known = now.map((item) => interactions.itemIds.find(item))
      const history = now.map((item, at) => {
        const { title } = known[at] === undefined ? {} : details.of(known[at])
        return { id: item, ...(title !== undefined && { title }) }
      })
      const sinceFit = new Set(now.filter((_, at) => known[at] === undefined || !fitted.has(known[at]))).size
      return c.json({ id, history, sinceFit }, 200)
    })
  })
  return routes
}
