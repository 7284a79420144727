import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { issuesOf } from '../../collect/index.ts'
import { type LeaderboardDefinition, leaderboardDefinitionSchema } from '../../evaluate/index.ts'
import { boardModels, intervalKinds, leaderboardSchema } from '../board-schema.ts'
import type { BoardRequest } from '../boards.ts'
import { jsonBody } from '../body.ts'
import { named } from '../openapi.ts'
import { missing, Problem, problems } from '../problem.ts'
import { filterOf, filterQuery } from '../query.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

const namedDefinition = named('LeaderboardDefinition', leaderboardDefinitionSchema)
const params = z.object({ name: z.string() })

const list = createRoute({
  method: 'get',
  path: '/v1/leaderboards',
  tags: ['leaderboards'],
  summary: 'The leaderboards there are',
  responses: {
    200: {
      description: 'Leaderboards, by title.',
      content: {
        'application/json': {
          schema: named(
            'LeaderboardList',
            z.object({
              leaderboards: z.array(
                z.object({
                  name: z.string(),
                  title: z.string(),
                  description: z.string().exactOptional(),
                  attribution: z.string().exactOptional(),
                  model: z.enum(boardModels),
                  /** Boards of one group belong together, such as those of one data set. */
                  group: z.string().exactOptional(),
                }),
              ),
            }),
          ),
        },
      },
    },
  },
})

const read = createRoute({
  method: 'get',
  path: '/v1/leaderboards/{name}',
  tags: ['leaderboards'],
  summary: 'A leaderboard as it stands now',
  description:
    'Fitted on demand and kept until the signals change. Parameters narrow the board to a part of its signals, or fit it in another way than its definition says.',
  request: {
    params,
    query: z.strictObject({
      ...filterQuery,
      model: z.enum(boardModels).optional(),
      intervals: z.enum(intervalKinds).optional(),
      features: z
        .string()
        .transform((text) => text.split(',').filter((name) => name !== ''))
        .optional()
        .openapi({ type: 'string', description: 'Candidate features whose effect is estimated, with commas between.' }),
    }),
  },
  responses: {
    200: { description: 'The board.', content: { 'application/json': { schema: leaderboardSchema } } },
    ...problems(400, 404),
  },
})

const write = createRoute({
  method: 'put',
  path: '/v1/leaderboards/{name}',
  tags: ['leaderboards'],
  summary: 'Define a leaderboard',
  request: { params, body: { required: true, content: { 'application/json': { schema: namedDefinition } } } },
  responses: {
    200: { description: 'Defined.', content: { 'application/json': { schema: namedDefinition } } },
    ...problems(400, 413, 415, 507),
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/v1/leaderboards/{name}',
  tags: ['leaderboards'],
  summary: 'Remove a leaderboard',
  description: 'Its signals stay.',
  request: { params },
  responses: {
    200: {
      description: 'Removed.',
      content: { 'application/json': { schema: named('Removal', z.object({ removed: z.literal(true) })) } },
    },
    ...problems(404),
  },
})

/** What boards of a definition have in common: the data set that they are made of, when it is one. */
function groupOf({ filter }: LeaderboardDefinition): { readonly group?: string } {
  const [source, another] = filter.sources ?? []
  return source !== undefined && another === undefined ? { group: source } : {}
}

/** The leaderboards: which there are, what they say, defining and removing them. */
export function leaderboardRoutes(service: Service): OpenAPIHono {
  const { boards, limits } = service
  const routes = router()
  routes.use('/v1/leaderboards/:name', jsonBody(limits.bodyBytes))
  routes.openapi(list, async (c) => {
    const leaderboards = (await boards.list()).map((definition) => {
      const { name, title, description, attribution, model = 'bradley-terry' } = definition
      return {
        name,
        title,
        ...(description !== undefined && { description }),
        ...(attribution !== undefined && { attribution }),
        model,
        ...groupOf(definition),
      }
    })
    return c.json({ leaderboards }, 200)
  })
  routes.openapi(read, async (c) => {
    const { name } = c.req.valid('param')
    const { model, intervals, features, ...query } = c.req.valid('query')
    const within = filterOf(query)
    const request: BoardRequest = {
      ...(model && { model }),
      ...(intervals && { intervals }),
      ...(features && { features }),
      ...(Object.keys(within).length > 0 && { within }),
    }
    const definition = await boards.definition(name, request)
    const checked = leaderboardDefinitionSchema.safeParse(definition)
    if (!checked.success) {
      const issues = issuesOf(checked.error, definition)
      throw new Problem(400, 'invalid', `This board cannot be fitted so: ${issues[0]?.message ?? ''}`, { issues })
    }
    return c.json(await boards.read(name, request), 200)
  })
  routes.openapi(write, async (c) => {
    const definition = c.req.valid('json')
    const { name } = c.req.valid('param')
    if (definition.name !== name)
      throw new Problem(400, 'invalid', `name is "${definition.name}", expected "${name}" as in the address`, {
        issues: [{ path: 'name', message: `is "${definition.name}", expected "${name}"` }],
      })
    await boards.put(definition)
    return c.json(definition, 200)
  })
  routes.openapi(remove, async (c) => {
    const { name } = c.req.valid('param')
    if (!(await boards.delete(name))) throw missing('leaderboard', name)
    return c.json({ removed: true as const }, 200)
  })
  return routes
}
