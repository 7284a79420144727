import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type People, type Person, reasonsOf, tasteDistance } from '../../evaluate/index.ts'
import { peopleSchema, personSchema } from '../people-schema.ts'
import { missing, Problem, problems } from '../problem.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

const sourceQuery = z
  .string()
  .min(1)
  .optional()
  .openapi({ description: 'Whose people: a source of signals. Left out, the first there is.' })

const list = createRoute({
  method: 'get',
  path: '/v1/people',
  tags: ['people'],
  summary: 'The raters of a source, on a map of tastes',
  description:
    'Tastes are found in a job and kept until the source’s signals change. While there are none, or newer signals came, `job` names the job that finds them.',
  request: {
    query: z.strictObject({
      source: sourceQuery,
      limit: z.coerce.number().int().min(1).max(3_000).default(3_000).openapi({ description: 'Raters per page.' }),
      after: z.string().optional().openapi({ description: 'The `next` of the page before.' }),
    }),
  },
  responses: {
    200: { description: 'A page of people.', content: { 'application/json': { schema: peopleSchema } } },
    ...problems(400, 404),
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/people/{id}',
  tags: ['people'],
  summary: 'What moves a rater',
  request: { params: z.object({ id: z.string() }), query: z.strictObject({ source: sourceQuery }) },
  responses: {
    200: { description: 'The rater’s taste.', content: { 'application/json': { schema: personSchema } } },
    ...problems(404, 503),
  },
})

const nearestShown = 8

function shown({ id, name, kind, traits, group, x, y, cluster, choices }: Person) {
  return { id, name, kind, traits, ...(group !== undefined && { group }), x, y, cluster, choices }
}

function nearestTo(person: Person, people: People) {
  return people.raters
    .filter(({ id }) => id !== person.id)
    .map((other) => ({
      id: other.id,
      name: other.name,
      cluster: other.cluster,
      distance: tasteDistance(person, other, people),
    }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, nearestShown)
}

/** People: whom a source knows, and what moves each of them. */
export function peopleRoutes({ people: known }: Service): OpenAPIHono {
  const routes = router()
  routes.openapi(list, async (c) => {
    const { source: asked, limit, after } = c.req.valid('query')
    const sources = (await known.list()).map(({ source, title, description, attribution }) => ({
      source,
      title,
      ...(description !== undefined && { description }),
      ...(attribution !== undefined && { attribution }),
    }))
    const source = asked ?? sources[0]?.source
    if (source === undefined) return c.json({ sources, total: 0 }, 200)
    const from = after === undefined ? 0 : Number(after)
    if (!Number.isInteger(from) || from < 0)
      throw new Problem(400, 'invalid', `after is ${JSON.stringify(after)}, expected the \`next\` of a page`, {
        issues: [{ path: 'after', message: `is ${JSON.stringify(after)}, expected the \`next\` of a page` }],
      })
    const { people, job } = await known.read(source)
    const total = people?.raters.length ?? 0
    return c.json(
      {
        sources,
        ...(people && { people: { ...people, raters: people.raters.slice(from, from + limit).map(shown) } }),
        total,
        ...(from + limit < total && { next: `${from + limit}` }),
        ...(job && { job: job.id }),
      },
      200,
    )
  })
  routes.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    const { source: asked } = c.req.valid('query')
    const sources = asked === undefined ? (await known.list()).map(({ source }) => source) : [asked]
    for (const source of sources) {
      const { people, job } = await known.read(source)
      if (!people && asked !== undefined)
        throw new Problem(
          503,
          'not-found-yet',
          `Tastes are being found; job ${job?.id ?? ''} tells how far it is. Ask again.`,
        )
      const person = people?.raters.find((rater) => rater.id === id)
      if (!people || !person) continue
      const group = people.groups.find(({ name }) => name === person.group)
      return c.json(
        {
          source,
          title: people.title,
          person: shown(person),
          columns: people.columns,
          effects: person.effects,
          ...(group && { group: { name: group.name, raters: group.raters, effects: group.effects } }),
          reasons: reasonsOf(person, people),
          nearest: nearestTo(person, people),
          signals: person.signals,
          dataVersion: people.dataVersion,
        },
        200,
      )
    }
    throw missing('rater on a map of tastes', id)
  })
  return routes
}
