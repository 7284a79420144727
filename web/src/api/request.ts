import * as z from 'zod/mini'
import { askForKey, currentKey } from './key.ts'

/** The server turned a request down, or could not be reached (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly issues: readonly Issue[]
  constructor(status: number, code: string, message: string, issues: readonly Issue[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.issues = issues
  }
}

const issueSchema = z.object({ path: z.string(), message: z.string() })
const problemSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), issues: z.optional(z.array(issueSchema)) }),
})

/** Where in what was sent something is wrong, and what. */
export type Issue = z.infer<typeof issueSchema>

/** Values of one parameter may be many; undefined ones are left out. */
export type Query = { readonly [name: string]: string | number | boolean | readonly string[] | undefined }

/** A path with a query. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one))
  return search.size > 0 ? `${path}?${search}` : path
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly signal?: AbortSignal
  readonly accept?: string
  /** The body, sent as JSON. */
  readonly json?: unknown
}

/** The headers that carry the key, if there is one. */
export function keyHeaders(): { readonly [name: string]: string } {
  const key = currentKey()
  return key ? { Authorization: `Bearer ${key}` } : {}
}

/** What a failed answer's body says. */
export function problemIn(status: number, body: string): ApiError {
  try {
    const { code, message, issues } = problemSchema.parse(JSON.parse(body)).error
    return new ApiError(status, code, message, issues)
  } catch {
    return new ApiError(status, 'unknown', `The server answered ${status} and did not say why.`)
  }
}

const unreachable = 'The server cannot be reached. Is it still running?'

/**
 * Sends a request, asking the person for a key when the server wants one, and gives the answer once it is a success.
 *
 * @throws {ApiError} when the server turns it down or cannot be reached
 */
export async function send(target: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', signal, accept = 'application/json', json } = options
  for (;;) {
    let response: Response
    try {
      response = await fetch(target, {
        method,
        headers: { Accept: accept, ...(json !== undefined && { 'Content-Type': 'application/json' }), ...keyHeaders() },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        ...(signal && { signal }),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new ApiError(0, 'unreachable', unreachable)
    }
    if (response.ok) return response
    const problem = problemIn(response.status, await response.text())
    if (response.status !== 401) throw problem
    await askForKey().catch(() => {
      throw problem
    })
  }
}

/** Requests JSON of a known shape. What the shape does not mention is ignored. */
export async function request<Schema extends z.ZodMiniType>(
  schema: Schema,
  target: string,
  options: RequestOptions = {},
): Promise<z.infer<Schema>> {
  const response = await send(target, options)
  const parsed = schema.safeParse(await response.json())
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  throw new ApiError(
    response.status,
    'unexpected',
    `The server’s answer to ${target} is not what this studio expects at ${first?.path.join('.') || 'its top'}: ${first?.message ?? 'unknown'}. They may be of different versions.`,
  )
}

/** Requests a file whole. */
export async function readFile(target: string): Promise<Blob> {
  return (await send(target, { accept: '*/*' })).blob()
}
