import { type GenerateOptions, openGenerator, type SamplingOptions } from '../../../nets/index.ts'
import type { Random } from '../../../run/index.ts'
import type { SessionOptions } from '../../../tensor/index.ts'
import type { Written } from '../data/example.ts'
import type { TextPolicy } from './policy.ts'

/** One text that a policy wrote. */
export interface Completion {
  /** Without special tokens. */
  readonly text: string
  /** With the token that ended it. */
  readonly tokens: readonly number[]
  /** Whether it ended by itself, or because there was no more room. */
  readonly finish: 'stop' | 'length'
}

export interface SampleOptions {
  /** Completions of each prompt. Default 1. */
  readonly count?: number
  /** Most tokens of a completion. Default 128. */
  readonly maxTokens?: number
  /** How tokens are drawn; without it the likeliest is taken each time. */
  readonly sampling?: SamplingOptions
  /** Where random numbers come from; needed with `sampling`. */
  readonly random?: Random
  /** Rows written together. Default 64. */
  readonly batch?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** A policy ready to write. */
export interface PolicySampler {
  /** @returns the completions of each prompt; they depend on the prompt, its place and the random numbers alone */
  complete(prompts: readonly Written[], options?: SampleOptions): Promise<readonly (readonly Completion[])[]>
  dispose(): Promise<void>
}

/**
 * The token ids of a prompt: of a conversation by the policy's template, with room for the assistant's next message.
 *
 * @throws {RangeError} when a conversation comes to a policy without template, or nothing is left to begin with
 */
export function promptTokens(policy: TextPolicy, prompt: Written): readonly number[] {
  if (typeof prompt !== 'string' && policy.template === undefined)
    throw new RangeError('the prompt is a conversation, expected a policy with a chat template')
  const text = typeof prompt === 'string' ? prompt : (policy.template?.(prompt, { generationPrompt: true }) ?? '')
  const { ids } = policy.tokenizer.encode(text, { add_special_tokens: false })
  const { startOfText } = policy
  const tokens = startOfText === undefined || ids[0] === startOfText ? ids : [startOfText, ...ids]
  if (tokens.length === 0) throw new RangeError('the prompt is empty, expected at least one token')
  return tokens
}

/** Opens a policy for writing; its weights are copied, low-rank additions merged. */
export async function openSampler(policy: TextPolicy, session: SessionOptions = {}): Promise<PolicySampler> {
  const generator = await openGenerator(policy.parameters, policy.config, session)
  return {
    async complete(prompts, options = {}) {
      const { count = 1, maxTokens = 128, sampling, random, batch = 64, signal, onProgress } = options
      if (sampling !== undefined && random === undefined)
        throw new RangeError('complete: sampling draws random numbers, expected random beside it')
      if (!(Number.isInteger(count) && count >= 1))
        throw new RangeError(`complete: count is ${count}, expected a whole number of at least 1`)
      const tokens = prompts.map((prompt) => promptTokens(policy, prompt))
      // Prompts of like length together: shorter ones would be filled up.
      const rows = tokens
        .flatMap((ids, prompt) => Array.from({ length: count }, (_, index) => ({ ids, prompt, index })))
        .sort((a, b) => a.ids.length - b.ids.length || a.prompt - b.prompt || a.index - b.index)
      const found: Completion[][] = prompts.map(() => [])
      for (let from = 0; from < rows.length; from += batch) {
        const part = rows.slice(from, from + batch)
        const drawn: GenerateOptions = {
          count: maxTokens,
          stop: policy.stop,
          ...(signal && { signal }),
          ...(sampling && random && { sampling: { ...sampling, random: rowRandom(random, part) } }),
        }
        const written = await generator.generate(
          part.map(({ ids }) => ids),
          drawn,
        )
        for (const [row, { prompt, index }] of part.entries()) {
          const own = written[row] ?? []
          const finish = policy.stop.includes(own.at(-1) ?? -1) ? 'stop' : 'length'
          const to = found[prompt]
          if (to) to[index] = { text: policy.tokenizer.decode(own), tokens: own, finish }
        }
        onProgress?.(Math.min(rows.length, from + batch), rows.length)
      }
      return found
    },
    dispose: () => generator.dispose(),
  }
}

/** Random numbers whose fork for a row of a batch is that of its prompt and place, so that batches change nothing. */
function rowRandom(random: Random, rows: readonly { readonly prompt: number; readonly index: number }[]): Random {
  return {
    ...random,
    fork: (row) => {
      const own = rows[Number(row)]
      return random.fork(`${own?.prompt ?? row}/${own?.index ?? 0}`)
    },
  }
}
