import { Template } from '@huggingface/jinja'
import type { ChatTemplate } from './chat-template.ts'

/** What chat templates of checkpoints may read beside the messages. */
export interface JinjaOptions {
  /** Text of the token before everything (BOS). Default none. */
  readonly startText?: string
  /** Text of the token that ends a completion (EOS). Default none. */
  readonly endText?: string
}

/**
 * A chat template as checkpoints bring it, in Jinja: `chat_template` of `tokenizer_config.json`, or
 * `chat_template.jinja`.
 *
 * @throws {RangeError} when it cannot be read, or refuses messages
 * @see https://huggingface.co/docs/transformers/chat_templating
 */
export function jinjaTemplate(source: string, { startText = '', endText = '' }: JinjaOptions = {}): ChatTemplate {
  const attempt = <T>(what: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new RangeError(`the chat template ${what}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  const template = attempt('cannot be read', () => new Template(source))
  return (messages, { generationPrompt }) =>
    attempt('refuses the messages', () =>
      template.render({
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: generationPrompt,
        bos_token: startText,
        eos_token: endText,
      }),
    )
}
