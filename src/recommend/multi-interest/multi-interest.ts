import { type Run, startRun } from '../../run/index.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitInterests, type InterestFitOptions } from './fit-interests.ts'
import { type InterestModel, type InterestModelOptions, interestModel } from './interest-models.ts'
import type { InterestRecommender } from './interest-recommender.ts'

export interface MultiInterestOptions extends InterestModelOptions, InterestFitOptions {
  /** Default `comirec-sa`. */
  readonly model?: InterestModel
  /** p of the label-aware attention. Default ∞: the nearest interest alone, as ComiRec's authors. */
  readonly power?: number
}

/**
 * Recommendations by several vectors of a user, as MIND and ComiRec, or by one, the mean of the history: what `hcn` is
 * compared with. Training, scores and everything else are those of `hcn`; with `scoring: 'target'` training is what the
 * authors of MIND and ComiRec publish; by it ComiRec-SA found less in every comparison made here.
 *
 * @param train histories in order of time
 * @throws {RangeError} on options out of range, or when nobody has two items and has left some
 * @see `interestModel`
 * @example
 * const model = await multiInterest(train, { model: 'mind', valid }, startRun({ seed: 1 }))
 */
export async function multiInterest(
  train: InteractionSet,
  options: MultiInterestOptions = {},
  run: Run = startRun(),
): Promise<InterestRecommender> {
  const { model = 'comirec-sa' } = options
  const network = interestModel(train.items, model, options, run.random(`${model}/start`))
  return fitInterests(network, train, { power: Number.POSITIVE_INFINITY, ...options }, run)
}
