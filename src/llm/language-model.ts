import { once } from 'node:events'
import type { LanguageModel as SdkModel } from 'ai'
import { z } from 'zod'
import { canonicalJson, contentHash, type Json } from '../run/index.ts'
import { type CallOptions, openCaller } from './caller.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { jsonIn } from './json-answer.ts'
import { AnswerFormError } from './model-error.ts'
import { jsonInstruction, type Prompt, type PromptMessage, promptMessages, repairInstruction } from './prompt.ts'
import type { ResponseCache } from './response-cache.ts'
import { type ModelUsage, openAccount, type Price } from './usage.ts'

/** A model behind the AI SDK's current interface: one of its providers', or our own. */
export type ServedModel = Extract<SdkModel, { readonly specificationVersion: 'v4' }>

export interface LanguageModelOptions extends CallOptions {
  /** Where answers are kept: the same question is then asked once. Default nowhere. */
  readonly cache?: ResponseCache
  /** Per million tokens. Default unknown. */
  readonly price?: Price
  /**
   * How JSON is asked for: in words alone (`prompt`), by also switching the server to JSON (`json`), or by giving it the
   * schema (`schema`). The last two need a server that knows them. Default `prompt`.
   */
  readonly structured?: 'prompt' | 'json' | 'schema'
}

/** How one answer is drawn. What is left out is up to the server. */
export interface SamplingOptions {
  readonly temperature?: number
  readonly topP?: number
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  /** Asks the server to draw the same answer each time; not every one can. */
  readonly seed?: number
  /** Tells answers to one question apart: each number is asked, and kept, by itself. Default 0. */
  readonly sample?: number
}

export interface GenerateOptions extends SamplingOptions {
  readonly signal?: AbortSignal
}

export interface GeneratedText {
  readonly text: string
  /** Why it ended: `stop`, `length`, `content-filter`, … */
  readonly finishReason: string
  /** Absent where the server did not tell. */
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** Whether it came from the cache. */
  readonly cached: boolean
}

export interface ObjectOptions extends GenerateOptions {
  /** How often to ask again after an answer that does not have the form. Default 2. */
  readonly repairs?: number
}

export interface GeneratedObject<T> {
  readonly object: T
  /** The answer it was read from. */
  readonly text: string
  /** How often it was asked again. */
  readonly repairs: number
}

/** A language model that is asked over a wire, or in the way of one. */
export interface LanguageModel {
  /** Where and which model; holds no secrets. */
  readonly id: string
  /**
   * @throws {ModelError} when it cannot be asked
   * @throws the signal's reason when aborted
   */
  generateText(prompt: Prompt, options?: GenerateOptions): Promise<GeneratedText>
  /**
   * Asks for JSON of a form, and again, saying what was wrong, when the answer has another.
   *
   * @throws {AnswerFormError} with the last answer, when none had the form
   */
  generateObject<T>(prompt: Prompt, schema: z.ZodType<T>, options?: ObjectOptions): Promise<GeneratedObject<T>>
  usage(): ModelUsage
}

const keptSchema = z.object({
  text: z.string(),
  finishReason: z.string(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
})

type CallPrompt = Parameters<ServedModel['doGenerate']>[0]['prompt']
type ResponseFormat = NonNullable<Parameters<ServedModel['doGenerate']>[0]['responseFormat']>

function callPrompt(messages: readonly PromptMessage[]): CallPrompt {
  return messages.map(({ role, content }) =>
    role === 'system' ? { role, content } : { role, content: [{ type: 'text', text: content }] },
  )
}

/**
 * Opens a language model: one served with OpenAI's protocol, or any model of the AI SDK. Calls wait their turn, are
 * repeated where that may help, counted, and kept when there is a cache, by a hash of the model, the prompt and the
 * options.
 *
 * @throws {TypeError | RangeError} naming the setting that is wrong
 * @example
 * const model = languageModel({ baseUrl: 'http://localhost:11434/v1', model: 'llama3.2' })
 * const { text } = await model.generateText('Which is better, tea or coffee?', { temperature: 0 })
 * const { object } = await model.generateObject(prompt, z.object({ winner: z.enum(['a', 'b', 'tie']) }))
 */
export function languageModel(
  source: Endpoint | { readonly sdk: ServedModel },
  options: LanguageModelOptions = {},
): LanguageModel {
  const { sdk, id, redact } = opened(source)
  const { cache, price, structured = 'prompt' } = options
  const account = openAccount(price)
  const call = openCaller(id, options, redact, account.retried)

  /** Questions under way whose answers will be kept. */
  const asking = new Map<string, Promise<unknown>>()

  const generate = async (
    prompt: Prompt,
    generateOptions: GenerateOptions,
    responseFormat?: ResponseFormat,
  ): Promise<GeneratedText> => {
    const { signal, ...sampling } = generateOptions
    const messages = promptMessages(prompt)
    const { sample = 0, stop, ...others } = sampling
    const key = contentHash(canonicalJson({ id, messages, ...others, stop, sample, responseFormat } as unknown as Json))
    const kept = keptSchema.safeParse(await cache?.get(key))
    if (kept.success) {
      signal?.throwIfAborted()
      account.cached()
      return { ...defined(kept.data), cached: true }
    }
    const underWay = cache && asking.get(key)
    if (underWay) {
      await settled(underWay, signal)
      // Kept by now, or asked again where the other failed.
      return generate(prompt, generateOptions, responseFormat)
    }
    const answer = ask(messages, sampling, key, signal, responseFormat)
    if (!cache) return answer
    asking.set(key, answer)
    try {
      return await answer
    } finally {
      asking.delete(key)
    }
  }

  const ask = async (
    messages: readonly PromptMessage[],
    { sample: _, stop, ...others }: SamplingOptions,
    key: string,
    signal: AbortSignal | undefined,
    responseFormat: ResponseFormat | undefined,
  ): Promise<GeneratedText> => {
    const result = await call(
      (abortSignal) =>
        sdk.doGenerate({
          prompt: callPrompt(messages),
          ...others,
          ...(stop && { stopSequences: [...stop] }),
          ...(responseFormat && { responseFormat }),
          abortSignal,
        }),
      signal,
    )
    const { total: input } = result.usage.inputTokens
    const { total: output } = result.usage.outputTokens
    account.called({ input, output })
    const answer = defined({
      text: result.content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      finishReason: result.finishReason.unified,
      inputTokens: input,
      outputTokens: output,
    })
    if (answer.finishReason !== 'error') await cache?.put(key, answer)
    return { ...answer, cached: false }
  }

  return {
    id,
    usage: account.read,
    generateText: (prompt, generateOptions = {}) => generate(prompt, generateOptions),
    async generateObject(prompt, schema, { repairs = 2, ...generateOptions } = {}) {
      const format: ResponseFormat | undefined =
        structured === 'prompt'
          ? undefined
          : {
              type: 'json',
              ...(structured === 'schema' && {
                schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as object,
              }),
            }
      let messages = [jsonInstruction(schema), ...promptMessages(prompt)]
      for (let repaired = 0; ; repaired++) {
        const { text, finishReason } = await generate(messages, generateOptions, format)
        const found = jsonIn(text)
        const parsed = found && schema.safeParse(found.json)
        if (parsed?.success) return { object: parsed.data, text, repairs: repaired }
        const problem = parsed ? z.prettifyError(parsed.error).replaceAll('\n', ' ') : 'it holds no JSON'
        if (finishReason === 'length')
          throw new AnswerFormError(
            `${id}: the answer was cut off at its longest before it was whole; allow more maxOutputTokens`,
            text,
          )
        if (repaired >= repairs)
          throw new AnswerFormError(
            `${id}: the answer does not have the form asked for, after ${repaired + 1} answers: ${problem}; the last began ${JSON.stringify(text.slice(0, 200))}`,
            text,
          )
        messages = [...messages, { role: 'assistant', content: text }, repairInstruction(problem)]
      }
    },
  }
}

function opened(source: Endpoint | { readonly sdk: ServedModel }): {
  readonly sdk: ServedModel
  readonly id: string
  redact(text: string): string
} {
  if ('sdk' in source) {
    const { sdk } = source
    return { sdk, id: `${sdk.provider} ${sdk.modelId}`, redact: (text) => text }
  }
  const { provider, id, redact } = openEndpoint(source)
  return { sdk: provider.chatModel(source.model), id, redact }
}

/** Waits until something is over, however it ends. @throws the signal's reason when aborted before that */
async function settled(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  const over = work.then(
    () => undefined,
    () => undefined,
  )
  if (signal === undefined) return over
  const stop = new AbortController()
  const aborted = once(signal, 'abort', { signal: stop.signal }).then(
    () => undefined,
    () => undefined,
  )
  await Promise.race([over, aborted])
  stop.abort()
  signal.throwIfAborted()
}

/** Without the members that are undefined. */
function defined<T extends Record<string, unknown>>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
