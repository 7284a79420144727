import * as z from 'zod/mini'
import { events } from './events.ts'
import { ApiError, request, send } from './request.ts'

const jobSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  progress: z.object({ label: z.string(), done: z.number(), total: z.optional(z.number()) }),
  result: z.optional(z.unknown()),
  error: z.optional(z.string()),
  startedAt: z.number(),
  endedAt: z.optional(z.number()),
})
/** Work that goes on after its request was answered. */
export type Job = z.infer<typeof jobSchema>

const path = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`

/** One job as it is now. */
export function readJob(id: string, signal: AbortSignal): Promise<Job> {
  return request(jobSchema, path(id), { signal })
}

/** All jobs that are remembered, newest first. */
export async function listJobs(signal: AbortSignal): Promise<readonly Job[]> {
  return (await request(z.object({ jobs: z.array(jobSchema) }), '/v1/jobs', { signal })).jobs
}

/** Asks a job to stop. */
export async function cancelJob(id: string): Promise<void> {
  await send(path(id), { method: 'DELETE' })
}

const pollMs = 1_000

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const stop = (): void => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}

/**
 * A job at every step until it ends. It follows the server's events, and asks again after a pause when the line breaks,
 * for as long as the server knows the job.
 */
export async function* followJob(id: string, signal: AbortSignal): AsyncGenerator<Job> {
  while (!signal.aborted) {
    const job = await readJob(id, signal)
    yield job
    if (job.state !== 'running') return
    try {
      for await (const event of events(`${path(id)}/events`, signal)) {
        const next = jobSchema.parse(JSON.parse(event.data))
        yield next
        if (next.state !== 'running') return
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.status === 404)) throw error
    }
    await pause(pollMs, signal)
  }
}
