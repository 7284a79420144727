import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface IdealPointWorldOptions {
  /** Groups with a taste of their own, default 3. */
  readonly groups?: number
  /** Columns of items and ideal points, default 4. */
  readonly dimensions?: number
  /** Default 300. */
  readonly items?: number
  /** Simulated raters, in turns of one group each. Default 60. */
  readonly raters?: number
  /** Pairs that each rater judges, default 40. */
  readonly pairsPerRater?: number
}

/** Simulated raters who like what lies near their group's ideal point. */
export interface IdealPointWorld {
  /** [items, dimensions], one after another. */
  readonly items: Float32Array
  readonly dimensions: number
  /** [groups, dimensions] */
  readonly points: Float32Array
  /** Group of each rater. */
  readonly groups: Int32Array
  /** Places of the compared items and of the rater: [pairs]. */
  readonly a: Int32Array
  readonly b: Int32Array
  readonly rater: Int32Array
  /** 1 when the rater chose a: [pairs]. */
  readonly targets: Float32Array
}

/**
 * A simulated population of groups with opposed tastes. Items are standard normal, ideal points normal with variance
 * 1.44, and a rater of a group with the point p chooses a over b with probability σ(‖b − p‖² − ‖a − p‖²). The pairs of
 * one rater follow each other, and do not depend on how many other raters there are.
 *
 * @throws {RangeError} when a number is not a whole one of at least 1 (2 for items)
 */
export function idealPointWorld(options: IdealPointWorldOptions, random: Random): IdealPointWorld {
  const { groups = 3, dimensions = 4, items = 300, raters = 60, pairsPerRater = 40 } = options
  for (const [name, number, least] of [
    ['groups', groups, 1],
    ['dimensions', dimensions, 1],
    ['items', items, 2],
    ['raters', raters, 1],
    ['pairsPerRater', pairsPerRater, 1],
  ] as const)
    if (!Number.isInteger(number) || number < least)
      throw new RangeError(`idealPointWorld: ${name} is ${number}, expected a whole number of at least ${least}`)
  const normals = (label: string, count: number, scale: number): Float32Array => {
    const stream = random.fork(label)
    return Float32Array.from({ length: count * dimensions }, () => scale * stream.normal())
  }
  const world = {
    items: normals('items', items, 1),
    dimensions,
    points: normals('points', groups, 1.2),
    groups: Int32Array.from({ length: raters }, (_, rater) => rater % groups),
    a: new Int32Array(raters * pairsPerRater),
    b: new Int32Array(raters * pairsPerRater),
    rater: Int32Array.from({ length: raters * pairsPerRater }, (_, pair) => Math.floor(pair / pairsPerRater)),
    targets: new Float32Array(raters * pairsPerRater),
  }
  const distance = (item: number, group: number): number => {
    let total = 0
    for (let d = 0; d < dimensions; d++)
      total += ((world.items[item * dimensions + d] as number) - (world.points[group * dimensions + d] as number)) ** 2
    return total
  }
  for (let rater = 0; rater < raters; rater++) {
    const stream = random.fork(`rater ${rater}`)
    const group = world.groups[rater] as number
    for (let pair = rater * pairsPerRater; pair < (rater + 1) * pairsPerRater; pair++) {
      const a = stream.integer(items)
      const b = (a + 1 + stream.integer(items - 1)) % items
      world.a[pair] = a
      world.b[pair] = b
      const lead = distance(b, group) - distance(a, group)
      world.targets[pair] = stream.chance(sigmoid(lead)) ? 1 : 0
    }
  }
  return world
}
