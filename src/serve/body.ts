import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { Problem } from './problem.ts'

const mebibytes = (bytes: number): string => `${Math.round((bytes / 1024 ** 2) * 100) / 100} MiB`

/** The problem with a body that is too large. */
export function tooLarge(limitBytes: number, advice = 'Send it in smaller parts.'): Problem {
  return new Problem(413, 'too-large', `The body is larger than ${mebibytes(limitBytes)}. ${advice}`)
}

/**
 * What a route that reads JSON needs of its requests: the content type, a body within the limit, and that it is JSON at
 * all. The body stays readable for the validator.
 */
export function jsonBody(limitBytes: number): MiddlewareHandler {
  const limited = bodyLimit({
    maxSize: limitBytes,
    onError: () => {
      throw tooLarge(limitBytes)
    },
  })
  return async (c, next) => {
    if (!['POST', 'PUT', 'PATCH'].includes(c.req.method)) return next()
    const type = c.req.header('content-type') ?? ''
    if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type))
      throw new Problem(
        415,
        'not-json',
        `The content type is ${type ? `"${type}"` : 'missing'}, expected "application/json".`,
      )
    return limited(c, async () => {
      try {
        await c.req.json()
      } catch (error) {
        if (error instanceof SyntaxError) throw new Problem(400, 'not-json', `The body is not JSON: ${error.message}.`)
        throw error
      }
      await next()
    })
  }
}
