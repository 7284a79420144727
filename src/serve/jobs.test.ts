import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { DocumentStore } from '../collect/index.ts'
import { type Job, openJobs } from './jobs.ts'
import { serverLog } from './log.ts'
import { memoryDocuments } from './memory-documents.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-jobs-'))
afterAll(() => rmSync(folder, { recursive: true }))

const open = (documents: DocumentStore = memoryDocuments()) =>
  openJobs({ documents, folder, log: serverLog({ level: 'silent' }) })

function ending(jobs: Awaited<ReturnType<typeof open>>, id: string): Promise<readonly Job[]> {
  return new Promise((resolve) => {
    const seen: Job[] = []
    jobs.watch(id, (job) => {
      seen.push(job)
      if (job.state !== 'running') resolve(seen)
    })
  })
}

it('tells progress, then the result', async () => {
  const jobs = await open()
  const { id } = jobs.start('count', async (run) => {
    run.progress({ label: 'counting', done: 1, total: 2 })
    return { counted: 2 }
  })
  const seen = await ending(jobs, id)
  expect(seen.map(({ progress }) => progress.label)).toContain('counting')
  expect(seen.at(-1)).toMatchObject({ state: 'done', result: { counted: 2 } })
})

it('fails with the error’s message', async () => {
  const jobs = await open()
  const { id } = jobs.start('break', async () => {
    throw new Error('line 3 is broken')
  })
  expect((await ending(jobs, id)).at(-1)).toMatchObject({ state: 'failed', error: 'line 3 is broken' })
})

it('is stopped by cancelling, and by closing', async () => {
  const jobs = await open()
  const untilStopped = (run: { signal: AbortSignal }): Promise<never> =>
    new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))
  const first = jobs.start('wait', untilStopped)
  const seen = ending(jobs, first.id)
  jobs.cancel(first.id)
  expect((await seen).at(-1)?.state).toBe('cancelled')
  const second = jobs.start('wait', untilStopped)
  await jobs.close()
  expect(jobs.get(second.id).state).toBe('cancelled')
})

it('remembers jobs over a restart, and says of those that were running that they were cut off', async () => {
  const documents = memoryDocuments()
  const first = await open(documents)
  const done = first.start('quick', async () => 1)
  await ending(first, done.id)
  const cut = first.start('endless', () => new Promise(() => {}))
  await new Promise((resolve) => setImmediate(resolve))
  const second = await open(documents)
  expect(second.get(done.id)).toMatchObject({ state: 'done', result: 1 })
  expect(second.get(cut.id)).toMatchObject({ state: 'failed', error: expect.stringContaining('server stopped') })
  expect(second.list().map(({ kind }) => kind)).toEqual(['endless', 'quick'])
})

it('knows nothing of other ids', async () => {
  const jobs = await open()
  expect(() => jobs.get('nobody')).toThrow('There is no job "nobody"')
})
