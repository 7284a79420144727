import { Hono, type MiddlewareHandler } from 'hono'
import { describe, expect, it } from 'vitest'
import { isLoopback, keyRequired, loopbackHostOnly, sameOriginWrites } from './guard.ts'
import { answerProblem, problemOf } from './problem.ts'

function guarded(guard: MiddlewareHandler) {
  const app = new Hono()
  app.onError((error, c) => {
    const problem = problemOf(error)
    if (!problem) throw error
    return answerProblem(c, problem)
  })
  app.use(guard)
  app.all('*', (c) => c.text('in'))
  return async (headers: Record<string, string>, method = 'GET') =>
    (await app.request('http://localhost/x', { method, headers })).status
}

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.8.8.8', '::1', '[::1]', 'penchant.localhost'])('takes %s', (host) =>
    expect(isLoopback(host)).toBe(true),
  )
  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'localhost.example.org',
    '127.0.0.1.example.org',
    'example.org',
    '',
    '::2',
    '1::1',
  ])('does not take %j', (host) => expect(isLoopback(host)).toBe(false))
})

describe('loopbackHostOnly', () => {
  const ask = guarded(loopbackHostOnly())
  it('lets this machine in, with and without a port', async () => {
    expect(await ask({ host: '127.0.0.1:7070' })).toBe(200)
    expect(await ask({ host: 'localhost' })).toBe(200)
    expect(await ask({ host: '[::1]:7070' })).toBe(200)
  })
  it('turns away a name that was rebound to this machine', async () => {
    expect(await ask({ host: 'evil.example:7070' })).toBe(403)
    expect(await ask({ host: '127.0.0.1.evil.example' })).toBe(403)
  })
})

describe('sameOriginWrites', () => {
  const ask = guarded(sameOriginWrites())
  const host = '127.0.0.1:7070'
  it('lets reads through', async () => expect(await ask({ host, origin: 'https://evil.example' })).toBe(200))
  it('lets programs and its own pages write', async () => {
    expect(await ask({ host }, 'POST')).toBe(200)
    expect(await ask({ host, origin: 'http://127.0.0.1:7070', 'sec-fetch-site': 'same-origin' }, 'POST')).toBe(200)
  })
  it('turns away writes from elsewhere', async () => {
    expect(await ask({ host, origin: 'https://evil.example' }, 'POST')).toBe(403)
    expect(await ask({ host, origin: 'http://127.0.0.1:3000' }, 'DELETE')).toBe(403)
    expect(await ask({ host, origin: 'null' }, 'PUT')).toBe(403)
    expect(await ask({ host, 'sec-fetch-site': 'cross-site' }, 'POST')).toBe(403)
  })
})

describe('keyRequired', () => {
  const ask = guarded(keyRequired(['first-key-0123456', 'second-key-012345']))
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`
  it('takes any of the keys, as a bearer token or as a password', async () => {
    expect(await ask({ authorization: 'Bearer first-key-0123456' })).toBe(200)
    expect(await ask({ authorization: 'bearer second-key-012345' })).toBe(200)
    expect(await ask({ authorization: basic('me:first-key-0123456') })).toBe(200)
  })
  it('takes nothing else', async () => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer first-key-012345',
      'Bearer first-key-01234567',
      'first-key-0123456',
      basic('first-key-0123456:'),
    ])
      expect(await ask({ authorization })).toBe(401)
  })
})
