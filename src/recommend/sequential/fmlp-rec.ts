import { applyFmlp, type FmlpParameters, initFmlp } from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import { at } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import { assertShares, assertSizes, type SequenceNetwork } from './sequence-network.ts'

export interface FmlpRecNetworkOptions {
  /** Most items of a history that are read. Default 50. */
  readonly length?: number
  /** Default 64. */
  readonly width?: number
  /** Default 2. */
  readonly layers?: number
  /** Inner width of the feed-forward parts. Default 4 · width. */
  readonly hidden?: number
  /** Share dropped in training. Default 0.5. */
  readonly dropout?: number
}

/** FMLP-Rec with its numbers at the start. @throws {RangeError} on sizes out of range */
export function fmlpRecNetwork(
  items: number,
  options: FmlpRecNetworkOptions,
  random: Random,
): SequenceNetwork<FmlpParameters> {
  const { length = 50, width = 64, layers = 2, hidden = 4 * width, dropout = 0.5 } = options
  assertSizes({ items, length, width, layers, hidden })
  assertShares({ dropout })
  const config = { items, length, width, layers, hidden, dropout }
  return {
    kind: 'fmlp-rec',
    ...{ items, length, width },
    parameters: initFmlp(random, config),
    lengths: 'whole',
    settings: config,
    last: (parameters, ids, inputs) => at(applyFmlp(parameters, ids, config, inputs), 1, -1),
  }
}

export interface FmlpRecOptions extends FmlpRecNetworkOptions, SequentialFitOptions {}

/**
 * FMLP-Rec: learnable filters over a history say what comes next. Sizes are its authors'.
 *
 * A filter sees the whole row, so each pass learns from one item of each user, drawn anew.
 *
 * @param train histories to learn from, and what is not recommended again
 * @throws {RangeError} on options out of range, or when no history has two items
 * @see Zhou, Yu, Zhao, Wen, Filter-enhanced MLP is All You Need for Sequential Recommendation, WWW 2022, arXiv 2202.13556
 * @example
 * const model = await fmlpRec(train, { valid }, startRun({ seed: 1 }))
 */
export async function fmlpRec(
  train: InteractionSet,
  options: FmlpRecOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  return fitSequential(fmlpRecNetwork(train.items, options, run.random('fmlp-rec/start')), train, options, run)
}
