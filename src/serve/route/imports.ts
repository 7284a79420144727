import { randomUUID } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { formatNames, formats } from '../../collect/index.ts'
import { ensureBoards } from '../imported-board.ts'
import { named } from '../openapi.ts'
import { missing, problems } from '../problem.ts'
import { raw, router } from '../router.ts'
import type { Service } from '../service.ts'
import { receive } from '../upload.ts'
import { jobSchema } from './jobs.ts'

const begin = createRoute({
  method: 'post',
  path: '/v1/imports',
  tags: ['files'],
  summary: 'Import a file',
  description:
    'The body is the file itself: CSV, JSON, JSON lines or Parquet, also gzipped. The answer comes when the file has arrived; the job then reads it. A bad row stops the import before anything is stored, unless `keepGoing`, which keeps the good rows. When the file holds comparisons or rankings, a leaderboard named after its source is defined.',
  request: {
    query: z.strictObject({
      filename: z
        .string()
        .min(1)
        .max(500)
        .optional()
        .openapi({ description: 'Its name; messages and the source use it.' }),
      format: z
        .enum(formatNames)
        .optional()
        .openapi({ description: 'Told from the file’s columns and first rows when left out.' }),
      keepGoing: z.enum(['true', 'false']).default('false').openapi({ description: 'Keep the good rows.' }),
      source: z.string().min(1).max(500).optional().openapi({ description: 'Name of the data.' }),
    }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  responses: {
    202: {
      description: 'The file has arrived and is being read.',
      content: { 'application/json': { schema: named('ImportAccepted', z.object({ job: jobSchema })) } },
    },
    ...problems(400, 413, 507),
  },
})

const listFormats = createRoute({
  method: 'get',
  path: '/v1/imports/formats',
  tags: ['files'],
  summary: 'The formats that can be read',
  responses: {
    200: {
      description: 'Formats.',
      content: {
        'application/json': {
          schema: named(
            'FormatList',
            z.object({
              formats: z.array(
                z.object({
                  name: z.string(),
                  description: z.string(),
                  /** How its rows may lie in a file that is imported. */
                  containers: z.array(z.string()).readonly(),
                  /** How they may lie in a file that is exported. */
                  exports: z.array(z.string()).readonly(),
                }),
              ),
            }),
          ),
        },
      },
    },
  },
})

const rejects = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/rejects',
  tags: ['files'],
  summary: 'The rows an import rejected',
  description: 'One JSON object a line: `line`, `reason`, `path`, `row`. Empty when none was rejected.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'Rejected rows.', content: { 'application/x-ndjson': { schema: z.string() } } },
    ...problems(404),
  },
})

/** Whole files in: the formats, the imports, and the rows they turned down. */
export function importRoutes(service: Service): OpenAPIHono {
  const { background, boards, jobs, folder, limits } = service
  const rejectsOf = (id: string): string => join(folder, 'jobs', id, 'rejects.jsonl')
  const routes = router()
  routes.openapi(listFormats, (c) =>
    c.json(
      {
        formats: formatNames.map((name) => {
          const { title, containers, write } = formats[name]
          return { name, description: title, containers, exports: write.containers }
        }),
      },
      200,
    ),
  )
  routes.openapi(begin, async (c) => {
    const { filename, format, keepGoing, source } = c.req.valid('query')
    const upload = await receive(c.req.raw, {
      folder: join(folder, 'uploads', randomUUID()),
      filename: filename ?? 'upload',
      limitBytes: limits.importBytes,
    })
    const job = jobs.start('import', async (run, id) => {
      try {
        const { report, ranked } = await background.importFile(
          {
            kind: 'import',
            path: upload.path,
            name: upload.name,
            keepGoing: keepGoing === 'true',
            rejects: rejectsOf(id),
            ...(format && { format }),
            ...(source !== undefined && { source }),
          },
          run,
        )
        const { rejectsFile: _, ...told } = report
        const leaderboard = await ensureBoards(boards, ranked)
        return { ...told, ...(leaderboard !== undefined && { leaderboard }) }
      } finally {
        await upload.discard()
      }
    })
    return c.json({ job }, 202)
  })
  routes.openapi(rejects, (c) => {
    const { id } = c.req.valid('param')
    if (jobs.get(id).kind !== 'import') throw missing('import', id)
    const path = rejectsOf(id)
    return raw(
      new Response(existsSync(path) ? (Readable.toWeb(createReadStream(path)) as ReadableStream) : '', {
        headers: {
          'Content-Type': 'application/x-ndjson; charset=utf-8',
          'Content-Disposition': `attachment; filename="rejects-${id}.jsonl"`,
        },
      }),
    )
  })
  return routes
}
