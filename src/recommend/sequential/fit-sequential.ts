import { type Run, startRun } from '../../run/index.ts'
import {
  adam,
  chain,
  clipByGlobalNorm,
  flatten,
  gather,
  mean,
  type Optimizer,
  reshape,
  type SessionOptions,
  type Symbolic,
  spec,
  type Tensor,
  trainStep,
} from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { historiesOf, type Sequences } from '../interactions/sequences.ts'
import { fitSampled, type SampledFitOptions } from '../sampled/fit-sampled.ts'
import { historyEncoder } from './history-encoder.ts'
import { historySamples } from './history-samples.ts'
import { type NextItemLoss, nextItemLosses } from './next-item-loss.ts'
import { assertSizes, type SequenceInputs, type SequenceNetwork, type SequenceParameters } from './sequence-network.ts'
import { sequentialOf } from './sequential-recommender.ts'

/** How a network over histories is trained. */
export interface SequentialFitOptions extends SampledFitOptions {
  /** Default `softmax`, which tells the next item from all others at once. */
  readonly loss?: NextItemLoss
  /** Items drawn for each target, for `bce` and `bpr`. Default 1. */
  readonly negatives?: number
  /**
   * Whether `every` item of a history is learned from in each pass, or `one` drawn for each user. Default `every` where
   * the network allows it.
   */
  readonly targets?: 'every' | 'one'
  /** Adam's. Default 1e-3. */
  readonly learningRate?: number
  /** Longest gradient; longer ones are shortened to it. Default none. */
  readonly clip?: number
  /** Users in a step. Default 256. */
  readonly batchSize?: number
  /** Default 200. */
  readonly epochs?: number
  /** What each user did in order, repeats and all. Default: the histories of the training set, each item once. */
  readonly sequences?: Sequences
  /** Where and on how many threads graphs run. */
  readonly session?: SessionOptions
}

/** Adam, with gradients shortened first where a longest one is given. @throws {RangeError} on numbers out of range */
export function sequenceOptimizer({ learningRate = 1e-3, clip }: SequentialFitOptions): Optimizer {
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (clip !== undefined && !(clip > 0)) throw new RangeError(`clip is ${clip}, expected a positive number`)
  return clip === undefined ? adam({ learningRate }) : chain(clipByGlobalNorm(clip), adam({ learningRate }))
}

/** The histories to train on. @throws {RangeError} when they are not of the set's users and items */
export function trainingSequences(train: InteractionSet, sequences: Sequences | undefined): Sequences {
  if (!sequences) return historiesOf(train)
  if (sequences.offsets.length !== train.users + 1)
    throw new RangeError(`there are sequences of ${sequences.offsets.length - 1} users, expected ${train.users}`)
  const wrong = sequences.items.findIndex((item) => item >= train.items)
  if (wrong >= 0)
    throw new RangeError(`a sequence has item ${sequences.items[wrong]}, expected one of 0 to ${train.items - 1}`)
  return sequences
}

/**
 * Trains a network to say what comes next in the histories of a training set.
 *
 * Short histories share rows where the network allows it, so that padding costs nothing; the numbers are those of one
 * history a row. With `valid`, the epoch that ranks those items best (`metric`, by default `ndcg@10`) stands.
 *
 * The network's parameters are trained where they lie.
 *
 * @throws {RangeError} on options out of range, or when there is nothing to learn from
 */
export async function fitSequential<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  train: InteractionSet,
  options: SequentialFitOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const { loss = 'softmax', negatives = 1, batchSize = 256, epochs = 200, session = {} } = options
  const { states } = network
  const targets = options.targets ?? (states ? 'every' : 'one')
  assertSizes({ negatives, batchSize, epochs })
  if (targets === 'every' && !states)
    throw new RangeError(`${network.kind} reads a history as a whole: targets is "every", expected "one"`)
  if (train.items !== network.items)
    throw new RangeError(`the training set has ${train.items} items, expected ${network.items} as the network has`)
  const sequences = trainingSequences(train, options.sequences)
  const layout = states ? 'packed' : network.lengths === 'named' ? 'rows' : 'whole'
  const drawn = loss === 'softmax' ? 0 : negatives
  const row = ['rows', layout === 'rows' ? 'length' : network.length] as const
  const vectors = (held: Symbolic<P>, ids: Tensor, inputs: SequenceInputs, packing: SequenceInputs): Tensor =>
    network.states ? network.states(held, ids, { ...inputs, ...packing }) : network.last(held, ids, inputs)
  const step = await trainStep(
    ({ ids, at, targets: next, negatives: others, segments, places }, parameters, { key }) => {
      const made = vectors(parameters, ids, { key: key() }, { segments, places } as SequenceInputs)
      const chosen = network.states ? gather(reshape(made, [-1, network.width]), flatten(at)) : made
      const held = parameters as Symbolic<SequenceParameters>
      return mean(
        nextItemLosses(chosen, held.items, next, {
          loss,
          ...(drawn > 0 && { negatives: others }),
          ...(held.bias && { bias: held.bias }),
        }),
      )
    },
    {
      ...session,
      inputs: {
        ids: spec(row, 'int32'),
        segments: spec(row, 'int32'),
        places: spec(row, 'int32'),
        // Without states each row has one target.
        at: spec([network.states ? 'targets' : 'rows'], 'int32'),
        targets: spec([network.states ? 'targets' : 'rows'], 'int32'),
        negatives: spec([network.states ? 'targets' : 'rows', drawn], 'int32'),
      },
      parameters: network.parameters,
      optimizer: sequenceOptimizer(options),
      seed: run.random(`${network.kind}/dropout`).integer(2 ** 31),
    },
  )
  const encoder = historyEncoder(network, network.parameters, session)
  try {
    const now = await fitSampled(
      {
        name: network.kind,
        step,
        choices: historySamples(sequences, {
          ...{ items: train.items, length: network.length, seen: train, targets, layout },
          negatives: drawn,
        }),
        batchSize,
        epochs,
        train,
        options: { metric: 'ndcg@10', ...options },
        also: [sequences.offsets, sequences.items],
        recommender: async () => sequentialOf(network, sequences, train, encoder),
      },
      run,
    )
    await now.dispose()
  } finally {
    await encoder.dispose()
    await step.dispose()
  }
  return sequentialOf(network, sequences, train)
}
