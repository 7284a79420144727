import { pairLoss } from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import {
  add,
  type Concrete,
  compile,
  dimAt,
  flatten,
  gather,
  mul,
  type Optimizer,
  type SessionOptions,
  type Symbolic,
  slice,
  spec,
  split,
  square,
  sub,
  sum,
  type Tensor,
  trainStep,
  transpose,
} from '../../tensor/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { fitSampled, type SampledFitOptions } from '../sampled/fit-sampled.ts'
import { choicesByUser } from '../sampled/sampled-choices.ts'

export interface RankingLossOptions {
  /** How many of the nodes are users; item i is node `users + i`. */
  readonly users: number
  /** λ */
  readonly lambda: number
  /** What is penalised, [nodes, width]. Default: the vectors themselves. */
  readonly penalised?: Tensor
}

/**
 * The loss of personalised ranking with a penalty on what a batch touches,
 *
 *     −(1/B) Σ ln σ(⟨e_u, e_i⟩ − ⟨e_u, e_j⟩) + λ/(2B) Σ (‖e_u‖² + ‖e_i‖² + ‖e_j‖²)
 *
 * @param vectors [nodes, width], users first
 * @param choices int32 [B, 3]: a user, an item they took and one that they did not take
 * @returns a scalar; ln 2 where all vectors are nothing
 */
export function rankingLoss(vectors: Tensor, choices: Tensor, options: RankingLossOptions): Tensor {
  const { users, lambda, penalised = vectors } = options
  const batch = Number(dimAt(choices.shape, 0))
  const [who, what] = split(transpose(choices), [1, 2])
  const nodes = [flatten(who as Tensor), add(flatten(what as Tensor), users)]
  const rows = (from: Tensor): readonly Tensor[] => nodes.map((ids) => gather(from, ids))
  const [user, both] = rows(vectors) as [Tensor, Tensor]
  const loss = pairLoss(sum(mul(user, sub(slice(both, 0, 0, batch), slice(both, 0, batch, 2 * batch))), -1))
  if (lambda === 0) return loss
  const held = penalised === vectors ? [user, both] : rows(penalised)
  return held.reduce((total, part) => add(total, mul(sum(square(part)), lambda / (2 * batch))), loss)
}

export interface VectorFitOptions extends SampledFitOptions {
  /** How graphs are run: on a busy machine `{ threads: 1, spinning: false }` is quickest for small shops. */
  readonly session?: SessionOptions
}

/** What a method brings to {@link fitVectors}. */
export interface VectorFit<P, F, M extends Recommender> {
  readonly name: string
  readonly train: InteractionSet
  readonly parameters: P
  readonly optimizer: Optimizer
  readonly batchSize: number
  readonly epochs: number
  readonly options: VectorFitOptions
  /**
   * @param choices int32 [batchSize, 3]
   * @param key names a random draw, another at each call and step
   */
  loss(choices: Tensor, parameters: Symbolic<P>, key: () => Tensor): Tensor
  /** What a recommender is made of. */
  found(parameters: Symbolic<P>): F
  /** The recommender of what was found; it must not keep its memory. */
  recommender(found: Concrete<F>): M
}

/**
 * Trains vectors of users and items on choices of users (see `choicesByUser`), measures the held-out items between
 * epochs, and ends with the best epoch (see `fitSampled`).
 */
export async function fitVectors<P, F, M extends Recommender>(
  { name, train, parameters, optimizer, batchSize, epochs, options, ...method }: VectorFit<P, F, M>,
  run: Run,
): Promise<M> {
  const step = await trainStep(({ choices }, held, { key }) => method.loss(choices, held, key), {
    ...options.session,
    inputs: { choices: spec([batchSize, 3], 'int32') },
    parameters,
    optimizer,
    seed: run.random(`${name}/dropout`).integer(2 ** 31),
  })
  const forward = await compile((_, held) => method.found(held), {
    ...options.session,
    inputs: {},
    parameters,
  })
  const recommender = async (): Promise<M> => method.recommender(await forward({}))
  try {
    const choices = choicesByUser(train, batchSize)
    return await fitSampled({ name, step, choices, batchSize, epochs, train, options, recommender }, run)
  } finally {
    await forward.dispose()
    await step.dispose()
  }
}

/** What an options object has a value for. */
export function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, held]) => held !== undefined)) as T
}
