import { compile, type SessionOptions, type Symbolic, spec, value } from '../../tensor/index.ts'
import { lastItems } from '../interactions/sequences.ts'
import type { SequenceNetwork, SequenceParameters } from './sequence-network.ts'

/** Turns histories into numbers, many at a time. */
export interface HistoryEncoder {
  /** Numbers after each history: [histories, width]; zeros for an empty one. */
  encode(histories: readonly ArrayLike<number>[]): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Histories that go through a graph together. */
const batchRows = 256
/** Short histories are padded to one of these, or to the network's length. */
const lengths = [4, 8, 16, 32, 64, 128, 256]

/** Row length that histories are padded to. */
function paddedTo(network: SequenceNetwork, longest: number): number {
  if (network.lengths === 'whole') return network.length
  return Math.min(network.length, lengths.find((length) => length >= longest) ?? network.length)
}

/**
 * Batches of histories of like length as rows of ids, padded to few lengths.
 *
 * @param histories items by their numbers; empty ones are left out
 */
export function* historyBatches(
  network: SequenceNetwork,
  histories: readonly ArrayLike<number>[],
): Generator<{ readonly rows: readonly number[]; readonly ids: Int32Array<ArrayBuffer>; readonly length: number }> {
  const read = (row: number): number => Math.min(network.length, histories[row]?.length ?? 0)
  const order = Array.from(histories, (_, row) => row)
    .filter((row) => read(row) > 0)
    .sort((a, b) => read(a) - read(b) || a - b)
  for (let from = 0; from < order.length; ) {
    const length = paddedTo(network, read(order[from] ?? 0))
    let to = from + 1
    while (to < order.length && to - from < batchRows && read(order[to] ?? 0) <= length) to++
    const rows = order.slice(from, to)
    const own = rows.map((row) => histories[row] ?? [])
    const ids = lastItems(own, length, -1)
    for (let at = 0; at < ids.length; at++) ids[at] = (ids[at] as number) + 1
    yield { rows, ids, length }
    from = to
  }
}

/**
 * The vectors of a network, by its parameters as they are at each call.
 *
 * @param parameters in place of the network's own
 */
export function historyEncoder<P extends SequenceParameters>(
  network: SequenceNetwork<P>,
  parameters: P = network.parameters,
  session: SessionOptions = {},
): HistoryEncoder {
  const forLength = (length: number) =>
    compile(({ ids }, held: Symbolic<P>) => network.last(held, ids), {
      ...session,
      inputs: { ids: spec(['batch', length], 'int32') },
      parameters,
    })
  const compiled = new Map<number, ReturnType<typeof forLength>>()
  const { width } = network
  return {
    async encode(histories) {
      const encoded = new Float32Array(histories.length * width)
      for (const { rows, ids, length } of historyBatches(network, histories)) {
        const made = compiled.get(length) ?? forLength(length)
        compiled.set(length, made)
        const { data } = await (await made)({ ids: value(ids, [rows.length, length]) })
        for (const [at, row] of rows.entries())
          encoded.set((data as Float32Array).subarray(at * width, (at + 1) * width), row * width)
      }
      return encoded
    },
    async dispose() {
      for (const made of compiled.values()) await (await made).dispose()
      compiled.clear()
    },
  }
}
