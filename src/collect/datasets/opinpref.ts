import { z } from 'zod'
import type { Run } from '../../run/index.ts'
import { RowFault } from '../formats/fault.ts'
import { type Candidate, type Comparison, candidate } from '../signal.ts'
import { jsonRows } from './data-files.ts'

/**
 * What the quality of an opinion summary is made of, in the order that models of it take them. Each is scored from 0 to
 * 5, higher is better; `hallucination` is high where there is little of it.
 */
export const opinionAspects = [
  'aspect-coverage',
  'opinion-faithfulness',
  'opinion-coverage',
  'conciseness',
  'relevance',
  'hallucination',
  'language-correctness',
] as const

const score = z.number().min(0).max(5)
const scores = z.strictObject(
  Object.fromEntries(opinionAspects.map((aspect) => [aspect, score])) as Record<
    (typeof opinionAspects)[number],
    typeof score
  >,
)
const summary = z.strictObject({ index: z.string(), 'summary-text': z.string().min(1), 'summary-score': scores })
const row = z.strictObject({
  'unique-id': z.string().min(1),
  reviews: z.array(z.string()).min(1),
  'summary-pairs': z.strictObject({ 'summary-one': summary, 'summary-two': summary }),
  'preference-data': z.number(),
  source: z.string().min(1),
})

/** The scores again as a record of their own, so that features come in the order of {@link opinionAspects}. */
const summaryOf = ({ 'summary-text': text, 'summary-score': given }: z.infer<typeof summary>): Candidate =>
  candidate(
    { modality: 'text', text },
    { features: Object.fromEntries(opinionAspects.map((aspect) => [aspect, given[aspect]])) },
  )

/** Which part of the data a comparison belongs to, as its authors split it: a tag of its context. */
const parts = [
  ['train', 'opinpref/train.jsonl.gz'],
  ['validation', 'opinpref/valid.jsonl.gz'],
] as const

/**
 * People's choices between two summaries of the same product reviews. The context is the reviews, one message each,
 * tagged `train` or `validation`; the candidates' features are the seven {@link opinionAspects}, scored by a language
 * model. Raters are `opinpref/annotator-1` to `-3` in the order in which they first appear, and `opinpref/common`
 * where they judged together. The start of the year of publication stands for the time, which the data do not have.
 */
export async function* opinionSummaries(run: Run): AsyncGenerator<Comparison> {
  const annotators: string[] = []
  const raterOf = (source: string): Comparison['rater'] => {
    if (source === 'common') return { id: 'opinpref/common', kind: 'human', traits: { jointly: true } }
    if (!annotators.includes(source)) annotators.push(source)
    return { id: `opinpref/annotator-${annotators.indexOf(source) + 1}`, kind: 'human' }
  }
  for (const [part, path] of parts)
    yield* jsonRows(path, row, run, (line): Comparison => {
      const preferred = line['preference-data']
      if (preferred !== 1 && preferred !== 2)
        throw new RowFault('preference-data', `preference-data is ${preferred}, expected 1 or 2`)
      const id = `opinpref/${line['unique-id']}`
      return {
        kind: 'comparison',
        id,
        rater: raterOf(line.source),
        context: {
          id,
          messages: line.reviews.map((content) => ({ role: 'user', content })),
          tags: ['opinpref', part],
          language: 'en',
        },
        time: Date.UTC(2024, 0, 1),
        source: 'opinpref',
        metadata: { split: part, time: 'the day is not known; the year of publication stands for it' },
        a: summaryOf(line['summary-pairs']['summary-one']),
        b: summaryOf(line['summary-pairs']['summary-two']),
        outcome: preferred === 1 ? 'a' : 'b',
      }
    })
}
