import {
  applyGru,
  applyLinear,
  earlier,
  type GruParameters,
  initGru,
  initLinear,
  type LinearParameters,
  normalValue,
} from '../../nets/index.ts'
import { type Random, type Run, startRun } from '../../run/index.ts'
import { at, dropout as drop, gather, notEqual, type Symbolic, type Tensor } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import {
  assertShares,
  assertSizes,
  type PackedInputs,
  type SequenceNetwork,
  type SequenceParameters,
} from './sequence-network.ts'

export interface Gru4recNetworkOptions {
  /** Most items of a history that are read. Default 50. */
  readonly length?: number
  /** Of the embeddings. Default 64. */
  readonly width?: number
  /** Of the GRU's state. Default 128. */
  readonly hidden?: number
  /** Default 1. */
  readonly layers?: number
  /** Share of the embeddings that is dropped in training. Default 0.3. */
  readonly dropout?: number
}

export interface Gru4recParameters extends SequenceParameters {
  readonly gru: GruParameters
  /** [width, hidden] */
  readonly output: LinearParameters
}

/** GRU4Rec with its numbers at the start. @throws {RangeError} on sizes out of range */
export function gru4recNetwork(
  items: number,
  options: Gru4recNetworkOptions,
  random: Random,
): SequenceNetwork<Gru4recParameters> {
  const { length = 50, width = 64, hidden = 128, layers = 1, dropout = 0.3 } = options
  assertSizes({ items, length, width, hidden, layers })
  assertShares({ dropout })
  const states = (
    parameters: Symbolic<Gru4recParameters>,
    ids: Tensor,
    { key, embedded = gather(parameters.items, ids), segments }: PackedInputs = {},
  ): Tensor => {
    const read = key && dropout > 0 ? drop(embedded, dropout, key) : embedded
    const made = applyGru(parameters.gru, read, {
      mask: notEqual(ids, 0),
      ...(segments && { starts: begins(segments) }),
    })
    return applyLinear(parameters.output, made.states)
  }
  return {
    kind: 'gru4rec',
    ...{ items, length, width },
    parameters: {
      items: normalValue(random, [items + 1, width], 1 / Math.sqrt(width)),
      gru: initGru(random, { inputs: width, hidden, layers }),
      output: initLinear(random, hidden, width),
    },
    lengths: 'numbers',
    settings: { items, length, width, hidden, layers, dropout },
    states,
    last: (parameters, ids, inputs) => at(states(parameters, ids, inputs), 1, -1),
  }
}

/** Whether a position is the first of its segment: [batch, length] → bool [batch, length]. */
function begins(segments: Tensor): Tensor {
  return notEqual(segments, earlier(segments, 1))
}

export interface Gru4recOptions extends Gru4recNetworkOptions, SequentialFitOptions {}

/**
 * GRU4Rec: a recurrent network reads a history and says what comes next. It is the form in which the method is compared
 * today (RecBole's and UniRec's: whole histories, one layer of 128 units, embeddings that are also the output's), with
 * their sizes and dropout; the original was made for anonymous sessions.
 *
 * @param train histories to learn from, and what is not recommended again
 * @throws {RangeError} on options out of range, or when no history has two items
 * @see Hidasi, Karatzoglou, Baltrunas, Tikk, Session-based Recommendations with Recurrent Neural Networks, ICLR 2016,
 *   arXiv 1511.06939; Tan, Xu, Liu, Improved Recurrent Neural Networks for Session-based Recommendations, 2016, arXiv
 *   1606.08117
 * @example
 * const model = await gru4rec(train, { valid }, startRun({ seed: 1 }))
 */
export async function gru4rec(
  train: InteractionSet,
  options: Gru4recOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  return fitSequential(gru4recNetwork(train.items, options, run.random('gru4rec/start')), train, options, run)
}
