import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { studio } from './studio.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-studio-'))
const app = new Hono()
beforeAll(() => {
  mkdirSync(join(folder, 'web/assets'), { recursive: true })
  writeFileSync(join(folder, 'web/index.html'), '<!doctype html>studio')
  writeFileSync(join(folder, 'web/assets/app-1a2b.js'), 'run()')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  app.use(studio(join(folder, 'web')))
})
afterAll(() => rmSync(folder, { recursive: true }))

const html = { accept: 'text/html,*/*' }
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers })

it('serves files: named by content for ever, the page anew each time', async () => {
  const script = await get('/assets/app-1a2b.js')
  expect(await script.text()).toBe('run()')
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  const page = await get('/')
  expect(await page.text()).toBe('<!doctype html>studio')
  expect(page.headers.get('cache-control')).toBe('no-cache')
})

it('answers 304 to those who have it already', async () => {
  const tag = (await get('/')).headers.get('etag') ?? ''
  expect((await get('/', { 'if-none-match': tag })).status).toBe(304)
})

it('compresses for those who can read it', async () => {
  const page = await get('/', { 'accept-encoding': 'gzip, br' })
  expect(page.headers.get('content-encoding')).toBe('br')
  expect(brotliDecompressSync(Buffer.from(await page.arrayBuffer())).toString()).toBe('<!doctype html>studio')
})

it('gives the page for addresses that it routes itself, to browsers only', async () => {
  expect(await (await get('/leaderboards/eurovision', html)).text()).toBe('<!doctype html>studio')
  expect((await get('/leaderboards/eurovision')).status).toBe(404)
  expect((await get('/v1/nothing', html)).status).toBe(404)
  expect((await get('/assets/old-9f.js', html)).status).toBe(404)
})

it('gives nothing from outside the folder', async () => {
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/..%5csecret.txt'])
    expect((await get(path)).status).toBe(404)
})
