import { type Run, startRun } from '../../run/index.ts'
import { type Symbolic, spec, trainStep } from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSampled } from '../sampled/fit-sampled.ts'
import { initAdaAdapters } from './ada-adapters.ts'
import { adaEncoder, adaRecommenderOf } from './ada-recommender.ts'
import { type AdaParameters, adaLoss, adaVectors } from './ada-rounds.ts'
import { fitSequential, type SequentialFitOptions, sequenceOptimizer, trainingSequences } from './fit-sequential.ts'
import { historySamples } from './history-samples.ts'
import {
  assertShares,
  assertSizes,
  type SequenceNetwork,
  type SequenceParameters,
  withItemBias,
} from './sequence-network.ts'
import { type NetworkKind, type NetworkSettings, sequenceNetwork } from './sequence-networks.ts'

/** The rounds of Ada-Retrieval, and how they are trained. */
export interface AdaOptions extends SequentialFitOptions {
  /** K, items of all rounds together. Default 100. */
  readonly total?: number
  /** T. A round retrieves ⌈K/T⌉ items. Default 5. */
  readonly rounds?: number
  /** λ: a round counts λ times the one before. Default 0.3. */
  readonly lambda?: number
  /** Share dropped in the adapters. Default 0.1777. */
  readonly adapterDropout?: number
}

/** The authors' settings of the training, of both stages alike. */
const published = {
  ...{ loss: 'bce', negatives: 100, targets: 'one', learningRate: 1e-3, clip: 10, batchSize: 1024, epochs: 200 },
  ...{ metric: 'hit@50', validateEvery: 1, patience: 10 },
} as const satisfies SequentialFitOptions

/**
 * The second stage of Ada-Retrieval: adds adapters to a network, trained already or not, and trains all of it together.
 * The network's parameters are trained where they lie. Give the `loss` that the network was trained by: scores that are
 * good under one are not under another, and what was learned is lost before it is learned again.
 *
 * @throws {RangeError} on options out of range, or when the catalogue has fewer than T · ⌈K/T⌉ items
 */
export async function fitAdaRetrieval<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  train: InteractionSet,
  options: AdaOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const settings = { ...published, ...options }
  const {
    total = 100,
    rounds = 5,
    lambda = 0.3,
    adapterDropout = 0.1777,
    loss,
    negatives,
    batchSize,
    session,
  } = settings
  assertSizes({ total, rounds, negatives, batchSize, epochs: settings.epochs })
  assertShares({ adapterDropout })
  if (!(lambda >= 0 && Number.isFinite(lambda)))
    throw new RangeError(`lambda is ${lambda}, expected a number of at least 0`)
  if (settings.targets !== 'one')
    throw new RangeError('targets is "every", expected "one": a history is adapted to what is retrieved for it')
  const itemsPerRound = Math.ceil(total / rounds)
  if (rounds * itemsPerRound > network.items)
    throw new RangeError(
      `${rounds} rounds of ${itemsPerRound} items are more than the ${network.items} of the catalogue`,
    )
  if (train.items !== network.items)
    throw new RangeError(`the training set has ${train.items} items, expected ${network.items} as the network has`)
  const sizes = { rounds, itemsPerRound, dropout: adapterDropout }
  const parameters: AdaParameters<P> = {
    network: network.parameters,
    adapters: initAdaAdapters(run.random('ada-retrieval/start'), network.width, itemsPerRound),
  }
  const sequences = trainingSequences(train, settings.sequences)
  const layout = network.lengths === 'named' ? 'rows' : 'whole'
  const drawn = loss === 'softmax' ? 0 : negatives
  const row = ['rows', layout === 'rows' ? 'length' : network.length] as const
  const step = await trainStep(
    ({ ids, targets, negatives: others }, held, { key }) => {
      const { users } = adaVectors(network, held as Symbolic<AdaParameters<P>>, ids, sizes, key())
      const { items, bias } = held.network as Symbolic<SequenceParameters>
      return adaLoss(users, items, targets, lambda, {
        loss,
        ...(drawn > 0 && { negatives: others }),
        ...(bias && { bias }),
      })
    },
    {
      ...session,
      inputs: {
        ids: spec(row, 'int32'),
        segments: spec(row, 'int32'),
        places: spec(row, 'int32'),
        at: spec(['rows'], 'int32'),
        targets: spec(['rows'], 'int32'),
        negatives: spec(['rows', drawn], 'int32'),
      },
      parameters,
      optimizer: sequenceOptimizer(settings),
      seed: run.random('ada-retrieval/dropout').integer(2 ** 31),
    },
  )
  const encoder = adaEncoder(network, parameters, sizes, session)
  try {
    const now = await fitSampled(
      {
        name: `ada-${network.kind}`,
        step,
        choices: historySamples(sequences, {
          ...{ items: train.items, length: network.length, seen: train, targets: 'one', layout },
          negatives: drawn,
        }),
        batchSize,
        epochs: settings.epochs,
        train,
        options: settings,
        also: [sequences.offsets, sequences.items],
        recommender: async () => adaRecommenderOf(network, parameters, { ...sizes, total }, sequences, train, encoder),
      },
      run,
    )
    await now.dispose()
  } finally {
    await encoder.dispose()
    await step.dispose()
  }
  return adaRecommenderOf(network, parameters, { ...sizes, total }, sequences, train)
}

export interface AdaRetrievalOptions<Kind extends NetworkKind = NetworkKind> extends AdaOptions {
  /** Default `sasrec`. */
  readonly backbone?: Kind
  /** Sizes of the backbone. Default: those of the authors, dropout 0.1777. */
  readonly network?: NetworkSettings<Kind>
}

/** What the authors' program tells the backbones, where it differs from their defaults here. */
const backbones: { readonly [Kind in NetworkKind]: NetworkSettings<Kind> } = {
  gru4rec: { dropout: 0.1777 },
  sasrec: { dropout: 0.1777, heads: 4, hidden: 512 },
  'next-it-net': {},
  'sr-gnn': {},
  'fmlp-rec': { dropout: 0.1777, layers: 4 },
}

/**
 * Ada-Retrieval: K items in T rounds instead of one. After each round the network sees what was retrieved, and its own
 * earlier vectors of the user: the items of the history are adapted to the former, the user's vector to the latter, and
 * the next ⌈K/T⌉ items are retrieved from what is left. Training has two stages: the backbone alone, then all together,
 *
 *     L = Σ_{t=1..T} λ^{t−1} L_t
 *
 * with L_t each round's loss (`nextItemLosses`, by default binary cross-entropy against 100 drawn items). With T = 1 it
 * is the backbone.
 *
 * The list is the rounds' lists one after another, never sorted together: scores of different rounds do not compare.
 * Nothing is in it twice, and every round leaves out what is not to be recommended. A list of more than K items goes on
 * with the last round's. `scoreItems` gives numbers in the order of the list that leaves nothing out.
 *
 * @throws {RangeError} on options out of range, or when the catalogue has fewer than T · ⌈K/T⌉ items
 * @see Li, Lian, Zhou, Xie, Ada-Retrieval: An Adaptive Multi-Round Retrieval Paradigm for Sequential Recommendations, AAAI
 *   2024, arXiv 2401.06633
 * @example
 * const model = await adaRetrieval(train, { backbone: 'gru4rec', valid }, startRun({ seed: 1, folder: 'runs/ada' }))
 * const { items } = await model.recommend({ histories: [[3, 17, 4]] }, { count: 100 })
 */
export async function adaRetrieval<Kind extends NetworkKind = 'sasrec'>(
  train: InteractionSet,
  options: AdaRetrievalOptions<Kind> = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const backbone = (options.backbone ?? 'sasrec') as Kind
  const network = withItemBias(
    sequenceNetwork(
      backbone,
      train.items,
      { ...backbones[backbone], ...options.network },
      run.random('ada-retrieval/backbone'),
    ),
  )
  const first = await fitSequential(network, train, { ...published, ...options }, run)
  await first.dispose()
  return fitAdaRetrieval(network, train, options, run)
}
