import { z } from 'zod'
import { applyMlp, initMlp, type MlpParameters, normalValue } from '../../nets/index.ts'
import {
  add,
  broadcastTo,
  cast,
  concat,
  dimAt,
  expandDims,
  matmul,
  mul,
  randomBernoulli,
  type Symbolic,
  squeeze,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  zeros,
} from '../../tensor/index.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import type { JudgedPairs, ModelKind } from '../model/model-kind.ts'

/** Options of {@link contextConditionedKind}. */
export const contextConditionedOptionsSchema = z.strictObject({
  /** How context and candidate meet: in products (`bilinear`), or in a network on both (`mlp`). Default bilinear. */
  form: z.enum(['bilinear', 'mlp']).default('bilinear'),
  /** Bilinear: rank of the products' matrix. Default full. */
  rank: z.int().min(1).optional(),
  /** Of the network. Default [64]. */
  hidden: z.array(z.int().min(1)).default([64]),
  /** Of the network. Default gelu. */
  activation: z.enum(['relu', 'gelu', 'geluTanh', 'quickGelu', 'silu', 'tanh']).default('gelu'),
  /** Share of training pairs whose context is hidden, so that scores without one work as well. Default 0.2. */
  contextDropout: z.number().min(0).max(0.9).default(0.2),
})
export type ContextConditionedOptions = z.infer<typeof contextConditionedOptionsSchema>

export interface ContextConditionedParameters {
  /** [width, 1]: what is liked in every context. Bilinear. */
  readonly plain?: TensorValue
  /** [width, contextWidth], or [width, rank] with `reads` [contextWidth, rank]. Bilinear. */
  readonly meets?: TensorValue
  readonly reads?: TensorValue
  readonly net?: MlpParameters
}

function reward(
  parameters: Symbolic<ContextConditionedParameters>,
  y: Tensor,
  context: Tensor,
  { form, activation }: ContextConditionedOptions,
): Tensor {
  if (form === 'mlp') {
    const z = broadcastTo(context, [dimAt(y.shape, 0), dimAt(context.shape, 1)])
    return squeeze(applyMlp(parameters.net as Symbolic<MlpParameters>, concat([y, z], 1), { activation }), [-1])
  }
  const { plain, meets, reads } = parameters as Symbolic<Required<ContextConditionedParameters>>
  const z = reads === undefined ? context : matmul(context, reads)
  return add(squeeze(matmul(y, plain), [-1]), sum(mul(matmul(y, meets), z), -1))
}

function contextOf({ context }: { readonly context?: Tensor }): Tensor {
  if (context === undefined) throw new RangeError('context-conditioned: the model reads contexts, none are given')
  return context
}

/**
 * A reward that depends on the context it is given in, r(z, y): P(a preferred to b | z) = σ(r(z, a) − r(z, b)), with z
 * what answers are judged by ({@link withCriterion}) and
 *
 *     bilinear:  r = u·h(y) + h(y)ᵀ M g(z)        mlp:  r = f([h(y), g(z)])
 *
 * Learned from pairs that reverse with the context: what is liked of y in every context then has no gradient on average,
 * and only what z and y say together is learned. No context is g(z) = 0, which a share of training pairs is shown.
 *
 * @see Pitis, Xiao, Le Roux & Sordoni (2024), "Improving context-aware preference modeling for language models",
 *   arXiv 2407.14916. The paper fine-tunes a language model; the two small forms here are this project's.
 * @example
 * const model = await fitPreferences({
 *   kind: contextConditionedKind,
 *   data: await pairsOf(reversalSignals(reversals)),
 *   encoder: hashedNgrams({ of: 'candidate' }),
 *   contextEncoder: criterionEncoder(hashedNgrams({ of: 'context', projection: 'none', buckets: 128 })),
 * })
 */
export const contextConditionedKind: ModelKind<ContextConditionedOptions, ContextConditionedParameters> = {
  name: 'context-conditioned',
  options: contextConditionedOptionsSchema,
  init(random, { width, contextWidth }, { form, rank, hidden }) {
    if (contextWidth === 0)
      throw new RangeError('context-conditioned: the data have no context features; give a contextEncoder')
    if (form === 'mlp') return { net: initMlp(random.fork('net'), [width + contextWidth, ...hidden, 1]) }
    if (rank === undefined) return { plain: zeros([width, 1]), meets: zeros([width, contextWidth]) }
    return {
      plain: zeros([width, 1]),
      // Both factors at 0 would have no gradient.
      meets: normalValue(random.fork('meets'), [width, rank], 0.1),
      reads: normalValue(random.fork('reads'), [contextWidth, rank], 0.1),
    }
  },
  score: (parameters, rows, options) => expandDims(reward(parameters, rows.features, contextOf(rows), options), -1),
  logit(parameters, pairs: JudgedPairs, options) {
    const context = contextOf(pairs)
    return sub(reward(parameters, pairs.a, context, options), reward(parameters, pairs.b, context, options))
  },
  loss(parameters, pairs, options, { key }) {
    const context = contextOf(pairs)
    const { contextDropout } = options
    const shown =
      contextDropout === 0
        ? context
        : mul(context, cast(randomBernoulli(key(), [dimAt(context.shape, 0), 1], 1 - contextDropout), context.dtype))
    const logit = contextConditionedKind.logit?.(parameters, { ...pairs, context: shown }, options) as Tensor
    return pairLoss(logit, { target: pairs.target, weight: pairs.weight })
  },
}
