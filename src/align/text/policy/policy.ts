import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import type { DecoderParameters, FullDecoderConfig } from '../../../nets/index.ts'
import type { ChatTemplate } from '../data/chat-template.ts'
import { jinjaTemplate } from '../data/jinja-template.ts'
import type { TextTokenizer } from '../data/tokenize.ts'

/** Texts to token ids and back. */
export interface PolicyTokenizer extends TextTokenizer {
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[]): string
  /** The id of a token by its own text. */
  idOf(token: string): number | undefined
}

/** A language model that can be trained, sampled and saved. */
export interface TextPolicy {
  readonly config: FullDecoderConfig
  /** May carry low-rank additions. */
  readonly parameters: DecoderParameters
  readonly tokenizer: PolicyTokenizer
  /** How conversations become texts; absent where the checkpoint brings none. */
  readonly template?: ChatTemplate
  /** Id before every text (BOS), where the model wants one. */
  readonly startOfText?: number
  /** Id that ends a completion (EOS). */
  readonly endOfText?: number
  /** All ids after which sampling ends. */
  readonly stop: readonly number[]
  /** Files of its folder beside weights and `config.json`, by name, as they were read; saving writes them again. */
  readonly files: Readonly<Record<string, string>>
}

/** Files beside the weights that belong to a model. */
export const policyFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'chat_template.jinja',
] as const

const tokenText = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
const tokenizerConfigSchema = z.looseObject({
  bos_token: tokenText.nullish(),
  eos_token: tokenText.nullish(),
  add_bos_token: z.boolean().nullish(),
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
})
const idsSchema = z.union([z.number().int(), z.array(z.number().int())]).nullish()
const generationSchema = z.looseObject({ eos_token_id: idsSchema, bos_token_id: z.number().int().nullish() })

function parsed<T>(files: Readonly<Record<string, string>>, name: string, schema: z.ZodType<T>): T | undefined {
  const text = files[name]
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new RangeError(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** A tokenizer from the texts of `tokenizer.json` and, where there is one, `tokenizer_config.json`. */
export function policyTokenizer(files: Readonly<Record<string, string>>): PolicyTokenizer {
  if (files['tokenizer.json'] === undefined) throw new RangeError('there is no tokenizer.json')
  const settings = parsed(files, 'tokenizer_config.json', z.looseObject({}))
  const tokenizer = new Tokenizer(parsed(files, 'tokenizer.json', z.looseObject({})) ?? {}, settings ?? {})
  return {
    encode: (text, options) => tokenizer.encode(text, options),
    decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    idOf: (token) => tokenizer.token_to_id(token),
  }
}

/**
 * A policy from its parts: what the files beside the weights say of tokens, their ends and conversations is read here.
 *
 * @param files by name; `tokenizer.json` is needed
 * @param ends ids that `config.json` names as ends, used where the files name none
 * @throws {RangeError} on a file that cannot be read, or a token that the tokenizer does not know
 */
export function textPolicy(
  parameters: DecoderParameters,
  config: FullDecoderConfig,
  files: Readonly<Record<string, string>>,
  ends: readonly number[] = [],
): TextPolicy {
  const tokenizer = policyTokenizer(files)
  const settings = parsed(files, 'tokenizer_config.json', tokenizerConfigSchema)
  const generation = parsed(files, 'generation_config.json', generationSchema)
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token)
    if (id === undefined)
      throw new RangeError(`tokenizer_config.json names ${JSON.stringify(token)}, which tokenizer.json does not have`)
    return id
  }
  const own = settings?.eos_token == null ? undefined : idOf(settings.eos_token)
  const listed = [generation?.eos_token_id ?? ends].flat()
  const endOfText = own ?? listed[0]
  const startText = settings?.bos_token ?? undefined
  const starts = settings?.add_bos_token === true && startText !== undefined
  const templates = settings?.chat_template
  const source =
    files['chat_template.jinja'] ??
    (typeof templates === 'string'
      ? templates
      : (templates?.find(({ name }) => name === 'default') ?? templates?.[0])?.template)
  const texts = {
    ...(startText !== undefined && { startText }),
    ...(settings?.eos_token != null && { endText: settings.eos_token }),
  }
  return {
    config,
    parameters,
    tokenizer,
    ...(source !== undefined && { template: jinjaTemplate(source, texts) }),
    ...(starts && { startOfText: idOf(startText) }),
    ...(endOfText !== undefined && { endOfText }),
    stop: [...new Set([...(own === undefined ? [] : [own]), ...listed])],
    files,
  }
}
