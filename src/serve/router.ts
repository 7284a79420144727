import { OpenAPIHono } from '@hono/zod-openapi'
import { issuesOf } from '../collect/index.ts'
import { Problem } from './problem.ts'

const places: { readonly [target: string]: string } = {
  json: 'body',
  query: 'query',
  param: 'path',
  header: 'header',
}

/** An empty set of routes whose invalid requests are answered with every issue named. */
export function router(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: async (result, c) => {
      if (result.success) return
      const place = places[result.target] ?? result.target
      const input: unknown =
        result.target === 'json' ? await c.req.json() : result.target === 'query' ? c.req.queries() : c.req.param()
      const issues = issuesOf(result.error, input)
      const [first] = issues
      const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
      throw new Problem(
        400,
        'invalid',
        first ? `${first.path || `the ${place}`} ${first.message}${more}` : `the ${place} is not valid`,
        { issues },
      )
    },
  })
}

/**
 * An answer that is not JSON. The route types know JSON and plain text only, and take `x-ndjson` for JSON.
 */
export function raw(response: Response): never {
  return response as never
}
