/**
 * Load on the HTTP server: a recommender by alternating least squares (width 64) of 20,000 users and 20,000 items, asked
 * for lists of 20 by users, by histories of ten items, and by batches of a hundred users. The server is a process of its
 * own, beside the one that makes the load.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { seeded } from '../../src/run/index.ts'
import { serverLog, startServer } from '../../src/serve/index.ts'
import { say } from '../beside-torch.ts'
import type { BenchPart } from './bench-part.ts'

const [users, items, taken, circles] = [20_000, 20_000, 50, 100]
const secondsEach = 8

/** Simulated: users mostly take items of one circle of taste. */
function interactions(): string {
  const random = seeded('load bench')
  const lines: string[] = []
  for (let user = 0; user < users; user++) {
    const circle = random.integer(circles)
    const own = new Set<number>()
    while (own.size < taken) {
      const item = random.integer(items)
      own.add(random.chance(0.8) ? item - (item % circles) + circle : item)
    }
    lines.push(`u${user} ${[...own].map((item) => `i${item}`).join(' ')}`)
  }
  return lines.join('\n')
}

/** Serves a folder until the process is ended. */
export async function serveForBench(folder: string): Promise<void> {
  const server = await startServer({ folder, port: 0, log: serverLog({ level: 'silent' }) })
  console.log(server.address)
  process.on('SIGTERM', () => void server.close().then(() => process.exit(0)))
}

async function address(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout ?? []) return String(chunk).trim()
  throw new Error('the server ended early')
}

async function json(url: string, body?: unknown): Promise<Record<string, never>> {
  const response = await fetch(url, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response.json() as Promise<Record<string, never>>
}

export const http: BenchPart = {
  name: 'http',
  title: `Lists of 20 over HTTP: ${users} users, ${items} items, width 64`,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-bench-'))
    const entry = join(import.meta.dirname, '../recommend.ts')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, '--worker', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const base = await address(child)
      const path = join(folder, 'load.txt')
      writeFileSync(path, interactions())
      const { readFileSync } = await import('node:fs')
      const sent = await fetch(`${base}/v1/interactions?filename=load.txt`, {
        method: 'POST',
        body: readFileSync(path),
      })
      const { file } = (await sent.json()) as { readonly file: { readonly id: string } }
      const { job } = (await json(`${base}/v1/recommenders`, {
        name: 'load',
        kind: 'als',
        options: { width: 64, iterations: 5 },
        data: { from: 'file', file: file.id, layout: 'lists' },
        holdOut: 0,
      })) as unknown as { readonly job: { readonly id: string } }
      for (;;) {
        const { state, error, progress } = (await json(`${base}/v1/jobs/${job.id}`)) as unknown as {
          readonly state: string
          readonly error?: string
          readonly progress: { readonly label: string }
        }
        if (state === 'done') break
        if (state !== 'running') throw new Error(`the fit failed: ${error}`)
        say(`fitting: ${progress.label}`)
        await new Promise((resolve) => setTimeout(resolve, 2_000))
      }
      const random = seeded('load requests')
      const user = (): string => `u${random.integer(users)}`
      const history = (): readonly string[] => Array.from({ length: 10 }, () => `i${random.integer(items)}`)
      const kinds = [
        { what: 'a user', connections: 1, lists: 1, path: 'recommend', body: () => ({ user: user() }) },
        { what: 'a user', connections: 16, lists: 1, path: 'recommend', body: () => ({ user: user() }) },
        { what: 'a history of 10', connections: 16, lists: 1, path: 'recommend', body: () => ({ history: history() }) },
        {
          what: '100 users',
          connections: 4,
          lists: 100,
          path: 'recommend/batch',
          body: () => ({ rows: Array.from({ length: 100 }, () => ({ user: user() })) }),
        },
      ]
      const rows: Readonly<Record<string, string | number>>[] = []
      for (const { what, connections, lists, path: route, body } of kinds) {
        // What was never asked before is opened and compiled first.
        for (let warm = 0; warm < 50; warm++) await json(`${base}/v1/recommenders/load/${route}`, body())
        const found = await autocannon({
          url: base,
          connections,
          duration: secondsEach,
          requests: Array.from({ length: 500 }, () => ({
            method: 'POST' as const,
            path: `/v1/recommenders/load/${route}`,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body()),
          })),
        })
        if (found.non2xx > 0 || found.errors > 0)
          throw new Error(`${found.non2xx} answers and ${found.errors} requests failed`)
        rows.push({
          request: what,
          connections,
          'requests/s': Math.round(found.requests.average),
          'lists/s': Math.round(found.requests.average * lists),
          p50: `${found.latency.p50} ms`,
          p99: `${found.latency.p99} ms`,
        })
      }
      return rows
    } finally {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
