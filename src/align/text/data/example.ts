import { z } from 'zod'
import { type Message, messageSchema } from '../../../collect/index.ts'

const written = z.union([z.string(), z.array(messageSchema).min(1)])

/**
 * Rows as people have them: a text, or a conversation of messages, for each part. The prompt may be left out where both
 * completions repeat it (implicit prompt).
 */
export const pairRowSchema = z.looseObject({ prompt: written.optional(), chosen: written, rejected: written })
/** One completion and whether it is desirable. */
export const labelledRowSchema = z.looseObject({ prompt: written, completion: written, label: z.boolean() })
/** Several completions of a prompt, each with a reward; greater is better. */
export const rankedRowSchema = z
  .looseObject({ prompt: written, completions: z.array(written).min(1), rewards: z.array(z.number()) })
  .refine(({ completions, rewards }) => completions.length === rewards.length, {
    path: ['rewards'],
    error: 'expected as many rewards as completions',
  })
export type PairRow = z.input<typeof pairRowSchema>
export type LabelledRow = z.input<typeof labelledRowSchema>
export type RankedRow = z.input<typeof rankedRowSchema>

/** A text, or the messages of a conversation. */
export type Written = string | readonly Message[]

/** A prompt and what may follow it. */
export interface Example {
  readonly prompt: Written
  /** For a pair, the chosen and the rejected completion. */
  readonly completions: readonly Written[]
}

export interface ImplicitPromptOptions {
  /**
   * Where a completion begins in texts, such as `\n\nAssistant:`: the prompt ends with the last one that both share.
   * Default: the longest common beginning, without a space at its end, which tokenizers join to the word after it.
   */
  readonly boundary?: string
}

/**
 * The prompt that two texts or two conversations both begin with, and what is left of each.
 *
 * @throws {RangeError} when they share no beginning (or no boundary), or nothing follows it
 */
export function implicitPrompt(chosen: Written, rejected: Written, options: ImplicitPromptOptions = {}): Example {
  if (typeof chosen === 'string' && typeof rejected === 'string') {
    const cut = sharedText(chosen, rejected, options.boundary)
    return { prompt: chosen.slice(0, cut), completions: [chosen.slice(cut), rejected.slice(cut)] }
  }
  if (typeof chosen === 'string' || typeof rejected === 'string')
    throw new RangeError('one completion is a text and the other a conversation, expected both to be the same')
  const cut = shared(chosen.map(said), rejected.map(said))
  if (cut === 0) throw new RangeError('the conversations share no first message, expected a prompt')
  if (cut === chosen.length || cut === rejected.length)
    throw new RangeError('nothing follows the messages that both conversations share, expected a completion of each')
  return { prompt: chosen.slice(0, cut), completions: [chosen.slice(cut), rejected.slice(cut)] }
}

const said = ({ role, content }: Message): string => `${role}\n${content}`

/** How many elements two sequences share from their beginning. */
function shared<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  let count = 0
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1
  return count
}

function sharedText(a: string, b: string, boundary: string | undefined): number {
  const common = shared(a, b)
  if (boundary !== undefined) {
    const start = a.slice(0, common).lastIndexOf(boundary)
    if (start === -1)
      throw new RangeError(`the texts share no ${JSON.stringify(boundary)}, expected it before the completion`)
    return start + boundary.length
  }
  // Half of a pair of surrogates is no character.
  const characters = /[\uD800-\uDBFF]$/.test(a.slice(0, common)) ? common - 1 : common
  const cut = a[characters - 1] === ' ' ? characters - 1 : characters
  if (cut === 0) throw new RangeError('the texts share no beginning, expected a prompt')
  return cut
}

/**
 * A pair's prompt and completions, whether its prompt is given or implicit.
 *
 * @throws {z.ZodError} on a row of another form
 * @throws {RangeError} see {@link implicitPrompt}
 */
export function pairExample(row: PairRow, options: ImplicitPromptOptions = {}): Example {
  const { prompt, chosen, rejected } = pairRowSchema.parse(row)
  return prompt === undefined ? implicitPrompt(chosen, rejected, options) : { prompt, completions: [chosen, rejected] }
}
