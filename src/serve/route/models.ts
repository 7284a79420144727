import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { readManifest } from '../../learn/index.ts'
import { named } from '../openapi.ts'
import { missing, Problem, problems } from '../problem.ts'
import { raw, router } from '../router.ts'
import type { Service } from '../service.ts'

const count = z.number().int().min(0)
const estimate = z.object({ value: z.number(), lower: z.number(), upper: z.number() })

const aspect = z.object({
  name: z.string(),
  /** What more of it is. */
  more: z.string(),
  /** Pearson's correlation with given scores, over candidates that the model has not seen. */
  correlation: z.number(),
  /** Root mean square error there. */
  error: z.number(),
  /** What a point more was worth to people who chose, in log-odds, with its 95 % interval. */
  chosen: estimate,
})

const modelSchema = named(
  'Model',
  z.object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    attribution: z.string(),
    aspects: z.array(aspect).readonly(),
    learnedFrom: count,
    dataVersion: z.string(),
  }),
)

const encoderSchema = z.object({ kind: z.string(), id: z.string(), width: count })
const manifestSchema = named(
  'ModelManifest',
  z.object({
    formatVersion: count,
    kind: z.string(),
    aspects: z.array(z.string()),
    encoder: encoderSchema,
    temperature: z.number(),
    metrics: z.record(z.string(), z.number().nullable()),
    dataVersion: z.string().nullable(),
    /** SHA-256 by file; each is below `files/`. */
    files: z.record(z.string(), z.string()),
  }),
)

const list = createRoute({
  method: 'get',
  path: '/v1/models',
  tags: ['models'],
  summary: 'Models that can be used elsewhere',
  responses: {
    200: {
      description: 'Models, and the jobs that make those that are not there yet.',
      content: {
        'application/json': {
          schema: named('ModelList', z.object({ models: z.array(modelSchema), jobs: z.array(z.string()) })),
        },
      },
    },
  },
})

const params = z.object({ id: z.string() })
const one = createRoute({
  method: 'get',
  path: '/v1/models/{id}',
  tags: ['models'],
  summary: 'What a model says of itself',
  request: { params },
  responses: {
    200: {
      description: 'Its manifest.',
      content: { 'application/json': { schema: manifestSchema } },
    },
    ...problems(404, 503),
  },
})

const candidates = createRoute({
  method: 'get',
  path: '/v1/models/{id}/candidates',
  tags: ['models'],
  summary: 'Candidates to rank by a wish',
  description:
    'With the features that `score.onnx` takes, and the scores that it gives here, so that whoever runs it elsewhere can see that it gives the same.',
  request: { params },
  responses: {
    200: {
      description: 'Candidates.',
      content: {
        'application/json': {
          schema: named(
            'ModelCandidates',
            z.object({
              contexts: z.array(z.string()).readonly(),
              candidates: z
                .array(
                  z.object({
                    id: z.string(),
                    text: z.string(),
                    /** Place among `contexts`. */
                    context: count,
                    given: z.array(z.number()).readonly(),
                    scores: z.array(z.number()).readonly(),
                  }),
                )
                .readonly(),
              /** Places of two candidates, of which somebody chose one. */
              choices: z.array(z.object({ chosen: count, other: count })).readonly(),
              /** `[candidates, width]` 32-bit floats, little end first, in base 64. */
              features: z.string(),
              width: count,
            }),
          ),
        },
      },
    },
    ...problems(404, 503),
  },
})

const file = createRoute({
  method: 'get',
  path: '/v1/models/{id}/files/{name}',
  tags: ['models'],
  summary: 'A file of a model',
  description: '`score.onnx` scores rows of features, wherever ONNX runs; `model.safetensors` has the numbers.',
  request: { params: z.object({ id: z.string(), name: z.string() }) },
  responses: {
    200: { description: 'The file.', content: { 'application/octet-stream': { schema: z.string() } } },
    ...problems(404, 503),
  },
})

/** Models that were learned: what they are, candidates to try them on, and their files. */
export function modelRoutes({ dials }: Service): OpenAPIHono {
  const made = async (id: string) => {
    const found = await dials.read(id)
    if ('dial' in found) return found.dial
    const { job } = found
    throw job.state === 'failed'
      ? new Problem(503, 'failed', `The model could not be made: ${job.error ?? 'the log says why'}`)
      : new Problem(503, 'not-found-yet', `The model is being made; job ${job.id} tells how far it is. Ask again.`)
  }
  const routes = router()
  routes.openapi(list, async (c) => {
    const all = await Promise.all(dials.ids.map((id) => dials.read(id)))
    const models = all.flatMap((found) => {
      if (!('dial' in found)) return []
      const { id, title, description, attribution, aspects, learnedFrom, dataVersion } = found.dial
      return [{ id, title, description, attribution, aspects: [...aspects], learnedFrom, dataVersion }]
    })
    return c.json({ models, jobs: all.flatMap((found) => ('job' in found ? [found.job.id] : [])) }, 200)
  })
  routes.openapi(one, async (c) => {
    const { id } = await made(c.req.valid('param').id)
    const { formatVersion, kind, aspects, encoder, temperature, metrics, dataVersion, files } = await readManifest(
      dials.folderOf(id),
    )
    const { kind: sort, id: encoderId, width } = encoder
    return c.json(
      {
        ...{ formatVersion, kind, aspects, temperature, metrics, dataVersion, files },
        encoder: { kind: sort, id: encoderId, width },
      },
      200,
    )
  })
  routes.openapi(candidates, async (c) => {
    const { contexts, candidates: all, choices, features, width } = await made(c.req.valid('param').id)
    return c.json({ contexts, candidates: all, choices, features, width }, 200)
  })
  routes.openapi(file, async (c) => {
    const { id: asked, name } = c.req.valid('param')
    const { id } = await made(asked)
    const { files } = await readManifest(dials.folderOf(id))
    // Only what the manifest names is given, so that nothing outside the folder can be asked for.
    const hash = Object.hasOwn(files, name) ? files[name] : undefined
    if (hash === undefined) throw missing(`file of the model ${id}`, name)
    const path = join(dials.folderOf(id), name)
    return raw(
      new Response(Readable.toWeb(createReadStream(path)) as ReadableStream, {
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Length': `${statSync(path).size}`,
          'Content-Disposition': `attachment; filename="${name}"`,
          ETag: `"${hash.slice(0, 32)}"`,
        },
      }),
    )
  })
  return routes
}
