import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { DocumentStore } from '../collect/index.ts'
import { type Progress, type Run, startRun } from '../run/index.ts'
import { missing, Problem } from './problem.ts'

export type JobState = 'running' | 'done' | 'failed' | 'cancelled'

/** A long piece of work that goes on after its request was answered. */
export interface Job {
  readonly id: string
  readonly kind: string
  readonly state: JobState
  readonly progress: Progress
  /** What came of it, once it is done. */
  readonly result?: unknown
  /** Why it failed, in one sentence. */
  readonly error?: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly endedAt?: number
}

/** Runs jobs and remembers them; what has ended is still there after a restart. */
export interface Jobs {
  /** Starts work at once; `work` may fail, and its error's message becomes the job's. */
  start(kind: string, work: (run: Run, id: string) => Promise<unknown>): Job
  get(id: string): Job
  /** Newest first. */
  list(): readonly Job[]
  /** Asks a running job to stop; one that has ended is left as it is. */
  cancel(id: string): Job
  /** Calls back with every change until the job has ended. Returns the way to stop listening. */
  watch(id: string, listener: (job: Job) => void): () => void
  /** Stops all running jobs and waits until they have. */
  close(): Promise<void>
}

const collection = 'jobs'
const remembered = 200

/**
 * @param options.documents where jobs are remembered
 * @param options.folder each job gets a folder of its own below it
 */
export async function openJobs(options: {
  readonly documents: DocumentStore
  readonly folder: string
  readonly log: Logger
}): Promise<Jobs> {
  const { documents, folder, log } = options
  const jobs = new Map<string, Job>()
  const running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>()
  const listeners = new Map<string, Set<(job: Job) => void>>()

  const earlier = (await documents.list(collection)).map(({ document }) => document as Job)
  for (const job of earlier.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const settled: Job =
      job.state === 'running'
        ? {
            ...job,
            state: 'failed',
            error:
              'The server stopped before it was finished. Start it again: what was already saved is not saved twice.',
          }
        : job
    jobs.set(settled.id, settled)
    if (settled !== job) await documents.put(collection, settled.id, settled)
  }

  function update(job: Job): void {
    jobs.set(job.id, job)
    for (const listener of listeners.get(job.id) ?? []) listener(job)
  }

  async function remember(job: Job): Promise<void> {
    await documents.put(collection, job.id, job)
    const ended = [...jobs.values()].filter(({ state }) => state !== 'running')
    for (const { id } of ended.slice(0, Math.max(0, ended.length - remembered))) {
      jobs.delete(id)
      await documents.delete(collection, id)
    }
  }

  async function carryOut(first: Job, abort: AbortController, work: (run: Run, id: string) => Promise<unknown>) {
    const { id, kind } = first
    const current = (): Job => jobs.get(id) ?? first
    const end = (state: JobState, more: Partial<Job>): Job => ({ ...current(), state, endedAt: Date.now(), ...more })
    let last: Job
    try {
      await remember(first)
      const run = startRun({
        folder: join(folder, id),
        signal: abort.signal,
        onProgress: (progress) => update({ ...current(), progress }),
        onLog: ({ level, message, fields }) => log[level]({ job: id, ...fields }, message),
      })
      abort.signal.throwIfAborted()
      const result = await work(run, id)
      last = end('done', { result })
      log.info({ job: id, kind }, 'job done')
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (abort.signal.aborted) {
        last = end('cancelled', { error: 'It was cancelled.' })
        log.info({ job: id, kind }, 'job cancelled')
      } else {
        last = end('failed', { error: message })
        log.warn({ job: id, kind, err: error instanceof Problem ? undefined : error }, `job failed: ${message}`)
      }
    }
    try {
      await remember(last)
    } catch (error) {
      log.error({ job: id, err: error }, 'a job could not be remembered')
    }
    running.delete(id)
    update(last)
    listeners.delete(id)
  }

  const get = (id: string): Job => {
    const job = jobs.get(id)
    if (!job) throw missing('job', id)
    return job
  }

  return {
    start(kind, work) {
      const job: Job = {
        id: randomUUID(),
        kind,
        state: 'running',
        progress: { label: 'starting', done: 0 },
        startedAt: Date.now(),
      }
      const abort = new AbortController()
      jobs.set(job.id, job)
      running.set(job.id, { abort, ended: carryOut(job, abort, work) })
      return job
    },
    get,
    list: () => [...jobs.values()].toReversed(),
    cancel(id) {
      const job = get(id)
      running.get(id)?.abort.abort(new Error('cancelled'))
      return job
    },
    watch(id, listener) {
      const job = get(id)
      if (job.state !== 'running') {
        listener(job)
        return () => {}
      }
      const those = listeners.get(id) ?? new Set()
      listeners.set(id, those.add(listener))
      listener(job)
      return () => those.delete(listener)
    },
    async close() {
      for (const { abort } of running.values()) abort.abort(new Error('the server is stopping'))
      await Promise.all([...running.values()].map(({ ended }) => ended))
    },
  }
}
