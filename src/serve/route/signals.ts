import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SignalConflictError, signalSchema } from '../../collect/index.ts'
import { jsonBody } from '../body.ts'
import { withDerivedIds } from '../complete.ts'
import { named, namedSignal } from '../openapi.ts'
import { conflictIn, missing, Problem, problems } from '../problem.ts'
import { filterOf, filterQuery } from '../query.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

const count = z.number().int().min(0)

const send = createRoute({
  method: 'post',
  path: '/v1/signals',
  tags: ['signals'],
  summary: 'Send signals',
  description:
    'The batch is checked whole before anything is written, and written whole or not at all. Sending the same signals again changes nothing, so that a client that heard no answer simply sends again. The ids of candidates and of the context follow from their content and may be left out.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: named(
            'SignalBatch',
            z.strictObject({
              signals: z.array(z.preprocess(withDerivedIds, signalSchema)).min(1).max(10_000),
            }),
          ),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'On the disk.',
      content: {
        'application/json': {
          schema: named(
            'SignalReceipt',
            z.object({
              /** One per signal, in order. */
              results: z.array(z.object({ id: z.string(), status: z.enum(['inserted', 'duplicate']) })),
              inserted: count,
              duplicates: count,
              /** Names the data as it is now. */
              version: z.string(),
            }),
          ),
        },
      },
    },
    ...problems(400, 409, 413, 415, 507),
  },
})

const browse = createRoute({
  method: 'get',
  path: '/v1/signals',
  tags: ['signals'],
  summary: 'Browse signals',
  request: {
    query: z.strictObject({
      ...filterQuery,
      limit: z.coerce.number().int().min(1).max(1_000).default(50).openapi({ description: 'Signals per page.' }),
      after: z.string().optional().openapi({ description: 'The `next` of the page before.' }),
      order: z.enum(['newest', 'oldest']).default('newest').openapi({ description: 'By time of arrival.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of signals.',
      content: {
        'application/json': {
          schema: named(
            'SignalPage',
            z.object({
              signals: z.array(namedSignal).readonly(),
              /** Give it as `after` to read on; absent on the last page. */
              next: z.string().exactOptional(),
              /** Signals that match, on all pages. */
              total: count,
            }),
          ),
        },
      },
    },
    ...problems(400),
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/signals/{id}',
  tags: ['signals'],
  summary: 'One signal',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'The signal.', content: { 'application/json': { schema: namedSignal } } },
    ...problems(404),
  },
})

const erase = createRoute({
  method: 'delete',
  path: '/v1/raters/{id}',
  tags: ['signals'],
  summary: 'Erase everything a rater said',
  description:
    'Removes the rater’s signals, contents and contexts that nothing else mentions, and what was learned of the rater’s taste.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: 'How many signals went.',
      content: { 'application/json': { schema: named('Erasure', z.object({ erased: count })) } },
    },
  },
})

const tally = z.record(z.string(), count)
const counts = createRoute({
  method: 'get',
  path: '/v1/counts',
  tags: ['signals'],
  summary: 'How many signals there are of each sort',
  responses: {
    200: {
      description: 'Counts.',
      content: {
        'application/json': {
          schema: named(
            'SignalCounts',
            z.object({ total: count, kinds: tally, sources: tally, raters: count, candidates: count }),
          ),
        },
      },
    },
  },
})

const values = <Value extends z.ZodType>(value: Value) => z.array(z.object({ value, count })).readonly()
const facets = createRoute({
  method: 'get',
  path: '/v1/facets',
  tags: ['signals'],
  summary: 'The values that filters can take within some signals',
  request: { query: z.strictObject(filterQuery) },
  responses: {
    200: {
      description: 'Values, most frequent first.',
      content: {
        'application/json': {
          schema: named(
            'SignalFacets',
            z.object({
              tags: values(z.string()),
              languages: values(z.string()),
              producers: values(z.string()),
              traits: z.record(z.string(), values(z.union([z.string(), z.number(), z.boolean()]))),
            }),
          ),
        },
      },
    },
    ...problems(400),
  },
})

/** Sending signals, browsing them, counting them, and forgetting a rater. */
export function signalRoutes(service: Service): OpenAPIHono {
  const { store, people, recommenders } = service
  const routes = router()
  routes.use('/v1/signals', jsonBody(service.limits.bodyBytes))
  routes.openapi(send, async (c) => {
    const { signals } = c.req.valid('json')
    const { statuses, inserted, duplicates } = await store.insert(signals).catch((error: unknown) => {
      throw error instanceof SignalConflictError ? conflictIn(signals, error) : error
    })
    const results = signals.map(({ id }, position) => ({ id, status: statuses[position] ?? ('inserted' as const) }))
    return c.json({ results, inserted, duplicates, version: await store.version() }, 201)
  })
  routes.openapi(browse, async (c) => {
    const { limit, after, order, ...query } = c.req.valid('query')
    const filter = filterOf(query)
    const place = after === undefined ? {} : { after }
    const page = await store
      .page(filter, { limit, newestFirst: order === 'newest', ...place })
      .catch((error: unknown) => {
        if (!(error instanceof RangeError) || after === undefined) throw error
        const message = `is ${JSON.stringify(after)}, expected the \`next\` of a page read in the same order`
        throw new Problem(400, 'invalid', `after ${message}`, { issues: [{ path: 'after', message }] })
      })
    return c.json({ ...page, total: await store.count(filter) }, 200)
  })
  routes.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    const signal = await store.get(id)
    if (!signal) throw missing('signal', id)
    return c.json(signal, 200)
  })
  routes.openapi(erase, async (c) => {
    const { id } = c.req.valid('param')
    const erased = await store.eraseRater(id)
    // What was learned of somebody goes with what they said.
    await people.forget(id)
    await recommenders.forget(id)
    return c.json({ erased }, 200)
  })
  routes.openapi(counts, async (c) => c.json(await store.counts(), 200))
  routes.openapi(facets, async (c) => c.json(await store.facets(filterOf(c.req.valid('query'))), 200))
  return routes
}
