import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { named } from '../openapi.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

const readinessSchema = named(
  'Readiness',
  z.object({
    status: z.enum(['ready', 'loading', 'stopping', 'failed']),
    /** What is going on, in a few words. */
    detail: z.string().exactOptional(),
  }),
)

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['health'],
  summary: 'Whether the server is up',
  security: [],
  responses: {
    200: {
      description: 'It is.',
      content: { 'application/json': { schema: named('Health', z.object({ status: z.literal('ok') })) } },
    },
  },
})

const readiness = { 'application/json': { schema: readinessSchema } }
const ready = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['health'],
  summary: 'Whether everything is loaded and the store answers',
  security: [],
  responses: {
    200: { description: 'Ready.', content: readiness },
    503: { description: 'Not yet, or no longer.', content: readiness },
  },
})

/** Routes for those who watch over the server; they need no key and tell nothing. */
export function healthRoutes(service: Service): OpenAPIHono {
  const routes = router()
  routes.openapi(health, (c) => c.json({ status: 'ok' as const }, 200))
  routes.openapi(ready, async (c) => {
    const state = service.readiness()
    if (state.status !== 'ready') return c.json(state, 503)
    try {
      await service.store.version()
      return c.json(state, 200)
    } catch {
      return c.json({ status: 'failed' as const, detail: 'the store does not answer' }, 503)
    }
  })
  return routes
}
