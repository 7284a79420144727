import type { Random } from '../run/index.ts'
import { holdsPair, type InteractionSet, itemCounts, type SparseRows } from './interactions/interaction-set.ts'

/** Stands for "there is none": the user has seen every item. */
export const noItem = 0xffffffff

/** Draws items that users have not seen. */
export interface NegativeSampler {
  /**
   * `count` unseen items for each user, [users, count]: drawn with replacement and independently. A user who has seen
   * everything gets {@link noItem}.
   *
   * @throws {RangeError} on a user that there is none of
   */
  draw(users: ArrayLike<number>, count?: number): Uint32Array
  /** A user's unseen item; {@link noItem} when there is none. */
  drawOne(user: number): number
  /** Probability of an item as a negative of a user; 0 for one that was seen. */
  probability(user: number, item: number): number
}

function sampler(seen: SparseRows, one: (user: number) => number, probability: NegativeSampler['probability']) {
  const users = seen.offsets.length - 1
  const checked = (user: number): number => {
    if (!(Number.isInteger(user) && user >= 0 && user < users))
      throw new RangeError(`there is no user ${user}, expected a whole number from 0 to ${users - 1}`)
    return user
  }
  return {
    draw(wanted, count = 1) {
      const drawn = new Uint32Array(wanted.length * count)
      for (let row = 0; row < wanted.length; row++) {
        const user = checked(wanted[row] ?? -1)
        for (let at = row * count; at < (row + 1) * count; at++) drawn[at] = one(user)
      }
      return drawn
    },
    drawOne: (user) => one(checked(user)),
    probability: (user, item) => probability(checked(user), item),
  } satisfies NegativeSampler
}

/**
 * The `rank`-th item that a row lacks, from 0: one search, whatever share of the catalogue was seen.
 *
 * Before the c-th seen item (from 0) lie `columns[c] − c` unseen ones.
 */
export function unseenAt({ offsets, columns }: SparseRows, user: number, rank: number): number {
  const start = offsets[user] ?? 0
  let [low, high] = [start, offsets[user + 1] ?? 0]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((columns[middle] ?? 0) - (middle - start) <= rank) low = middle + 1
    else high = middle
  }
  return rank + low - start
}

/**
 * Every unseen item with the same probability.
 *
 * @param seen what may not be drawn: usually the training set
 * @example
 * const negatives = uniformNegatives(train, train.items, seeded(1)).draw([0, 0, 5], 4) // [3, 4]
 */
export function uniformNegatives(seen: SparseRows, items: number, random: Random): NegativeSampler {
  const { offsets } = seen
  const unseen = (user: number): number => items - ((offsets[user + 1] ?? 0) - (offsets[user] ?? 0))
  return sampler(
    seen,
    (user) => {
      const left = unseen(user)
      return left <= 0 ? noItem : unseenAt(seen, user, random.integer(left))
    },
    (user, item) => (holdsPair(seen, user, item) ? 0 : 1 / unseen(user)),
  )
}

/** Draws positions in proportion to weights, in constant time (Walker 1977, Vose 1991). */
export interface AliasTable {
  draw(): number
}

/** @throws {RangeError} when a weight is negative or not finite, or none is positive */
export function aliasTable(weights: ArrayLike<number>, random: Random): AliasTable {
  const count = weights.length
  let total = 0
  for (let at = 0; at < count; at++) {
    const weight = weights[at] ?? 0
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight ${at} is ${weight}, expected a finite number of at least 0`)
    total += weight
  }
  if (!(total > 0)) throw new RangeError(`the weights sum to ${total}, expected a positive sum`)
  const keep = Float64Array.from(weights, (weight) => (weight * count) / total)
  const alias = new Uint32Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let at = 0; at < count; at++) (keep[at] ?? 0) < 1 ? small.push(at) : large.push(at)
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop() ?? 0, large.pop() ?? 0]
    alias[less] = more
    keep[more] = (keep[more] ?? 0) + (keep[less] ?? 0) - 1
    if ((keep[more] ?? 0) < 1) small.push(more)
    else large.push(more)
  }
  // What is left would be 1 but for rounding.
  for (const at of [...small, ...large]) keep[at] = (weights[at] ?? 0) > 0 ? 1 : (keep[at] ?? 0)
  return {
    draw() {
      const at = random.integer(count)
      return random.uniform() < (keep[at] ?? 0) ? at : (alias[at] ?? 0)
    },
  }
}

/** Seen items are drawn again this often before the unseen ones are gone through one by one. */
const tries = 32

/**
 * Unseen items in proportion to (times taken)^α. Items that nobody took have no weight, unless α is 0; where a user has
 * seen all that have weight, every unseen item is as likely as the others.
 *
 * @param alpha 1 follows the popularity, 0.75 flattens it as word2vec does, 0 is uniform. Default 0.75
 */
export function popularityNegatives(train: InteractionSet, random: Random, alpha = 0.75): NegativeSampler {
  if (!Number.isFinite(alpha)) throw new RangeError(`alpha is ${alpha}, expected a finite number`)
  const weights = Float64Array.from(itemCounts(train), (count) => (count === 0 && alpha !== 0 ? 0 : count ** alpha))
  const even = uniformNegatives(train, train.items, random)
  if (!weights.some((weight) => weight > 0)) return even
  const table = aliasTable(weights, random)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const unseenWeight = (user: number): number => {
    let left = total
    for (let at = train.offsets[user] ?? 0; at < (train.offsets[user + 1] ?? 0); at++)
      left -= weights[train.columns[at] ?? 0] ?? 0
    // Rounding leaves a remainder where nothing is left.
    return left > total * 1e-12 ? left : 0
  }
  const exact = (user: number): number => {
    const left = unseenWeight(user)
    if (left === 0) return even.drawOne(user)
    const unseen = weights.slice()
    for (let at = train.offsets[user] ?? 0; at < (train.offsets[user + 1] ?? 0); at++)
      unseen[train.columns[at] ?? 0] = 0
    return random.weighted(unseen)
  }
  return sampler(
    train,
    (user) => {
      for (let attempt = 0; attempt < tries; attempt++) {
        const item = table.draw()
        if (!holdsPair(train, user, item)) return item
      }
      return exact(user)
    },
    (user, item) => {
      if (holdsPair(train, user, item)) return 0
      const left = unseenWeight(user)
      return left === 0 ? even.probability(user, item) : (weights[item] ?? 0) / left
    },
  )
}

/**
 * Unseen items in proportion to a weight of each for each user, such as how likely it is truly disliked: with
 * `(user, item) => 1 - model.hiddenPositives(user, [item])[0]`, items that look like hidden positives are spared
 * (arXiv 2007.07204). A user whose unseen items all have weight 0 gets any of them.
 *
 * @param weight from 0 to 1; the nearer to 1 they are, the quicker a draw
 * @throws {RangeError} when a weight that is looked at is out of range
 */
export function weightedNegatives(
  seen: SparseRows,
  items: number,
  weight: (user: number, item: number) => number,
  random: Random,
): NegativeSampler {
  const even = uniformNegatives(seen, items, random)
  const checked = (user: number, item: number): number => {
    const found = weight(user, item)
    if (!(found >= 0 && found <= 1))
      throw new RangeError(`the weight of item ${item} for user ${user} is ${found}, expected a number from 0 to 1`)
    return found
  }
  const all = (user: number): Float64Array =>
    Float64Array.from({ length: items }, (_, item) => (holdsPair(seen, user, item) ? 0 : checked(user, item)))
  return sampler(
    seen,
    (user) => {
      for (let attempt = 0; attempt < tries; attempt++) {
        const item = even.drawOne(user)
        if (item === noItem || random.chance(checked(user, item))) return item
      }
      const weights = all(user)
      return weights.some((each) => each > 0) ? random.weighted(weights) : even.drawOne(user)
    },
    (user, item) => {
      if (holdsPair(seen, user, item)) return 0
      const total = all(user).reduce((sum, each) => sum + each, 0)
      return total > 0 ? checked(user, item) / total : even.probability(user, item)
    },
  )
}

/**
 * Scores of candidates for users.
 *
 * @param candidates [users, count] items
 * @returns [users, count]
 */
export type ScoreCandidates = (users: ArrayLike<number>, candidates: Uint32Array, count: number) => ArrayLike<number>

/**
 * The highest scored of `among` uniform unseen items: the hardest of a few (Zhang, Chen, Wang, Yu, SIGIR 2013, dynamic
 * negative sampling). Equal scores go to the one drawn first.
 *
 * @param among Default 5; 1 is uniform
 * @returns one item a user; {@link noItem} for users who have seen everything
 */
export function adaptiveNegatives(
  seen: SparseRows,
  items: number,
  score: ScoreCandidates,
  random: Random,
  among = 5,
): (users: ArrayLike<number>) => Uint32Array {
  if (!(Number.isInteger(among) && among >= 1))
    throw new RangeError(`among is ${among}, expected a whole number of at least 1`)
  const uniform = uniformNegatives(seen, items, random)
  return (users) => {
    const candidates = uniform.draw(users, among)
    const scores = score(users, candidates, among)
    return Uint32Array.from({ length: users.length }, (_, row) => {
      let best = row * among
      for (let at = best + 1; at < (row + 1) * among; at++) if ((scores[at] ?? 0) > (scores[best] ?? 0)) best = at
      return candidates[best] ?? noItem
    })
  }
}

/** The other positives of a batch as negatives. */
export interface InBatchNegatives {
  /** [batch, batch]: 1 where the column's item is a negative of the row's user, 0 where the user has seen it. */
  readonly allowed: Uint8Array
  /** [batch]: natural log of how often each column's item is drawn, to take off its score (Yi et al., RecSys 2019). */
  readonly logFrequency: Float32Array
}

/**
 * Which items of a batch of (user, positive) pairs serve as negatives of which users: all that the user has not seen.
 *
 * @param frequency how often each item occurs in training, [items]
 * @throws {RangeError} when there are not as many users as positives
 */
export function inBatchNegatives(
  seen: SparseRows,
  users: ArrayLike<number>,
  positives: ArrayLike<number>,
  frequency: ArrayLike<number>,
): InBatchNegatives {
  const size = users.length
  if (positives.length !== size)
    throw new RangeError(`there are ${size} users and ${positives.length} positives, expected as many of each`)
  let total = 0
  for (let item = 0; item < frequency.length; item++) total += frequency[item] ?? 0
  const allowed = new Uint8Array(size * size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      allowed[row * size + column] =
        positives[column] === positives[row] || holdsPair(seen, users[row] ?? -1, positives[column] ?? -1) ? 0 : 1
  return {
    allowed,
    logFrequency: Float32Array.from(positives, (item) => Math.log((frequency[item] ?? 0) / total)),
  }
}
