import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible'

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
    }),
    id: `${base} ${model}`,
    redact: (text) => secrets.reduce<string>((clean, secret) => clean.replaceAll(secret ?? '', '[secret]'), text),
  }
}
