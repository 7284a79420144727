import { z } from 'zod'
import { div, expandDims, mul, square, sub, type Tensor, type TensorValue, value, zeros } from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import {
  type AntisymmetricHeadParameters,
  antisymmetricScales,
  antisymmetricScore,
  embedAntisymmetric,
  initAntisymmetricHead,
} from '../head/antisymmetric-head.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { reduceLosses } from '../loss/reduction.ts'
import { fittedModel, partsOf } from '../model/fitted-model.ts'
import type { FittedModel, ModelKind } from '../model/model-kind.ts'
import type { PairData, Rows } from '../pairs/pair-data.ts'

/** Options of {@link generalPreferenceKind}. */
export const generalPreferenceOptionsSchema = z.strictObject({
  /** d, even: half as many independent cycles can be told. Default 6 (the paper's for its smaller model). */
  dimensions: z.int().min(2).multipleOf(2).default(6),
  /** τ divides scores into log-odds. Default 0.1 (paper): scores of unit embeddings lie within ±d/2. */
  temperature: z.number().positive().default(0.1),
  /** Embeddings of length 1. Default true. */
  normalized: z.boolean().default(true),
  /** Let the context scale the blocks, λ(x); needs a context encoder. Default false. */
  contextScales: z.boolean().default(false),
  /** By how much the preferred score should lead, in units of the score. Default 0. */
  margin: z.number().min(0).default(0),
  /** `logistic`, or the square of the distance of the log-odds from ±10. Default logistic. */
  loss: z.enum(['logistic', 'regression']).default('logistic'),
})
export type GeneralPreferenceOptions = z.infer<typeof generalPreferenceOptionsSchema>

export interface GeneralPreferenceParameters {
  readonly head: AntisymmetricHeadParameters
  /** [d]: the mean embedding of the candidates it was fitted to, which scores are told against. Not trained. */
  readonly reference: TensorValue
}

/** What the regression loss draws log-odds towards. */
const regressionTarget = 10

/**
 * The general preference model (GPM): a vector for each candidate and an antisymmetric form of two of them,
 *
 *     s(a ≻ b | x) = Σ_l λ_l(x) (v_a[2l] v_b[2l+1] − v_a[2l+1] v_b[2l]),   P(a ≻ b | x) = σ(s / τ)
 *
 * so that P(a ≻ b) + P(b ≻ a) = 1 exactly, cycles can be held, and K candidates need K embeddings, not K² comparisons.
 * With d = 2 and v = (r, 1) it is Bradley–Terry. The score of one candidate is its mean log-odds against the
 * candidates the model was fitted to, s(v ≻ v̄)/τ: the form is linear in the other side.
 *
 * Vectors are known up to a turn within each block, so vectors of two fits must never be compared.
 *
 * @see Zhang et al. (2024), "Beyond Bradley–Terry models: a general preference model for language model alignment",
 *   arXiv 2410.02197
 */
export const generalPreferenceKind: ModelKind<GeneralPreferenceOptions, GeneralPreferenceParameters> = {
  name: 'general-preference',
  options: generalPreferenceOptionsSchema,
  init(random, { width, contextWidth }, { dimensions, contextScales }) {
    if (contextScales && contextWidth === 0)
      throw new RangeError('general-preference: contextScales is set, and the data have no context features')
    return {
      head: initAntisymmetricHead(random, width, { dimensions, contextWidth: contextScales ? contextWidth : 0 }),
      reference: zeros([dimensions]),
    }
  },
  score({ head, reference }, { features, context }, { normalized, temperature }) {
    const embedded = embedAntisymmetric(head, features, { normalized })
    const score = antisymmetricScore(embedded, reference, antisymmetricScales(head, context))
    return expandDims(div(score, temperature), -1)
  },
  logit({ head }, { a, b, context }, { normalized, temperature }) {
    const [va, vb] = [embedAntisymmetric(head, a, { normalized }), embedAntisymmetric(head, b, { normalized })]
    return div(antisymmetricScore(va, vb, antisymmetricScales(head, context)), temperature)
  },
  loss(parameters, pairs, options) {
    const logit = generalPreferenceKind.logit?.(parameters, pairs, options) as Tensor
    const { target, weight } = pairs
    if (options.loss === 'regression') {
      const wanted = mul(sub(mul(target, 2), 1), regressionTarget)
      return reduceLosses(div(square(sub(logit, wanted)), 2), { weight })
    }
    return pairLoss(logit, { target, weight, lead: options.margin / options.temperature })
  },
  finish: async (model, data) => ({ ...model.parameters.model, reference: await meanEmbedding(model, data) }),
}

/** The mean embedding of the rows that pairs compare; rows may be shared with other pairs, held-out ones among them. */
async function meanEmbedding(model: GeneralPreferenceModel, data: PairData): Promise<TensorValue> {
  const embedded = await embedPreferences(model, data.rows)
  const compared = new Set([...data.a, ...data.b])
  const sums = new Float64Array(embedded.columns)
  for (const row of compared)
    for (let column = 0; column < sums.length; column++)
      sums[column] = (sums[column] as number) + (embedded.data[row * sums.length + column] as number)
  return value(Float32Array.from(sums, (sum) => sum / compared.size))
}

/** A model of {@link generalPreferenceKind}. */
export type GeneralPreferenceModel = FittedModel<GeneralPreferenceOptions, GeneralPreferenceParameters>

/**
 * Preference embeddings of candidates, one row each.
 *
 * @param rows features [rows, width], or judgements where the model has an encoder
 * @returns [rows, d]
 */
export async function embedPreferences(model: GeneralPreferenceModel, rows: Rows): Promise<Matrix> {
  const embedding = fittedModel({
    ...partsOf(model),
    kind: {
      ...generalPreferenceKind,
      aspects: ({ dimensions }) => Array.from({ length: dimensions }, (_, at) => `coordinate ${at}`),
      score: ({ head }, { features }, { normalized }) => embedAntisymmetric(head, features, { normalized }),
    },
  })
  try {
    return 'columns' in rows
      ? await embedding.scoreFeatures({ features: rows, ...blankContexts(model, rows.rows) })
      : await embedding.score(rows)
  } finally {
    await embedding.dispose()
  }
}

/** Contexts that embeddings do not read, for a model whose comparisons do. */
function blankContexts({ contextEncoder }: Pick<FittedModel, 'contextEncoder'>, rows: number) {
  if (contextEncoder === undefined) return {}
  const { width } = contextEncoder
  return { contexts: { rows, columns: width, data: new Float32Array(rows * width) } }
}
