import type { Random } from '../run/index.ts'

export interface ModalShopOptions {
  /** Default 400. */
  readonly users?: number
  /** Default 300. */
  readonly items?: number
  /** Circles of taste: every item is in one. Default 8. */
  readonly circles?: number
  /** How many circles a user likes. Default 2. */
  readonly liked?: number
  /** Items that a user takes of those that are there from the beginning. Default 7. */
  readonly taken?: number
  /** Share of items that come later. Default 0.3. */
  readonly lateShare?: number
  /** Items that a user takes of those that come later. Default 2. */
  readonly takenLate?: number
  /** Share of what is taken that is of a circle the user does not like. Default 0.05. */
  readonly stray?: number
  /** Kinds of features, such as picture and text. Default 2. */
  readonly kinds?: number
  /** Width of each kind. Default 16. */
  readonly width?: number
  /** Deviation of an item's features from its circle's, whose own deviate from one another by 1. Default 1. */
  readonly noise?: number
}

/** Pairs of users and items, each once. */
export interface TakenPairs {
  readonly users: Uint32Array
  readonly items: Uint32Array
}

/** A simulated shop whose items have features, and whose customers' true tastes are known. */
export interface ModalShop {
  readonly userCount: number
  readonly itemCount: number
  /** What was taken before the late items came. */
  readonly early: TakenPairs
  /** What was taken of the late items. */
  readonly late: TakenPairs
  /** 1 for items that come later. */
  readonly isLate: Uint8Array
  readonly itemCircles: Uint32Array
  /** Circles that a user likes, ascending, [users, liked]. */
  readonly userCircles: readonly (readonly number[])[]
  /** By kind, float32 [items, width]: the circle's features with noise. */
  readonly features: readonly Float32Array[]
  readonly width: number
}

/**
 * A simulated shop of things with pictures and texts: every item is of a circle of taste, and its features in every kind
 * are those of the circle with noise of their own. Users like a few circles and take items of these, all alike; a part of
 * the catalogue comes later, so that features alone tell what it is.
 *
 * @throws {RangeError} on sizes below 1, shares outside [0, 1), or more liked circles than there are
 */
export function modalShop(options: ModalShopOptions, random: Random): ModalShop {
  const { users = 400, items = 300, circles = 8, liked = 2, taken = 7, takenLate = 2 } = options
  const { lateShare = 0.3, stray = 0.05, kinds = 2, width = 16, noise = 1 } = options
  for (const [name, size] of Object.entries({ users, items, circles, liked, taken, kinds, width }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  for (const [name, part] of Object.entries({ lateShare, stray }))
    if (!(part >= 0 && part < 1)) throw new RangeError(`${name} is ${part}, expected a share from 0 to below 1`)
  if (liked > circles) throw new RangeError(`liked is ${liked}, expected at most ${circles}, the number of circles`)
  const itemCircles = Uint32Array.from({ length: items }, () => random.integer(circles))
  const isLate = Uint8Array.from({ length: items }, () => (random.chance(lateShare) ? 1 : 0))
  const userCircles = Array.from({ length: users }, () =>
    drawn(
      Array.from({ length: circles }, (_, circle) => circle),
      liked,
      random,
    ).sort((a, b) => a - b),
  )
  const all = Array.from({ length: items }, (_, item) => item)
  const choose = (count: number, when: 0 | 1): TakenPairs => {
    const [who, what]: [number[], number[]] = [[], []]
    for (let user = 0; user < users; user++) {
      const own = new Set(userCircles[user])
      const there = all.filter((item) => isLate[item] === when)
      const split = (likes: boolean) => there.filter((item) => own.has(itemCircles[item] ?? -1) === likes)
      const strays = Array.from({ length: count }, () => random.chance(stray)).filter((strayed) => strayed).length
      for (const item of [...drawn(split(true), count - strays, random), ...drawn(split(false), strays, random)]) {
        who.push(user)
        what.push(item)
      }
    }
    return { users: Uint32Array.from(who), items: Uint32Array.from(what) }
  }
  const features = Array.from({ length: kinds }, () => {
    const centres = Float64Array.from({ length: circles * width }, () => random.normal())
    return Float32Array.from({ length: items * width }, (_, at) => {
      const [item, column] = [Math.floor(at / width), at % width]
      return (centres[(itemCircles[item] ?? 0) * width + column] ?? 0) + noise * random.normal()
    })
  })
  return {
    ...{ userCount: users, itemCount: items, itemCircles, isLate, userCircles, features, width },
    early: choose(taken, 0),
    late: choose(takenLate, 1),
  }
}

/** Some of a list, each at most once; all of it where there are not as many. */
function drawn<T>(list: readonly T[], count: number, random: Random): T[] {
  const left = [...list]
  const taken: T[] = []
  while (taken.length < count && left.length > 0) taken.push(...left.splice(random.integer(left.length), 1))
  return taken
}
