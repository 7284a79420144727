import { z } from 'zod'
import type { Run } from '../../run/index.ts'
import type { Answer } from '../signal.ts'
import { jsonRows } from './data-files.ts'

/** Whose statements come with the package. */
export const personaNames = [
  'agreeableness',
  'extraversion',
  'interest-in-art',
  'interest-in-literature',
  'interest-in-math',
  'interest-in-music',
  'interest-in-science',
  'interest-in-sports',
  'risk-averse',
  'risk-seeking',
] as const

export type PersonaName = (typeof personaNames)[number]

/** Something that somebody of a persona would say, or would not. */
export interface PersonaStatement {
  readonly persona: PersonaName
  readonly statement: string
  /** Whether the persona would say it. */
  readonly agrees: boolean
  /** How sure a language model was of that, 0 to 1. */
  readonly confidence: number
}

const word = z.enum([' Yes', ' No'])
const row = z
  .strictObject({
    question: z.string().min(1),
    statement: z.string().min(1),
    label_confidence: z.number().min(0).max(1),
    answer_matching_behavior: word,
    answer_not_matching_behavior: word,
  })
  .refine((line) => line.answer_matching_behavior !== line.answer_not_matching_behavior, {
    path: ['answer_not_matching_behavior'],
    message: 'is the matching answer as well',
  })

async function* rows<Made>(
  names: readonly PersonaName[],
  run: Run,
  make: (line: z.infer<typeof row>, persona: PersonaName, position: number) => Made,
): AsyncGenerator<Made> {
  for (const persona of names)
    yield* jsonRows(`personas/${persona}.jsonl.gz`, row, run, (line, at) => make(line, persona, at))
}

/**
 * The statements of personas, a thousand each, to make simulated raters or items of: half of them the persona would
 * say, half not. Written and labelled by language models. Split them by statement, not by row, between training and test.
 *
 * @param names default all
 */
export function personaStatements(
  run: Run,
  names: readonly PersonaName[] = personaNames,
): AsyncGenerator<PersonaStatement> {
  return rows(names, run, (line, persona) => ({
    persona,
    statement: line.statement,
    agrees: line.answer_matching_behavior === ' Yes',
    confidence: line.label_confidence,
  }))
}

/**
 * What ten simulated personas answer when asked whether they would say a statement: a rater per persona, whose trait
 * `persona` names it. The statement and how sure its label is are in the metadata. The start of the year of publication
 * stands for the time.
 */
export function personas(run: Run): AsyncGenerator<Answer> {
  return rows(
    personaNames,
    run,
    (line, persona, at): Answer => ({
      kind: 'answer',
      id: `personas/${persona}/${at}`,
      rater: { id: `personas/${persona}`, kind: 'simulated', traits: { persona } },
      context: { id: `personas/${persona}`, tags: ['personas', persona], language: 'en' },
      time: Date.UTC(2022, 0, 1),
      source: 'personas',
      metadata: {
        statement: line.statement,
        labelConfidence: line.label_confidence,
        time: 'the day is not known; the year of publication stands for it',
      },
      question: line.question,
      options: ['Yes', 'No'],
      answer: line.answer_matching_behavior.trim(),
    }),
  )
}
