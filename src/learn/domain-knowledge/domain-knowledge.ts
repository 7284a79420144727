import { z } from 'zod'
import { opinionAspects } from '../../collect/index.ts'
import { sigmoid as sigmoidOf } from '../../measure/index.ts'
import { applyLinear, initMlp, type LinearParameters, type MlpParameters } from '../../nets/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { div, relu, type Symbolic, sigmoid, softplus, type Tensor, tanh } from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import { type FitPreferences, fitPreferences } from '../model/fit-preferences.ts'

import type { FittedModel, ModelKind } from '../model/model-kind.ts'
import { matrixOf, type Table } from '../pairs/pair-data.ts'
import { fitAspectScores } from './aspect-scores.ts'

/** Options of {@link domainKnowledgeKind}. */
export const domainKnowledgeOptionsSchema = z.strictObject({
  /** Names of the columns, in their order. Default the seven `opinionAspects`. */
  aspects: z
    .array(z.string().min(1))
    .min(1)
    .default([...opinionAspects]),
  /** Scores are divided by it, here and nowhere else. Default 5. */
  highest: z.number().positive().default(5),
  /** Features of hidden layers; none for a weighted sum. Default [6, 4, 2] (the authors' deployed net). */
  hidden: z.array(z.int().min(1)).default([6, 4, 2]),
  /** Default relu (the authors' deployed net). */
  activation: z.enum(['relu', 'tanh', 'sigmoid', 'none']).default('relu'),
  /**
   * Where activations stand: `between` layers, or as in the authors' code (`authors`) after the first layer and after the
   * last, where a relu may end at 0 for every input and learn no more. Default between.
   */
  layout: z.enum(['between', 'authors']).default('between'),
  /** Keeps every weight above 0, so that a better score in any aspect never lowers the reward. Default false. */
  monotone: z.boolean().default(false),
})
export type DomainKnowledgeOptions = z.infer<typeof domainKnowledgeOptionsSchema>

const activations: Readonly<Record<DomainKnowledgeOptions['activation'], (x: Tensor) => Tensor>> = {
  relu,
  tanh,
  sigmoid,
  none: (x) => x,
}

/** A layer whose weights are softplus of what is trained. */
const rising = (layer: Symbolic<LinearParameters>): Symbolic<LinearParameters> => ({
  ...layer,
  weight: softplus(layer.weight),
})

/**
 * A reward from expert knowledge: candidates are scored on a few named aspects, and only a tiny network from those
 * scores to a number is learned from people's comparisons,
 *
 *     r = φ(s/5),   P(a preferred to b) = σ(φ(f_a) − φ(f_b)),   L = mean log(1 + e^{φ(f_loser) − φ(f_winner)})
 *
 * Features are scores as they are, 0 to `highest`; the division is part of φ, so that it can be forgotten neither when
 * training nor when serving. A constant φ has L = ln 2. The served reward in (0, 1) is {@link servedReward}.
 *
 * @see Nath et al. (2024), "Leveraging domain knowledge for efficient reward modelling in RLHF: a case-study in
 *   e-commerce opinion summarization", arXiv 2402.15473
 */
export const domainKnowledgeKind: ModelKind<DomainKnowledgeOptions, MlpParameters> = {
  name: 'domain-knowledge',
  options: domainKnowledgeOptionsSchema,
  init(random, { width }, { aspects, hidden, monotone }) {
    if (width !== aspects.length)
      throw new RangeError(
        `domain-knowledge: features have ${width} columns for ${aspects.length} aspects (${aspects.join(', ')})`,
      )
    const net = initMlp(random, [width, ...hidden, 1])
    if (!monotone) return net
    for (const { weight } of net.layers)
      weight.data.forEach((drawn, at) => {
        // softplus⁻¹ of the size of an ordinary start.
        weight.data[at] = Math.log(Math.expm1(Math.max(1e-3, Math.abs(Number(drawn)))))
      })
    return net
  },
  score({ layers }, { features }, { highest, activation, layout, monotone }) {
    const last = layers.length - 1
    const active = (at: number): boolean => (layout === 'between' ? at < last : at === 0 || at === last)
    return layers.reduce(
      (x, layer, at) => {
        const mapped = applyLinear(monotone ? rising(layer) : layer, x)
        return active(at) ? activations[activation](mapped) : mapped
      },
      div(features, highest),
    )
  },
}

/**
 * Fits a {@link domainKnowledgeKind}. Everything {@link fitPreferences} takes, without the kind; judgements are read by
 * the scores that their candidates carry as features (a missing one is the training mean), unless another encoder is
 * given.
 *
 * @throws {RangeError} when no candidate is scored for an aspect, and as `fitPreferences`
 * @throws {z.ZodError} when the options are not the kind's
 * @example
 * const model = await fitDomainKnowledge({ data: await pairsOf(opinionSummaries), options: { monotone: true } })
 */
export async function fitDomainKnowledge(
  given: Omit<FitPreferences<DomainKnowledgeOptions, MlpParameters>, 'kind'>,
  run: Run = startRun(),
): Promise<FittedModel<DomainKnowledgeOptions, MlpParameters>> {
  const { aspects } = domainKnowledgeOptionsSchema.parse(given.options ?? {})
  const { rows } = given.data
  const encoder = given.encoder ?? ('columns' in rows ? undefined : fitAspectScores(rows, aspects))
  return fitPreferences({ ...given, ...(encoder && { encoder }), kind: domainKnowledgeKind }, run)
}

/** The reward as it is served, σ(φ(f)): [rows], in (0, 1). @param scores [rows, aspects], 0 to `highest` */
export async function servedReward(model: FittedModel<DomainKnowledgeOptions>, scores: Table): Promise<Float64Array> {
  const { data } = await model.scoreFeatures({ features: scores })
  return Float64Array.from(data, sigmoidOf)
}

/**
 * What each aspect adds to a reward: φ(f) − φ(f with that aspect at its reference). For a weighted sum these add up to
 * φ(f) − φ(reference).
 *
 * @param scores [rows, aspects], 0 to `highest`
 * @param reference [aspects], such as the means of the training rows
 * @returns [rows, aspects], in log-odds
 * @throws {RangeError} when there is not one reference per aspect
 */
export async function aspectContributions(
  model: FittedModel<DomainKnowledgeOptions>,
  scores: Table,
  reference: readonly number[],
): Promise<Matrix> {
  const { rows, columns, data } = matrixOf(scores, 'scores')
  if (reference.length !== columns) throw new RangeError(`${reference.length} references for ${columns} aspects`)
  const moved = new Float32Array((columns + 1) * rows * columns)
  for (let at = 0; at <= columns; at++) {
    moved.set(data, at * rows * columns)
    if (at > 0)
      for (let row = 0; row < rows; row++) moved[(at * rows + row) * columns + at - 1] = reference[at - 1] as number
  }
  const found = await model.scoreFeatures({ features: { rows: (columns + 1) * rows, columns, data: moved } })
  const added = Float32Array.from(
    { length: rows * columns },
    (_, at) =>
      (found.data[Math.floor(at / columns)] as number) -
      (found.data[((at % columns) + 1) * rows + Math.floor(at / columns)] as number),
  )
  return { rows, columns, data: added }
}
