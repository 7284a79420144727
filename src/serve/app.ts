import type { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import packageJson from '../../package.json' with { type: 'json' }
import { keyRequired, loopbackHostOnly, sameOriginWrites } from './guard.ts'
import { components } from './openapi.ts'
import { answerProblem, Problem, problemOf } from './problem.ts'
import { candidateRoutes } from './route/candidates.ts'
import { exportRoutes } from './route/exports.ts'
import { healthRoutes } from './route/health.ts'
import { importRoutes } from './route/imports.ts'
import { jobRoutes } from './route/jobs.ts'
import { leaderboardRoutes } from './route/leaderboards.ts'
import { methodRoutes } from './route/methods.ts'
import { modelRoutes } from './route/models.ts'
import { peopleRoutes } from './route/people.ts'
import { recommendRoutes } from './route/recommend.ts'
import { recommenderRoutes } from './route/recommenders.ts'
import { signalRoutes } from './route/signals.ts'
import { router } from './router.ts'
import type { Service } from './service.ts'
import { studio } from './studio.ts'

export interface AppOptions {
  /** When there are any, every request but those to the health routes must bring one. */
  readonly keys: readonly string[]
  /** The built studio. */
  readonly studioFolder: string
}

const open = new Set(['/healthz', '/readyz'])

/** The studio runs its own scripts only; pictures and recordings may come from where the signals say they are. */
const contentSecurityPolicy = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:', 'blob:', 'https:'],
  mediaSrc: ["'self'", 'blob:', 'https:'],
  connectSrc: ["'self'"],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
}

/**
 * The studio's one script that compiles WebAssembly, to run models in a worker. What a worker may do is said with its own
 * script, so that pages need no leave for it.
 */
const scorerScript = /^\/assets\/onnx-scorer-[\w-]+\.js$/
const scorerSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
  connectSrc: ["'self'"],
}

function requestLog(service: Service): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now()
    await next()
    const { method, path } = c.req
    const { status } = c.res
    // That the server is not ready yet is an answer, and those who wait for it ask often.
    const level = open.has(path) || path.startsWith('/assets/') ? 'debug' : status >= 500 ? 'error' : 'info'
    service.log[level]({ method, path, status, ms: Math.round(performance.now() - start) })
  }
}

/** Answers a request that takes too long; what it began goes on, and finds its result kept when asked again. */
function timeLimit(limitMs: number): MiddlewareHandler {
  return async (c, next) => {
    if (/^\/v1\/(exports|imports|interactions|jobs\/[^/]+\/events)/.test(c.req.path)) return next()
    const ms = c.req.path.startsWith('/v1/leaderboards/') ? 5 * limitMs : limitMs
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Problem(503, 'timeout', `The answer took longer than ${ms / 1000} s. Ask again.`)),
        ms,
      )
    })
    try {
      await Promise.race([next(), late])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The whole API, its description and the studio, as one fetch handler. */
export function createApp(service: Service, options: AppOptions): OpenAPIHono {
  const { keys, studioFolder } = options
  const app = router()

  app.onError((error, c) => {
    const problem = problemOf(error)
    if (problem) return answerProblem(c, problem)
    if (error instanceof HTTPException)
      return answerProblem(c, new Problem(error.status as Problem['status'], 'turned-down', error.message))
    service.log.error({ err: error, method: c.req.method, path: c.req.path }, 'a request failed')
    return answerProblem(c, new Problem(500, 'internal', 'Something went wrong here; the server’s log says what.'))
  })
  app.notFound((c) => {
    const advice = c.req.path === '/' ? 'The studio is not built: npm run build.' : 'See /openapi.json.'
    return answerProblem(c, new Problem(404, 'not-found', `There is nothing at ${c.req.path}. ${advice}`))
  })

  app.use(requestLog(service))
  const headersOf = (policy: NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']) =>
    secureHeaders({
      ...(policy && { contentSecurityPolicy: policy }),
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
      // Whether a name is to be reached by TLS only is for the proxy in front to say.
      strictTransportSecurity: false,
    })
  const [ofPages, ofScorer] = [headersOf(contentSecurityPolicy), headersOf(scorerSecurityPolicy)]
  app.use((c, next) => (scorerScript.test(c.req.path) ? ofScorer : ofPages)(c, next))
  if (keys.length === 0) app.use(loopbackHostOnly())
  app.use(sameOriginWrites())
  if (keys.length > 0) {
    const guard = keyRequired(keys)
    app.use((c, next) => (open.has(c.req.path) ? next() : guard(c, next)))
  }
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        answerProblem(
          c,
          new Problem(
            405,
            'wrong-method',
            `${c.req.path} answers ${methods.join(', ')}, and this was ${c.req.method}.`,
            {
              headers: { Allow: methods.join(', ') },
            },
          ),
        ),
    }),
  )
  app.use('/v1/*', async (c, next) => {
    await next()
    if (!c.res.headers.has('cache-control')) c.res.headers.set('Cache-Control', 'no-store')
  })
  app.use(timeLimit(service.limits.requestTimeoutMs))

  for (const routes of [
    healthRoutes(service),
    signalRoutes(service),
    candidateRoutes(service),
    leaderboardRoutes(service),
    peopleRoutes(service),
    modelRoutes(service),
    recommenderRoutes(service),
    recommendRoutes(service),
    importRoutes(service),
    jobRoutes(service),
    exportRoutes(service),
    methodRoutes(),
  ])
    app.route('/', routes)

  app.get('/openapi.json', (c) => c.json(describe(app)))
  app.use(studio(studioFolder))
  return app
}

/** The OpenAPI 3.1 description of every route. */
export function describe(app: OpenAPIHono): object {
  if (!app.openAPIRegistry.definitions.some(({ type }) => type === 'component'))
    app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Penchant',
      version: packageJson.version,
      description: packageJson.description,
      license: { name: packageJson.license },
    },
    // A server on the loopback interface may have no keys; with keys, all but the health routes need one.
    security: [{ key: [] }, {}],
    tags: [
      { name: 'health', description: 'For those who watch over the server.' },
      { name: 'signals', description: 'What people said and did.' },
      { name: 'candidates', description: 'What they said it about.' },
      { name: 'leaderboards', description: 'What it amounts to.' },
      { name: 'people', description: 'Who likes what.' },
      { name: 'models', description: 'What was learned, for use elsewhere.' },
      { name: 'recommenders', description: 'What to choose from a catalogue.' },
      { name: 'files', description: 'Whole files in and out.' },
      { name: 'jobs', description: 'Work that goes on after its request was answered.' },
      { name: 'methods', description: 'The published methods inside.' },
    ],
  })
  return { ...document, components: { ...document.components, schemas: components() } }
}
