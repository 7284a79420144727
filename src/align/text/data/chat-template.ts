import type { Message } from '../../../collect/index.ts'

/**
 * Messages as the text that a model was tuned on. With `generationPrompt` it ends where the assistant's next message
 * begins. What it makes of messages must begin with what it makes of the first of them, for then a completion is what
 * comes after its prompt.
 */
export type ChatTemplate = (messages: readonly Message[], options: { readonly generationPrompt: boolean }) => string

/** ChatML, as Qwen and many others have it: `<|im_start|>role\ncontent<|im_end|>\n`. */
export const chatMlTemplate: ChatTemplate = (messages, { generationPrompt }) =>
  messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join('') +
  (generationPrompt ? '<|im_start|>assistant\n' : '')

/** Llama 3: `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`, after `<|begin_of_text|>`. */
export const llama3Template: ChatTemplate = (messages, { generationPrompt }) =>
  `<|begin_of_text|>${messages
    .map(({ role, content }) => `<|start_header_id|>${role}<|end_header_id|>\n\n${content.trim()}<|eot_id|>`)
    .join('')}${generationPrompt ? '<|start_header_id|>assistant<|end_header_id|>\n\n' : ''}`

/** Plain dialogue, as in Anthropic's HH: `\n\nHuman: …\n\nAssistant: …`. Other roles count as the person's. */
export const dialogueTemplate: ChatTemplate = (messages, { generationPrompt }) =>
  messages.map(({ role, content }) => `\n\n${role === 'assistant' ? 'Assistant' : 'Human'}: ${content}`).join('') +
  (generationPrompt ? '\n\nAssistant:' : '')

/**
 * A conversation's prompt and completion as texts.
 *
 * @throws {RangeError} when the template does not put the completion after the prompt
 */
export function renderCompletion(
  prompt: readonly Message[],
  completion: readonly Message[],
  template: ChatTemplate,
): { readonly prompt: string; readonly completion: string } {
  const before = template(prompt, { generationPrompt: completion[0]?.role === 'assistant' })
  const whole = template([...prompt, ...completion], { generationPrompt: false })
  if (!whole.startsWith(before))
    throw new RangeError(
      'the chat template rewrites the prompt when a completion follows, expected it to begin the same',
    )
  return { prompt: before, completion: whole.slice(before.length) }
}
