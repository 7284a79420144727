import type { Json } from '../../run/index.ts'
import { parameterLeaves, type TensorValue, value } from '../../tensor/index.ts'
import type { Audience, Recommender } from '../contract.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { recommender } from '../recommender.ts'
import type { SavedRecommender } from '../saved-recommender.ts'
import { type HistoryEncoder, historyEncoder } from './history-encoder.ts'
import type { SequenceNetwork, SequenceParameters } from './sequence-network.ts'

/** The histories of an audience, oldest first. */
export function historiesFor(sequences: Sequences, audience: Audience): readonly ArrayLike<number>[] {
  return 'histories' in audience
    ? audience.histories
    : Array.from(audience.users, (user) => sequenceOf(sequences, user))
}

/** The last items of each history, as many as are read. */
export function recentSequences(sequences: Sequences, length: number): Sequences {
  const users = sequences.offsets.length - 1
  const kept = Array.from({ length: users }, (_, user) => sequenceOf(sequences, user).slice(-length))
  const offsets = new Uint32Array(users + 1)
  for (const [user, items] of kept.entries()) offsets[user + 1] = (offsets[user] ?? 0) + items.length
  const items = new Uint32Array(offsets[users] ?? 0)
  for (const [user, own] of kept.entries()) items.set(own, offsets[user])
  return { offsets, items }
}

/** Items as vectors whose inner product with a state and a 1 is the score: their embeddings, and their bias if any. */
export function itemColumns({ items, bias }: SequenceParameters): {
  readonly vectors: Float32Array
  readonly items: number
  readonly width: number
} {
  const [rows = 1, inner = 0] = items.shape
  const table = Float32Array.from(items.data as ArrayLike<number>)
  if (!bias) return { vectors: table.slice(inner), items: rows - 1, width: inner }
  const width = inner + 1
  const vectors = new Float32Array((rows - 1) * width)
  for (let item = 0; item < rows - 1; item++) {
    vectors.set(table.subarray((item + 1) * inner, (item + 2) * inner), item * width)
    vectors[item * width + inner] = Number(bias.data[item])
  }
  return { vectors, items: rows - 1, width }
}

/** States with a 1 behind each where items have a bias. */
export function stateQueries(states: Float32Array, inner: number, width: number): Float32Array {
  if (inner === width) return states
  const rows = states.length / inner
  const queries = new Float32Array(rows * width).fill(1)
  for (let row = 0; row < rows; row++) queries.set(states.subarray(row * inner, (row + 1) * inner), row * width)
  return queries
}

/** What is saved of a network and its users' histories. */
export function savedNetwork(
  settings: Json,
  parameters: unknown,
  sequences: Sequences,
): { readonly tensors: Readonly<Record<string, TensorValue>>; readonly metadata: Readonly<Record<string, string>> } {
  return {
    tensors: {
      ...Object.fromEntries(parameterLeaves(parameters).map(({ path, leaf }) => [`parameters/${path}`, leaf])),
      'sequences/offsets': value(sequences.offsets),
      'sequences/items': value(sequences.items),
    },
    metadata: { network: JSON.stringify(settings) },
  }
}

/**
 * Puts saved numbers in place of a tree's own.
 *
 * @throws {RangeError} when one is missing or of another size
 */
export async function readTree(saved: SavedRecommender, tree: unknown): Promise<void> {
  for (const { path, leaf } of parameterLeaves(tree)) {
    const numbers = await saved.floats(`parameters/${path}`)
    if (numbers.length !== leaf.data.length)
      throw new RangeError(`"parameters/${path}" has ${numbers.length} numbers, expected ${leaf.data.length}`)
    ;(leaf.data as Float32Array).set(numbers)
  }
}

/** The histories that {@link savedNetwork} saved. */
export async function readSequences(saved: SavedRecommender): Promise<Sequences> {
  return { offsets: await saved.words('sequences/offsets'), items: await saved.words('sequences/items') }
}

/**
 * A recommender that reads a history through a network. The score of an item is its embedding times the vector after the
 * history, plus its bias; users are read by their training histories. Repeats in a history count as they come.
 *
 * @param sequences what each user did; only the network's `length` last items are kept
 * @param encoder a compiled network that others dispose of. Default: one of its own
 */
export function sequentialOf<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  sequences: Sequences,
  seen: SparseRows,
  encoder?: HistoryEncoder,
): Recommender {
  const own = encoder ?? historyEncoder(network)
  const recent = recentSequences(sequences, network.length)
  const columns = itemColumns(network.parameters)
  const whole = recommender({
    kind: network.kind,
    items: network.items,
    seen,
    scoring: {
      form: 'vectors',
      ...columns,
      queries: async (audience) =>
        stateQueries(await own.encode(historiesFor(recent, audience)), network.width, columns.width),
    },
    ...savedNetwork(network.settings, network.parameters, recent),
  })
  return {
    ...whole,
    async dispose() {
      await whole.dispose()
      if (!encoder) await own.dispose()
    },
  }
}
