import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface ExposedShopOptions {
  /** Default 300. */
  readonly users?: number
  /** Default 200. */
  readonly items?: number
  /** Factors of taste. Default 8. */
  readonly factors?: number
  /** Log odds that an item is liked, on average over items. Default −2: people like about a quarter of the items. */
  readonly appeal?: number
  /** Chance that a user sees an item, whatever it is. Default 0.3. */
  readonly exposure?: number
}

/** A simulated shop of which is known what its customers would like and have never seen. */
export interface ExposedShop {
  readonly userCount: number
  readonly itemCount: number
  /** Everything that is liked, each pair once, by users and then items. */
  readonly users: Uint32Array
  readonly items: Uint32Array
  /** By liked pair: 1 where it was seen, and therefore taken. */
  readonly taken: Uint8Array
  /** The true log odds that a user likes an item. */
  logit(user: number, item: number): number
}

/**
 * A simulated shop whose customers take what they like of what they see, so that most of what they did not take they
 * never saw: log odds of liking are x_u·y_i + appeal, all factors standard normal; every pair is seen by a coin of its own.
 *
 * @throws {RangeError} on sizes below 1 or an exposure outside [0, 1]
 */
export function exposedShop(options: ExposedShopOptions, random: Random): ExposedShop {
  const { users = 300, items = 200, factors = 8, appeal = -2, exposure = 0.3 } = options
  for (const [name, size] of Object.entries({ users, items, factors }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  if (!(exposure >= 0 && exposure <= 1)) throw new RangeError(`exposure is ${exposure}, expected a chance from 0 to 1`)
  const x = Float64Array.from({ length: users * factors }, () => random.normal())
  const y = Float64Array.from({ length: items * factors }, () => random.normal())
  const logit = (user: number, item: number): number => {
    let total = appeal
    for (let at = 0; at < factors; at++) total += (x[user * factors + at] ?? 0) * (y[item * factors + at] ?? 0)
    return total
  }
  const [who, what, taken]: [number[], number[], number[]] = [[], [], []]
  for (let user = 0; user < users; user++)
    for (let item = 0; item < items; item++) {
      if (!random.chance(sigmoid(logit(user, item)))) continue
      who.push(user)
      what.push(item)
      taken.push(random.chance(exposure) ? 1 : 0)
    }
  return {
    ...{ userCount: users, itemCount: items, logit },
    users: Uint32Array.from(who),
    items: Uint32Array.from(what),
    taken: Uint8Array.from(taken),
  }
}
