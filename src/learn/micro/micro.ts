import { z } from 'zod'
import {
  add,
  exp,
  log,
  logSoftmax,
  maximum,
  mean,
  mul,
  neg,
  type Symbolic,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  zeros,
} from '../../tensor/index.ts'
import { raterRows } from '../head/rater-rows.ts'
import {
  initRoutedHead,
  mixtureLogOdds,
  mixtureLogProbabilities,
  type RoutedHeadParameters,
  routedLogWeights,
  routedRewards,
} from '../head/routed-head.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { reduceLosses } from '../loss/reduction.ts'
import type { JudgedPairs, LabelledPairs, ModelKind } from '../model/model-kind.ts'

/** Options of {@link mixtureKind}. */
export const mixtureOptionsSchema = z.strictObject({
  /** K. Default 10 (the authors'). */
  heads: z.int().min(1).default(10),
  /** λ, how strongly routing is drawn towards even. Default 0.05; the authors' 0.5 makes it even on small data. */
  entropyWeight: z.number().min(0).default(0.05),
  /** Whether each context's routing is drawn towards even (the authors'), or their mean over the batch. Default perExample. */
  entropyOf: z.enum(['perExample', 'batchMean']).default('perExample'),
  /** How heads are mixed: their probabilities, or (a baseline, not the method) their rewards. Default probabilities. */
  mixing: z.enum(['probabilities', 'rewards']).default('probabilities'),
})
export type MixtureOptions = z.infer<typeof mixtureOptionsSchema>

/** Each head's lead of a over b, [pairs, K]: heads have no bias, so one product of the difference tells it. */
function leadsOf(parameters: Symbolic<RoutedHeadParameters>, { a, b }: JudgedPairs): Tensor {
  return routedRewards(parameters, sub(a, b))
}

/** ln P(a preferred) − ln P(b preferred) of routed heads. */
function oddsOf(
  parameters: Symbolic<RoutedHeadParameters>,
  pairs: JudgedPairs,
  logWeights: Tensor,
  { mixing }: MixtureOptions,
): Tensor {
  const leads = leadsOf(parameters, pairs)
  return mixing === 'rewards' ? sum(mul(exp(logWeights), leads), -1) : mixtureLogOdds(leads, logWeights)
}

/** The mean of −ln P of what was said. */
function likelihoodLoss(
  parameters: Symbolic<RoutedHeadParameters>,
  pairs: LabelledPairs,
  logWeights: Tensor,
  options: MixtureOptions,
): Tensor {
  const { target, weight } = pairs
  if (options.mixing === 'rewards') return pairLoss(oddsOf(parameters, pairs, logWeights, options), { target, weight })
  const [a, b] = mixtureLogProbabilities(leadsOf(parameters, pairs), logWeights)
  // y ln P + (1 − y) ln(1 − P)
  return reduceLosses(neg(add(b, mul(target, sub(a, b)))), { weight })
}

function contextOf(context: Tensor | undefined): Tensor {
  if (context === undefined) throw new RangeError('mixture: its router reads contexts, none are given')
  return context
}

/** λ Σ_k π_k ln π_k, of each example or of the batch's mean. */
function unevenness(logWeights: Tensor, { entropyOf }: MixtureOptions): Tensor {
  if (entropyOf === 'perExample') return mean(sum(mul(exp(logWeights), logWeights), -1))
  const average = mean(exp(logWeights), 0)
  return sum(mul(average, log(maximum(average, 1e-12))))
}

/**
 * MiCRo's first stage, a mixture of Bradley–Terry models that the context routes:
 *
 *     P(a ≻ b | x) = Σ_k π_k(x) σ(r_k(a) − r_k(b)),   r_k = w_k·h,   π(x) = softmax(V c(x) + v)
 *     ℓ = −mean ln P(chosen ≻ rejected | x) + λ mean Σ_k π_k ln π_k
 *
 * It needs no names of groups, raters or aspects: what people disagree about is found as heads. Who prefers what in a
 * new context is then told by a few labels, see {@link adaptMixture}. With K = 1 it is Bradley–Terry. The score of a
 * candidate is Σ_k π_k r_k. Heads of two fits come in no common order.
 *
 * The router must see contexts alone: an encoder of the answer there would tell it the label.
 *
 * @see Shen et al. (2025), "MiCRo: mixture modeling and context-aware routing for personalized preference learning",
 *   arXiv 2505.24846
 * @example
 * const model = await fitPreferences({ kind: mixtureKind, data: featurePairs({ a, b, contexts }), options: { heads: 2 } })
 */
export const mixtureKind: ModelKind<MixtureOptions, RoutedHeadParameters> = {
  name: 'mixture',
  options: mixtureOptionsSchema,
  init(random, { width, contextWidth }, { heads }) {
    if (contextWidth === 0)
      throw new RangeError(
        'mixture: its router reads contexts, and the data have no context features; give a context encoder, or contexts of one constant column',
      )
    return initRoutedHead(random, width, { heads, contextWidth })
  },
  score(parameters, { features, context }) {
    const weights = exp(routedLogWeights(parameters, contextOf(context)))
    return sum(mul(weights, routedRewards(parameters, features)), -1, { keepDims: true })
  },
  logit: (parameters, pairs, options) =>
    oddsOf(parameters, pairs, routedLogWeights(parameters, contextOf(pairs.context)), options),
  linearPairs: ({ heads, entropyWeight, entropyOf, mixing }) =>
    mixing === 'probabilities' && (entropyOf === 'perExample' || entropyWeight === 0)
      ? {
          heads: 'heads.weight',
          columns: heads,
          router: { weight: 'router.weight', bias: 'router.bias', evenness: entropyWeight },
        }
      : undefined,
  loss(parameters, pairs, options) {
    const logWeights = routedLogWeights(parameters, contextOf(pairs.context))
    const fit = likelihoodLoss(parameters, pairs, logWeights, options)
    return options.entropyWeight === 0 ? fit : add(fit, mul(unevenness(logWeights, options), options.entropyWeight))
  },
}

export interface AdaptedMixtureParameters extends RoutedHeadParameters {
  /** ln of each rater's weights, up to a number added to all of them: [raters, K]. */
  readonly logWeights: TensorValue
}

/**
 * The same mixture with weights of each known rater's own, as {@link adaptMixture} finds them; a rater that is not known
 * is routed by the context.
 */
export const adaptedMixtureKind: ModelKind<MixtureOptions, AdaptedMixtureParameters> = {
  name: 'adapted-mixture',
  options: mixtureOptionsSchema,
  raterParameters: ['logWeights'],
  init: (random, sizes, options) => ({
    ...mixtureKind.init(random, sizes, options),
    logWeights: zeros([Math.max(1, sizes.raters), options.heads]),
  }),
  score(parameters, { features, context, rater }) {
    const weights = exp(raterLogWeights(parameters, contextOf(context), rater))
    return sum(mul(weights, routedRewards(parameters, features)), -1, { keepDims: true })
  },
  logit: (parameters, pairs, options) =>
    oddsOf(parameters, pairs, raterLogWeights(parameters, contextOf(pairs.context), pairs.rater), options),
}

function raterLogWeights(
  parameters: Symbolic<AdaptedMixtureParameters>,
  context: Tensor,
  rater: Tensor | undefined,
): Tensor {
  const routed = routedLogWeights(parameters, context)
  // Divided by their sum, which training of its own need not keep at 1.
  return rater === undefined ? routed : raterRows(logSoftmax(parameters.logWeights), rater, routed)
}
