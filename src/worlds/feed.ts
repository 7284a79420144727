import type { Random } from '../run/index.ts'

export interface FeedWorldOptions {
  /** Default 8. */
  readonly genres?: number
  /** Kinds within each genre. Default 4. */
  readonly kinds?: number
  /** Items of a kind, their own qualities evenly from 0 to 1. Default 4. */
  readonly qualities?: number
  /**
   * How much of an item's quality is its kind's, the same for all of that kind in a genre; kinds are evenly from 0 to 1,
   * in an order of each genre's own. Default 0.6, so that the best items of a genre are mostly of one kind.
   */
  readonly kindShare?: number
  /** Users with a history and one logged session each. Default 2000. */
  readonly users?: number
  /** Items of a history, all of the user's genre, good ones likelier. Default 6. */
  readonly historyLength?: number
  /** Items of a session. Default 3. */
  readonly sessionLength?: number
  /** Chance that a logged item is of the user's genre. Default 0.9. */
  readonly fitting?: number
}

/** What came of a session that was shown. */
export interface FeedSession {
  readonly history: Int32Array
  readonly items: Int32Array
  /** Whether it was watched, viewed, followed and liked: 0 or 1 each. */
  readonly outcomes: Readonly<Record<FeedObjective, number>>
}

/** Objectives of a session: watched through, looked into, followed on, liked. */
export type FeedObjective = 'swt' | 'vtr' | 'wtr' | 'ltr'

/** A simulated feed of short films whose users' true satisfaction with any session is known. */
export interface FeedWorld {
  readonly itemCount: number
  readonly genres: Int32Array
  readonly kinds: Int32Array
  /** From 0 to 1. */
  readonly qualities: Float64Array
  /** Noisy features of the items, [items · width]: genre, kind and quality can be read from them, not at a glance. */
  readonly vectors: Float32Array
  readonly width: number
  /** One a user, logged by a policy that knows the genre and not the quality. */
  readonly sessions: readonly FeedSession[]
  /** The genre that a history is of: the most frequent. */
  genreOf(history: ArrayLike<number>): number
  /**
   * True satisfaction with a session, from 0 to 1: the mean over its places of the quality of items that fit the
   * history's genre, times the share of kinds that are not repeated.
   */
  satisfaction(history: ArrayLike<number>, items: ArrayLike<number>): number
  /** The chances of the outcomes: satisfaction, its square root, its cube, its square. */
  chances(history: ArrayLike<number>, items: ArrayLike<number>): Readonly<Record<FeedObjective, number>>
}

/**
 * A simulated feed: every item has a genre, a kind and a quality; every user watches one genre. How well a session of
 * several items does depends on all of them together: they should fit, be good, and be of different kinds.
 *
 * @throws {RangeError} on sizes below 1 or a chance outside [0, 1]
 */
export function feedWorld(options: FeedWorldOptions, random: Random): FeedWorld {
  const { genres = 8, kinds = 4, qualities = 4, users = 2000 } = options
  const { kindShare = 0.6, historyLength = 6, sessionLength = 3, fitting = 0.9 } = options
  for (const [name, size] of Object.entries({ genres, kinds, qualities, users, historyLength, sessionLength }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  for (const [name, share] of Object.entries({ fitting, kindShare }))
    if (!(share >= 0 && share <= 1)) throw new RangeError(`${name} is ${share}, expected a share from 0 to 1`)
  const each = kinds * qualities
  const itemCount = genres * each
  const of = (part: (item: number) => number): Int32Array => Int32Array.from({ length: itemCount }, (_, at) => part(at))
  const genreOfItem = of((item) => Math.floor(item / each))
  const kindOfItem = of((item) => Math.floor((item % each) / qualities))
  const evenly = (place: number, count: number): number => (count === 1 ? 1 : place / (count - 1))
  const orders = Array.from({ length: genres }, () => random.shuffle(Array.from({ length: kinds }, (_, kind) => kind)))
  const quality = Float64Array.from({ length: itemCount }, (_, item) => {
    const ofKind = evenly(orders[genreOfItem[item] as number]?.[kindOfItem[item] as number] ?? 0, kinds)
    return kindShare * ofKind + (1 - kindShare) * evenly(item % qualities, qualities)
  })
  const width = 16
  const directions = (count: number, length: number): number[][] =>
    Array.from({ length: count }, () =>
      Array.from({ length: width }, () => (length * random.normal()) / Math.sqrt(width)),
    )
  const [genreWays, kindWays, [qualityWay = []]] = [directions(genres, 4), directions(kinds, 2), directions(1, 2)]
  const vectors = new Float32Array(itemCount * width)
  for (let item = 0; item < itemCount; item++)
    for (let k = 0; k < width; k++)
      vectors[item * width + k] =
        (genreWays[genreOfItem[item] as number]?.[k] ?? 0) +
        (kindWays[kindOfItem[item] as number]?.[k] ?? 0) +
        (qualityWay[k] ?? 0) * (quality[item] as number) +
        0.05 * random.normal()
  const genreOf = (history: ArrayLike<number>): number => {
    const counts = new Int32Array(genres)
    for (let at = 0; at < history.length; at++) {
      const genre = genreOfItem[history[at] ?? 0] ?? 0
      counts[genre] = (counts[genre] as number) + 1
    }
    return counts.indexOf(Math.max(...counts))
  }
  const satisfaction = (history: ArrayLike<number>, items: ArrayLike<number>): number => {
    const genre = genreOf(history)
    const own = Array.from(items)
    const good = own.reduce((sum, item) => sum + (genreOfItem[item] === genre ? (quality[item] as number) : 0), 0)
    return (good / own.length) * (new Set(own.map((item) => kindOfItem[item])).size / own.length)
  }
  const chances = (history: ArrayLike<number>, items: ArrayLike<number>): Record<FeedObjective, number> => {
    const r = satisfaction(history, items)
    return { swt: r, vtr: Math.sqrt(r), wtr: r ** 3, ltr: r ** 2 }
  }
  const ofGenre = (genre: number): number => genre * each + random.integer(each)
  const sessions = Array.from({ length: users }, (): FeedSession => {
    const genre = random.integer(genres)
    const history = Int32Array.from({ length: historyLength }, () => {
      for (;;) {
        const item = ofGenre(genre)
        if (random.chance(0.2 + 0.8 * (quality[item] as number))) return item
      }
    })
    const items = new Set<number>()
    while (items.size < Math.min(sessionLength, itemCount))
      items.add(random.chance(fitting) ? ofGenre(genre) : random.integer(itemCount))
    const shown = Int32Array.from(items)
    const likely = chances(history, shown)
    const drawn = (name: FeedObjective): number => Number(random.chance(likely[name]))
    return {
      history,
      items: shown,
      outcomes: { swt: drawn('swt'), vtr: drawn('vtr'), wtr: drawn('wtr'), ltr: drawn('ltr') },
    }
  })
  return {
    itemCount,
    genres: genreOfItem,
    kinds: kindOfItem,
    qualities: quality,
    vectors,
    width,
    sessions,
    genreOf,
    satisfaction,
    chances,
  }
}
