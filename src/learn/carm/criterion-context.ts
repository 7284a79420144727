import { type Context, contextId } from '../../collect/index.ts'
import type { Judgement } from '../contract.ts'

/** Longest criterion, in characters. */
export const criterionLimit = 2000

const [opening, closing] = ['Judge with respect to this criterion and nothing else:\n<criterion>\n', '\n</criterion>']

/**
 * A context in which answers are judged by a criterion: what somebody needs, a situation, or a profile in their own
 * words. It stands in a field of its own, in a system message before everything else, so that what was computed of it
 * can be kept for all of a person's prompts; tags in it cannot end the field. An earlier criterion is replaced.
 *
 * @param criterion blank for none: then the context is exactly as it was without one
 * @throws {RangeError} when it is longer than {@link criterionLimit}
 * @example
 * const forChildren = withCriterion(context, 'The reader is eight years old.')
 */
export function withCriterion(context: Context, criterion: string): Context {
  const said = criterion.trim().replaceAll(/<(?=\s*\/?\s*criterion\b)/giu, '‹')
  if (said.length > criterionLimit)
    throw new RangeError(`the criterion has ${said.length} characters, expected at most ${criterionLimit}`)
  const { messages = [], id: _, ...rest } = context
  const others = messages.filter((message) => criterionIn(message) === undefined)
  if (said === '') return others.length === messages.length ? context : identified({ ...rest, messages: others })
  return identified({ ...rest, messages: [{ role: 'system', content: `${opening}${said}${closing}` }, ...others] })
}

const identified = (context: Omit<Context, 'id'>): Context => ({ id: contextId(context), ...context })

type Message = NonNullable<Context['messages']>[number]

function criterionIn({ role, content }: Message): string | undefined {
  return role === 'system' && content.startsWith(opening) && content.endsWith(closing)
    ? content.slice(opening.length, -closing.length)
    : undefined
}

/** The criterion of a context, empty when it has none. */
export function criterionOf({ messages = [] }: Context): string {
  for (const message of messages) {
    const found = criterionIn(message)
    if (found !== undefined) return found
  }
  return ''
}

/** The same judgement with the criterion as all of its context's words. */
export function criterionAlone(judgement: Judgement): Judgement {
  const { context } = judgement
  const criterion = criterionOf(context)
  return {
    ...judgement,
    context: { ...context, messages: criterion === '' ? [] : [{ role: 'user', content: criterion }] },
  }
}
