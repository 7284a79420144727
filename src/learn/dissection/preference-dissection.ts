import { z } from 'zod'
import type { Candidate, Comparison, SignalSource } from '../../collect/index.ts'
import { sigmoid } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { Judgement, Pair, PreferenceModel } from '../contract.ts'
import { compareLengths } from './compare-answers.ts'
import { type Dissection, dissect, dissectionOptionsSchema } from './dissect.ts'
import { type SurfaceRatings, surfaceProperties, surfaceRatings } from './surface-properties.ts'

/** Options of {@link preferenceDissection}: those of `dissect`, and where properties come from. */
export const preferenceDissectionOptionsSchema = dissectionOptionsSchema.extend({
  /**
   * Names of candidates' features that are its properties, such as ratings by a language model; higher is more. Default:
   * what can be counted in a text (`surfaceProperties`).
   */
  properties: z.array(z.string().min(1)).min(1).optional(),
  /** Whether a lead counts by its sign, or in proportion to the property's range over the signals. */
  form: z.enum(['sign', 'linear']).default('sign'),
  /** Context tags that name scenarios, each fitted on its own as well. */
  scenarios: z.array(z.string().min(1)).default([]),
  /** Fit every rater on its own as well. */
  byRater: z.boolean().default(false),
})

export type PreferenceDissectionOptions = z.input<typeof preferenceDissectionOptionsSchema>

/** The judge that stands for all raters together, and the scenario that stands for all. */
export const everyone = 'everyone'
export const everywhere = 'all'

/** Why a pair's preference is predicted as it is. */
export interface DissectedPair {
  /** P(a preferred to b). */
  readonly probability: number
  /** What each property adds to the log odds, the largest first, those that add nothing left out. */
  readonly reasons: readonly { readonly property: string; readonly contribution: number }[]
}

/** A preference model that says what it weighs. */
export interface DissectedPreferences extends PreferenceModel {
  readonly properties: readonly string[]
  /** Of everyone everywhere first, then by scenario and rater as asked for. */
  readonly dissections: readonly Dissection[]
  /** Comparisons left out: ties, both bad, skipped, or with an answer that lacks a property. */
  readonly left: number
  explain(pair: Pair): DissectedPair
}

/** The amounts of each property in a candidate; undefined where one is missing. */
type Reader = (candidate: Candidate) => readonly number[] | undefined

const lengthy = surfaceProperties.indexOf('lengthy')

const readSurface: Reader = ({ content }) => {
  if (content.modality !== 'text') return undefined
  const ratings = surfaceRatings(content.text)
  return surfaceProperties.map((name) => (name === 'lengthy' ? ratings.words : ratings[name as keyof SurfaceRatings]))
}

const readFeatures =
  (names: readonly string[]): Reader =>
  ({ features }) => {
    const amounts = names.map((name) => Number(features?.[name] ?? Number.NaN))
    return amounts.every(Number.isFinite) ? amounts : undefined
  }

/**
 * Learns what raters weigh in answers, as a sum of named properties (`dissect`), and predicts by it:
 * P(a preferred to b) = σ(Σ_p α_p·c_p), c_p who is ahead in property p. Weights of the pair's rater and scenario are
 * used where they were fitted, else everyone's.
 *
 * `score` is the linear form: Σ_p α_p·(amount of p over its range), in log odds; with `form: 'linear'` and properties of
 * your own, differences of scores are the model's log odds; with the default form, and for lengths counted in texts
 * (which are compared by `compareLengths`), they are only near them.
 *
 * @throws {z.ZodError} on options that are not as {@link preferenceDissectionOptionsSchema} says
 * @throws {RangeError} when no comparison can be used
 * @see Li et al. (2024), “Dissecting Human and LLM Preferences”, arXiv 2402.11296
 * @example
 * const model = await preferenceDissection(store, { byRater: true }, run)
 * for (const dissection of model.dissections) console.log(dissection.judge, rankProperties(dissection).slice(0, 3))
 */
export async function preferenceDissection(
  signals: SignalSource,
  options: PreferenceDissectionOptions,
  run: Run,
): Promise<DissectedPreferences> {
  const { properties: named, form, scenarios, byRater, ...fitting } = preferenceDissectionOptionsSchema.parse(options)
  const properties: readonly string[] = named ?? surfaceProperties
  const read = named ? readFeatures(named) : readSurface
  const used: { readonly signal: Comparison; readonly a: readonly number[]; readonly b: readonly number[] }[] = []
  let left = 0
  for await (const signal of signals.read({ kinds: ['comparison'] })) {
    if (signal.kind !== 'comparison') continue
    const decided = signal.outcome === 'a' || signal.outcome === 'b'
    const [a, b] = decided ? [read(signal.a), read(signal.b)] : []
    if (a && b) used.push({ signal, a, b })
    else left++
  }
  if (used.length === 0)
    throw new RangeError(
      `none of ${left} comparisons can be used; they must be decided, between answers that have ` +
        (named ? `the features ${named.join(', ')}` : 'text'),
    )

  const ranges = properties.map((_, k) => {
    const amounts = used.flatMap(({ a, b }) => [a[k] as number, b[k] as number])
    const [low, high] = amounts.reduce(([least, most], x) => [Math.min(least, x), Math.max(most, x)], [
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ] as [number, number])
    return high - low
  })
  const leadOf = (a: readonly number[], b: readonly number[]): Float64Array =>
    Float64Array.from(properties, (_, k) => {
      const [first, second] = [a[k] as number, b[k] as number]
      if (!named && k === lengthy) return compareLengths(first, second, form)
      if (form === 'sign') return Math.sign(first - second)
      const range = ranges[k] as number
      return range === 0 ? 0 : Math.max(-1, Math.min(1, (first - second) / range))
    })

  const leads = used.map(({ a, b }) => leadOf(a, b))
  const chosen = used.map(({ signal }) => (signal.outcome === 'a' ? 1 : 0))
  const scenariosOf = ({ tags }: Comparison['context']): readonly string[] => [
    everywhere,
    ...scenarios.filter((scenario) => tags?.includes(scenario)),
  ]
  const rows = used.flatMap(({ signal }, row) =>
    [everyone, ...(byRater ? [signal.rater.id] : [])].flatMap((judge) =>
      scenariosOf(signal.context).map((scenario) => ({ row, judge, scenario })),
    ),
  )
  const comparisons = new Float64Array(rows.length * properties.length)
  rows.forEach(({ row }, at) => {
    comparisons.set(leads[row] as Float64Array, at * properties.length)
  })
  const dissections = dissect(
    {
      properties,
      comparisons,
      chosen: rows.map(({ row }) => chosen[row] as number),
      judges: rows.map(({ judge }) => judge),
      scenarios: rows.map(({ scenario }) => scenario),
    },
    fitting,
    run,
  )
  const known = new Map(dissections.map((found) => [JSON.stringify([found.judge, found.scenario]), found]))
  const weightsFor = ({ context, rater }: Pick<Judgement, 'context' | 'rater'>): Float64Array => {
    const places = [...scenariosOf(context)].reverse()
    for (const judge of rater ? [rater.id, everyone] : [everyone])
      for (const scenario of places) {
        const found = known.get(JSON.stringify([judge, scenario]))
        if (found) return found.weights
      }
    throw new Error('there are no weights of everyone everywhere')
  }
  const amountsOf = (candidate: Candidate): readonly number[] => {
    const amounts = read(candidate)
    if (!amounts)
      throw new RangeError(
        `candidate ${candidate.id} ${named ? `lacks one of the features ${named.join(', ')}` : `is ${candidate.content.modality}, expected text`}`,
      )
    return amounts
  }
  const contributionsOf = (pair: Pair): Float64Array => {
    const weights = weightsFor(pair)
    return leadOf(amountsOf(pair.a), amountsOf(pair.b)).map((lead, k) => (weights[k] as number) * lead)
  }
  const probabilityOf = (contributions: Float64Array): number =>
    sigmoid(contributions.reduce((sum, part) => sum + part, 0))

  return {
    aspects: ['overall'],
    properties,
    dissections,
    left,
    async score(batch) {
      const data = Float32Array.from(batch, (judgement) => {
        const weights = weightsFor(judgement)
        return amountsOf(judgement.candidate).reduce((sum, amount, k) => {
          const range = ranges[k] as number
          return sum + (range === 0 ? 0 : ((weights[k] as number) * amount) / range)
        }, 0)
      })
      return { rows: batch.length, columns: 1, data }
    },
    prefer: async (pairs) => Float32Array.from(pairs, (pair) => probabilityOf(contributionsOf(pair))),
    explain(pair) {
      const contributions = contributionsOf(pair)
      return {
        probability: probabilityOf(contributions),
        reasons: properties
          .map((property, k) => ({ property, contribution: contributions[k] as number }))
          .filter(({ contribution }) => contribution !== 0)
          .sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution)),
      }
    },
  }
}
