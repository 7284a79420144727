import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { candidateId } from '../collect/index.ts'
import { FolderInUseError } from './lock.ts'
import { serverLog } from './log.ts'
import { CannotServeError, startServer } from './server.ts'
import { rawGet, type Serving, sendWhenAsked, serving, vote } from './serving.fixture.ts'

const log = serverLog({ level: 'silent' })

describe('signals', () => {
  let it_: Serving
  beforeAll(async () => {
    it_ = await serving({ limits: { bodyBytes: 100_000 } })
  })
  afterAll(() => it_.end())
  const send = (signals: readonly unknown[], headers?: Record<string, string>) =>
    it_.ask('/v1/signals', { method: 'POST', body: { signals }, ...(headers && { headers }) })

  it('are written once, however often they are sent', async () => {
    const first = await send([vote('v1', 'x', 'y', 'a'), vote('v2', 'y', 'z', 'tie')])
    expect(first.status).toBe(201)
    expect(first.json).toMatchObject({
      results: [
        { id: 'v1', status: 'inserted' },
        { id: 'v2', status: 'inserted' },
      ],
      inserted: 2,
      duplicates: 0,
    })
    const again = await send([vote('v1', 'x', 'y', 'a'), vote('v2', 'y', 'z', 'tie')])
    expect(again.status).toBe(201)
    expect(again.json).toMatchObject({ inserted: 0, duplicates: 2, version: first.json.version })
    expect((await it_.ask('/v1/counts')).json.total).toBe(2)
  })

  it('are refused whole when one is not valid, and the answer says which and why', async () => {
    const before = (await it_.ask('/v1/counts')).json.total
    const answer = await send([vote('v3', 'x', 'y', 'a'), { ...vote('v4', 'x', 'y', 'a'), outcome: 'modelA' }])
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({
      error: {
        code: 'invalid',
        message: 'signals[1].outcome is "modelA", expected one of "a", "b", "tie", "both-bad", "skipped"',
        issues: [
          {
            path: 'signals[1].outcome',
            message: 'is "modelA", expected one of "a", "b", "tie", "both-bad", "skipped"',
          },
        ],
      },
    })
    expect((await it_.ask('/v1/counts')).json.total).toBe(before)
    expect((await it_.ask('/v1/signals/v3')).status).toBe(404)
  })

  it('are refused whole when an id stands for something else already', async () => {
    const answer = await send([vote('v5', 'x', 'y', 'a'), vote('v1', 'x', 'y', 'b')])
    expect(answer.status).toBe(409)
    expect(answer.json.error).toMatchObject({ code: 'conflict', issues: [{ path: 'signals[1].id' }] })
    expect((await it_.ask('/v1/signals/v5')).status).toBe(404)
  })

  it('need not bring the ids that follow from their content', async () => {
    const { id: _, ...a } = vote('v6', 'x', 'y', 'a').a
    const answer = await send([{ ...vote('v6', 'x', 'y', 'a'), a }])
    expect(answer.status).toBe(201)
    expect((await it_.ask('/v1/signals/v6')).json.a.id).toBe(candidateId(a.content))
  })

  it('are turned away when they are not JSON, not said to be, or too many', async () => {
    const post = (body: string, headers: Record<string, string> = {}) =>
      it_.ask('/v1/signals', { method: 'POST', body, headers })
    expect((await post('{"signals": [')).json.error.code).toBe('not-json')
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415)
    const large = await post(JSON.stringify({ signals: 'x'.repeat(100_000) }))
    expect(large.status).toBe(413)
    expect(large.json.error.code).toBe('too-large')
    expect((await send([])).status).toBe(400)
  })

  it('can be browsed page by page, filtered, newest or oldest first', async () => {
    const page = (await it_.ask('/v1/signals?limit=2&order=oldest')).json
    expect(page.signals.map(({ id }: { id: string }) => id)).toEqual(['v1', 'v2'])
    expect(page.total).toBe(3)
    for (const after of ['somewhere', page.next.replace('oldest', 'newest')])
      expect(await it_.ask(`/v1/signals?order=oldest&after=${after}`)).toMatchObject({
        status: 400,
        json: { error: { code: 'invalid', issues: [{ path: 'after' }] } },
      })
    const rest = (await it_.ask(`/v1/signals?limit=2&order=oldest&after=${encodeURIComponent(page.next)}`)).json
    expect(rest.signals.map(({ id }: { id: string }) => id)).toEqual(['v6'])
    expect(rest.next).toBeUndefined()
    expect((await it_.ask('/v1/signals?limit=1')).json.signals[0].id).toBe('v6')
    expect((await it_.ask('/v1/signals?producer=z')).json.total).toBe(1)
    expect((await it_.ask('/v1/signals?trait=age:30&kind=comparison&kind=rating')).json.total).toBe(3)
    expect((await it_.ask('/v1/signals?trait=age:"30"')).json.total).toBe(0)
    expect((await it_.ask('/v1/signals?from=2024-01-01')).json.total).toBe(0)
  })

  it('are not browsed by a filter that does not exist', async () => {
    const answer = await it_.ask('/v1/signals?kidn=comparison')
    expect(answer.status).toBe(400)
    expect(answer.json.error.issues).toEqual([{ path: 'kidn', message: 'is not a known name here' }])
  })

  it('are counted, by what filters can take', async () => {
    expect((await it_.ask('/v1/counts')).json).toMatchObject({
      total: 3,
      kinds: { comparison: 3 },
      sources: { test: 3 },
      raters: 1,
      candidates: 3,
    })
    expect((await it_.ask('/v1/facets')).json).toMatchObject({
      tags: [{ value: 'jokes', count: 3 }],
      languages: [{ value: 'en', count: 3 }],
      traits: { age: [{ value: 30, count: 3 }] },
    })
  })

  it('go when their rater asks for it', async () => {
    await send([vote('b1', 'x', 'y', 'b', 'ben')])
    expect((await it_.ask('/v1/raters/ben', { method: 'DELETE' })).json).toEqual({ erased: 1 })
    expect((await it_.ask('/v1/signals?rater=ben')).json.total).toBe(0)
    expect((await it_.ask('/v1/signals/b1')).status).toBe(404)
  })

  it('tell of their candidates, and contents can be registered before', async () => {
    const { a } = vote('v1', 'x', 'y', 'a')
    expect((await it_.ask(`/v1/candidates/${a.id}`)).json.content).toEqual(a.content)
    const content = { modality: 'text', text: 'new' }
    const made = await it_.ask('/v1/candidates', { method: 'POST', body: { content } })
    expect(made.status).toBe(201)
    expect(made.json.id).toBe(candidateId({ modality: 'text', text: 'new' }))
    expect((await it_.ask(`/v1/candidates/${made.json.id}`)).json).toEqual(made.json)
    expect((await it_.ask(`/v1/candidates/${'0'.repeat(64)}`)).status).toBe(404)
  })
})

describe('keys', () => {
  const key = 'a-key-of-enough-length'
  let it_: Serving
  beforeAll(async () => {
    it_ = await serving({ keys: [key, 'another-key-of-length'] })
  })
  afterAll(() => it_.end())

  it('are needed everywhere but for the health routes', async () => {
    for (const path of ['/v1/counts', '/v1/leaderboards', '/openapi.json', '/', '/nothing'])
      expect([path, (await it_.ask(path)).status]).toEqual([path, 401])
    expect((await it_.ask('/healthz')).json).toEqual({ status: 'ok' })
    expect((await it_.ask('/readyz')).json).toEqual({ status: 'ready' })
  })
  it('open the API', async () => {
    const headers = { authorization: `Bearer ${key}` }
    expect((await it_.ask('/v1/counts', { headers })).status).toBe(200)
    expect((await it_.ask('/v1/counts', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  })
  it('are offered to be typed by those who open a page', async () => {
    const challenge = async (path: string) => (await it_.ask(path)).headers.get('www-authenticate')
    for (const path of ['/', '/leaderboards/songs', '/assets/index.js'])
      expect(await challenge(path)).toMatch(/^Basic /)
    expect(await challenge('/v1/counts')).toMatch(/^Bearer /)
    const authorization = `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}`
    expect((await it_.ask('/v1/counts', { headers: { authorization } })).status).toBe(200)
  })
  it('are demanded before the server can be reached by others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-serve-'))
    await expect(startServer({ folder, host: '0.0.0.0', port: 0, log })).rejects.toThrow(CannotServeError)
    await expect(startServer({ folder, host: '0.0.0.0', port: 0, log, keys: [''] })).rejects.toThrow('needs API keys')
    rmSync(folder, { recursive: true })
  })
})

describe('the server', () => {
  let it_: Serving
  beforeAll(async () => {
    it_ = await serving()
  })
  afterAll(() => it_.end())

  it('answers to its own name only', async () => {
    expect(await rawGet(`${it_.server.address}/v1/counts`, { host: 'evil.example' })).toBe(403)
    expect(await rawGet(`${it_.server.address}/v1/counts`, { host: 'localhost' })).toBe(200)
  })
  it('lets no other site’s page change anything', async () => {
    const headers = { origin: 'https://evil.example' }
    const answer = await it_.ask('/v1/raters/ann', { method: 'DELETE', headers })
    expect([answer.status, answer.json.error.code]).toEqual([403, 'foreign-origin'])
  })
  it('says in JSON that there is nothing, and which methods there are', async () => {
    expect((await it_.ask('/v2/nothing')).json.error.code).toBe('not-found')
    const wrong = await it_.ask('/v1/counts', { method: 'POST', body: {} })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
  it('sends headers that keep browsers from doing more than is meant', async () => {
    const { headers } = await it_.ask('/v1/counts')
    expect(headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
  it('keeps its folder to itself', async () => {
    await expect(startServer({ folder: it_.folder, port: 0, log })).rejects.toThrow(FolderInUseError)
  })
  it('says which port is taken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penchant-serve-'))
    const port = Number(new URL(it_.server.address).port)
    await expect(startServer({ folder, port, log })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`)
    const again = await startServer({ folder, port: 0, log })
    await again.close()
    rmSync(folder, { recursive: true })
  })
  it('is up at once and ready when it has loaded', async () => {
    const loading = Promise.withResolvers<void>()
    const other = await serving({
      load: (_, tell) => {
        tell('loading songs')
        return loading.promise
      },
    })
    expect((await other.ask('/healthz')).status).toBe(200)
    const early = await other.ask('/readyz')
    expect([early.status, early.json]).toEqual([503, { status: 'loading', detail: 'loading songs' }])
    loading.resolve()
    await other.server.loaded
    expect((await other.ask('/readyz')).json).toEqual({ status: 'ready' })
    await other.end()
  })
  it('answers what it was asked before it stops, and has it when it starts again', async () => {
    const first = await serving()
    const signals = Array.from({ length: 500 }, (_, i) => vote(`s${i}`, 'x', 'y', 'a'))
    let closing: Promise<void> | undefined
    const status = await sendWhenAsked(`${first.server.address}/v1/signals`, JSON.stringify({ signals }), () => {
      closing = first.server.close()
    })
    expect(status).toBe(201)
    await closing
    const second = await serving({ folder: first.folder })
    expect((await second.ask('/v1/counts')).json.total).toBe(500)
    await second.end()
  })
})
