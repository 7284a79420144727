import { type Random, type Run, startRun } from '../../run/index.ts'
import {
  chain,
  decayWeights,
  dot,
  expandDims,
  flatten,
  gather,
  mul,
  reshape,
  type SessionOptions,
  scaleByLearningRate,
  slice,
  spec,
  stepDecaySchedule,
  sum,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { type Factors, factorQueries, factorTensors } from '../baseline/als.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet, SparseRows } from '../interactions/interaction-set.ts'
import { recommender } from '../recommender.ts'
import { fitSampled, type SampledFitOptions } from '../sampled/fit-sampled.ts'
import { choicesByPair } from '../sampled/sampled-choices.ts'
import { type ChoiceObjective, choiceLoss, hiddenPositiveProbability } from './label-flips.ts'

export interface NbpoOptions extends SampledFitOptions {
  /** Default `nbpo`; `bpr` and `bpo` are its baselines, `likelihood` and `surrogate` its variants. */
  readonly objective?: ChoiceObjective
  /** K₀, width of the vectors of preference. Default 50. */
  readonly width?: number
  /** K₁, width of the vectors of flips. Default 50. */
  readonly flipWidth?: number
  /** η. Default 0.05 for `bpr`, `bpo`, `nbpo`; 0.005 for `likelihood`, 0.002 for `surrogate` (the authors', Amazon). */
  readonly learningRate?: number
  /** What the rate is multiplied by after each epoch. Default 0.99. */
  readonly decay?: number
  /** λ_r: a step's decay of the vectors of preference, beside gradients summed over a batch. Default 1; `surrogate` 0.05. */
  readonly lambda?: number
  /** λ_φ of the vectors of flips. Default 5; `likelihood` 0.5, `surrogate` 0.01. */
  readonly flipLambda?: number
  /** Other items drawn for each pair, anew each epoch. Default 4. */
  readonly negatives?: number
  /** Pairs in a step. Default 5000. */
  readonly batchSize?: number
  /** Default 200. */
  readonly epochs?: number
  /** How graphs are run: on a busy machine `{ threads: 1, spinning: false }` is quickest for small shops. */
  readonly session?: SessionOptions
}

/** What is known of labels that were flipped, beside recommendations. */
export interface NoisyLabelRecommender extends Recommender {
  /**
   * How likely a user likes each of some items, given that they did not take them: γ σ(r) / (σ(−r) + γ σ(r)).
   *
   * @throws {RangeError} on a user or an item that there is none of
   */
  hiddenPositives(user: number, items: ArrayLike<number>): Float64Array
}

const published = {
  bpr: { learningRate: 0.05, lambda: 1, flipLambda: 5 },
  bpo: { learningRate: 0.05, lambda: 1, flipLambda: 5 },
  nbpo: { learningRate: 0.05, lambda: 1, flipLambda: 5 },
  likelihood: { learningRate: 0.005, lambda: 1, flipLambda: 0.5 },
  surrogate: { learningRate: 0.002, lambda: 0.05, flipLambda: 0.01 },
} as const

/** Sign and size of the vectors of flips at the start: γ is about 0.002, and the method begins as `bpo`. */
const flipSpread = 5

interface Vectors {
  readonly users: TensorValue
  readonly items: TensorValue
}

interface NbpoParameters {
  readonly preference: Vectors
  /** Absent for `bpr` and `bpo`. */
  readonly flip?: Vectors
}

function drawn(random: Random, rows: number, width: number, scale: number): TensorValue {
  const data = new Float32Array(rows * width)
  for (let at = 0; at < data.length; at++) data[at] = (scale * random.uniform()) / Math.sqrt(width)
  return value(data, [rows, width])
}

/** Logits of taken items, [batch], and of others, [batch, negatives]. */
function logitsOf(users: Tensor, items: Tensor, choices: Tensor, negatives: number): readonly [Tensor, Tensor] {
  const user = gather(users, flatten(slice(choices, 1, 0, 1)))
  const taken = gather(items, flatten(slice(choices, 1, 1, 2)))
  const width = Number(user.shape[1])
  const others = reshape(gather(items, flatten(slice(choices, 1, 2, 2 + negatives))), [-1, negatives, width])
  return [dot(user, taken), sum(mul(expandDims(user, 1), others), -1)]
}

/**
 * Matrix factors from implicit choices whose "not taken" may be wrong: an item that somebody would like but never saw
 * counts as disliked. Beside the logit of preference, r_ui = U_u·V_i, each pair has one of a flip, f_ui = P_u·Q_i: γ = σ(f)
 * is how likely a liked item is left all the same, so that
 *
 *     P(taken) = (1 − γ) σ(r),   P(not taken) = σ(−r) + γ σ(r)
 *
 * and sampled items that look like hidden positives pull less, or the other way (see `choiceLoss`). Trained by plain
 * gradient ascent on sums over batches, U ← U + η (∂U − λ U) over whole matrices, with the rate falling by the epoch, in
 * the order of users, as the authors do. Recommendations are by r alone.
 *
 * λ belongs to sums: with batches of another size it should change in proportion. Without λ_φ, γ grows without bound and
 * everything is liked and flipped; the authors' 5 holds γ near 1/2, where the posterior puts pairs in order but does not
 * say how many are liked. `nbpo` pulls about half as hard as `bpo` then, and its best λ is about half as large: compare it
 * with baselines whose λ was looked for.
 *
 * Someone new is given Σ V_i / √|H| over their history H: an extension, since the paper knows trained users only.
 *
 * @throws {RangeError} on options out of range, or when no user has both taken and left something
 * @see Yu, Qin, Sampler Design for Implicit Feedback Data by Noisy-label Robust Learning, SIGIR 2020, arXiv 2007.07204
 * @example
 * const model = await nbpo(train, { valid, metric: 'f1@2' }, startRun({ seed: 1, folder: 'runs/shop' }))
 * model.hiddenPositives(0, [3, 4]) // how likely user 0 would like these two
 */
export async function nbpo(
  train: InteractionSet,
  options: NbpoOptions = {},
  run: Run = startRun(),
): Promise<NoisyLabelRecommender> {
  const { objective = 'nbpo', width = 50, flipWidth = 50, decay = 0.99 } = options
  const { negatives = 4, batchSize = 5000, epochs = 200 } = options
  const standard = published[objective]
  const { learningRate = standard.learningRate, lambda = standard.lambda, flipLambda = standard.flipLambda } = options
  for (const [name, number] of Object.entries({ width, flipWidth, negatives, batchSize, epochs }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (!(decay > 0 && decay <= 1)) throw new RangeError(`decay is ${decay}, expected a number above 0, at most 1`)
  for (const [name, number] of Object.entries({ lambda, flipLambda }))
    if (!(number >= 0 && learningRate * number < 1))
      throw new RangeError(`${name} is ${number}, expected a number from 0 to below ${1 / learningRate}`)
  const { users, items } = train
  const random = run.random('nbpo/start')
  const parameters: NbpoParameters = {
    preference: { users: drawn(random, users, width, 1), items: drawn(random, items, width, 1) },
    ...(objective !== 'bpr' &&
      objective !== 'bpo' && {
        flip: {
          users: drawn(random, users, flipWidth, flipSpread),
          items: drawn(random, items, flipWidth, -flipSpread),
        },
      }),
  }
  const choices = choicesByPair(train, negatives)
  const stepsAnEpoch = Math.ceil(choices.count / batchSize)
  const ofFlips = (path: string): boolean => path.startsWith('flip')
  const step = await trainStep(
    (inputs, { preference, flip }) => {
      const [taken, others] = logitsOf(preference.users, preference.items, inputs.choices, negatives)
      if (!flip) return choiceLoss(objective, { taken, others })
      const [takenFlips, otherFlips] = logitsOf(flip.users, flip.items, inputs.choices, negatives)
      return choiceLoss(objective, { taken, others, takenFlips, otherFlips })
    },
    {
      ...options.session,
      inputs: { choices: spec(['batch', 2 + negatives], 'int32') },
      parameters,
      optimizer: chain(
        decayWeights(lambda, { decays: ({ path }) => !ofFlips(path) }),
        decayWeights(flipLambda, { decays: ({ path }) => ofFlips(path) }),
        scaleByLearningRate(stepDecaySchedule(learningRate, decay, stepsAnEpoch)),
      ),
    },
  )
  const now = (): NoisyLabelRecommender => {
    const copied = ({ users: a, items: b }: Vectors): Factors => ({
      users: Float32Array.from(a.data as ArrayLike<number>),
      items: Float32Array.from(b.data as ArrayLike<number>),
      width: a.shape[1] ?? 0,
    })
    return nbpoOf(copied(parameters.preference), parameters.flip && copied(parameters.flip), train)
  }
  try {
    return await fitSampled(
      { name: objective, step, choices, batchSize, epochs, train, options, recommender: async () => now() },
      run,
    )
  } finally {
    await step.dispose()
  }
}

/** The recommender from its saved parts; without flips it is one of the baselines. */
export function nbpoOf(factors: Factors, flips: Factors | undefined, seen: SparseRows): NoisyLabelRecommender {
  const { items: vectors, width } = factors
  const items = vectors.length / width
  const fold = (history: ArrayLike<number>): Float32Array => {
    const own = Uint32Array.from(new Set(Array.from(history))).sort()
    const folded = new Float32Array(width)
    for (const item of own)
      for (let at = 0; at < width; at++)
        folded[at] = (folded[at] as number) + (vectors[item * width + at] as number) / Math.sqrt(own.length)
    return folded
  }
  const base = recommender({
    kind: flips ? 'nbpo' : 'choice-factors',
    items,
    seen,
    scoring: {
      form: 'vectors',
      vectors,
      items,
      width,
      queries: (audience) => factorQueries(factors, audience, fold),
    },
    tensors: {
      ...factorTensors(factors),
      ...(flips && {
        'flip/users': value(flips.users, [flips.users.length / flips.width, flips.width]),
        'flip/items': value(flips.items, [flips.items.length / flips.width, flips.width]),
      }),
    },
    metadata: {},
  })
  return {
    ...base,
    hiddenPositives(user, wanted) {
      if (!(Number.isInteger(user) && user >= 0 && user < base.users))
        throw new RangeError(`there is no user ${user}, expected a whole number from 0 to ${base.users - 1}`)
      return Float64Array.from(wanted, (item) => {
        if (!(Number.isInteger(item) && item >= 0 && item < items))
          throw new RangeError(`there is no item ${item}, expected a whole number from 0 to ${items - 1}`)
        // Without flips nobody who did not take an item likes it.
        if (!flips) return 0
        return hiddenPositiveProbability({ preference: product(factors, user, item), flip: product(flips, user, item) })
      })
    },
  }
}

function product({ users, items, width }: Factors, user: number, item: number): number {
  let total = 0
  for (let at = 0; at < width; at++)
    total += (users[user * width + at] as number) * (items[item * width + at] as number)
  return total
}

/** Whether a recommender knows of flipped labels, as one that was saved by `nbpo` does when it is loaded. */
export function knowsHiddenPositives(model: Recommender): model is NoisyLabelRecommender {
  return 'hiddenPositives' in model
}
