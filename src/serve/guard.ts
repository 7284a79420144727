import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { Problem } from './problem.ts'

/** Whether a host name or address is this machine and nothing else. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  if (isIP(name) === 4) return name.startsWith('127.')
  return isIP(name) === 6 && (/^(0*:)*:?0*1$/.test(name) || /^::ffff:127\./.test(name))
}

/** The name in a Host header, without the port. */
function hostName(header: string): string {
  return header.replace(/:\d+$/, '')
}

/**
 * Turns away requests whose Host is not this machine: a page elsewhere can point a name of its own at 127.0.0.1 (DNS
 * rebinding), but it cannot make the browser send a loopback Host.
 */
export function loopbackHostOnly(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host
    if (!isLoopback(hostName(host)))
      throw new Problem(
        403,
        'foreign-host',
        `This server answers to localhost only, and the request asked for "${host}". To serve other machines, configure API keys.`,
      )
    await next()
  }
}

/** Turns away requests that change something and come from another site's page. */
export function sameOriginWrites(): MiddlewareHandler {
  return async (c, next) => {
    if (!['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) {
      const origin = c.req.header('origin')
      const host = c.req.header('host') ?? new URL(c.req.url).host
      const site = c.req.header('sec-fetch-site')
      const foreign =
        origin !== undefined
          ? !URL.canParse(origin) || new URL(origin).host !== host
          : site === 'cross-site' || site === 'same-site'
      if (foreign)
        throw new Problem(
          403,
          'foreign-origin',
          `Requests that change something must not come from a page of ${origin ?? 'another site'}.`,
        )
    }
    await next()
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The key in an Authorization header: a bearer token, or the password of basic authentication, which browsers offer. */
function offeredKey(header: string): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(header)
  if (bearer) return bearer[1]
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header)
  if (!basic?.[1]) return undefined
  const pair = Buffer.from(basic[1], 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}

/**
 * Lets a request through when it brings one of the keys. The time it takes tells nothing about the keys: digests of
 * equal length are compared in constant time, and always all of them.
 */
export function keyRequired(keys: readonly string[]): MiddlewareHandler {
  const digests = keys.map(digest)
  return async (c, next) => {
    const offered = offeredKey(c.req.header('authorization') ?? '')
    let known = false
    if (offered !== undefined) {
      const given = digest(offered)
      for (const digest of digests) known = timingSafeEqual(digest, given) || known
    }
    if (!known) {
      // The studio's files are what browsers fetch by themselves, and a browser can only be asked for a password.
      const scheme = c.req.path.startsWith('/v1/') ? 'Bearer' : 'Basic'
      throw new Problem(
        401,
        'unauthorised',
        offered === undefined
          ? 'This server needs an API key: send it as "Authorization: Bearer KEY".'
          : 'The API key is not one of this server’s.',
        { headers: { 'WWW-Authenticate': `${scheme} realm="Penchant", charset="UTF-8"` } },
      )
    }
    await next()
  }
}
