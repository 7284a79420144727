import { send } from './request.ts'

/** One server-sent event. */
export interface ServerEvent {
  /** Default `message`. */
  readonly event: string
  readonly data: string
}

/** The event in a block of lines, if there is one; comments and unknown fields are passed over. */
export function eventIn(block: string): ServerEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
  return data.length > 0 ? { event, data: data.join('\n') } : undefined
}

/** Events as they come, until the server ends them. Unlike `EventSource`, the request carries the API key. */
export async function* events(target: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const response = await send(target, { signal, accept: 'text/event-stream' })
  if (!response.body) return
  const decoder = new TextDecoder()
  let rest = ''
  // Not `for await`: Safari's streams are no iterables.
  const reader = response.body.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    rest += decoder.decode(read.value, { stream: true })
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = eventIn(block)
      if (event) yield event
    }
  }
}
