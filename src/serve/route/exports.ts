import { once } from 'node:events'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { containerNames, exportSignals, formatNames, formats } from '../../collect/index.ts'
import { startRun } from '../../run/index.ts'
import { Problem, problems } from '../problem.ts'
import { filterOf, filterQuery } from '../query.ts'
import { raw, router } from '../router.ts'
import type { Service } from '../service.ts'

/** How a container is called in a file's name and in HTTP. */
const files = {
  jsonl: { extension: 'jsonl', type: 'application/x-ndjson; charset=utf-8' },
  json: { extension: 'json', type: 'application/json' },
  delimited: { extension: 'csv', type: 'text/csv; charset=utf-8' },
  parquet: { extension: 'parquet', type: 'application/vnd.apache.parquet' },
} as const

const download = createRoute({
  method: 'get',
  path: '/v1/exports',
  tags: ['files'],
  summary: 'Export signals',
  description:
    'The signals as they are now, as a file. The format `signals` loses nothing; what another format cannot express is left out and counted in the server’s log.',
  request: {
    query: z.strictObject({
      ...filterQuery,
      format: z.enum(formatNames).default('signals'),
      container: z
        .enum(containerNames)
        .optional()
        .openapi({ description: 'How the rows lie in the file; default JSON lines where the format has them.' }),
    }),
  },
  responses: {
    200: {
      description: 'The file.',
      content: Object.fromEntries(
        Object.values(files).map(({ type }) => [type.split(';')[0] as string, { schema: z.string() }]),
      ),
    },
    ...problems(400),
  },
})

/** Waits until a stream has something to read or has ended, or the work that fills it has failed. */
async function begun(stream: PassThrough, work: Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  try {
    await Promise.race([once(stream, 'readable', { signal: stop.signal }), work])
  } finally {
    stop.abort()
  }
}

/** Signals as a file, streamed as they are read. */
export function exportRoutes(service: Service): OpenAPIHono {
  const { store, log, folder, stopping } = service
  const routes = router()
  routes.openapi(download, async (c) => {
    const { format, container: asked, ...query } = c.req.valid('query')
    const container = asked ?? formats[format].write.containers[0] ?? 'jsonl'
    const stream = new PassThrough()
    const snapshot = await store.snapshot()
    const abort = new AbortController()
    stream.on('close', () => abort.abort(new Error('the client went away')))
    const run = startRun({ folder: join(folder, 'work'), signal: AbortSignal.any([abort.signal, stopping]) })
    const work = exportSignals(snapshot, { to: stream, format, container, filter: filterOf(query) }, run).finally(() =>
      snapshot.close(),
    )
    work.then(
      ({ written, inexpressible, leftOut }) => log.info({ format, written, inexpressible, leftOut }, 'exported'),
      (error: unknown) => {
        if (!abort.signal.aborted) log.warn({ err: error }, 'an export broke off')
        stream.destroy(error instanceof Error ? error : undefined)
      },
    )
    stream.on('error', () => {})
    try {
      await begun(stream, work)
    } catch (error) {
      throw new Problem(400, 'invalid', error instanceof Error ? error.message : String(error))
    }
    const { extension, type } = files[container]
    return raw(
      new Response(Readable.toWeb(stream) as ReadableStream, {
        headers: {
          'Content-Type': type,
          'Content-Disposition': `attachment; filename="penchant-${format}.${extension}"`,
        },
      }),
    )
  })
  return routes
}
