import type { Content, Message } from '../signal.ts'

/** Two conversations taken apart: what both begin with, and what each goes on with. */
export interface Split {
  readonly shared: readonly Message[]
  readonly a: readonly Message[]
  readonly b: readonly Message[]
}

const same = (a: Message, b: Message): boolean => a.role === b.role && a.content === b.content

/**
 * Splits two conversations after the messages they share. Each side keeps at least its last message, so that there is
 * something to prefer even where one conversation begins with the whole of the other.
 *
 * @param at how many messages are shared, where that is known
 */
export function splitConversations(a: readonly Message[], b: readonly Message[], at?: number): Split {
  const most = Math.max(0, Math.min(a.length, b.length) - 1)
  let shared = at ?? 0
  if (at === undefined) while (shared < most && same(a[shared] as Message, b[shared] as Message)) shared++
  return { shared: a.slice(0, shared), a: a.slice(shared), b: b.slice(shared) }
}

/** What messages are as a candidate: a single reply of the assistant is a text, anything else a conversation. */
export function contentOfMessages(messages: readonly Message[]): Content {
  const [first] = messages
  return messages.length === 1 && first?.role === 'assistant'
    ? { modality: 'text', text: first.content }
    : { modality: 'conversation', messages: [...messages] }
}

/** The messages a candidate adds to its context, or undefined when it is no text. */
export function messagesOfContent(content: Content): readonly Message[] | undefined {
  if (content.modality === 'text') return [{ role: 'assistant', content: content.text }]
  return content.modality === 'conversation' ? content.messages : undefined
}

/** Whether {@link contentOfMessages} gives back a content from its messages. */
export function isPlainConversation(content: Content): boolean {
  const only = content.modality === 'conversation' && content.messages.length === 1 ? content.messages[0] : undefined
  return only?.role !== 'assistant'
}
