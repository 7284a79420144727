import { z } from 'zod'
import type { LanguageModel } from '../../llm/index.ts'
import { answerProperties } from './answer-properties.ts'
import { type AnswerAnnotation, wordCount } from './compare-answers.ts'

/** A query and two answers to it. */
export interface AnswerPair {
  readonly query: string
  readonly a: string
  readonly b: string
  /** A good answer that errors are judged by. Default one that the model writes. */
  readonly reference?: string
}

/** What a query calls for beside an answer. */
export interface QueryTraits {
  readonly unclearIntent: boolean
  readonly feelings: boolean
  /** Each in a few words. */
  readonly constraints: readonly string[]
  readonly stances: readonly string[]
  readonly mistakes: readonly string[]
}

export interface AnnotatedPair {
  readonly query: QueryTraits
  readonly a: AnswerAnnotation
  readonly b: AnswerAnnotation
}

const rated = answerProperties
  .slice(0, 20)
  .map(({ name, phrase }) =>
    name === 'non-repetitive' ? { name: 'repetitive', phrase: 'repeats itself' } : { name, phrase },
  )

const rating = z.int().min(0).max(3)
const traitsSchema = z.object({
  unclearIntent: z.boolean(),
  feelings: z.boolean(),
  constraints: z.array(z.string()),
  stances: z.array(z.string()),
  mistakes: z.array(z.string()),
})
const ratingsOf = z.object(Object.fromEntries(rated.map(({ name }) => [name, rating])))
const ratingsSchema = z.object({ a: ratingsOf, b: ratingsOf })
const errorsOf = z.object({
  /** Whether the answer states anything that can be wrong. */
  applicable: z.boolean(),
  errors: z.array(z.object({ what: z.string(), severity: z.enum(['severe', 'moderate', 'minor']) })),
})
const errorsSchema = z.object({ a: errorsOf, b: errorsOf })

const both = ({ query, a, b }: AnswerPair): string => `QUERY:\n${query}\n\nANSWER A:\n${a}\n\nANSWER B:\n${b}`

const traitsPrompt = (query: string): string =>
  'Read a query to an assistant, and do not answer it. Say whether it is unclear what is wanted, whether the writer ' +
  'expresses feelings, and list, each in a few words and as the query has them: constraints on the answer that it ' +
  'states outright, personal stances that the writer takes, and mistakes of fact or biases that it contains. Leave a ' +
  `list empty where there are none.\n\nQUERY:\n${query}`

const ratingsPrompt = (pair: AnswerPair): string =>
  'Rate two answers to a query, each by itself. For every property say how far it holds of the answer: 0 not at all, 1 ' +
  'a little, 2 rather, 3 very much. Judge relevance and information without asking whether the answer is correct.\n\n' +
  `${rated.map(({ name, phrase }) => `- "${name}": it ${phrase}`).join('\n')}\n\n${both(pair)}`

const errorsPrompt = (pair: AnswerPair, reference: string): string =>
  'List the errors in two answers to a query: false statements, wrong reasoning, code that does not work. A good answer ' +
  'is given to compare with; what differs from it is no error for that alone. An error is severe when it spoils the ' +
  'answer, moderate when it spoils a part, minor when the answer serves nearly as well. Where an answer states nothing ' +
  `that could be wrong, accuracy does not apply.\n\n${both(pair)}\n\nA GOOD ANSWER:\n${reference}`

const scales = {
  constraints: 'how well the answer satisfies it, from 0 not at all to 3 wholly',
  stances:
    'how the answer stands to it: 2 strongly for it, 1 weakly for it, 0 neutral, -1 weakly, -2 strongly against it',
  mistakes:
    '3 when the answer points it out and corrects it, 2 when it corrects it silently, 1 when it points it out only, 0 neither',
} as const
type ListedTrait = keyof typeof scales
const listed = Object.keys(scales) as readonly ListedTrait[]

/** What an answer does about what the query calls for. */
type Met = Pick<AnswerAnnotation, 'intent' | 'empathy' | ListedTrait>

function querySchema(traits: QueryTraits): z.ZodType<{ readonly a: Met; readonly b: Met }> {
  const one = z.object({
    ...(traits.unclearIntent && { intent: rating }),
    ...(traits.feelings && { empathy: rating }),
    ...Object.fromEntries(
      listed
        .filter((name) => traits[name].length > 0)
        .map((name) => [
          name,
          z.array(name === 'stances' ? z.int().min(-2).max(2) : rating).length(traits[name].length),
        ]),
    ),
  })
  // Which keys there are depends on the traits, which types cannot follow.
  return z.object({ a: one, b: one }) as unknown as z.ZodType<{ readonly a: Met; readonly b: Met }>
}

const queryPrompt = (pair: AnswerPair, traits: QueryTraits): string => {
  const asked = [
    ...(traits.unclearIntent ? ['"intent": how well the answer makes sure what is wanted, from 0 to 3'] : []),
    ...(traits.feelings ? ['"empathy": how much empathy the answer shows, from 0 to 3'] : []),
    ...listed
      .filter((name) => traits[name].length > 0)
      .map(
        (name) =>
          `"${name}": a number for each of these, in this order: ${scales[name]}\n${traits[name].map((item, at) => `  ${at + 1}. ${item}`).join('\n')}`,
      ),
  ]
  return `Judge two answers to a query, each by itself.\n\n${asked.map((line) => `- ${line}`).join('\n')}\n\n${both(pair)}`
}

type Found = z.infer<typeof errorsOf>

const countsOf = ({ applicable, errors }: Found): Pick<AnswerAnnotation, 'errors'> => {
  const of = (severity: string): number => errors.filter((error) => error.severity === severity).length
  return applicable ? { errors: { severe: of('severe'), moderate: of('moderate'), minor: of('minor') } } : {}
}

/**
 * Annotates two answers with all that `compareAnswers` compares, by asking a language model: what the query calls for,
 * twenty ratings of both answers, their errors beside a good answer, and, where the query calls for something, how the
 * answers meet it. Three to five calls.
 *
 * @throws {ModelError | AnswerFormError} when the model cannot be asked, or does not answer in the form asked for
 * @see Li et al. (2024), arXiv 2402.11296, which asks in the same steps; the words are this project's own
 * @example
 * const { a, b } = await annotateAnswers(model, { query, a: first, b: second })
 * const comparison = compareAnswers(a, b)
 */
export async function annotateAnswers(
  model: LanguageModel,
  pair: AnswerPair,
  options: { readonly signal?: AbortSignal } = {},
): Promise<AnnotatedPair> {
  const sampling = { temperature: 0, ...(options.signal && { signal: options.signal }) }
  const [traits, ratings, errors] = await Promise.all([
    model.generateObject(traitsPrompt(pair.query), traitsSchema, sampling),
    model.generateObject(ratingsPrompt(pair), ratingsSchema, sampling),
    (async () => {
      const reference = pair.reference ?? (await model.generateText(pair.query, sampling)).text
      return model.generateObject(errorsPrompt(pair, reference), errorsSchema, sampling)
    })(),
  ])
  const query: QueryTraits = traits.object
  const calls = query.unclearIntent || query.feelings || listed.some((name) => query[name].length > 0)
  const met = calls
    ? (await model.generateObject(queryPrompt(pair, query), querySchema(query), sampling)).object
    : { a: {}, b: {} }
  const annotation = (side: 'a' | 'b'): AnswerAnnotation => ({
    ratings: ratings.object[side],
    ...countsOf(errors.object[side]),
    ...met[side],
    words: wordCount(pair[side]),
  })
  return { query, a: annotation('a'), b: annotation('b') }
}
