import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'

/** A request that the server got. */
export interface Asked {
  readonly path: string
  readonly key: string | undefined
  readonly body: {
    readonly model: string
    readonly messages: readonly { readonly role: string; readonly content: string }[]
    readonly input: readonly string[]
    readonly [option: string]: unknown
  }
}

/** What it answers: a text, vectors, or whatever a server may give instead. */
export type Reply = (asked: Asked, count: number) => Response | Promise<Response>

export interface OpenAiServer {
  readonly baseUrl: string
  readonly asked: Asked[]
  reply: Reply
  close(): Promise<void>
}

/** An answer in the protocol's form. */
export function saying(
  text: string,
  about: { readonly finish?: string; readonly usage?: object | null } = {},
): Response {
  const usage = about.usage === undefined ? { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } : about.usage
  return Response.json({
    id: 'x',
    object: 'chat.completion',
    created: 0,
    model: 'small',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: about.finish ?? 'stop' }],
    ...(usage && { usage }),
  })
}

/** Vectors in the protocol's form. */
export function embedding(vectors: readonly (readonly number[])[], tokens: number | null = 7): Response {
  return Response.json({
    object: 'list',
    model: 'small',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: vector })),
    ...(tokens !== null && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  })
}

/** An error in the protocol's form. */
export function refusing(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: { message, type: 'error' } }, { status, headers })
}

/** Starts a server on this machine that speaks OpenAI's protocol. */
export async function openAiServer(reply: Reply): Promise<OpenAiServer> {
  const app = new Hono()
  const asked: Asked[] = []
  const state = { reply }
  app.post('/v1/*', async (c) => {
    const one = {
      path: c.req.path,
      key: c.req.header('authorization'),
      body: (await c.req.json()) as Asked['body'],
    }
    asked.push(one)
    return state.reply(one, asked.length)
  })
  const server: ServerType = await new Promise((resolve) => {
    const made = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    asked,
    get reply() {
      return state.reply
    },
    set reply(next) {
      state.reply = next
    },
    close: () =>
      new Promise((resolve) => {
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
