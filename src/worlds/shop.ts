import type { Random } from '../run/index.ts'

export interface ShopWorldOptions {
  /** Default 600. */
  readonly users?: number
  /** Default 400. */
  readonly items?: number
  /** Circles of taste: every user and every item is in one. Default 8. */
  readonly circles?: number
  /** Mean chance that a user takes an item of their own circle. Default 0.1. */
  readonly inside?: number
  /** Mean chance for an item of another circle. Default 0.002. */
  readonly outside?: number
  /**
   * How much better known some items are: within a circle the r-th item's chance is in proportion to r^(−fame), with
   * the same mean. Default 0, all alike.
   */
  readonly fame?: number
}

/** A simulated shop whose customers' true tastes are known. */
export interface ShopWorld {
  readonly userCount: number
  readonly itemCount: number
  /** User of each interaction, from 0; a pair comes once. */
  readonly users: Uint32Array
  readonly items: Uint32Array
  /** Circle of each user. */
  readonly userCircles: Uint32Array
  readonly itemCircles: Uint32Array
  /** The true chance that a user takes an item. */
  chance(user: number, item: number): number
}

/**
 * A simulated shop: users take an item of their own circle of taste often and others seldom, each pair by a coin of its
 * own, so that who takes alike tells what else they would take.
 *
 * @throws {RangeError} on sizes below 1 or chances outside [0, 1]
 */
export function shopWorld(options: ShopWorldOptions, random: Random): ShopWorld {
  const { users = 600, items = 400, circles = 8, inside = 0.1, outside = 0.002, fame = 0 } = options
  for (const [name, size] of Object.entries({ users, items, circles }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  for (const [name, chance] of Object.entries({ inside, outside }))
    if (!(chance >= 0 && chance <= 1)) throw new RangeError(`${name} is ${chance}, expected a chance from 0 to 1`)
  if (!(fame >= 0)) throw new RangeError(`fame is ${fame}, expected a number of at least 0`)
  const userCircles = Uint32Array.from({ length: users }, () => random.integer(circles))
  const itemCircles = Uint32Array.from({ length: items }, () => random.integer(circles))
  const weights = new Float64Array(items)
  for (let circle = 0; circle < circles; circle++) {
    const own = Array.from({ length: items }, (_, item) => item).filter((item) => itemCircles[item] === circle)
    const raw = own.map((_, rank) => (rank + 1) ** -fame)
    const total = raw.reduce((sum, weight) => sum + weight, 0)
    for (const [rank, item] of own.entries()) weights[item] = ((raw[rank] ?? 0) * own.length) / total
  }
  const chance = (user: number, item: number): number =>
    Math.min(1, (userCircles[user] === itemCircles[item] ? inside : outside) * (weights[item] ?? 0))
  const taken: { readonly user: number; readonly item: number }[] = []
  for (let user = 0; user < users; user++)
    for (let item = 0; item < items; item++) if (random.chance(chance(user, item))) taken.push({ user, item })
  return {
    userCount: users,
    itemCount: items,
    users: Uint32Array.from(taken, ({ user }) => user),
    items: Uint32Array.from(taken, ({ item }) => item),
    userCircles,
    itemCircles,
    chance,
  }
}
