import type { TensorValue } from '../../tensor/index.ts'
import { itemIndex } from '../top-items.ts'
import { neighbourhoodEntries } from './hypergraph-network.ts'

/** What is known of items: features of every kind, and second-order vectors. */
export interface KnownItems {
  /** Float32 [items, width of the kind] each. */
  readonly modalities: readonly TensorValue[]
  /** [items, width] */
  readonly secondOrder: Float32Array
  readonly width: number
}

/**
 * Vectors of items that nobody has taken, from their features: the mean of known items' second-order vectors, weighted by
 * how many neighbourhoods they share, at length 1; a new item that is near nothing gets zeros. An extension: the authors'
 * items have all been trained.
 *
 * @param fresh features of the new items, kinds as in `known`
 * @param neighbours k, the item itself included: at least 2
 * @returns [new items, width]
 * @throws {RangeError} when kinds or their widths differ, or k is below 2
 */
export async function placeItems(
  known: KnownItems,
  fresh: readonly TensorValue[],
  neighbours: number,
): Promise<Float32Array> {
  const { modalities, secondOrder, width } = known
  const items = secondOrder.length / width
  if (!(Number.isInteger(neighbours) && neighbours >= 2))
    throw new RangeError(`neighbours is ${neighbours}, expected a whole number of at least 2`)
  if (fresh.length !== modalities.length)
    throw new RangeError(`there are ${fresh.length} kinds of features of new items, expected ${modalities.length}`)
  const count = fresh[0]?.shape[0] ?? 0
  const { rows, columns } = await neighbourhoodEntries(items, modalities, neighbours)
  // Items by hyperedge: those that have it among their neighbours.
  const holders = new Map<number, number[]>()
  for (let at = 0; at < rows.length; at++) {
    const edge = Number(columns[at])
    const list = holders.get(edge)
    if (list) list.push(Number(rows[at]))
    else holders.set(edge, [Number(rows[at])])
  }
  const placed = new Float32Array(count * width)
  for (const [kind, features] of fresh.entries()) {
    const old = modalities[kind] as TensorValue
    if (features.shape.length !== 2 || features.shape[0] !== count || features.shape[1] !== old.shape[1])
      throw new RangeError(
        `features ${kind} of new items are [${features.shape.join(', ')}], expected [${count}, ${old.shape[1]}]`,
      )
    // The new item is the nearest to itself, so that one less is left.
    const near = await nearestRows(old, features, Math.min(neighbours - 1, items))
    for (let item = 0; item < count; item++)
      for (const edge of near(item))
        for (const holder of holders.get(kind * items + edge) ?? [])
          for (let at = 0; at < width; at++)
            placed[item * width + at] =
              (placed[item * width + at] as number) + (secondOrder[holder * width + at] as number)
  }
  for (let start = 0; start < placed.length; start += width) {
    const row = placed.subarray(start, start + width)
    const length = Math.hypot(...row)
    if (length > 0) for (let at = 0; at < width; at++) row[at] = (row[at] as number) / length
  }
  return placed
}

/** Rows of `known` that are most similar to rows of `fresh` by cosine, as far as it is positive. */
async function nearestRows(known: TensorValue, fresh: TensorValue, count: number) {
  const width = known.shape[1] ?? 0
  const unit = ({ data }: TensorValue): Float32Array => {
    const rows = Float32Array.from(data as ArrayLike<number>)
    for (let start = 0; start < rows.length; start += width) {
      const row = rows.subarray(start, start + width)
      let square = 0
      for (const number of row) square += number * number
      if (square > 0) for (let at = 0; at < width; at++) row[at] = (row[at] as number) / Math.sqrt(square)
    }
    return rows
  }
  const index = itemIndex({ vectors: unit(known), items: known.shape[0] ?? 0, width })
  const found = await index.top(unit(fresh), count, {})
  await index.dispose()
  return (row: number): readonly number[] =>
    Array.from(found.items.subarray(row * found.count, (row + 1) * found.count)).filter(
      (item, at) => item >= 0 && (found.scores[row * found.count + at] ?? 0) > 0,
    )
}
