import { applySrGnn, initSrGnn, type SrGnnParameters } from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import { assertSizes, type SequenceNetwork } from './sequence-network.ts'

export interface SrGnnNetworkOptions {
  /** Most items of a history that are read. Default 50. */
  readonly length?: number
  /** Default 64. */
  readonly width?: number
  /** Rounds of messages. Default 1. */
  readonly steps?: number
}

/** SR-GNN with its numbers at the start. @throws {RangeError} on sizes out of range */
export function srGnnNetwork(
  items: number,
  options: SrGnnNetworkOptions,
  random: Random,
): SequenceNetwork<SrGnnParameters> {
  const { length = 50, width = 64, steps = 1 } = options
  assertSizes({ items, length, width, steps })
  const config = { items, length, width, steps }
  return {
    kind: 'sr-gnn',
    ...{ items, length, width },
    parameters: initSrGnn(random, config),
    lengths: 'named',
    settings: config,
    last: (parameters, ids, inputs) => applySrGnn(parameters, ids, config, inputs),
  }
}

export interface SrGnnOptions extends SrGnnNetworkOptions, SequentialFitOptions {}

/**
 * SR-GNN: a history as a graph of items says what comes next. One round of messages, as its authors found best.
 *
 * A history is read as a whole, so each pass learns from one item of each user, drawn anew.
 *
 * @param train histories to learn from, and what is not recommended again
 * @throws {RangeError} on options out of range, or when no history has two items
 * @see Wu, Tang, Zhu, Wang, Xie, Tan, Session-based Recommendation with Graph Neural Networks, AAAI 2019, arXiv 1811.00855
 * @example
 * const model = await srGnn(train, { valid }, startRun({ seed: 1 }))
 */
export async function srGnn(
  train: InteractionSet,
  options: SrGnnOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  return fitSequential(srGnnNetwork(train.items, options, run.random('sr-gnn/start')), train, options, run)
}
