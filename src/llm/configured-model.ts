import { type EmbeddingModel, type EmbeddingModelOptions, embeddingModel } from './embedding-model.ts'
import type { Endpoint } from './endpoint.ts'
import { type LanguageModel, type LanguageModelOptions, languageModel } from './language-model.ts'
import type { Price } from './usage.ts'

/** Variables by name, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A setting that is there and not blank. */
const setting = (environment: Environment, name: string): string | undefined => environment[name]?.trim() || undefined

function numberAt(environment: Environment, name: string): number | undefined {
  const text = setting(environment, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isFinite(number) || number < 0)
    throw new RangeError(`${name} is "${text}", expected a number of at least 0`)
  return number
}

/** The endpoint of variables that begin alike, with what they leave out taken from another's. */
function endpointOf(environment: Environment, prefix: string, otherwise?: string): Endpoint | undefined {
  const model = setting(environment, `${prefix}_MODEL`)
  const own = setting(environment, `${prefix}_BASE_URL`)
  const baseUrl = own ?? (otherwise && setting(environment, `${otherwise}_BASE_URL`))
  if (model === undefined && own === undefined) return undefined
  if (model === undefined) throw new RangeError(`${prefix}_BASE_URL is set and ${prefix}_MODEL is not: which model?`)
  if (baseUrl === undefined)
    throw new RangeError(`${prefix}_MODEL is set and ${prefix}_BASE_URL is not: where is it served?`)
  const apiKey =
    setting(environment, `${prefix}_API_KEY`) ??
    // A key belongs to an address: it never goes along to another.
    (otherwise && own === undefined ? setting(environment, `${otherwise}_API_KEY`) : undefined)
  return { baseUrl, model, ...(apiKey !== undefined && { apiKey }) }
}

function pricesOf(environment: Environment, prefix: string): { readonly price?: Price } {
  const input = numberAt(environment, `${prefix}_INPUT_PRICE`)
  const output = numberAt(environment, `${prefix}_OUTPUT_PRICE`)
  return input === undefined && output === undefined ? {} : { price: { input: input ?? 0, output: output ?? 0 } }
}

function concurrencyOf(environment: Environment, prefix: string): { readonly concurrency?: number } {
  const concurrency = numberAt(environment, `${prefix}_CONCURRENCY`)
  return concurrency === undefined ? {} : { concurrency }
}

/**
 * The language model that the environment names, or undefined when it names none:
 *
 * | variable | |
 * |---|---|
 * | `PENCHANT_LLM_BASE_URL` | where it is served with OpenAI's protocol, such as `http://localhost:11434/v1` |
 * | `PENCHANT_LLM_MODEL` | its name there |
 * | `PENCHANT_LLM_API_KEY` | where one is needed |
 * | `PENCHANT_LLM_INPUT_PRICE`, `PENCHANT_LLM_OUTPUT_PRICE` | of a million tokens, to know what it cost |
 * | `PENCHANT_LLM_CONCURRENCY` | calls at once, default 8 |
 *
 * @throws {RangeError} when some are set that need others
 */
export function configuredModel(
  options: LanguageModelOptions = {},
  environment: Environment = process.env,
): LanguageModel | undefined {
  const prefix = 'PENCHANT_LLM'
  const endpoint = endpointOf(environment, prefix)
  return (
    endpoint &&
    languageModel(endpoint, { ...pricesOf(environment, prefix), ...concurrencyOf(environment, prefix), ...options })
  )
}

/**
 * The embedding model that the environment names, or undefined: `PENCHANT_EMBEDDING_MODEL`, with
 * `PENCHANT_EMBEDDING_BASE_URL` and `PENCHANT_EMBEDDING_API_KEY`, or the address and key of the language model when it
 * has no address of its own; `PENCHANT_EMBEDDING_INPUT_PRICE` and `PENCHANT_EMBEDDING_CONCURRENCY` as for that.
 *
 * @throws {RangeError} when some are set that need others
 */
export function configuredEmbeddingModel(
  options: EmbeddingModelOptions = {},
  environment: Environment = process.env,
): EmbeddingModel | undefined {
  const prefix = 'PENCHANT_EMBEDDING'
  const endpoint = endpointOf(environment, prefix, 'PENCHANT_LLM')
  return (
    endpoint &&
    embeddingModel(endpoint, { ...pricesOf(environment, prefix), ...concurrencyOf(environment, prefix), ...options })
  )
}
