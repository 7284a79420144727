import {
  add,
  compile,
  expandDims,
  gather,
  matmul,
  max,
  type SessionOptions,
  type Symbolic,
  slice,
  spec,
  type TensorValue,
  value,
} from '../../tensor/index.ts'
import { lastItems } from '../interactions/sequences.ts'
import type { CandidateLists } from '../ranker.ts'
import { rowsAtOnce } from '../top-items.ts'
import type { InterestNetwork, InterestParameters } from './interest-network.ts'
import { interestScores, invalidBias } from './interest-set.ts'

/** Interests of users as numbers. */
export interface UserInterests {
  readonly rows: number
  /** How many each user may have. */
  readonly count: number
  readonly width: number
  /** [rows, count, width] */
  readonly vectors: Float32Array
  /** [rows, count]: 1 where an interest says something, else 0; all 0 for an empty history. */
  readonly valid: Float32Array
  /** [rows, centres]: share of the behaviours that each centre took, for methods that have centres. */
  readonly usage?: Float32Array
}

/** Turns histories into interests, and interests into scores. */
export interface InterestEncoder {
  interests(histories: readonly ArrayLike<number>[]): Promise<UserInterests>
  /** [rows, items] */
  scores(interests: UserInterests): Promise<Float32Array>
  /** [rows, count]; anything where there is no candidate */
  candidateScores(interests: UserInterests, candidates: CandidateLists): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Rows that go through a graph together. */
const batchRows = 256

/**
 * A network ready to be asked, by its numbers as they are at each call.
 *
 * @param table the items' vectors, [items + 1, width]
 */
export function interestEncoder<P extends InterestParameters>(
  network: InterestNetwork<P>,
  table: TensorValue,
  session: SessionOptions = {},
): InterestEncoder {
  const held = { network: network.parameters, table }
  const graphs: { dispose(): Promise<void> }[] = []
  const lazily = <R>(make: () => Promise<R & { dispose(): Promise<void> }>) => {
    let made: Promise<R & { dispose(): Promise<void> }> | undefined
    return () => {
      made ??= make().then((graph) => {
        graphs.push(graph)
        return graph
      })
      return made
    }
  }
  const user = lazily(() =>
    compile(
      ({ ids }, parameters: Symbolic<typeof held>) =>
        network.interests(parameters.network as Symbolic<P>, parameters.table, ids),
      {
        ...session,
        inputs: { ids: spec(['batch', network.length], 'int32') },
        parameters: held,
      },
    ),
  )
  const all = lazily(() =>
    compile(
      ({ vectors, valid }, parameters: Symbolic<{ table: TensorValue }>) =>
        interestScores({ vectors, valid }, slice(parameters.table, 0, 1)),
      {
        ...session,
        inputs: { vectors: spec(['batch', 'interests', network.width]), valid: spec(['batch', 'interests']) },
        parameters: { table },
      },
    ),
  )
  const some = lazily(() =>
    compile(
      ({ vectors, valid, ids }, parameters: Symbolic<{ table: TensorValue }>) => {
        const products = matmul(gather(parameters.table, ids), vectors, { transposeB: true })
        return max(add(products, expandDims(invalidBias(valid), 1)), 2)
      },
      {
        ...session,
        inputs: {
          vectors: spec(['batch', 'interests', network.width]),
          valid: spec(['batch', 'interests']),
          ids: spec(['batch', 'candidates'], 'int32'),
        },
        parameters: { table },
      },
    ),
  )
  const part = ({ vectors, valid, count, width }: UserInterests, from: number, to: number) => ({
    vectors: value(vectors.subarray(from * count * width, to * count * width), [to - from, count, width]),
    valid: value(valid.subarray(from * count, to * count), [to - from, count]),
  })
  return {
    async interests(histories) {
      const graph = await user()
      const rows = histories.length
      let found: { count: number; vectors: Float32Array; valid: Float32Array; usage?: Float32Array } | undefined
      for (let from = 0; from < Math.max(1, rows); from += batchRows) {
        const own = histories.slice(from, from + batchRows)
        const size = Math.max(1, own.length)
        const ids = own.length > 0 ? lastItems(own, network.length, -1) : new Int32Array(network.length).fill(-1)
        for (let at = 0; at < ids.length; at++) ids[at] = (ids[at] as number) + 1
        const { vectors, valid, usage } = await graph({ ids: value(ids, [size, network.length]) })
        const [, count = 0] = valid.shape
        found ??= {
          count,
          vectors: new Float32Array(rows * count * network.width),
          valid: new Float32Array(rows * count),
          ...(usage && { usage: new Float32Array(rows * (usage.shape[1] ?? 0)) }),
        }
        if (own.length === 0) break
        found.vectors.set(vectors.data as Float32Array, from * count * network.width)
        found.valid.set(valid.data as Float32Array, from * count)
        if (usage) found.usage?.set(usage.data as Float32Array, from * (usage.shape[1] ?? 0))
      }
      return {
        rows,
        width: network.width,
        count: 0,
        vectors: new Float32Array(0),
        valid: new Float32Array(0),
        ...found,
      }
    },
    async scores(interests) {
      const graph = await all()
      const { rows } = interests
      const scores = new Float32Array(rows * network.items)
      // Each interest has a row of products.
      const block = Math.max(1, Math.floor(rowsAtOnce(network.items) / Math.max(1, interests.count)))
      for (let from = 0; from < rows; from += block) {
        const to = Math.min(rows, from + block)
        const { data } = await graph(part(interests, from, to))
        scores.set(data as Float32Array, from * network.items)
      }
      return scores
    },
    async candidateScores(interests, { rows, count, items }) {
      const graph = await some()
      const scores = new Float32Array(rows * count)
      if (count === 0) return scores
      for (let from = 0; from < rows; from += batchRows) {
        const to = Math.min(rows, from + batchRows)
        // Where there is none, padding is scored.
        const ids = Int32Array.from(items.subarray(from * count, to * count), (item) => item + 1)
        const { data } = await graph({ ...part(interests, from, to), ids: value(ids, [to - from, count]) })
        scores.set(data as Float32Array, from * count)
      }
      return scores
    },
    async dispose() {
      for (const graph of graphs.splice(0)) await graph.dispose()
    },
  }
}
