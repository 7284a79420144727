import { z } from 'zod'

/** One message to a model. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a model is asked: one user message, or a conversation. */
export type Prompt = string | readonly PromptMessage[]

/** A prompt as messages. @throws {RangeError} when there are none */
export function promptMessages(prompt: Prompt): readonly PromptMessage[] {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }]
  if (prompt.length === 0) throw new RangeError('the prompt has no messages, expected at least one')
  return prompt
}

/** Asks for JSON of a form. */
export function jsonInstruction(schema: z.ZodType): PromptMessage {
  const form = JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  return {
    role: 'system',
    content: `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${form}`,
  }
}

/** Asks again, after an answer that did not have the form. */
export function repairInstruction(problem: string): PromptMessage {
  return {
    role: 'user',
    content: `That answer cannot be used: ${problem}. Answer again, with the corrected JSON value and nothing else.`,
  }
}
