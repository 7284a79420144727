import { randomUUID } from 'node:crypto'
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { recommenderKinds } from '../../recommend/index.ts'
import { jsonBody } from '../body.ts'
import type { KeptRecommender } from '../kept-recommenders.ts'
import { named } from '../openapi.ts'
import { problems } from '../problem.ts'
import {
  interactionFileSchema,
  recommenderKindsSchema,
  recommenderListSchema,
  recommenderRequestSchema,
  recommenderSchema,
} from '../recommend-schema.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'
import { receive } from '../upload.ts'
import { jobSchema } from './jobs.ts'

const params = z.object({ name: z.string() })

const kinds = createRoute({
  method: 'get',
  path: '/v1/recommender-kinds',
  tags: ['recommenders'],
  summary: 'The methods that can be fitted, and their options',
  responses: {
    200: { description: 'Methods.', content: { 'application/json': { schema: recommenderKindsSchema } } },
  },
})

const fit = createRoute({
  method: 'post',
  path: '/v1/recommenders',
  tags: ['recommenders'],
  summary: 'Fit a recommender',
  description:
    'A job reads the interactions, measures the method on what it holds out of the histories, fits it to everything and puts it in place. The name serves what it had until then.',
  request: { body: { required: true, content: { 'application/json': { schema: recommenderRequestSchema } } } },
  responses: {
    202: {
      description: 'A job has begun.',
      content: {
        'application/json': {
          schema: named('FitAccepted', z.object({ job: jobSchema, recommender: recommenderSchema })),
        },
      },
    },
    ...problems(400, 409, 413, 415, 507),
  },
})

const list = createRoute({
  method: 'get',
  path: '/v1/recommenders',
  tags: ['recommenders'],
  summary: 'The recommenders there are',
  responses: {
    200: { description: 'Recommenders, by name.', content: { 'application/json': { schema: recommenderListSchema } } },
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/recommenders/{name}',
  tags: ['recommenders'],
  summary: 'A recommender, with how good it was at what it had not seen',
  request: { params },
  responses: {
    200: { description: 'The recommender.', content: { 'application/json': { schema: recommenderSchema } } },
    ...problems(404),
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/v1/recommenders/{name}',
  tags: ['recommenders'],
  summary: 'Remove a recommender',
  description: 'A job that fits it is stopped. The interactions it learned from stay.',
  request: { params },
  responses: {
    200: {
      description: 'Removed.',
      content: { 'application/json': { schema: named('RecommenderRemoval', z.object({ removed: z.literal(true) })) } },
    },
    ...problems(404),
  },
})

const sendFile = createRoute({
  method: 'post',
  path: '/v1/interactions',
  tags: ['recommenders'],
  summary: 'Send a file of interactions',
  description:
    'The body is the file itself, gzipped or not: one interaction a line (user, item, and if known a value and a time), a line of items for each user, or JSON lists. It is read when a recommender is fitted to it.',
  request: {
    query: z.strictObject({ filename: z.string().min(1).max(500).optional().openapi({ description: 'Its name.' }) }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  responses: {
    201: {
      description: 'The file has arrived.',
      content: {
        'application/json': { schema: named('InteractionFileReceipt', z.object({ file: interactionFileSchema })) },
      },
    },
    ...problems(400, 413, 507),
  },
})

const listFiles = createRoute({
  method: 'get',
  path: '/v1/interactions',
  tags: ['recommenders'],
  summary: 'Files of interactions that were sent, newest first',
  responses: {
    200: {
      description: 'Files.',
      content: {
        'application/json': {
          schema: named('InteractionFileList', z.object({ files: z.array(interactionFileSchema).readonly() })),
        },
      },
    },
  },
})

const removeFile = createRoute({
  method: 'delete',
  path: '/v1/interactions/{id}',
  tags: ['recommenders'],
  summary: 'Remove a file of interactions',
  description: 'What was fitted to it stays.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: 'Removed.',
      content: {
        'application/json': { schema: named('InteractionFileRemoval', z.object({ removed: z.literal(true) })) },
      },
    },
    ...problems(404),
  },
})

/** The recommenders of a server: methods, fitting, what there is and how good it is, and the files they learn from. */
export function recommenderRoutes(service: Service): OpenAPIHono {
  const { recommenders, jobs, limits } = service
  const shown = (kept: KeptRecommender): z.output<typeof recommenderSchema> => {
    const { fitted } = kept
    const { name, title = name, description, kind, options, data } = fitted?.request ?? kept.request
    const job = jobs.list().find(({ id }) => id === kept.job)
    const manifest = fitted?.manifest
    return {
      name,
      title,
      ...(description !== undefined && { description }),
      kind,
      options,
      data,
      state: fitted ? 'ready' : job?.state === 'running' ? 'fitting' : 'failed',
      ...(job && job.state !== 'done' && { job: job.id }),
      ...(job?.error !== undefined && { error: job.error }),
      ...(fitted &&
        manifest && {
          fitted: {
            at: fitted.at,
            seconds: fitted.seconds,
            users: manifest.users,
            items: manifest.items,
            interactions: manifest.interactions,
            ...(manifest.dataVersion !== undefined && { dataVersion: manifest.dataVersion }),
            index: manifest.index,
            ...(manifest.indexRecall !== undefined && { indexRecall: manifest.indexRecall }),
            explains: manifest.explains,
            ...(manifest.quality && { quality: manifest.quality as never }),
          },
        }),
    }
  }
  const shownKinds = Object.entries(recommenderKinds).map(([kind, { title, description, options, explains }]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(options, { io: 'input' })
    return { kind, title, description, options: schema as Record<string, unknown>, explains }
  })
  const routes = router()
  routes.use('/v1/recommenders', jsonBody(limits.bodyBytes))
  routes.openapi(kinds, (c) => c.json({ kinds: shownKinds }, 200))
  routes.openapi(fit, async (c) => {
    const { job, recommender } = await recommenders.fit(c.req.valid('json'))
    return c.json({ job, recommender: shown(recommender) }, 202)
  })
  routes.openapi(list, async (c) => c.json({ recommenders: (await recommenders.list()).map(shown) }, 200))
  routes.openapi(one, async (c) => {
    const { name } = c.req.valid('param')
    const told = shown(await recommenders.read(name))
    if (!told.fitted) return c.json(told, 200)
    const attributes = await recommenders.use(name, async ({ details }) => details.attributes())
    return c.json({ ...told, fitted: { ...told.fitted, attributes: [...attributes] } }, 200)
  })
  routes.openapi(remove, async (c) => {
    await recommenders.delete(c.req.valid('param').name)
    return c.json({ removed: true as const }, 200)
  })
  routes.openapi(sendFile, async (c) => {
    const id = randomUUID()
    const upload = await receive(c.req.raw, {
      folder: recommenders.files.folderOf(id),
      filename: c.req.valid('query').filename ?? 'interactions',
      limitBytes: limits.importBytes,
    })
    const { name, path, bytes } = upload
    const { at } = await recommenders.files.add({ id, name, path, bytes })
    return c.json({ file: { id, name, bytes, at } }, 201)
  })
  routes.openapi(listFiles, async (c) =>
    c.json(
      { files: (await recommenders.files.list()).map(({ id, name, bytes, at }) => ({ id, name, bytes, at })) },
      200,
    ),
  )
  routes.openapi(removeFile, async (c) => {
    await recommenders.files.delete(c.req.valid('param').id)
    return c.json({ removed: true as const }, 200)
  })
  return routes
}
