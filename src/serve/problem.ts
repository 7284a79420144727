import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Issue, Signal, SignalConflictError } from '../collect/index.ts'
import { named } from './openapi.ts'

/** Why a request was turned down; what a client can act on is in `status`, `code` and `issues`. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly issues: readonly Issue[]
  readonly headers: Readonly<Record<string, string>>
  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    more: { readonly issues?: readonly Issue[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.issues = more.issues ?? []
    this.headers = more.headers ?? {}
  }
}

/** The body of every answer that is not a success. */
export const problemSchema = named(
  'Error',
  z.strictObject({
    error: z.strictObject({
      /** Stable, for programs. */
      code: z.string(),
      /** One sentence, for people. */
      message: z.string(),
      issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).exactOptional(),
    }),
  }),
)

const meanings: { readonly [status: number]: string } = {
  400: 'The request is not valid; `issues` says where.',
  401: 'API keys are configured and none was given.',
  404: 'There is no such thing.',
  409: 'It conflicts with what is there.',
  413: 'The body is larger than the limit.',
  415: 'The content type is not one this route reads.',
  503: 'Not ready yet.',
  507: 'The disk is full.',
}

type ProblemResponse = {
  readonly description: string
  readonly content: { readonly 'application/json': { readonly schema: typeof problemSchema } }
}

/** The documentation of the ways a route can turn a request down. */
export function problems<Status extends number>(
  ...statuses: readonly Status[]
): { [status in Status]: ProblemResponse } {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: meanings[status] ?? 'Turned down.', content: { 'application/json': { schema: problemSchema } } },
    ]),
  ) as { [status in Status]: ProblemResponse }
}

/** The problem an error amounts to; undefined for what nobody foresaw. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOSPC') return new Problem(507, 'disk-full', 'The disk that holds the data folder is full.')
  // Boards are fitted on a thread, whence errors come by name.
  if (error instanceof Error && error.name === 'UnfitBoardError') return new Problem(400, 'unfit', `${error.message}.`)
  return undefined
}

/** Answers with a problem. */
export function answerProblem(c: Context, problem: Problem): Response {
  const { code, message, issues, status, headers } = problem
  return c.json({ error: { code, message, ...(issues.length > 0 && { issues }) } }, status, headers)
}

/** A 404 that names what is missing. */
export function missing(what: string, id: string): Problem {
  return new Problem(404, 'not-found', `There is no ${what} "${id}".`)
}

/** The 409 of a batch in which ids stand for something else already, at the places where the batch has them. */
export function conflictIn(batch: readonly Signal[], error: SignalConflictError): Problem {
  const [ids, contexts] = [new Set(error.ids), new Set(error.contexts)]
  const issues = batch.flatMap(({ id, context }, position): Issue[] => {
    if (!ids.has(id)) return []
    return contexts.has(context.id)
      ? [{ path: `signals[${position}].context.id`, message: `is "${context.id}", which stands for another context` }]
      : [{ path: `signals[${position}].id`, message: `is "${id}", which stands for another signal` }]
  })
  return new Problem(409, 'conflict', `${error.message}.`, { issues: issues.slice(0, 100) })
}
