import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import type { Job } from '../jobs.ts'
import { named } from '../openapi.ts'
import { problems } from '../problem.ts'
import { router } from '../router.ts'
import type { Service } from '../service.ts'

/** A comment line this often keeps proxies from closing a quiet stream. */
const heartbeatMs = 15_000

export const jobSchema = named(
  'Job',
  z.object({
    id: z.string(),
    kind: z.string(),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    progress: z.object({
      label: z.string(),
      done: z.number(),
      /** Absent while it is not known how much there is. */
      total: z.number().exactOptional(),
    }),
    /** What came of it; depends on the kind. */
    result: z.any().exactOptional(),
    error: z.string().exactOptional(),
    /** Milliseconds since 1970. */
    startedAt: z.number().int(),
    endedAt: z.number().int().exactOptional(),
  }),
)

type JobBody = z.infer<typeof jobSchema>
const body = (job: Job): JobBody => job as JobBody

const jobAnswer = named('JobAnswer', z.object({ job: jobSchema }))
const params = z.object({ id: z.string() })

const list = createRoute({
  method: 'get',
  path: '/v1/jobs',
  tags: ['jobs'],
  summary: 'Jobs, newest first',
  responses: {
    200: {
      description: 'Jobs.',
      content: { 'application/json': { schema: named('JobList', z.object({ jobs: z.array(jobSchema).readonly() })) } },
    },
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/jobs/{id}',
  tags: ['jobs'],
  summary: 'One job',
  request: { params },
  responses: {
    200: { description: 'The job.', content: { 'application/json': { schema: jobSchema } } },
    ...problems(404),
  },
})

const cancel = createRoute({
  method: 'delete',
  path: '/v1/jobs/{id}',
  tags: ['jobs'],
  summary: 'Stop a job',
  description: 'What a stopped import has saved stays. A job that has ended is left as it is.',
  request: { params },
  responses: {
    200: { description: 'The job, which ends soon.', content: { 'application/json': { schema: jobAnswer } } },
    ...problems(404),
  },
})

const events = createRoute({
  method: 'get',
  path: '/v1/jobs/{id}/events',
  tags: ['jobs'],
  summary: 'Follow a job',
  description:
    'Server-sent events whose data is the job: `progress` whenever it moves on, then `done` or `failed` (also when it was cancelled), after which the stream ends.',
  request: { params },
  responses: {
    200: { description: 'Events.', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems(404),
  },
})

/** The newest job told by `watch`, as a stream that skips what a slow reader missed. */
async function* changes(service: Service, id: string, stopped: AbortSignal): AsyncGenerator<Job | undefined> {
  let latest: Job | undefined
  let wake = (): void => {}
  const unwatch = service.jobs.watch(id, (job) => {
    latest = job
    wake()
  })
  const onStop = (): void => wake()
  stopped.addEventListener('abort', onStop)
  try {
    while (!stopped.aborted) {
      if (latest === undefined) {
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = setTimeout(resolve, heartbeatMs)
        })
        clearTimeout(timer)
      }
      const job = latest
      latest = undefined
      if (stopped.aborted) return
      yield job
      if (job && job.state !== 'running') return
    }
  } finally {
    unwatch()
    stopped.removeEventListener('abort', onStop)
  }
}

/** Jobs: what runs, how far it is, following it, and stopping it. */
export function jobRoutes(service: Service): OpenAPIHono {
  const { jobs } = service
  const routes = router()
  routes.openapi(list, (c) => c.json({ jobs: jobs.list().map(body) }, 200))
  routes.openapi(one, (c) => c.json(body(jobs.get(c.req.valid('param').id)), 200))
  routes.openapi(cancel, (c) => c.json({ job: body(jobs.cancel(c.req.valid('param').id)) }, 200))
  routes.openapi(events, (c) => {
    const { id } = jobs.get(c.req.valid('param').id)
    return streamSSE(c, async (stream) => {
      const stopped = new AbortController()
      stream.onAbort(() => stopped.abort())
      const signal = AbortSignal.any([stopped.signal, service.stopping])
      for await (const job of changes(service, id, signal)) {
        if (!job) {
          await stream.write(': still here\n\n')
          continue
        }
        const event = job.state === 'running' ? 'progress' : job.state === 'done' ? 'done' : 'failed'
        await stream.writeSSE({ event, data: JSON.stringify(job) })
      }
    })
  })
  return routes
}
