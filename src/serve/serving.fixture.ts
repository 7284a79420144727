import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Comparison, candidate } from '../collect/index.ts'
import { serverLog } from './log.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

/** A server on a free port over a folder of its own, for tests. */
export interface Serving {
  readonly server: RunningServer
  readonly folder: string
  /** Sends a request with JSON when `body` is given, and reads the answer as JSON. */
  ask(path: string, options?: Asking): Promise<Answer>
  end(): Promise<void>
}

export interface Asking {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
}

export async function serving(options: Partial<ServerOptions> = {}): Promise<Serving> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'penchant-serve-'))
  const server = await startServer({ port: 0, log: serverLog({ level: 'silent' }), ...options, folder })
  return {
    server,
    folder,
    async ask(path, { method = 'GET', body, headers = {} } = {}) {
      const response = await fetch(`${server.address}${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json')
      return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : text }
    },
    async end() {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A GET with headers that `fetch` would not let a page choose, such as Host. */
export function rawGet(address: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(address, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

/** Posts JSON whose body is sent only once the server has the request's head; `between` is called before. */
export function sendWhenAsked(address: string, body: string, between: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    }
    const sending = request(address, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sending.on('error', reject)
    sending.on('continue', () => {
      between()
      sending.end(body)
    })
    sending.flushHeaders()
  })
}

/** A vote on two texts. */
export function vote(id: string, a: string, b: string, outcome: Comparison['outcome'], rater = 'ann'): Comparison {
  const made = (producer: string) => candidate({ modality: 'text', text: `by ${producer}` }, { producer })
  return {
    kind: 'comparison',
    id,
    rater: { id: rater, kind: 'human', traits: { age: 30 } },
    context: { id: 'c1', tags: ['jokes'], language: 'en' },
    time: 1_700_000_000_000,
    source: 'test',
    a: made(a),
    b: made(b),
    outcome,
  }
}
