import type { ChatTemplate } from './chat-template.ts'
import { renderCompletion } from './chat-template.ts'
import type { Example, Written } from './example.ts'

/** What is needed of a tokenizer; `Tokenizer` of `@huggingface/tokenizers` is one. */
export interface TextTokenizer {
  encode(text: string, options?: { add_special_tokens?: boolean }): { readonly ids: readonly number[] }
}

export interface TokenizeOptions {
  /** How conversations become texts. Needed for them. */
  readonly template?: ChatTemplate
  /** Id before every prompt that does not begin with it (BOS). Default none. */
  readonly startOfText?: number
  /** Id after every completion that does not end with it (EOS), which is scored with it. Default none. */
  readonly endOfText?: number
  /** Most tokens of prompt and completion together. Default 1024. */
  readonly maxLength?: number
  /** Most tokens of a prompt. Default: what the longest completion leaves. */
  readonly maxPromptLength?: number
}

/** A prompt and its completions as token ids. Prompts are the same for all, so that only completions differ. */
export interface TokenizedExample {
  readonly prompt: readonly number[]
  readonly completions: readonly (readonly number[])[]
  /** How many tokens were cut from the prompt's beginning, and from the completions' ends. */
  readonly cut: { readonly prompt: number; readonly completions: readonly number[] }
}

/**
 * Token ids of a prompt and its completions, within a length. Completions are kept: the prompt loses its beginning
 * first, alike for all completions, down to one token (the first completion token must follow something to be scored);
 * only a completion that is still too long loses its end, and then has no end-of-text token.
 *
 * Prompt and completion are encoded together where the prompt's ids stay the same, which keeps blanks at the seam as the
 * model knows them, and apart where they do not.
 *
 * @throws {RangeError} on an empty prompt or completion, a conversation without template, or a length below 2
 */
export function tokenizeExample(
  example: Example,
  tokenizer: TextTokenizer,
  options: TokenizeOptions = {},
): TokenizedExample {
  const { startOfText, endOfText, maxLength = 1024, maxPromptLength = maxLength } = options
  if (!(Number.isInteger(maxLength) && maxLength >= 2))
    throw new RangeError(`tokenizeExample: maxLength is ${maxLength}, expected a whole number of at least 2`)
  if (!(maxPromptLength >= 1))
    throw new RangeError(`tokenizeExample: maxPromptLength is ${maxPromptLength}, expected at least 1`)
  const encode = (text: string): readonly number[] => tokenizer.encode(text, { add_special_tokens: false }).ids
  const texts = example.completions.map((completion) => asTexts(example.prompt, completion, options.template))
  const start = texts[0]?.prompt ?? ''
  if (texts.some(({ prompt }) => prompt !== start))
    throw new RangeError('completions begin with different roles, expected one prompt for all of them')
  const encoded = encode(start)
  const opened = startOfText === undefined || encoded[0] === startOfText ? encoded : [startOfText, ...encoded]
  if (opened.length === 0) throw new RangeError('the prompt is empty, expected at least one token before a completion')
  const completions = texts.map(({ completion }, index) => {
    const ids = followingIds(encoded, encode(start + completion)) ?? encode(completion)
    const closed = endOfText === undefined || ids.at(-1) === endOfText ? ids : [...ids, endOfText]
    if (closed.length === 0) throw new RangeError(`completion ${index} is empty, expected at least one token`)
    return closed
  })
  const longest = Math.max(...completions.map((ids) => ids.length))
  const room = Math.max(1, Math.min(maxPromptLength, maxLength - longest))
  const prompt = opened.slice(-room)
  const kept = completions.map((ids) => ids.slice(0, maxLength - prompt.length))
  return {
    prompt,
    completions: kept,
    cut: {
      prompt: opened.length - prompt.length,
      completions: completions.map((ids, index) => ids.length - (kept[index]?.length ?? 0)),
    },
  }
}

function asTexts(prompt: Written, completion: Written, template: ChatTemplate | undefined) {
  if (typeof prompt === 'string' && typeof completion === 'string') return { prompt, completion }
  if (template === undefined) throw new RangeError('the example is a conversation, expected a template for it')
  if (typeof prompt === 'string')
    return renderCompletion([{ role: 'user', content: prompt }], completion as Exclude<Written, string>, template)
  const messages = typeof completion === 'string' ? [{ role: 'assistant' as const, content: completion }] : completion
  return renderCompletion(prompt, messages, template)
}

/** What follows the prompt's ids in those of the whole; undefined when the whole begins otherwise. */
function followingIds(prompt: readonly number[], whole: readonly number[]): readonly number[] | undefined {
  return prompt.every((id, at) => whole[at] === id) ? whole.slice(prompt.length) : undefined
}
