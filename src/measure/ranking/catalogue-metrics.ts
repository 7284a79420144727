/** Metrics of many lists against the catalogue they come from. Lists hold item numbers; −1 is an empty place. */

/** How often each item is in the lists: [items]. @throws {RangeError} on an item outside the catalogue */
export function exposureCounts(lists: readonly ArrayLike<number>[], items: number): Uint32Array {
  const counts = new Uint32Array(items)
  for (const [row, list] of lists.entries())
    for (let at = 0; at < list.length; at++) {
      const item = list[at] ?? -1
      if (item === -1) continue
      if (!(Number.isInteger(item) && item >= 0 && item < items))
        throw new RangeError(`list ${row} has item ${item}, expected a whole number from 0 to ${items - 1}`)
      counts[item] = (counts[item] ?? 0) + 1
    }
  return counts
}

/** Share of the catalogue that is in at least one list. */
export function coverage(lists: readonly ArrayLike<number>[], items: number): number {
  return exposureCounts(lists, items).reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0) / items
}

/**
 * Mean self-information of what is listed, in bits: log₂(users / users who took the item), an item that nobody took
 * counting as taken by one. 0 when everything listed was taken by all; NaN when nothing is listed.
 *
 * @param taken how many users took each item in training
 * @see Zhou et al., PNAS 107 (2010) 4511, where it is called surprisal
 */
export function novelty(lists: readonly ArrayLike<number>[], taken: ArrayLike<number>, users: number): number {
  const counts = exposureCounts(lists, taken.length)
  let [sum, places] = [0, 0]
  for (const [item, count] of counts.entries()) {
    sum += count * Math.log2(users / Math.max(1, taken[item] ?? 0))
    places += count
  }
  return sum / places
}

/**
 * Mean distance of two items in a list, 1 − cosine of their vectors; a vector of zeros has distance 1 to all. NaN for a
 * list of fewer than two items.
 *
 * @param vectors [items, width]: what makes items alike, such as learned vectors, genres, or who took them
 * @see Ziegler, McNee, Konstan, Lausen, WWW 2005 (intra-list similarity)
 */
export function listDiversity(list: ArrayLike<number>, vectors: ArrayLike<number>, width: number): number {
  const unit: Float64Array[] = []
  for (let at = 0; at < list.length; at++) {
    const item = list[at] ?? -1
    if (item === -1) continue
    if (!(item >= 0 && (item + 1) * width <= vectors.length))
      throw new RangeError(`the list has item ${item}, expected one of ${Math.floor(vectors.length / width)}`)
    const vector = Float64Array.from({ length: width }, (_, column) => vectors[item * width + column] ?? 0)
    const length = Math.hypot(...vector)
    unit.push(length === 0 ? vector : vector.map((value) => value / length))
  }
  // Σ over pairs of cosines is (‖Σ v‖² − Σ ‖v‖²) / 2.
  const total = new Float64Array(width)
  let own = 0
  for (const vector of unit)
    for (let column = 0; column < width; column++) {
      const value = vector[column] ?? 0
      total[column] = (total[column] ?? 0) + value
      own += value * value
    }
  const pairs = (unit.length * (unit.length - 1)) / 2
  return 1 - (total.reduce((sum, value) => sum + value * value, 0) - own) / 2 / pairs
}
