import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible'
import { z } from 'zod'

/** Where a model is served with the protocol of OpenAI. */
export interface Endpoint {
  /** Such as `http://localhost:11434/v1`. */
  readonly baseUrl: string
  /** As the server names it. */
  readonly model: string
  /** Sent as a bearer token; never logged, never in an error or a key. Default none. */
  readonly apiKey?: string
  /** Further headers of every request, treated as secret too. Default none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An endpoint ready to be called. */
export interface OpenEndpoint {
  readonly provider: OpenAICompatibleProvider
  /** Where and which model, without anything secret: `http://localhost:11434/v1 model`. */
  readonly id: string
  /** Takes the secrets out of a text. */
  redact(text: string): string
}

const indexed = z.looseObject({ data: z.array(z.looseObject({ index: z.int() })) })

/**
 * Fetches, and puts vectors in the order of the texts they are of: the protocol tells it by `index`, which the SDK does
 * not read.
 */
async function fetchInOrder(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...request)
  const [asked] = request
  const { pathname } = new URL(asked instanceof Request ? asked.url : asked)
  if (!response.ok || !pathname.endsWith('/embeddings')) return response
  const text = await response.text()
  const { status, headers } = response
  const sorted = indexed.safeParse(jsonOf(text))
  const body =
    sorted.success && sorted.data.data.some(({ index }, at) => index !== at)
      ? JSON.stringify({ ...sorted.data, data: sorted.data.data.toSorted((one, other) => one.index - other.index) })
      : text
  return new Response(body, { status, headers: { 'content-type': headers.get('content-type') ?? 'application/json' } })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Opens an endpoint. @throws {TypeError} when the address is none of http or https, or the model has no name */
export function openEndpoint({ baseUrl, model, apiKey, headers = {} }: Endpoint): OpenEndpoint {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new TypeError(
      `the base URL is not one (${url ? url.protocol : 'unreadable'}), expected http://… or https://…`,
    )
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`the base URL of ${url.host} holds a name or password; give them as apiKey or headers`)
  if (model.trim() === '') throw new TypeError('the model has no name')
  const secrets = [apiKey, ...Object.values(headers)].filter((secret) => secret !== undefined && secret.length > 3)
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  return {
    provider: createOpenAICompatible({
      name: 'endpoint',
      baseURL: base,
      headers: { ...headers },
      ...(apiKey !== undefined && apiKey !== '' && { apiKey }),
      ...(url.search !== '' && { queryParams: Object.fromEntries(url.searchParams) }),
      supportsStructuredOutputs: true,
      fetch: fetchInOrder,
    }),
    id: `${base} ${model}`,
    redact: (text) => secrets.reduce<string>((clean, secret) => clean.replaceAll(secret ?? '', '[secret]'), text),
  }
}
