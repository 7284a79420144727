import { type Candidate, type Comparison, opinionAspects, shippedDatasets } from '../../collect/index.ts'
import {
  encodeJudgements,
  evaluateRatings,
  type FittedModel,
  fitRatings,
  hashedNgrams,
  type Judgement,
  type RatingData,
  type RatingsModelOptions,
  type RatingsParameters,
} from '../../learn/index.ts'
import { logisticRegression, normalQuantile } from '../../measure/index.ts'
import { contentHash, type Run } from '../../run/index.ts'
import type { Dial } from './dial.ts'

/** What more of an aspect is, in words. */
const more: { readonly [aspect in (typeof opinionAspects)[number]]: string } = {
  'aspect-coverage': 'more sides of the product',
  'opinion-faithfulness': 'truer to the opinions',
  'opinion-coverage': 'more of the opinions',
  conciseness: 'shorter',
  relevance: 'more to the point',
  hallucination: 'less made up',
  'language-correctness': 'better language',
}

const name = 'opinpref'
/** Words and parts of words of a summary, hashed; enough for correlations of about 0.75, and small enough to send. */
const buckets = 256
/** Of the mean squared error's penalty; chosen on the training part. */
const ridge = 0.03

interface Summaries {
  readonly rows: Judgement[]
  readonly choices: { chosen: number; other: number }[]
}

/** Given scores, `[aspects]`. */
function givenScores({ features }: Candidate): number[] {
  return opinionAspects.map((aspect) => Number(features?.[aspect]))
}

function addChoice({ rows, choices }: Summaries, { context, a, b, outcome }: Comparison): void {
  const [first, second] = [rows.length, rows.length + 1]
  rows.push({ context, candidate: a }, { context, candidate: b })
  choices.push(outcome === 'a' ? { chosen: first, other: second } : { chosen: second, other: first })
}

function ratingsOf({ rows }: Summaries): RatingData {
  return {
    rows,
    aspects: [...opinionAspects],
    values: {
      rows: rows.length,
      columns: opinionAspects.length,
      data: Float32Array.from(rows.flatMap(({ candidate }) => givenScores(candidate))),
    },
    weights: new Float32Array(rows.length).fill(1),
  }
}

/** What a point more of each given score was worth to those who chose. */
function worthOfPoints({ rows, choices }: Summaries): readonly Dial['aspects'][number]['chosen'][] {
  const differences = choices.flatMap(({ chosen, other }) => {
    const [won, lost] = [chosen, other].map((place) => givenScores((rows[place] as Judgement).candidate)) as [
      number[],
      number[],
    ]
    return won.map((score, k) => score - (lost[k] as number))
  })
  const { coefficients, standardErrors } = logisticRegression({
    design: Float64Array.from(differences),
    columns: opinionAspects.length,
    outcomes: new Float64Array(choices.length).fill(1),
  })
  const z = normalQuantile(0.975)
  return Array.from(coefficients, (value, k) => {
    const half = z * (standardErrors[k] as number)
    return { value, lower: value - half, upper: value + half }
  })
}

/** What reviews are about: their shared words are not known, so the beginning of the first stands for them. */
function aboutContext({ context }: Judgement): string {
  const first = (context.messages?.[0]?.content ?? '').replaceAll(/\s+/g, ' ').trim()
  return first.length > 90 ? `${first.slice(0, 88).trimEnd()} …` : first
}

function base64(values: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(values.length * 4))
  values.forEach((value, at) => {
    bytes.setFloat32(4 * at, value, true)
  })
  return Buffer.from(bytes.buffer).toString('base64')
}

/** Names what {@link fitOpinionDial} makes of which data: when it changes, the dial is to be made again. */
export const opinionDialVersion = contentHash(JSON.stringify([name, buckets, ridge, 1])).slice(0, 16)

/**
 * A model that reads a summary of product reviews and scores it by seven aspects, and the summaries of products that it
 * has not seen. Learned from the scores that a language model gave to the summaries of the other products; whose choices
 * between two are known is told beside it. Takes about a second.
 */
export async function fitOpinionDial(
  run: Run,
): Promise<{ readonly dial: Dial; readonly model: FittedModel<RatingsModelOptions, RatingsParameters> }> {
  const dataset = shippedDatasets().find((one) => one.name === name)
  if (!dataset) throw new Error(`the data set ${name} is missing`)
  const parts = new Map<string, Summaries>(['train', 'validation'].map((part) => [part, { rows: [], choices: [] }]))
  for await (const signal of dataset.load(run))
    if (signal.kind === 'comparison') addChoice(parts.get(String(signal.metadata?.['split'])) as Summaries, signal)
  const [learned, held] = [parts.get('train') as Summaries, parts.get('validation') as Summaries]
  run.progress({ label: 'a model of aspects', done: 0, total: 1 })
  const encoder = hashedNgrams({ of: 'candidate', projection: 'none', buckets })
  const model = await fitRatings(
    { ratings: ratingsOf(learned), encoder, ridge, solver: 'exact', dataVersion: opinionDialVersion },
    run,
  )
  const agreement = await evaluateRatings(model, ratingsOf(held))
  const features = await encodeJudgements(encoder, held.rows)
  const scores = await model.scoreFeatures({ features })
  const chosen = worthOfPoints(learned)
  const width = opinionAspects.length
  run.progress({ label: 'a model of aspects', done: 1, total: 1 })
  return {
    model,
    dial: {
      id: 'opinion-summaries',
      title: 'Summaries of product reviews',
      description:
        'Two summaries of the reviews of each product, from products that the model has not seen. It reads a summary’s words and scores it from 0 to 5 by seven aspects.',
      attribution: dataset.attribution,
      aspects: opinionAspects.map((aspect, k) => ({
        name: aspect,
        more: more[aspect],
        correlation: agreement[k]?.correlation ?? Number.NaN,
        error: agreement[k]?.error ?? Number.NaN,
        chosen: chosen[k] as Dial['aspects'][number]['chosen'],
      })),
      contexts: held.choices.map(({ chosen: place }) => aboutContext(held.rows[place] as Judgement)),
      candidates: held.rows.map(({ candidate }, row) => ({
        id: candidate.id,
        text: candidate.content.modality === 'text' ? candidate.content.text : '',
        context: Math.floor(row / 2),
        given: givenScores(candidate),
        scores: [...scores.data.subarray(row * width, (row + 1) * width)],
      })),
      choices: held.choices,
      features: base64(features.data),
      width: features.columns,
      learnedFrom: learned.rows.length,
      dataVersion: opinionDialVersion,
    },
  }
}
