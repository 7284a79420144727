import { z } from 'zod'
import { type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  type Compiled,
  cast,
  compile,
  div,
  type Examples,
  equal,
  fit,
  flatten,
  gradients,
  type InputSpecs,
  type InputValues,
  mul,
  type Symbolic,
  type SymbolicInputs,
  spec,
  stack,
  sum,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import type { ScoreHeadParameters } from '../head/score-head.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { safeDivide } from '../loss/reduction.ts'
import { type FitPreferences, initialParameters, meanLogLoss } from '../model/fit-preferences.ts'
import { fittedModel } from '../model/fitted-model.ts'
import type { FittedModel, ModelParameters } from '../model/model-kind.ts'
import { type Encoders, encodedPairs, feedPairs, logitOf, pairSpecs, symbolicPairs } from '../model/pair-graph.ts'
import { type RewardOptions, rewardKind } from '../model/reward-kind.ts'
import { checkedPairs, type PairData } from '../pairs/pair-data.ts'
import { minNormWeights, normalizeGradients } from './min-norm.ts'

/** How {@link fitMore} weighs sources. */
export const moreTrainingSchema = z
  .strictObject({
    /** `minNorm`: MORE; `equal`: the same batches at equal weights, which is multi-task training. Default minNorm. */
    weighting: z.enum(['minNorm', 'equal']).default('minNorm'),
    /** α of m ← (1 − α) m + α g: how much of a source's gradient is this batch's. Default 0.99 (the authors'). */
    momentum: z.number().gt(0).max(1).default(0.99),
    /** How gradients are put on one scale, see `normalizeGradients`. Default `l2`. */
    normalize: z.enum(['l2', 'loss', 'loss+', 'none']).default('l2'),
    /** As many pairs of each source in every batch, or batches as they come, weighing the sources that are there. Default bySource. */
    batches: z.enum(['bySource', 'mixed']).default('bySource'),
    /** With batches by source: how many pairs of each an epoch has; smaller sources are seen again. Default: the largest's. */
    pairsPerSource: z.int().min(1).optional(),
  })
  .refine(({ batches, pairsPerSource }) => batches === 'bySource' || pairsPerSource === undefined, {
    path: ['pairsPerSource'],
    message: 'is for batches by source; mixed batches take pairs as they come',
  })
export type MoreTraining = z.input<typeof moreTrainingSchema>

/** What sources weighed in an update. */
export interface SourceWeights {
  /** From 1. */
  readonly update: number
  /** λ by source, 0 for one that was not in the batch or where no direction serves all: [sources]. */
  readonly weights: Float64Array
  /** Length of the mixed gradient of the head; near 0 means that what helps one source hurts another. */
  readonly norm: number
  /** Mean loss of each source, NaN for one that was not in the batch: [sources]. */
  readonly losses: Float64Array
}

export interface FitMore
  extends Omit<
    FitPreferences<RewardOptions, ScoreHeadParameters>,
    'kind' | 'loss' | 'validation' | 'checkpointEvery' | 'contextEncoder'
  > {
  readonly more?: MoreTraining
  /** Pairs of each source in an update (in all, with mixed batches). Default 32. */
  readonly batchSize?: number
  /** Held-out pairs for early stopping. Default none. */
  readonly validation?: PairData
  readonly onWeights?: (weights: SourceWeights) => void
}

/** Below this share of the longest gradient the mixture counts as 0: nothing serves all sources. */
const stationary = 1e-6

/**
 * MORE, multi-objective reward learning: one reward model for sources that disagree. In every update the sources are
 * weighed so that none is left behind,
 *
 *     g_t = ∇_w ℓ_t(w),  m_t ← (1 − α) m_t + α g_t,  λ = argmin ‖Σ_t λ_t m_t/‖m_t‖‖²,
 *     L = T Σ_t λ_t Σ_{i ∈ t} ℓ_i / n
 *
 * with w the weights of the last layer, ℓ the pairwise logistic loss, T the sources and n the pairs of the batch. The
 * shortest mixture leans on the sources whose gradients agree least with the others' and is shorter than their mean, so
 * that a loud source cannot undo a quiet one, and what sources disagree about makes the model less sure. As in the
 * authors' code, λ comes from scaled gradients and weighs the losses themselves: the step is a descent direction for all
 * sources for certain only with `normalize: 'none'` and a momentum of 1. With equal weights it is multi-task training on
 * the same batches. Where the shortest mixture is 0, nothing serves all and the update's gradient is 0. The momentum
 * starts from the first gradient.
 *
 * @returns a model of `rewardKind` without bias; its metrics have each source's mean weight as `weight/<source>`
 * @throws {RangeError} as `fitPreferences`
 * @throws {z.ZodError} when an option is out of range
 * @see Zeng et al. (2023), "On diversified preferences of large language model alignment", arXiv 2312.07401
 * @example
 * const model = await fitMore({ data: featurePairs({ a, b, sources }), more: { normalize: 'none' } })
 */
export async function fitMore(
  given: FitMore,
  run: Run = startRun(),
): Promise<FittedModel<RewardOptions, ScoreHeadParameters>> {
  const training = moreTrainingSchema.parse(given.more ?? {})
  const options = rewardKind.options.parse({ bias: false, ...(given.options as object | undefined) })
  const encoders = encodersOf(given)
  const data = await encodedPairs(encoders, checkedPairs(given.data))
  const held = given.validation && (await encodedPairs(encoders, checkedPairs(given.validation, 'validation')))
  const parameters =
    (structuredClone(given.parameters) as ModelParameters<ScoreHeadParameters> | undefined) ??
    initialParameters(rewardKind, options, encoders, data.raters.length, run)
  const specs: InputSpecs = { target: spec(['pairs']), weight: spec(['pairs']), ...pairSpecs(encoders) }
  const lossOfPairs = (
    inputs: SymbolicInputs<InputSpecs>,
    of: Symbolic<ModelParameters<ScoreHeadParameters>>,
  ): Tensor => {
    const { target, weight } = inputs as { target: Tensor; weight: Tensor }
    const pairs = symbolicPairs(encoders, of as Symbolic<ModelParameters>, inputs)
    return pairLoss(logitOf(rewardKind, of.model, pairs, options), { target, weight, reduction: 'none' })
  }
  const step = await trainStep(
    (inputs: SymbolicInputs<InputSpecs>, of: Symbolic<ModelParameters<ScoreHeadParameters>>) =>
      div(sum(lossOfPairs(inputs, of)), inputs['pairsInBatch'] as Tensor),
    {
      inputs: { ...specs, pairsInBatch: spec([]) },
      parameters,
      optimizer: given.optimizer ?? adamW({ learningRate: 0.01, weightDecay: 0 }),
      ...(given.trainable && { trainable: given.trainable }),
      seed: run.seed,
    },
  )
  const weighed = await sourceWeigher(given, data, training, (sources) =>
    compile(
      (inputs, of) => {
        const losses = lossOfPairs(inputs, of)
        const head = of.model.layers.at(-1)?.weight as Tensor
        const bySource = sources.map((_, source) => {
          const of = cast(equal(inputs['source'] as Tensor, source), losses.dtype)
          return safeDivide(sum(mul(losses, of)), sum(mul(inputs['weight'] as Tensor, of)))
        })
        return { losses: stack(bySource), gradients: stack(bySource.map((loss) => flatten(gradients(loss, head)))) }
      },
      { inputs: { ...specs, source: spec(['pairs'], 'int32') } as InputSpecs, parameters },
    ),
  )
  const live = fittedModel({ kind: rewardKind, options, encoder: encoders.encoder, parameters, raters: data.raters })
  try {
    const { order, ...examples } = examplesBySource(data, training, run)
    const batchSize = Math.min(given.batchSize ?? 32, examples.count)
    const epochs = given.epochs ?? Math.max(50, Math.ceil(500 / Math.ceil(examples.count / batchSize)))
    const batches: Examples<InputValues<InputSpecs>> = {
      count: examples.count,
      async batch(indices) {
        const pairs = order(indices)
        const fed = {
          ...(await feedPairs(encoders, data, pairs)),
          target: Float32Array.from(pairs, (pair) => data.targets[pair] as number),
        }
        const weights = Float32Array.from(pairs, (pair) => data.weights[pair] as number)
        const shares = await weighed.weigh(fed, pairs, weights, step.updates + 1)
        return { ...fed, weight: shares, pairsInBatch: value(Float32Array.of(pairs.length), []) }
      },
    }
    const result = await fit(
      step,
      {
        examples: batches,
        batchSize,
        epochs,
        name: 'more',
        checkpointEvery: 0,
        ...(held && {
          validate: async () => ({ logLoss: meanLogLoss(await live.logits(held), held) }),
          earlyStopping: { metric: 'logLoss', patience: given.patience ?? 10 },
        }),
        ...(given.onMetrics && { onMetrics: given.onMetrics }),
      },
      run,
    )
    return fittedModel({
      ...{ kind: rewardKind, options, encoder: encoders.encoder, raters: data.raters },
      parameters: structuredClone(parameters) as ModelParameters<ScoreHeadParameters>,
      metrics: {
        trainLoss: result.history.at(-1)?.loss ?? Number.NaN,
        epochs: result.epochs,
        ...Object.fromEntries(data.sources.map((name, source) => [`weight/${name}`, weighed.mean(source)])),
        ...(result.best && { validationLogLoss: result.best.value, bestEpoch: result.best.epoch }),
      },
      ...(given.dataVersion !== undefined && { dataVersion: given.dataVersion }),
    })
  } finally {
    await Promise.all([live.dispose(), weighed.dispose(), step.dispose()])
  }
}

function encodersOf({ data, encoder }: Pick<FitMore, 'data' | 'encoder'>): Encoders {
  if (encoder !== undefined) return { encoder }
  if (!('columns' in data.rows)) throw new RangeError('the pairs hold judgements: an encoder is needed to read them')
  return { encoder: plainFeatures(data.rows.columns) }
}

/** Which pairs stand behind some examples of an epoch. */
function examplesBySource(
  { source, sources, a }: PairData,
  { batches, pairsPerSource }: z.output<typeof moreTrainingSchema>,
  run: Run,
): { readonly count: number; readonly order: (indices: Uint32Array) => Int32Array } {
  if (batches === 'mixed') return { count: a.length, order: (indices) => Int32Array.from(indices) }
  const pools = sources.map((_, of) => {
    const pairs: number[] = []
    source.forEach((from, pair) => {
      if (from === of) pairs.push(pair)
    })
    return pairs
  })
  const present = pools.filter((pool) => pool.length > 0)
  const count = pairsPerSource ?? Math.max(...present.map(({ length }) => length))
  const orders = present.map((pool, of) => {
    const random = run.random(`more/source/${of}`)
    const order: number[] = []
    while (order.length < count) order.push(...random.shuffle(pool).slice(0, count - order.length))
    return order
  })
  return {
    count,
    order: (indices) => Int32Array.from(orders.flatMap((order) => Array.from(indices, (at) => order[at] as number))),
  }
}

/** Each source's mean loss [sources] and its gradient for the head [sources, width]. */
type HeadGradients = Compiled<InputSpecs, { readonly losses: Tensor; readonly gradients: Tensor }>

/** Weighs the sources of batch after batch. */
async function sourceWeigher(
  { onWeights }: Pick<FitMore, 'onWeights'>,
  { source, sources }: PairData,
  { weighting, momentum, normalize }: z.output<typeof moreTrainingSchema>,
  compiled: (sources: readonly string[]) => Promise<HeadGradients>,
) {
  const graph = weighting === 'equal' ? undefined : await compiled(sources)
  const moments: (Float64Array | undefined)[] = sources.map(() => undefined)
  const totals = new Float64Array(sources.length)
  let updates = 0

  /** λ of the sources that are there. */
  const mixed = async (
    fed: InputValues<InputSpecs>,
    of: Int32Array,
    weights: Float32Array,
    present: readonly number[],
  ) => {
    if (!graph)
      return {
        weights: Float64Array.from(present, () => 1 / present.length),
        norm: Number.NaN,
        losses: present.map(() => Number.NaN),
      }
    const found = await graph({ ...fed, weight: weights, source: of })
    const width = found.gradients.data.length / sources.length
    const own = present.map((from) => {
      const before = moments[from]
      const moment = Float64Array.from({ length: width }, (_, k) => {
        const now = Number(found.gradients.data[from * width + k])
        return before === undefined ? now : (1 - momentum) * (before[k] as number) + momentum * now
      })
      moments[from] = moment
      return moment
    })
    const losses = present.map((from) => Number(found.losses.data[from]))
    const scaled = normalizeGradients(own, losses, normalize)
    const { weights: lambda, norm } = minNormWeights(scaled)
    const longest = Math.sqrt(Math.max(...scaled.map((gradient) => gradient.reduce((sum, x) => sum + x * x, 0))))
    return { weights: norm <= stationary * longest ? lambda.map(() => 0) : lambda, norm, losses }
  }

  return {
    /** What each pair counts, T λ_t w_i: [pairs]. */
    async weigh(fed: InputValues<InputSpecs>, pairs: Int32Array, weights: Float32Array, update: number) {
      const of = pairs.map((pair) => source[pair] as number)
      const present = [...new Set(of)].sort((i, j) => i - j)
      const found = await mixed(fed, of, weights, present)
      const all = new Float64Array(sources.length)
      const losses = new Float64Array(sources.length).fill(Number.NaN)
      present.forEach((from, at) => {
        all[from] = found.weights[at] as number
        losses[from] = found.losses[at] as number
        totals[from] = (totals[from] as number) + (found.weights[at] as number)
      })
      updates++
      onWeights?.({ update, weights: all, norm: found.norm, losses })
      return weights.map((weight, at) => present.length * (all[of[at] as number] as number) * weight)
    },
    mean: (from: number): number => (totals[from] as number) / updates,
    async dispose() {
      await graph?.dispose()
    },
  }
}
