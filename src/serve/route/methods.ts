import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { catalogue } from '../../catalogue.ts'
import { named } from '../openapi.ts'
import { router } from '../router.ts'

const methods = createRoute({
  method: 'get',
  path: '/v1/methods',
  tags: ['methods'],
  summary: 'The published methods that Penchant implements',
  responses: {
    200: {
      description: 'Methods, in order of their number.',
      content: {
        'application/json': {
          schema: named(
            'MethodList',
            z.object({
              methods: z
                .array(
                  named(
                    'Method',
                    z.object({
                      no: z.string(),
                      /** The argument of `penchant reproduce`. */
                      id: z.string(),
                      title: z.string(),
                      arxiv: z.string().exactOptional(),
                      room: z.string(),
                      exports: z.array(z.string()).readonly(),
                      experiment: z.string(),
                    }),
                  ),
                )
                .readonly(),
            }),
          ),
        },
      },
    },
  },
})

/** The catalogue of methods. */
export function methodRoutes(): OpenAPIHono {
  const routes = router()
  routes.openapi(methods, (c) => c.json({ methods: catalogue }, 200))
  return routes
}
