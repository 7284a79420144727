import { initLinear, type LinearParameters, weightedMean } from '../../nets/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import {
  adam,
  add,
  broadcastTo,
  cast,
  compile,
  concat,
  constant,
  expandDims,
  flatten,
  gather,
  less,
  linear,
  matmul,
  mean,
  mul,
  pad,
  reshape,
  type SessionOptions,
  type Symbolic,
  spec,
  sum,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { fitSampled, type SampledFitOptions } from '../sampled/fit-sampled.ts'
import { trainingSequences } from '../sequential/fit-sequential.ts'
import { assertSizes } from '../sequential/sequence-network.ts'
import { interestEncoder } from './interest-encoder.ts'
import { attentionScores, labelAwareVectors, sampledSoftmaxLosses } from './interest-loss.ts'
import type { InterestNetwork, InterestParameters } from './interest-network.ts'
import { type InterestRecommender, interestRecommenderOf } from './interest-recommender.ts'
import { interestSamples } from './interest-samples.ts'
import { type InterestSet, interestRedundancy } from './interest-set.ts'

/** How a network of interests is trained. */
export interface InterestFitOptions extends SampledFitOptions {
  /** p of the label-aware attention, which picks the interest that an item is scored with in training. */
  readonly power?: number
  /**
   * What interests attend to in training. `candidate`: each candidate is scored by attention to itself, as it is when
   * served. `target`: all by the vector for the item that came next, as MIND and ComiRec; that vector tells of the target,
   * so that interests which are the same for all users lower the loss too.
   */
  readonly scoring?: 'candidate' | 'target'
  /** μ, the weight of the redundancy of interests in the loss. */
  readonly redundancyWeight?: number
  /** How many of the items that follow a history are learned from at once. Default 1, as ComiRec's authors. */
  readonly following?: number
  /** Items drawn for each user and shared by the batch. Default 10 (ComiRec). */
  readonly negatives?: number
  /** Whether the other targets of a batch are told from too. Default true. */
  readonly inBatch?: boolean
  /** Whether how often an item is drawn is taken off its score, so that scores tell chances. Default true. */
  readonly correctSampling?: boolean
  /** Adam's. Default 1e-3. */
  readonly learningRate?: number
  /** Users in a step. Default 128. */
  readonly batchSize?: number
  /** Passes, each with one target of each user. Default 200. */
  readonly epochs?: number
  /** What each user did in order, repeats and all. Default: the histories of the training set, each item once. */
  readonly sequences?: Sequences
  /** Numbers that describe each item, [items, width], mapped and added to its vector. Default none. */
  readonly fields?: { readonly data: Float32Array; readonly width: number }
  /** Where and on how many threads graphs run. */
  readonly session?: SessionOptions
}

/** How often each item is the target of a user who is drawn: [items], sums to 1 over users with two items. */
export function targetFrequency(sequences: Sequences, items: number): Float64Array {
  const frequency = new Float64Array(items)
  let users = 0
  for (let user = 0; user < sequences.offsets.length - 1; user++) {
    const own = sequenceOf(sequences, user)
    if (own.length < 2) continue
    users++
    for (const item of own.subarray(1)) frequency[item] = (frequency[item] ?? 0) + 1 / (own.length - 1)
  }
  return frequency.map((share) => share / Math.max(1, users))
}

/**
 * Trains a network of interests on what came next in histories: in each pass every history is cut once at random, what
 * came before is read, and the interests must tell what `following` items came next from those of the rest of the batch
 * and from items drawn evenly, by sampled softmax; μ times the redundancy of the interests is added. With `valid`, the epoch that ranks those items best stands. The network's numbers are trained where they lie.
 *
 * @throws {RangeError} on options out of range, or when there is nothing to learn from
 */
export async function fitInterests<P extends InterestParameters>(
  network: InterestNetwork<P>,
  train: InteractionSet,
  options: InterestFitOptions = {},
  run: Run = startRun(),
): Promise<InterestRecommender> {
  const {
    power = 2,
    scoring = 'candidate',
    redundancyWeight = 0,
    following = 1,
    negatives = 10,
    inBatch = true,
    correctSampling = true,
  } = options
  const { learningRate = 1e-3, batchSize = 128, epochs = 200, session = {}, fields } = options
  const { width, items, length } = network
  assertSizes({ batchSize, epochs, following })
  if (!(Number.isInteger(negatives) && negatives >= (inBatch ? 0 : 1)))
    throw new RangeError(
      `negatives is ${negatives}, expected a whole number of at least ${inBatch ? 0 : '1 where targets are not told from each other'}`,
    )
  if (!(power >= 0)) throw new RangeError(`power is ${power}, expected a number of at least 0`)
  if (!(redundancyWeight >= 0 && Number.isFinite(redundancyWeight)))
    throw new RangeError(`redundancyWeight is ${redundancyWeight}, expected a number of at least 0`)
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (train.items !== items)
    throw new RangeError(`the training set has ${train.items} items, expected ${items} as the network has`)
  if (fields && fields.data.length !== items * fields.width)
    throw new RangeError(
      `the fields have ${fields.data.length} numbers, expected ${items} · ${fields.width}: as many for each item`,
    )
  const sequences = trainingSequences(train, options.sequences)

  const described = fields && value(fields.data, [items, fields.width])
  const parameters: FittedParameters<P> = {
    network: network.parameters,
    ...(fields && { fields: initLinear(run.random(`${network.kind}/fields`), fields.width, width, { bias: false }) }),
  }
  const table = (held: Symbolic<FittedParameters<InterestParameters>>): Tensor =>
    held.fields && described
      ? add(
          held.network.items,
          pad(linear(constant(described), held.fields.weight, undefined, { transposed: true }), [
            [1, 0],
            [0, 0],
          ]),
        )
      : held.network.items
  const share = targetFrequency(sequences, items)
  const logExpected = constant(
    value(
      Float32Array.from({ length: items + 1 }, (_, id) =>
        Math.log((inBatch ? following * (share[id - 1] ?? 0) : 0) + negatives / items + 1e-12),
      ),
    ),
  )

  const step = await trainStep(
    ({ ids, targets: followed, negatives: drawn }, held) => {
      const all = table(held as Symbolic<FittedParameters<InterestParameters>>)
      const set = network.interests(held.network as Symbolic<P>, all, ids)
      const targets = flatten(followed)
      const others = inBatch ? concat([targets, flatten(drawn)]) : flatten(drawn)
      const [target, candidates] = [gather(all, targets), gather(all, others)]
      const aimed = reshape(target, ['rows', following, width])
      const scores =
        scoring === 'target' ? byTarget(set, aimed, candidates, power) : byCandidate(set, aimed, candidates, power)
      const losses = sampledSoftmaxLosses({
        ...scores,
        targetIds: targets,
        candidateIds: others,
        ...(correctSampling && {
          logExpected: { targets: gather(logExpected, targets), candidates: gather(logExpected, others) },
        }),
      })
      // Where fewer items follow, there is nothing to learn from.
      const loss = weightedMean(losses, cast(less(0, targets), losses.dtype))
      return redundancyWeight > 0 ? add(loss, mul(mean(interestRedundancy(set)), redundancyWeight)) : loss
    },
    {
      ...session,
      inputs: {
        ids: spec(['rows', length], 'int32'),
        targets: spec(['rows', following], 'int32'),
        negatives: spec(['rows', negatives], 'int32'),
      },
      parameters,
      optimizer: adam({ learningRate }),
      trainable: (path) => !(path.startsWith('network.') && network.fixed?.(path.slice('network.'.length))),
    },
  )
  // What is asked: the items' own numbers, or with their fields, as they are after each measurement.
  const folded = fields
    ? await compile((_, held: Symbolic<FittedParameters<P>>) => table(held as never), {
        ...session,
        inputs: {},
        parameters,
      })
    : undefined
  const asked: TensorValue = fields
    ? value(new Float32Array((items + 1) * width), [items + 1, width])
    : network.parameters.items
  const refreshed = async (): Promise<void> => {
    if (folded) (asked.data as Float32Array).set((await folded({})).data as Float32Array)
  }
  const encoder = interestEncoder(network, asked, session)
  try {
    const now = await fitSampled(
      {
        name: network.kind,
        step,
        choices: interestSamples(sequences, { items, length, targets: following, negatives, seen: train }),
        batchSize,
        epochs,
        train,
        options: { metric: 'ndcg@20', ...options },
        also: [sequences.offsets, sequences.items],
        async recommender() {
          await refreshed()
          return interestRecommenderOf(network, sequences, train, asked, encoder)
        },
      },
      run,
    )
    await now.dispose()
  } finally {
    await encoder.dispose()
    await folded?.dispose()
    await step.dispose()
  }
  return interestRecommenderOf(network, sequences, train, asked)
}

/** Every candidate scored by the vector that the interests give for the target: what is told, [n], [n, candidates]. */
function byTarget(
  set: InterestSet,
  targets: Tensor,
  candidates: Tensor,
  power: number,
): { own: Tensor; others: Tensor } {
  const width = Number(candidates.shape[1])
  const vectors = reshape(labelAwareVectors(set, targets, power), [-1, width])
  return {
    own: sum(mul(vectors, reshape(targets, [-1, width])), -1),
    others: matmul(vectors, candidates, { transposeB: true }),
  }
}

/** Every candidate scored by the vector that the interests give for itself. */
function byCandidate(
  set: InterestSet,
  targets: Tensor,
  candidates: Tensor,
  power: number,
): { own: Tensor; others: Tensor } {
  const [batch = 1, following = 1] = targets.shape
  const [count = 1] = candidates.shape
  const others = expandDims(attentionScores(set, candidates, power), 1)
  return {
    own: flatten(attentionScores(set, targets, power)),
    others: reshape(broadcastTo(others, [batch, following, count]), [-1, count]),
  }
}

interface FittedParameters<P> {
  readonly network: P
  readonly fields?: LinearParameters
}
