import {
  add,
  addAll,
  any,
  at,
  concat,
  equal,
  expandDims,
  gather,
  matmul,
  mean,
  mul,
  type Symbolic,
  slice,
  splitKey,
  stack,
  stopGradient,
  sub,
  type Tensor,
  takeAlong,
  topK,
  where,
} from '../../tensor/index.ts'
import { type AdaAdapterParameters, adaptItems, adaptUser, filterRetrieved, rememberUser } from './ada-adapters.ts'
import { candidateLosses, candidateRows, type NextItemLossOptions, nextItemLosses } from './next-item-loss.ts'
import type { SequenceInputs, SequenceNetwork, SequenceParameters } from './sequence-network.ts'

/** A network and what Ada-Retrieval adds to it. */
export interface AdaParameters<P extends SequenceParameters = SequenceParameters> {
  readonly network: P
  readonly adapters: AdaAdapterParameters
}

/** How many rounds of how many items. */
export interface AdaRounds {
  readonly rounds: number
  readonly itemsPerRound: number
  /** Share dropped in the adapters, when there is a key. */
  readonly dropout: number
}

/**
 * The k best items that were not retrieved before, as rows of the items' table.
 *
 * The best k · t of round t hold at least k that none of the t − 1 rounds before had: only those are looked through.
 *
 * @param scores [batch, items], of the items from number 0 on
 * @param before rows, [batch, k] of each earlier round
 * @returns int64 [batch, k], best first; no gradient flows through the choice
 */
export function retrieveNext(scores: Tensor, before: readonly Tensor[], count: number): Tensor {
  const { values, indices } = topK(stopGradient(scores), count * (before.length + 1))
  const rows = add(indices, 1)
  if (before.length === 0) return rows
  const taken = any(equal(expandDims(rows, 2), expandDims(concat(before, 1), 1)), -1)
  const places = topK(where(taken, -1e30, values), count).indices
  return takeAlong(rows, places, 1)
}

/**
 * The user's vector in every round, and what each round but the last retrieves.
 *
 * @param ids whole numbers [batch, length]
 * @param key uint32 [2]: which draw of dropout; without it nothing is dropped
 * @returns vectors [batch, width] by round, retrieved rows [batch, k] by round
 */
export function adaVectors<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  { network: held, adapters }: Symbolic<AdaParameters<P>>,
  ids: Tensor,
  { rounds, itemsPerRound, dropout }: AdaRounds,
  key?: Tensor,
): { readonly users: readonly Tensor[]; readonly retrieved: readonly Tensor[] } {
  const { items, bias } = held as Symbolic<SequenceParameters>
  // The first round draws as the network alone would.
  const keyOf = (round: number, part: 0 | 1): { readonly key?: Tensor } =>
    key ? { key: round === 0 ? key : splitKey(splitKey(key, laterDraws + round), part) } : {}
  const encoded = (inputs: SequenceInputs): Tensor => network.last(held as Symbolic<P>, ids, inputs)
  const history = rounds > 1 ? gather(items, ids) : undefined
  let users: readonly Tensor[] = [encoded(keyOf(0, 0))]
  let retrieved: readonly Tensor[] = []
  let contexts: readonly Tensor[] = []
  let remembered: Tensor | undefined
  for (let round = 1; round < rounds; round++) {
    const before = users[round - 1] as Tensor
    const dropping = { dropout, ...keyOf(round, 1) }
    const products = matmul(before, slice(items, 0, 1), { transposeB: true })
    const found = retrieveNext(bias ? add(products, bias) : products, retrieved, itemsPerRound)
    retrieved = [...retrieved, found]
    contexts = [...contexts, filterRetrieved(adapters, gather(items, found), dropping)]
    remembered = rememberUser(adapters, before, remembered)
    const embedded = adaptItems(adapters, history as Tensor, concat(contexts, 1), dropping)
    users = [...users, adaptUser(adapters, encoded({ embedded, ...keyOf(round, 0) }), remembered, dropping)]
  }
  return { users, retrieved }
}

/** Draws from here on are none that a network makes. */
const laterDraws = 1 << 20

/** λ^{t−1} of rounds 1 to T; 0⁰ is 1, so that λ = 0 trains the first round alone. */
export function roundWeights(rounds: number, lambda: number): readonly number[] {
  return Array.from({ length: rounds }, (_, round) => lambda ** round)
}

/**
 * The loss of all rounds, Σ_t λ^{t−1} L_t, each round's being the mean over the batch of what it costs that the target
 * came next.
 *
 * @param users vectors by round, [batch, width]
 * @param items [items + 1, width]
 * @param targets rows of `items`, [batch]
 * @returns a scalar
 */
export function adaLoss(
  users: readonly Tensor[],
  items: Tensor,
  targets: Tensor,
  lambda: number,
  options: NextItemLossOptions = {},
): Tensor {
  const weights = roundWeights(users.length, lambda)
  // Rounds of weight 0 are not computed at all.
  const counted = users.flatMap((user, round) => {
    const weight = weights[round] ?? 0
    return weight === 0 ? [] : [{ user, weight }]
  })
  const { loss = 'softmax', negatives, bias } = options
  if (loss === 'softmax')
    return addAll(counted.map(({ user, weight }) => mul(mean(nextItemLosses(user, items, targets, options)), weight)))
  // The candidates are the same in all rounds: they are gathered once.
  const rows = candidateRows(targets, loss, negatives)
  const products = matmul(
    gather(items, rows),
    stack(
      counted.map(({ user }) => user),
      2,
    ),
  )
  const scores = bias ? add(products, expandDims(gather(bias, sub(rows, 1)), 2)) : products
  return addAll(counted.map(({ weight }, round) => mul(mean(candidateLosses(at(scores, 2, round), loss)), weight)))
}
