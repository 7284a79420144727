import { z } from 'zod'
import { type Run, startRun } from '../../run/index.ts'
import type { LossContext, Symbolic, Tensor } from '../../tensor/index.ts'
import type { ScoreHeadParameters } from '../head/score-head.ts'
import { type FitPreferences, fitPreferences } from '../model/fit-preferences.ts'

import type { FittedModel, LabelledPairs, ModelKind } from '../model/model-kind.ts'
import { logitOf } from '../model/pair-graph.ts'
import { type RewardOptions, rewardKind } from '../model/reward-kind.ts'
import { checkedPairs, type PairData, takePairs, withColumns } from '../pairs/pair-data.ts'
import { splitPairs } from '../split.ts'
import { contrastiveRewardKind } from './contrastive-reward.ts'
import {
  flipLabels,
  flipStrength,
  type PreferenceStrength,
  strengthBins,
  takeStrength,
  weakestPairs,
} from './strength.ts'
import { exposedFrom, signedLead, strengthLoss } from './strength-loss.ts'

/** What {@link fitByStrength} makes of preference strength. Without any of it, it is plain training. */
export const strengthTrainingSchema = z.strictObject({
  /** Share of the decided pairs, from the weakest on, whose labels are turned round. Default 0; 0.1 in the final recipe. */
  flip: z.number().min(0).max(1).default(0),
  /** α: labels become 1 − α and α. Default 0; 0.1 is ours, from a grid of 0.05 to 0.5. */
  smoothing: z.number().min(0).lt(0.5).default(0),
  /** Which labels are softened: those the ensemble is against (û < 0, after flipping), or all. Default `doubted`. */
  smooth: z.enum(['doubted', 'all']).default('doubted'),
  /**
   * û as the lead the preferred side should have: as it is, so that doubted pairs are pushed less; or never below 0.
   * Default `none`.
   */
  margin: z.enum(['none', 'raw', 'clampedAtZero']).default('none'),
  /** Strongest pairs first: one more bin joins after every so many epochs. Default all at once. */
  curriculum: z
    .strictObject({
      /** Default 10. */
      bins: z.int().min(2).default(10),
      /** Epochs until the next bin joins. Default 1. */
      epochs: z.int().min(1).default(1),
    })
    .optional(),
})
export type StrengthTraining = z.input<typeof strengthTrainingSchema>

/** The combinations the paper compares; soft labels with margins had the steadiest validation loss. */
export const strengthRecipes = {
  flip: { flip: 0.1 },
  margin: { margin: 'raw' },
  flipAndMargin: { flip: 0.1, margin: 'raw' },
  softLabelAndMargin: { smoothing: 0.1, margin: 'raw' },
} as const satisfies Readonly<Record<string, StrengthTraining>>

export interface FitByStrength<O, P> extends Omit<FitPreferences<O, P>, 'kind' | 'loss'> {
  /** Default {@link rewardKind}; `contrastiveRewardKind` adds a contrastive loss. */
  readonly kind?: ModelKind<O, P>
  /** Of the pairs of `data`, in their order. */
  readonly strength: PreferenceStrength
  readonly training?: StrengthTraining
}

/**
 * The pairs as {@link fitByStrength} trains on them: labels turned round and softened, columns `lead` (by which a should
 * lead b) and `fromEpoch` (from which a pair counts).
 *
 * @throws {RangeError} when there is no strength of each pair
 */
export function strengthenedPairs(data: PairData, strength: PreferenceStrength, training: StrengthTraining): PairData {
  const { flip, smoothing, smooth, margin, curriculum } = strengthTrainingSchema.parse(training)
  const count = data.a.length
  if (strength.mean.length !== count)
    throw new RangeError(`there are strengths of ${strength.mean.length} pairs for ${count} pairs`)
  const turned = weakestPairs(strength, flip)
  const flipped = flipLabels(data, turned)
  const after = flipStrength(strength, turned)
  const bins = curriculum && strengthBins(after, curriculum.bins)
  const columns = {
    ...(margin !== 'none' && {
      [signedLead]: Float32Array.from(flipped.targets, (target, pair) => {
        const lead = after.mean[pair] as number
        return (2 * target - 1) * (margin === 'raw' ? lead : Math.max(0, lead))
      }),
    }),
    ...(curriculum &&
      bins && {
        [exposedFrom]: bins.map((bin) => (bin < 0 ? 0 : (curriculum.bins - 1 - bin) * curriculum.epochs)),
      }),
  }
  const targets = flipped.targets.map((target, pair) => {
    const soft = smooth === 'all' || (after.mean[pair] as number) < 0
    return soft && smoothing > 0 ? (1 - 2 * smoothing) * target + smoothing : target
  })
  return withColumns({ ...flipped, targets }, columns)
}

/**
 * Fits a preference model to noisy labels by how strongly an ensemble holds with them: the weakest labels turned round,
 * doubted ones softened, margins as large as the strength, the strongest pairs first,
 *
 *     ℓ_i = −(1 − α_i) ln σ(r_c − r_r − û_i) − α_i ln σ(r_r − r_c + û_i)
 *
 * Margins are constants and belong to training alone: probabilities are told without them, and a margin that is the same
 * for all pairs only moves log-odds. Held-out pairs (`validation`) keep the labels they came with.
 *
 * @throws {RangeError} when there is no strength of each pair, a margin or curriculum is asked of a kind with a loss of
 *   its own, and as `fitPreferences`
 * @throws {z.ZodError} when an option is out of range
 * @see Wang et al. (2024), arXiv 2401.06080
 * @example
 * const strength = await annotateStrength({ kind: rewardKind, data }, run)
 * const model = await fitByStrength({ data, strength, training: strengthRecipes.softLabelAndMargin }, run)
 */
export function fitByStrength(
  given: Omit<FitByStrength<RewardOptions, ScoreHeadParameters>, 'kind'>,
  run?: Run,
): Promise<FittedModel<RewardOptions, ScoreHeadParameters>>
export function fitByStrength<O, P>(
  given: FitByStrength<O, P> & { readonly kind: ModelKind<O, P> },
  run?: Run,
): Promise<FittedModel<O, P>>
export async function fitByStrength<O, P>(
  given: FitByStrength<O, P>,
  run: Run = startRun(),
): Promise<FittedModel<O, P>> {
  const { strength, training = {}, validation, ...fit } = given
  const kind = given.kind ?? (rewardKind as unknown as ModelKind<O, P>)
  const { margin, curriculum } = strengthTrainingSchema.parse(training)
  const contrastive = kind.name === contrastiveRewardKind.name
  if (kind.loss && !contrastive && (margin !== 'none' || curriculum))
    throw new RangeError(
      `${kind.name} trains by a loss of its own, which knows neither margins nor a curriculum; expected a kind without one, or contrastiveRewardKind`,
    )
  checkedPairs(given.data)
  const places = Int32Array.from(given.data.a, (_, pair) => pair)
  const [kept, held] =
    typeof validation === 'number'
      ? splitPairs(given.data, { by: 'context', shares: [1 - validation, validation] }, run.random('validation'))
      : [places]
  const learned = kept as Int32Array
  const strengthened = strengthenedPairs(
    typeof validation === 'number' ? takePairs(given.data, learned) : given.data,
    typeof validation === 'number' ? takeStrength(strength, learned) : strength,
    training,
  )
  const heldOut = held ? takePairs(given.data, held) : (validation as PairData | undefined)
  const { batchSize = 256 } = given
  const updatesPerEpoch = Math.ceil(learned.length / batchSize)
  const data = inUpdates(strengthened, updatesPerEpoch)
  const options = kind.options.parse(given.options ?? {})
  // Without columns to read, training is the kind's own, to the last digit.
  const led = !kind.loss && (margin !== 'none' || curriculum !== undefined)
  const loss = (parameters: Symbolic<P>, pairs: LabelledPairs, _: O, context: LossContext): Tensor =>
    strengthLoss(logitOf(kind, parameters, pairs, options), pairs, context)
  return fitPreferences(
    { ...fit, kind, data, batchSize, ...(heldOut && { validation: heldOut }), ...(led && { loss }) },
    run,
  )
}

/** Epochs from which pairs count, as updates. */
function inUpdates(data: PairData, updatesPerEpoch: number): PairData {
  const from = data.columns[exposedFrom]
  if (from === undefined) return data
  return withColumns(data, {
    [exposedFrom]: Float32Array.from(from.data as Float32Array, (epoch) => epoch * updatesPerEpoch),
  })
}
