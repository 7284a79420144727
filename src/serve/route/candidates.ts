import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type Candidate, candidate } from '../../collect/index.ts'
import { jsonBody } from '../body.ts'
import { named, namedCandidate, namedContent } from '../openapi.ts'
import { missing, problems } from '../problem.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

/** Contents registered before any signal mentions them. */
const collection = 'candidates'

const one = createRoute({
  method: 'get',
  path: '/v1/candidates/{id}',
  tags: ['candidates'],
  summary: 'One candidate',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'The candidate.', content: { 'application/json': { schema: namedCandidate } } },
    ...problems(404),
  },
})

const register = createRoute({
  method: 'post',
  path: '/v1/candidates',
  tags: ['candidates'],
  summary: 'Register a content',
  description:
    'A candidate’s id is the hash of its content, so that this answers the same id every time. Signals bring their candidates with them; registering is for those who want the id first.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: named(
            'CandidateDraft',
            z.strictObject({ content: namedContent, producer: z.string().min(1).max(500).optional() }),
          ),
        },
      },
    },
  },
  responses: {
    201: { description: 'The candidate, with its id.', content: { 'application/json': { schema: namedCandidate } } },
    ...problems(400, 413, 415, 507),
  },
})

/** Candidates by the address of their content. */
export function candidateRoutes(service: Service): OpenAPIHono {
  const { store, limits } = service
  const routes = router()
  routes.use('/v1/candidates', jsonBody(limits.bodyBytes))
  routes.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    const found = (await store.candidate(id)) ?? ((await store.documents.get(collection, id)) as Candidate | undefined)
    if (!found) throw missing('candidate', id)
    return c.json(found, 200)
  })
  routes.openapi(register, async (c) => {
    const { content, producer } = c.req.valid('json')
    const made = candidate(content, producer === undefined ? {} : { producer })
    await store.documents.put(collection, made.id, made)
    return c.json(made, 201)
  })
  return routes
}
