import { pairLoss } from '../../learn/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  add,
  any,
  cast,
  dimAt,
  div,
  examplesOf,
  expandDims,
  type FitMetrics,
  fit,
  flatten,
  floor,
  type InputSpecs,
  less,
  maximum,
  minimum,
  mul,
  randomUniform,
  range,
  reshape,
  type SessionOptions,
  sizeTensor,
  spec,
  splitKey,
  sub,
  sum,
  type Tensor,
  tile,
  trainStep,
} from '../../tensor/index.ts'
import { evaluateImpressions } from '../impressions/evaluate-impressions.ts'
import type { Impressions } from '../impressions/impressions.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { historiesOf } from '../interactions/sequences.ts'
import { fitIdentity } from '../sampled/fit-identity.ts'
import { type BehaviourRanker, behaviourRankerOf, itemsOfSequences, sequencesAfter } from './behaviour-ranker.ts'
import { gateContrast, maskBehaviours } from './gate-contrast.ts'
import { itemsTogether, rankerExamples } from './ranker-examples.ts'
import {
  applyRankerNetwork,
  expertGate,
  initRankerNetwork,
  normedGates,
  type RankerFeatures,
  type RankerModel,
  type RankerShape,
} from './ranker-network.ts'
import { rankerInputs, rankerScorer } from './ranker-rows.ts'

export interface BehaviourRankerOptions {
  /** Default `aw-moe`. */
  readonly model?: RankerModel
  /** K. Default 4. */
  readonly experts?: number
  /** d, width of each field's vectors. Default 16. */
  readonly width?: number
  /** Hidden layers of each expert. Default [64, 32] (the paper's are larger). */
  readonly hidden?: readonly number[]
  /** Hidden layers of attention, gate and activation units. Default [64, 32]. */
  readonly unitHidden?: readonly number[]
  /** Behaviours that are read, the latest. Default 50. */
  readonly length?: number
  /** How behaviours become the experts' input. Default `attention`, the papers'; `dnn` always takes the mean. */
  readonly pooling?: 'attention' | 'mean'
  /** What a gate is told beside behaviours. Default `query` where queries are known, else `target`. */
  readonly gateBy?: 'query' | 'target'
  /** Default `none`: gates are not normalised. */
  readonly gateNorm?: 'none' | 'softmax'
  /** λ, weight of the contrast of gates; 0 for none. Only for `aw-moe`. Default 0.05. */
  readonly contrast?: number
  /** p, the chance that a behaviour is left out for the contrast. Default 0.1. */
  readonly maskProbability?: number
  /** Gates of others that a row's gate is set against. Default 3. */
  readonly negatives?: number
  /** τ of the contrast. Default 0.2. */
  readonly temperature?: number
  /** Adam's. Default 1e-3. */
  readonly learningRate?: number
  /** How much of each parameter a step takes away, times the rate. Default 0. */
  readonly weightDecay?: number
  /** Shown items in a step. Default 1024. */
  readonly batchSize?: number
  /** Passes at most. Default 20. */
  readonly epochs?: number
  /** What the best epoch is chosen by; without it all epochs are trained and the last stands. */
  readonly valid?: Impressions
  /** Default `auc`, over all shown items. */
  readonly metric?: 'auc' | 'sessionAuc'
  /** Epochs without improvement after which training stops. Default 3. */
  readonly patience?: number
  /** What users took, as far as a recommender is to know it. Default: what their last training request knew and gave. */
  readonly known?: InteractionSet
  /** Steps between checkpoints to go on from; 0 for none. Default: one at the end of each epoch. */
  readonly checkpointEvery?: number
  readonly onMetrics?: (metrics: FitMetrics) => void
  /** Where and on how many threads graphs run. */
  readonly session?: SessionOptions
}

function shapeOf(features: RankerFeatures, options: BehaviourRankerOptions): RankerShape {
  const shape: RankerShape = {
    model: options.model ?? 'aw-moe',
    experts: options.experts ?? 4,
    width: options.width ?? 16,
    hidden: options.hidden ?? [64, 32],
    unitHidden: options.unitHidden ?? [64, 32],
    length: options.length ?? 50,
    pooling: options.model === 'dnn' ? 'mean' : (options.pooling ?? 'attention'),
    gateBy: options.gateBy ?? (features.queries ? 'query' : 'target'),
    gateNorm: options.gateNorm ?? 'none',
  }
  const { experts, width, length } = shape
  for (const [name, number] of Object.entries({
    experts,
    width,
    length,
    ...Object.fromEntries([...shape.hidden, ...shape.unitHidden].map((size, at) => [`hidden layer ${at}`, size])),
  }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  if (shape.gateBy === 'query' && !features.queries)
    throw new RangeError('gateBy is "query", and nothing is known of queries; expected "target"')
  return shape
}

function assertOptions(options: BehaviourRankerOptions): void {
  const { contrast = 0.05, weightDecay = 0, learningRate = 1e-3, temperature = 0.2 } = options
  for (const [name, number] of Object.entries({ contrast, weightDecay }))
    if (!(number >= 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a number of at least 0`)
  for (const [name, number] of Object.entries({ learningRate, temperature }))
    if (!(number > 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a positive number`)
  const { negatives = 3, patience = 3, batchSize = 1024, epochs = 20 } = options
  for (const [name, number] of Object.entries({ negatives, patience, batchSize, epochs }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
}

/**
 * Ranks shown items by what their user did before, with experts that are mixed by attention over the behaviours, so that
 * features meet differently for different users (AW-MoE). With h_j the behaviours, h_t the item and x the query, or the
 * item where nothing is asked:
 *
 *     v_u = Σ_j a_j h_j, a_j = AU_in(h_j, h_t);   v = [v_u, h_t, h_query, h_user, numbers]
 *     e_k = FFN_k(v);   g = Σ_j w_j G_j, G_j = GU(h_j, x) ∈ ℝᴷ, w_j = AU_g(h_j, x);   P(taken) = σ(Σ_k g_k e_k)
 *
 * Neither attention is a softmax, and gates are not normalised. Whoever has done nothing has a learned gate of their own.
 * The loss is the mean binary cross-entropy plus λ times a contrast of gates (see `gateContrast`): with behaviours left
 * out at random (see `maskBehaviours`), as of users who did less, a gate stays what it is and unlike that of others.
 *
 * `model` chooses what the paper compares with: `dnn` (mean of behaviours), `din` (attention), `category-moe` (experts
 * mixed by a softmax of the query or, without, of the item); all share every other piece. Fields are embedded, the
 * vectors of a row's several values averaged. A step computes the vectors of the whole catalogue: up to some hundred
 * thousand items.
 *
 * The structure is the abstract's; sizes, λ, p, τ and the gate of who has done nothing are choices made here. In the
 * experiment a softmax of the gate and the mean of the behaviours (`gateNorm`, `pooling`) ranked better than the forms
 * without: sums grow with the length of a history.
 *
 * With `valid`, training stops once its AUC no longer rises, and the best epoch stands. A stopped run goes on from its
 * checkpoint with the same numbers.
 *
 * @throws {RangeError} on options out of range, or impressions that do not fit the features
 * @see Gong et al., Attention Weighted Mixture of Experts with Contrastive Learning for Personalized Ranking in
 *   E-commerce, ICDE 2023, arXiv 2306.05011; Zhou et al., Deep Interest Network, KDD 2018, arXiv 1706.06978; Xiao et al.,
 *   Adversarial Mixture of Experts with Category Hierarchy Soft Constraint, ICDE 2021, arXiv 2007.12349
 * @example
 * const { train, valid, test } = splitByTime(ratedImpressions(log))
 * const features = { items: featureTable(log.itemIds.size, { fields: { genres } }) }
 * const model = await behaviourRanker(train, features, { valid }, startRun({ seed: 1, folder: 'runs/films' }))
 * evaluateImpressions(await model.scoreImpressions(test), test).means.auc
 * await model.rankItems({ history: [3, 17] }, [5, 8, 13])
 */
export async function behaviourRanker(
  train: Impressions,
  features: RankerFeatures,
  options: BehaviourRankerOptions = {},
  run: Run = startRun(),
): Promise<BehaviourRanker> {
  assertOptions(options)
  const shape = shapeOf(features, options)
  const { model } = shape
  const { maskProbability = 0.1, negatives = 3, temperature = 0.2, learningRate = 1e-3, weightDecay = 0 } = options
  const { batchSize = 1024, epochs = 20, valid, metric = 'auc', patience = 3, session = {} } = options
  const contrast = model === 'aw-moe' ? (options.contrast ?? 0.05) : 0
  const together = itemsTogether(train, shape)
  const columns = rankerExamples(train, features, shape, together)
  const parameters = initRankerNetwork(run.random('ranker/start'), features, shape)
  const inputs: InputSpecs = {
    ...rankerInputs(features, shape),
    target: spec(['requests', together], 'int32'),
    label: spec(['requests', together]),
    rater: spec(['requests'], 'int32'),
    ...(features.numbers && { numbers: spec(['requests', together, features.numbers]) }),
  }
  const step = await trainStep(
    ({ target, label, rater, numbers, ...given }, held, { key }) => {
      const requests = dimAt((target as Tensor).shape, 0)
      const targets = flatten(target as Tensor)
      const { logits, gate } = applyRankerNetwork(
        held,
        {
          ...(given as { readonly history: Tensor }),
          target: targets,
          ...(numbers && { numbers: reshape(numbers, [-1, Number(numbers.shape[2])]) }),
          ...(together > 1 && { request: flatten(tile(expandDims(cast(range(requests), 'int32'), 1), [1, together])) }),
        },
        features,
        shape,
      )
      const shown = cast(less(targets, features.items.rows), logits.dtype)
      const errors = pairLoss(logits, { target: flatten(label as Tensor), reduction: 'none' })
      const ranking = div(sum(mul(errors, shown)), sum(shown))
      if (contrast === 0 || !gate || !held.gate) return ranking
      const { gates, contributions, present } = gate
      const [masks, places] = [splitKey(key(), 0), splitKey(key(), 1)]
      const left = maskBehaviours(present, randomUniform(masks, present.shape), maskProbability)
      const masked = normedGates(expertGate(contributions, left, held.gate.none), shape)
      const count = sizeTensor(requests, gates.dtype)
      // A product may round up to the count itself.
      const others = minimum(floor(mul(randomUniform(places, [requests, negatives]), count)), sub(count, 1))
      const losses = gateContrast(
        { gates, masked, negatives: cast(others, 'int32'), users: rater as Tensor },
        { temperature },
      )
      // Who has done nothing has nothing to leave out.
      const counted = cast(any(present, -1), losses.dtype)
      return add(ranking, mul(div(sum(mul(losses, counted)), maximum(sum(counted), 1)), contrast))
    },
    {
      ...session,
      inputs,
      parameters,
      optimizer: adamW({ learningRate, weightDecay }),
      seed: run.random('ranker/masks').integer(2 ** 31),
    },
  )
  const scorer = rankerScorer(parameters, features, shape, session)
  const sequences = options.known ? historiesOf(options.known) : sequencesAfter(train, userCount(train, features))
  const seen = options.known ?? itemsOfSequences(sequences)
  const judge = async (held: Impressions): Promise<Readonly<Record<string, number>>> => {
    const now = behaviourRankerOf(parameters, features, shape, sequences, seen, { scorer })
    const { means } = evaluateImpressions(await now.scoreImpressions(held), held)
    return { auc: means['auc'] ?? Number.NaN, sessionAuc: means['sessionAuc'] ?? Number.NaN }
  }
  try {
    await fit(
      step,
      {
        examples: examplesOf(columns),
        batchSize: Math.max(1, Math.round(batchSize / together)),
        epochs,
        name: `${model}-${fitIdentity(step, [metric, patience, batchSize], [train, ...(valid ? [valid] : [])].flatMap(arraysOf))}`,
        order: 'ranker',
        ...(options.checkpointEvery !== undefined && { checkpointEvery: options.checkpointEvery }),
        ...(options.onMetrics && { onMetrics: options.onMetrics }),
        ...(valid && {
          validate: () => judge(valid),
          earlyStopping: { metric, goal: 'max' as const, patience },
        }),
      },
      run,
    )
  } finally {
    await scorer.dispose()
    await step.dispose()
  }
  return behaviourRankerOf(parameters, features, shape, sequences, seen, { session })
}

/** How many users there are: those of the features, and all who asked. */
function userCount({ users }: Impressions, { users: table }: RankerFeatures): number {
  let count = table?.rows ?? 0
  for (const user of users) if (user >= count) count = user + 1
  return count
}

/** Everything that impressions are told apart by. */
function arraysOf(impressions: Impressions): readonly ArrayBufferView[] {
  const { offsets, items, labels, users, queries, numbers, behaviours, sequences, known } = impressions
  return [
    ...[offsets, items, labels, users, behaviours.offsets, behaviours.items, sequences, known],
    ...(queries ? [queries] : []),
    ...(numbers ? [numbers.data] : []),
  ]
}
