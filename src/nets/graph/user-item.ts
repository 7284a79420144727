import type { SparseEntries } from '../../tensor/index.ts'
import type { GraphEntries } from './adjacency.ts'

/** Which user had to do with which item, one pair a position. */
export interface Interactions {
  /** From 0 to below the number of users. */
  readonly users: ArrayLike<number>
  /** From 0 to below the number of items. */
  readonly items: ArrayLike<number>
}

/**
 * The binary interaction matrix R, each pair once, in order of users and then items.
 *
 * @returns rows are users, columns are items
 * @throws {RangeError} when the lists differ in length or an id is not one
 */
export function interactionEntries(
  users: number,
  items: number,
  interactions: Interactions,
): SparseEntries & { readonly rows: Int32Array; readonly columns: Int32Array } {
  const count = interactions.users.length
  if (interactions.items.length !== count)
    throw new RangeError(
      `interactions: ${count} users and ${interactions.items.length} items, expected as many of each`,
    )
  const cells = new Float64Array(count)
  for (let at = 0; at < count; at++) {
    const [user = -1, item = -1] = [interactions.users[at], interactions.items[at]]
    if (!(Number.isInteger(user) && user >= 0 && user < users))
      throw new RangeError(`interactions: user ${at} is ${user}, expected a whole number from 0 to ${users - 1}`)
    if (!(Number.isInteger(item) && item >= 0 && item < items))
      throw new RangeError(`interactions: item ${at} is ${item}, expected a whole number from 0 to ${items - 1}`)
    cells[at] = user * items + item
  }
  const unique = cells.sort().filter((cell, at) => at === 0 || cell !== cells[at - 1])
  return {
    rows: Int32Array.from(unique, (cell) => Math.floor(cell / items)),
    columns: Int32Array.from(unique, (cell) => cell % items),
  }
}

/**
 * Edges of the graph of users and items, [[0, R], [Rᵀ, 0]]: users come first, item i is node `users + i`. A pair that
 * occurs several times is one edge.
 */
export function userItemEntries(users: number, items: number, interactions: Interactions): GraphEntries {
  const { rows, columns } = interactionEntries(users, items, interactions)
  const count = rows.length
  const [from, to] = [new Int32Array(2 * count), new Int32Array(2 * count)]
  for (let at = 0; at < count; at++) {
    const [user = 0, item = 0] = [rows[at], columns[at]]
    from[at] = to[count + at] = user
    to[at] = from[count + at] = users + item
  }
  return { rows: from, columns: to, symmetric: true }
}
