import { applyNextItNet, initNextItNet, type NextItNetParameters } from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import { at } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import { assertSizes, type SequenceNetwork } from './sequence-network.ts'

export interface NextItNetNetworkOptions {
  /** Most items of a history that are read. Default 50. */
  readonly length?: number
  /** Default 64. */
  readonly width?: number
  /** Pairs of residual blocks, with dilations 1 and 4. Default 5. */
  readonly blocks?: number
  /** Positions that a convolution sees. Default 3. */
  readonly kernel?: number
}

/** NextItNet with its numbers at the start. @throws {RangeError} on sizes out of range */
export function nextItNetNetwork(
  items: number,
  options: NextItNetNetworkOptions,
  random: Random,
): SequenceNetwork<NextItNetParameters> {
  const { length = 50, width = 64, blocks = 5, kernel = 3 } = options
  assertSizes({ items, length, width, blocks, kernel })
  const config = { items, length, width, kernel, dilations: Array.from({ length: blocks }, () => [1, 4]).flat() }
  return {
    kind: 'next-it-net',
    ...{ items, length, width },
    parameters: initNextItNet(random, config),
    lengths: 'named',
    settings: { items, length, width, blocks, kernel },
    states: (parameters, ids, inputs) => applyNextItNet(parameters, ids, config, inputs),
    last: (parameters, ids, inputs) => at(applyNextItNet(parameters, ids, config, inputs), 1, -1),
  }
}

export interface NextItNetOptions extends NextItNetNetworkOptions, SequentialFitOptions {}

/**
 * NextItNet: causal convolutions over a history say what comes next. Sizes are those of the comparison in Ada-Retrieval's
 * program.
 *
 * @param train histories to learn from, and what is not recommended again
 * @throws {RangeError} on options out of range, or when no history has two items
 * @see Yuan, Karatzoglou, Arapakis, Jose, He, A Simple Convolutional Generative Network for Next Item Recommendation, WSDM
 *   2019, arXiv 1808.05163
 * @example
 * const model = await nextItNet(train, { valid, blocks: 2 }, startRun({ seed: 1 }))
 */
export async function nextItNet(
  train: InteractionSet,
  options: NextItNetOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  return fitSequential(nextItNetNetwork(train.items, options, run.random('next-it-net/start')), train, options, run)
}
