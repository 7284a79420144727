import type { Random } from '../run/index.ts'

export interface InterestWorldOptions {
  /** Default 600. */
  readonly users?: number
  /** Kinds of items. Default 16. */
  readonly kinds?: number
  /** Items of each kind. Default 50. */
  readonly itemsOfKind?: number
  /** Lasting interests of each user. Default 3. */
  readonly lasting?: number
  /** How much larger each lasting interest is than the next. Default 1: all alike. */
  readonly skew?: number
  /** Things that a user does while one passing interest holds, before it gives way to another. Default 20. */
  readonly session?: number
  /** Things that each user did before. Default 100. */
  readonly events?: number
  /** Chance that the passing interest decides, and not one of the lasting ones. Default 0.6. */
  readonly passing?: number
  /** What each user does next, with the same interests: held out. Default 10, half of them to choose settings on. */
  readonly next?: number
}

/** A simulated shop whose customers have several interests, of which some last and one passes; all are known. */
export interface InterestWorld {
  readonly userCount: number
  readonly itemCount: number
  /** What each user did, oldest first, every item once. */
  readonly histories: readonly Uint32Array[]
  /** What each user does next. */
  readonly next: readonly Uint32Array[]
  /** Kind of each item. */
  readonly itemKinds: Uint32Array
  /** Kinds of each user's lasting interests, the largest first. */
  readonly lasting: readonly Uint32Array[]
  /** Kind of each user's passing interest at the end of the history. */
  readonly passing: Uint32Array
  /** The true chance that a user's next thing is an item that they have not had. */
  chance(user: number, item: number): number
}

/**
 * A simulated shop of customers with several interests: a few that last, and one that passes and decides most of what
 * they do for a while. An item of the kind is taken by chance, each at most once. A single vector a user must stand
 * between kinds; a method that mixes all of the past takes earlier passing interests for present ones.
 *
 * @throws {RangeError} on sizes below 1, a chance outside [0, 1], or kinds that have too few items or are too few
 */
export function interestWorld(options: InterestWorldOptions, random: Random): InterestWorld {
  const { users = 600, kinds = 16, itemsOfKind = 50, lasting = 3, skew = 1, session = 20 } = options
  const { events = 100, passing = 0.6, next = 10 } = options
  for (const [name, size] of Object.entries({ users, kinds, itemsOfKind, lasting, session, events, next }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  if (!(passing >= 0 && passing <= 1)) throw new RangeError(`passing is ${passing}, expected a chance from 0 to 1`)
  if (!(skew > 0 && Number.isFinite(skew))) throw new RangeError(`skew is ${skew}, expected a positive number`)
  if (kinds < lasting + 2)
    throw new RangeError(`there are ${kinds} kinds, expected at least ${lasting + 2}: the lasting ones and two to pass`)
  const weights = Array.from({ length: lasting }, (_, rank) => skew ** -rank)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const kindOf = (item: number): number => Math.floor(item / itemsOfKind)
  const worlds = Array.from({ length: users }, () => {
    const order = random.shuffle(Uint32Array.from({ length: kinds }, (_, kind) => kind))
    const own = order.slice(0, lasting)
    const others = order.slice(lasting)
    // What is left of each kind, in a random order.
    const left = Array.from({ length: kinds }, (_, kind) =>
      Array.from(random.shuffle(Uint32Array.from({ length: itemsOfKind }, (_unused, at) => kind * itemsOfKind + at))),
    )
    let now = others[0] ?? 0
    const take = (): number => {
      const kind = random.chance(passing) ? now : (own[random.weighted(weights)] ?? 0)
      const item = left[kind]?.pop()
      if (item === undefined)
        throw new RangeError(`a user has had all ${itemsOfKind} items of a kind, expected more items of each`)
      return item
    }
    const history = Uint32Array.from({ length: events }, (_, at) => {
      now = others[Math.floor(at / session) % others.length] ?? 0
      return take()
    })
    const had = left.map((items) => items.length)
    return { own, now, history, had, next: Uint32Array.from({ length: next }, take) }
  })
  return {
    userCount: users,
    itemCount: kinds * itemsOfKind,
    histories: worlds.map(({ history }) => history),
    next: worlds.map(({ next: after }) => after),
    itemKinds: Uint32Array.from({ length: kinds * itemsOfKind }, (_, item) => kindOf(item)),
    lasting: worlds.map(({ own }) => own),
    passing: Uint32Array.from(worlds, ({ now }) => now),
    chance(user, item) {
      const world = worlds[user]
      const kind = kindOf(item)
      if (!world || world.history.includes(item)) return 0
      const rank = world.own.indexOf(kind)
      const share =
        (kind === world.now ? passing : 0) + (rank >= 0 ? ((1 - passing) * (weights[rank] ?? 0)) / total : 0)
      return share / Math.max(1, world.had[kind] ?? 0)
    },
  }
}
