import { z } from 'zod'
import { sub } from '../../tensor/index.ts'
import { rankList } from '../loss/list-losses.ts'
import type { ListLoss } from './fit-lists.ts'

/** How {@link rankListLoss} trains. */
export const rankListTrainingSchema = z.strictObject({
  /** Default `exact`; `logSumExp` costs one reduction per list and attends to what is most out of order. */
  form: z.enum(['exact', 'logSumExp']).default('exact'),
  /** How many places apart items are compared. Default all; `[1]` is local alone. */
  skips: z.union([z.literal('all'), z.array(z.int().min(1)).min(1)]).default('all'),
  /** W, the least difference of labels for a comparison. Default 0: equal labels alone are not compared. */
  minimumGap: z.number().min(0).default(0),
  /** γ: comparisons k places apart count γ^{k−1}. Default 1. */
  decay: z.number().positive().default(1),
  /** T divides scores. Default 1. */
  temperature: z.number().positive().default(1),
  /**
   * Which skips are there from the start: all (`whole`); neighbours, and then ever larger ones (`nearFirst`); or the
   * largest, and then ever smaller ones (`farFirst`). The paper exposes ever more complex structures without saying in
   * which order. Default whole.
   */
  exposure: z.enum(['whole', 'nearFirst', 'farFirst']).default('whole'),
  /** Epochs until the next skip is added. Default: so that half of the training sees all of them. */
  exposureEpochs: z.int().min(1).optional(),
})
export type RankListTraining = z.input<typeof rankListTrainingSchema>

/**
 * RankList's loss for {@link fitLists}: every neighbour of a list, and every item several places apart, should be in
 * order, all at once or by and by. The formula is `rankList`'s.
 *
 * The comparisons of a list of two are RankNet's; `skips: [1]` is the local form; with `form: 'logSumExp'` products of
 * violations are left out, so that the loss is at most the exact one. The exact form is a mean over comparisons, the
 * other one a mean over lists, so that learning rates are on two scales.
 *
 * @throws {z.ZodError} when an option is out of range
 * @throws {RangeError} when some skips are to be exposed by and by
 * @see Naini, Diaz & Busso (2025), "RankList: a listwise preference learning framework for predicting subjective
 *   preferences", arXiv 2508.09826. Its text was not to be had beyond the abstract; the probability of a list as the
 *   product of its comparisons' is our reading of it.
 * @example
 * const model = await fitLists({ data, options: { hidden: [32] }, loss: rankListLoss({ exposure: 'nearFirst' }) })
 */
export function rankListLoss(given: RankListTraining = {}): ListLoss {
  const { exposure, exposureEpochs, skips, ...options } = rankListTrainingSchema.parse(given)
  if (exposure !== 'whole' && skips !== 'all')
    throw new RangeError(`rankListLoss: exposure is ${exposure}, which exposes all skips, and skips are [${skips}]`)
  return (scores, labels, lists, { scalar, updatesPerEpoch, epochs, longest }) => {
    if (exposure === 'whole') return rankList(scores, labels, { ...options, ...lists, skips })
    const largest = Math.max(1, longest - 1)
    const every = exposureEpochs ?? Math.max(1, Math.floor(epochs / 2 / largest))
    const exposed = scalar((step) => Math.min(largest, 1 + Math.floor((step - 1) / (updatesPerEpoch * every))))
    return rankList(scores, labels, {
      ...options,
      ...lists,
      skips: exposure === 'nearFirst' ? { to: exposed } : { from: sub(largest + 1, exposed) },
    })
  }
}
