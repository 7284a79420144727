import { z } from 'zod'
import { type Run, startRun } from '../../run/index.ts'
import {
  abs,
  add,
  at,
  cast,
  constant,
  dimAt,
  div,
  expandDims,
  flatten,
  gather,
  gradients,
  greaterOrEqual,
  type LossContext,
  mapTree,
  mean,
  mul,
  reshape,
  type Symbolic,
  sigmoid,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type Tree,
  value,
  where,
} from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import type { ScoreHeadParameters } from '../head/score-head.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { type FitPreferences, fitPreferences } from '../model/fit-preferences.ts'

import type { FittedModel, LabelledPairs, ModelKind } from '../model/model-kind.ts'
import { encodedRows, logitOf } from '../model/pair-graph.ts'
import { type RewardOptions, rewardKind } from '../model/reward-kind.ts'
import { matrixOf, type Table, withColumns } from '../pairs/pair-data.ts'

/**
 * J, how far apart a model scores the responses to a prompt: the mean over prompts of
 *
 *     (2/k²) Σ_{i<j} σ(|s_i − s_j|)
 *
 * It is (k − 1)/(2k) where all scores are equal (and has no gradient there), and below (k − 1)/k.
 *
 * @param scores [prompts, k]
 * @returns a scalar
 */
export function responseDifference(scores: Tensor): Tensor {
  const k = dimAt(scores.shape, -1)
  if (typeof k !== 'number' || k < 2)
    throw new RangeError(`responseDifference: there are ${k} responses to a prompt, expected a known number from 2`)
  const apart = sigmoid(abs(sub(expandDims(scores, -1), expandDims(scores, -2))))
  // Each pair stands there twice, and each response once beside itself, as σ(0).
  const pairs = div(sub(sum(apart, [-2, -1]), k / 2), 2)
  return mean(mul(pairs, 2 / k ** 2))
}

/** How {@link fitMetaReward} trains. */
export const metaTrainingSchema = z.strictObject({
  /** η, the step up J. Default 0.01, the learning rate of the fit (the paper's is not known). */
  metaRate: z.number().min(0).default(0.01),
  /**
   * `first`: the gradient at θ′ is applied at θ (the paper); `second`: the step to θ′ is differentiated through, which
   * adds η H_J ∇L(θ′). Default first.
   */
  order: z.enum(['first', 'second']).default('first'),
})
export type MetaTraining = z.input<typeof metaTrainingSchema>

export interface FitMetaReward<O, P> extends Omit<FitPreferences<O, P>, 'kind' | 'loss' | 'contextEncoder'> {
  /** Default {@link rewardKind}. */
  readonly kind?: ModelKind<O, P>
  /**
   * Responses of the current policy, k to each prompt, unlabelled: their features prompt after prompt
   * ([prompts · k, width]), or judgements for the encoder.
   */
  readonly responses: Table | readonly Judgement[]
  /** k, at least 2. */
  readonly perPrompt: number
  readonly meta?: MetaTraining
}

/**
 * MetaRM: a reward model that keeps telling apart the responses of a policy that has moved on, though nobody labelled
 * them. In each update
 *
 *     θ′ = θ + η ∇J(θ)  on the responses to as many prompts as the batch has pairs,
 *     θ ← θ − α ∇L(θ′)  on labelled pairs
 *
 * with J the {@link responseDifference} and L the pairwise logistic loss. Where the responses to a prompt are all alike,
 * J has no gradient and this is plain training. When the policy moves on again, fit again with its responses and
 * `parameters` of the model before; labels stay as they are. Responses must be features, or read by a frozen encoder.
 *
 * @returns the model
 * @throws {RangeError} when the responses do not come in lists of k, the encoder is trained, or the kind has a loss of its
 *   own
 * @see Wang et al. (2024), arXiv 2401.06080; Dou et al. (2024), "MetaRM: shifted distributions alignment via
 *   meta-learning", arXiv 2405.00438
 * @example
 * const model = await fitMetaReward({ data, responses, perPrompt: 4, parameters: before.parameters })
 */
export function fitMetaReward(
  given: Omit<FitMetaReward<RewardOptions, ScoreHeadParameters>, 'kind'>,
  run?: Run,
): Promise<FittedModel<RewardOptions, ScoreHeadParameters>>
export function fitMetaReward<O, P>(
  given: FitMetaReward<O, P> & { readonly kind: ModelKind<O, P> },
  run?: Run,
): Promise<FittedModel<O, P>>
export async function fitMetaReward<O, P>(
  given: FitMetaReward<O, P>,
  run: Run = startRun(),
): Promise<FittedModel<O, P>> {
  const { responses, perPrompt, meta = {}, ...fit } = given
  const kind = given.kind ?? (rewardKind as unknown as ModelKind<O, P>)
  if (kind.loss)
    throw new RangeError(
      `${kind.name} trains by a loss of its own, which a meta step would leave out; expected a kind without one`,
    )
  const options = kind.options.parse(given.options ?? {})
  const { metaRate, order } = metaTrainingSchema.parse(meta)
  const table = await responseTable(given)
  const prompts = table.rows / perPrompt
  if (!(Number.isInteger(perPrompt) && perPrompt >= 2 && Number.isInteger(prompts) && prompts >= 1))
    throw new RangeError(
      `fitMetaReward: ${table.rows} responses are not ${perPrompt} to each prompt, expected at least 2 to each of some`,
    )
  const held = constant(value(table.data, [prompts, perPrompt, table.columns]))
  // A prompt for each pair, so that a batch of pairs comes with a batch of prompts, all of them in turn.
  const count = given.data.a.length
  const random = run.random('meta/prompts')
  const turns: number[] = []
  while (turns.length < Math.max(count, prompts))
    turns.push(...random.shuffle(Array.from({ length: prompts }, (_, prompt) => prompt)))
  const inTurn = constant(value(Float32Array.from(turns)))
  const updatesPerEpoch = Math.ceil(count / (given.batchSize ?? 256))
  const loss = (parameters: Symbolic<P>, pairs: LabelledPairs, _: O, { scalar }: LossContext) => {
    // Of more prompts than pairs, each epoch goes on where the one before ended.
    const from = scalar((step) => (count * Math.floor((step - 1) / updatesPerEpoch)) % turns.length)
    const turn = add(pairs.columns['turn'] as Tensor, from)
    const place = where(greaterOrEqual(turn, turns.length), sub(turn, turns.length), turn)
    const chosen = gather(held, cast(gather(inTurn, cast(place, 'int64')), 'int64'))
    const flat = kind.score(parameters, { features: flatten(chosen, 0, 1) }, options)
    const scores = reshape(at(flat, -1, 0), [dimAt(chosen.shape, 0), perPrompt])
    const difference = responseDifference(scores)
    const { target, weight } = pairs
    const moved = metaStep(parameters, difference, metaRate, order)
    return { loss: pairLoss(logitOf(kind, moved, pairs, options), { target, weight }), difference }
  }
  const data = withColumns(given.data, { turn: Array.from({ length: count }, (_, pair) => pair) })
  return fitPreferences({ ...fit, kind, data, loss }, run)
}

/**
 * θ′ = θ + η ∇J(θ), as a graph: the parameters of a meta step.
 *
 * @param objective J, a scalar that depends on the parameters
 * @param order `first` lets no gradient through ∇J, so that the gradient at θ′ is that for θ
 */
export function metaStep<P>(
  parameters: Symbolic<P>,
  objective: Tensor,
  rate: number,
  order: 'first' | 'second' = 'first',
): Symbolic<P> {
  const slopes = new Map<Tensor, Tensor>()
  const own: Tensor[] = []
  const isLeaf = (candidate: unknown): candidate is Tensor =>
    typeof candidate === 'object' && candidate !== null && 'node' in candidate && 'dtype' in candidate
  mapTree(parameters, isLeaf, (leaf: Tensor) => {
    if (leaf.dtype.startsWith('float')) own.push(leaf)
    return leaf
  })
  const found = gradients(objective, own as readonly Tree<Tensor>[]) as readonly Tensor[]
  own.forEach((leaf, index) => {
    slopes.set(leaf, found[index] as Tensor)
  })
  return mapTree(parameters, isLeaf, (leaf: Tensor) => {
    const slope = slopes.get(leaf)
    if (slope === undefined) return leaf
    return add(leaf, mul(order === 'first' ? stopGradient(slope) : slope, rate))
  }) as Symbolic<P>
}

async function responseTable({
  responses,
  data,
  encoder,
}: Pick<FitMetaReward<unknown, unknown>, 'responses' | 'data' | 'encoder'>) {
  const judged = isJudgements(responses)
  const read = encoder ?? ('columns' in data.rows ? plainFeatures(data.rows.columns) : undefined)
  if (read === undefined) throw new RangeError('the pairs hold judgements: an encoder is needed to read them')
  if (!read.frozen)
    throw new RangeError(
      `fitMetaReward: ${read.description.kind} is trained with the model; responses must be read by a frozen encoder`,
    )
  const rows = await encodedRows(read, judged ? responses : matrixOf(responses, 'responses'), 'responses')
  if (!('columns' in rows)) throw new TypeError('a frozen encoder gave no features')
  return rows
}

function isJudgements(responses: Table | readonly Judgement[]): responses is readonly Judgement[] {
  return Array.isArray(responses) && !Array.isArray(responses[0])
}
