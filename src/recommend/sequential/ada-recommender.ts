import { seeded } from '../../run/index.ts'
import { compile, gather, type SessionOptions, type Symbolic, spec, value } from '../../tensor/index.ts'
import type { Recommendations, Recommender } from '../contract.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import type { Sequences } from '../interactions/sequences.ts'
import { recommender } from '../recommender.ts'
import type { RecommenderReader } from '../saved-recommender.ts'
import { type Exclusion, itemIndex } from '../top-items.ts'
import { adaptItems, adaptUser, filterRounds, initAdaAdapters, rememberUser } from './ada-adapters.ts'
import type { AdaParameters, AdaRounds } from './ada-rounds.ts'
import { type HistoryEncoder, historyBatches, historyEncoder } from './history-encoder.ts'
import type { SequenceNetwork, SequenceParameters } from './sequence-network.ts'
import { savedNetworkOf } from './sequence-networks.ts'
import {
  historiesFor,
  itemColumns,
  readSequences,
  readTree,
  recentSequences,
  savedNetwork,
  stateQueries,
} from './sequential-recommender.ts'

/** Vectors of the rounds. */
export interface AdaEncoder {
  /** The first round's: the network's own. */
  readonly first: HistoryEncoder
  /**
   * The vectors of the round after some, [histories, width].
   *
   * @param found items of all rounds so far, [histories, rounds · k]
   * @param users vectors of the last round, [histories, width]
   * @param remembered memory of the earlier ones, [histories, width], 0 before the second round; overwritten
   */
  next(
    histories: readonly ArrayLike<number>[],
    found: Int32Array,
    users: Float32Array,
    remembered: Float32Array,
  ): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Compiles the rounds; parameters are read as they are at each call. */
export function adaEncoder<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  parameters: AdaParameters<P>,
  { itemsPerRound }: Pick<AdaRounds, 'itemsPerRound'>,
  session: SessionOptions = {},
): AdaEncoder {
  const { width } = network
  const forLength = (length: number) =>
    compile(
      ({ ids, found, users, remembered }, { network: held, adapters }: Symbolic<AdaParameters<P>>) => {
        const { items } = held as Symbolic<SequenceParameters>
        const context = filterRounds(adapters, gather(items, found))
        const memory = rememberUser(adapters, users, remembered)
        const embedded = adaptItems(adapters, gather(items, ids), context)
        const encoded = network.last(held as Symbolic<P>, ids, { embedded })
        return { user: adaptUser(adapters, encoded, memory), memory }
      },
      {
        ...session,
        inputs: {
          ids: spec(['batch', length], 'int32'),
          found: spec(['batch', 'rounds', itemsPerRound], 'int32'),
          users: spec(['batch', width]),
          remembered: spec(['batch', width]),
        },
        parameters,
      },
    )
  const compiled = new Map<number, ReturnType<typeof forLength>>()
  const first = historyEncoder(network, parameters.network, session)
  return {
    first,
    async next(histories, found, users, remembered) {
      const made = new Float32Array(histories.length * width)
      const size = found.length / Math.max(1, histories.length)
      for (const { rows, ids, length } of historyBatches(network, histories)) {
        const graph = compiled.get(length) ?? forLength(length)
        compiled.set(length, graph)
        const taken = new Int32Array(rows.length * size)
        // Ids of the table, as those of the history.
        for (const [at, row] of rows.entries())
          for (let place = 0; place < size; place++) taken[at * size + place] = (found[row * size + place] ?? -1) + 1
        const rowsOf = (from: Float32Array): Float32Array => {
          const own = new Float32Array(rows.length * width)
          for (const [at, row] of rows.entries()) own.set(from.subarray(row * width, (row + 1) * width), at * width)
          return own
        }
        const { user, memory } = await (await graph)({
          ids: value(ids, [rows.length, length]),
          found: value(taken, [rows.length, size / itemsPerRound, itemsPerRound]),
          users: value(rowsOf(users), [rows.length, width]),
          remembered: value(rowsOf(remembered), [rows.length, width]),
        })
        for (const [at, row] of rows.entries()) {
          made.set((user.data as Float32Array).subarray(at * width, (at + 1) * width), row * width)
          remembered.set((memory.data as Float32Array).subarray(at * width, (at + 1) * width), row * width)
        }
      }
      return made
    },
    async dispose() {
      await first.dispose()
      for (const graph of compiled.values()) await (await graph).dispose()
      compiled.clear()
    },
  }
}

/** Rounds of a saved or served recommender. */
export interface ServedRounds extends AdaRounds {
  /** K, items of all rounds together. */
  readonly total: number
}

/**
 * The recommender from its parts.
 *
 * @param encoder compiled rounds that others dispose of. Default: its own
 */
export function adaRecommenderOf<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  parameters: AdaParameters<P>,
  sizes: ServedRounds,
  sequences: Sequences,
  seen: SparseRows,
  encoder?: AdaEncoder,
): Recommender {
  const { rounds, itemsPerRound } = sizes
  const own = encoder ?? adaEncoder(network, parameters, sizes)
  const recent = recentSequences(sequences, network.length)
  const columns = itemColumns(parameters.network)
  const index = itemIndex(columns)
  const { items } = network

  /**
   * Retrieves round by round.
   *
   * @param last what becomes of the last round: its vectors, and which rows it is for
   */
  const retrieve = async (
    histories: readonly ArrayLike<number>[],
    count: number,
    exclusion: Exclusion,
  ): Promise<{ readonly found: Recommendations; readonly queries: Float32Array; readonly held: Uint32Array }> => {
    const rows = histories.length
    const found = {
      rows,
      count,
      items: new Int32Array(rows * count).fill(-1),
      scores: new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY),
    }
    const held = new Uint32Array(rows)
    const remembered = new Float32Array(rows * network.width)
    let users = await own.first.encode(histories)
    for (let round = 0; ; round++) {
      const from = round * itemsPerRound
      const lastRound = round === rounds - 1
      const wanted = lastRound ? count - from : Math.min(itemsPerRound, count - from)
      const queries = stateQueries(users, network.width, columns.width)
      if (wanted > 0) {
        const part = await index.top(queries, wanted, {
          ...exclusion,
          lists: (row) => [
            ...Array.from(exclusion.lists?.(row) ?? []),
            ...found.items.subarray(row * count, row * count + (held[row] ?? 0)),
          ],
        })
        for (let row = 0; row < rows; row++) {
          // A row with gaps behind it has nothing left.
          if ((held[row] ?? 0) < from) continue
          const own = part.items.subarray(row * wanted, (row + 1) * wanted)
          const kept = own.indexOf(-1) < 0 ? wanted : own.indexOf(-1)
          found.items.set(own.subarray(0, kept), row * count + from)
          found.scores.set(part.scores.subarray(row * wanted, row * wanted + kept), row * count + from)
          held[row] = from + kept
        }
      }
      if (lastRound || wanted < itemsPerRound || from + itemsPerRound >= count) return { found, queries, held }
      const before = new Int32Array(rows * (from + itemsPerRound))
      for (let row = 0; row < rows; row++)
        before.set(found.items.subarray(row * count, row * count + from + itemsPerRound), row * (from + itemsPerRound))
      users = await own.next(histories, before, users, remembered)
    }
  }

  const whole = recommender({
    kind: 'ada-retrieval',
    items,
    seen,
    scoring: {
      form: 'lists',
      async scores(audience) {
        const histories = historiesFor(recent, audience)
        // One item of the last round, so that its vectors are made.
        const early = (rounds - 1) * itemsPerRound
        const { found, queries } = await retrieve(histories, early + 1, {})
        const scores = await index.scores(queries)
        for (let row = 0; row < histories.length; row++) {
          const mine = scores.subarray(row * items, (row + 1) * items)
          const best = mine[found.items[row * (early + 1) + early] ?? 0] ?? 0
          const gap = Math.max(1, Math.abs(best))
          for (let place = 0; place < early; place++)
            mine[found.items[row * (early + 1) + place] ?? 0] = best + gap * (early - place)
        }
        return scores
      },
      top: async (audience, count, exclusion) =>
        (await retrieve(historiesFor(recent, audience), count, exclusion)).found,
    },
    ...savedAda(network, parameters, sizes, recent),
  })
  return {
    ...whole,
    async dispose() {
      await whole.dispose()
      await index.dispose()
      if (!encoder) await own.dispose()
    },
  }
}

function savedAda<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  parameters: AdaParameters<P>,
  { rounds, itemsPerRound, total }: ServedRounds,
  sequences: Sequences,
): ReturnType<typeof savedNetwork> {
  const { tensors, metadata } = savedNetwork(network.settings, parameters, sequences)
  const numbers = { rounds, itemsPerRound, total }
  return {
    tensors,
    metadata: {
      ...metadata,
      backbone: network.kind,
      ...Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, String(number)])),
    },
  }
}

/** Reads what an Ada-Retrieval recommender saved. */
export const readAdaRetrieval: RecommenderReader = async (saved) => {
  const network = savedNetworkOf(saved.text('backbone'), saved.text('network'), seeded(0))
  const sizes = {
    rounds: saved.number('rounds'),
    itemsPerRound: saved.number('itemsPerRound'),
    total: saved.number('total'),
    dropout: 0,
  }
  const parameters = {
    network: network.parameters,
    adapters: initAdaAdapters(seeded(0), network.width, sizes.itemsPerRound),
  }
  await readTree(saved, parameters)
  return adaRecommenderOf(network, parameters, sizes, await readSequences(saved), saved.seen)
}
