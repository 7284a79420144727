import { applySasrec, initSasrec, type SasrecParameters } from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import { at } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import { assertShares, assertSizes, type SequenceNetwork } from './sequence-network.ts'

export interface SasrecNetworkOptions {
  /** Most items of a history that are read. Default 50. */
  readonly length?: number
  /** Default 64. */
  readonly width?: number
  /** Default 2. */
  readonly layers?: number
  /** Divides the width. Default 2. */
  readonly heads?: number
  /** Inner width of the feed-forward parts. Default: width. */
  readonly hidden?: number
  /** Share dropped in training. Default 0.5. */
  readonly dropout?: number
}

/** SASRec with its numbers at the start. @throws {RangeError} on sizes out of range */
export function sasrecNetwork(
  items: number,
  options: SasrecNetworkOptions,
  random: Random,
): SequenceNetwork<SasrecParameters> {
  const { length = 50, width = 64, layers = 2, heads = 2, hidden = width, dropout = 0.5 } = options
  assertSizes({ items, length, width, layers, heads, hidden })
  assertShares({ dropout })
  if (width % heads !== 0) throw new RangeError(`width ${width} does not divide by ${heads} heads`)
  const config = { items, length, width, layers, heads, hidden, dropout }
  return {
    kind: 'sasrec',
    ...{ items, length, width },
    parameters: initSasrec(random, config),
    lengths: 'named',
    settings: config,
    states: (parameters, ids, inputs) => applySasrec(parameters, ids, config, inputs),
    last: (parameters, ids, inputs) => at(applySasrec(parameters, ids, config, inputs), 1, -1),
  }
}

export interface SasrecOptions extends SasrecNetworkOptions, SequentialFitOptions {}

/**
 * SASRec: self-attention over a history says what comes next. The architecture is that of Kang & McAuley 2018; width,
 * heads, batch and dropout are those of S3-Rec's authors for the Amazon sets (dropout 0.5 also of SASRec's own, for
 * sparse data).
 *
 * The objective is the softmax over the whole catalogue, which finds more than the published one (`loss: 'bce'`, one
 * negative an item); that one is for catalogues too large for it.
 *
 * @param train histories to learn from, and what is not recommended again
 * @throws {RangeError} on options out of range, or when no history has two items
 * @see Kang & McAuley, Self-Attentive Sequential Recommendation, ICDM 2018, arXiv 1808.09781; Zhou et al., S3-Rec, CIKM
 *   2020, arXiv 2008.07873; Klenitskiy & Vasilev, Turning Dross Into Gold Loss, RecSys 2023, arXiv 2309.07602
 * @example
 * const { train, valid, test } = leaveOneOut(set)
 * const model = await sasrec(train, { valid }, startRun({ seed: 1 }))
 * await model.recommend({ histories: [[3, 17, 4]] }, { count: 10 })
 */
export async function sasrec(
  train: InteractionSet,
  options: SasrecOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  return fitSequential(sasrecNetwork(train.items, options, run.random('sasrec/start')), train, options, run)
}
