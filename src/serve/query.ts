import { z } from '@hono/zod-openapi'
import { type SignalFilter, signalKinds } from '../collect/index.ts'

/** A query parameter that may be given several times; any of its values will do. */
function repeated<Item extends z.ZodType>(item: Item, description: string, values?: readonly string[]) {
  return z
    .preprocess(
      (value) => (value === undefined || Array.isArray(value) ? value : [value]),
      z.array(item).min(1).optional(),
    )
    .openapi({
      type: 'array',
      items: { type: 'string', ...(values && { enum: [...values] }) },
      description,
      param: { explode: true, style: 'form' },
    })
}

const time = (description: string) =>
  z
    .string()
    .transform((text, context) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text)
      if (Number.isFinite(value) && Math.abs(value) <= 8.64e15) return value
      context.addIssue({
        code: 'custom',
        message: `is ${JSON.stringify(text)}, expected milliseconds since 1970 or a date such as 2024-05-31`,
      })
      return z.NEVER
    })
    .optional()
    .openapi({ type: 'string', description, example: '2024-05-31' })

const trait = z.string().regex(/^[^:]+:/, 'expected trait:value, such as country:"FR"')

/** The query parameters that say which signals are meant; every route that reads signals takes the same. */
export const filterQuery = {
  kind: repeated(z.enum(signalKinds), 'Kind of signal.', signalKinds),
  rater: repeated(z.string().min(1), 'Id of the rater.'),
  raterKind: repeated(z.enum(['human', 'model', 'simulated']), 'Kind of rater.', ['human', 'model', 'simulated']),
  trait: repeated(
    trait,
    'Rater trait as `name:value`. A value that reads as a number or as true or false is one; put it in double quotes to mean a text.',
  ),
  tag: repeated(z.string().min(1), 'Tag of the context.'),
  language: repeated(z.string().min(1), 'Language of the context.'),
  producer: repeated(z.string().min(1), 'Producer of any candidate.'),
  source: repeated(z.string().min(1), 'Where the signal came from.'),
  from: time('Not before: milliseconds since 1970, or a date.'),
  to: time('Before: milliseconds since 1970, or a date.'),
} as const

const filterSchema = z.object(filterQuery)
export type FilterQuery = z.output<typeof filterSchema>

/** The value a trait's text stands for: `"12"` a text, `12` a number, `true` a boolean, anything else a text. */
export function traitValue(text: string): string | number | boolean {
  if (/^".*"$/s.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

/** The filter that a query asks for. */
export function filterOf(query: FilterQuery): SignalFilter {
  const traits = query.trait?.map((text) => {
    const colon = text.indexOf(':')
    return [text.slice(0, colon), traitValue(text.slice(colon + 1))] as const
  })
  return {
    ...(query.kind && { kinds: query.kind }),
    ...(query.rater && { raters: query.rater }),
    ...(query.raterKind && { raterKinds: query.raterKind }),
    ...(traits && { raterTraits: Object.fromEntries(traits) }),
    ...(query.tag && { tags: query.tag }),
    ...(query.language && { languages: query.language }),
    ...(query.producer && { producers: query.producer }),
    ...(query.source && { sources: query.source }),
    ...(query.from !== undefined && { from: query.from }),
    ...(query.to !== undefined && { to: query.to }),
  }
}
