import type { Random } from '../run/index.ts'

export interface ShownItemsOptions {
  /** Default 600. */
  readonly users?: number
  /** Default 400. */
  readonly items?: number
  /** Groups of users who weigh features alike. Default 4. */
  readonly groups?: number
  /** Features of an item. Default 8. */
  readonly features?: number
  /** Tags, each dear to one group; every item has one. Default 16. */
  readonly tags?: number
  /** Categories that are asked for; every item is in one. Default 4. */
  readonly categories?: number
  /** Share of users who have done little. Default 0.5. */
  readonly longTail?: number
  /** Behaviours of those who have done little: at most this many, each number as likely. Default 4. */
  readonly few?: number
  /** Behaviours of the others: from half this to this many. Default 30. */
  readonly many?: number
  /** Chance that a behaviour is with an item of a tag dear to its user's group, else of any. Default 0.7. */
  readonly loyalty?: number
  /** Requests of each user. Default 6. */
  readonly requests?: number
  /** Items shown in a request. Default 8. */
  readonly shown?: number
  /** How sure choices are: what the log-odds are multiplied by. Default 3. */
  readonly scale?: number
  /** How much the category weighs features beside the group, in the group's units. Default 0.5. */
  readonly byCategory?: number
}

/** A request of a simulated shop: its items are of the category asked for. */
export interface ShownRequest {
  readonly user: number
  readonly query: number
  readonly history: readonly number[]
  readonly shown: readonly number[]
  /** 1 taken, 0 left. */
  readonly labels: readonly number[]
}

/** A simulated shop that shows items, where it is known how its users weigh their features. */
export interface ShownItemsWorld {
  readonly userCount: number
  readonly itemCount: number
  readonly categoryCount: number
  /** Requests of user 0, of user 1, …; nothing taken becomes a behaviour. */
  readonly requests: readonly ShownRequest[]
  /** Features by name, one number an item. */
  readonly features: Readonly<Record<string, Float64Array>>
  /** Tag of each item. */
  readonly tags: Uint32Array
  readonly categories: Uint32Array
  /** Group of each user, which only the tags of their behaviours tell. */
  readonly groups: Uint32Array
  /** The true chance that a user takes an item. */
  chance(user: number, item: number): number
}

/**
 * A simulated shop in which groups of users weigh the same features of items differently. A user of group g takes a shown
 * item of category c and features x with chance σ(s (w_g + b w_c)·x), weights being normal vectors of length 1. The group
 * is told by nothing but the tags of what a user did before, which have nothing to do with the features.
 *
 * @throws {RangeError} on sizes below 1, or shares and chances outside [0, 1]
 */
export function shownItemsWorld(options: ShownItemsOptions, random: Random): ShownItemsWorld {
  const { users = 600, items = 400, groups = 4, features = 8, tags = 16, categories = 4 } = options
  const { longTail = 0.5, few = 4, many = 30, loyalty = 0.7, requests = 6, shown = 8, scale = 3 } = options
  const { byCategory = 0.5 } = options
  for (const [name, size] of Object.entries({
    users,
    items,
    groups,
    features,
    tags,
    categories,
    many,
    requests,
    shown,
  }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${name} is ${size}, expected a whole number of at least 1`)
  if (!(Number.isInteger(few) && few >= 0)) throw new RangeError(`few is ${few}, expected a whole number of at least 0`)
  for (const [name, chance] of Object.entries({ longTail, loyalty }))
    if (!(chance >= 0 && chance <= 1)) throw new RangeError(`${name} is ${chance}, expected a number from 0 to 1`)
  if (tags < groups) throw new RangeError(`there are ${tags} tags for ${groups} groups, expected one each at least`)
  if (items < tags || items < categories * shown)
    throw new RangeError(
      `there are ${items} items, expected at least ${Math.max(tags, categories * shown)} for ${tags} tags and requests that show ${shown} of one of ${categories} categories`,
    )
  const vectors = (label: string, count: number, length?: number): readonly Float64Array[] => {
    const stream = random.fork(label)
    return Array.from({ length: count }, () => {
      const drawn = Float64Array.from({ length: features }, () => stream.normal())
      const own = Math.hypot(...drawn)
      return length === undefined ? drawn : drawn.map((number) => (length * number) / own)
    })
  }
  const groupWeights = vectors('groups', groups, 1)
  const categoryWeights = vectors('categories', categories, byCategory)
  const itemFeatures = vectors('items', items)
  const placed = random.fork('places')
  const tagOf = Uint32Array.from(placed.shuffle(Uint32Array.from({ length: items }, (_, item) => item % tags)))
  const categoryOf = Uint32Array.from(
    placed.shuffle(Uint32Array.from({ length: items }, (_, item) => item % categories)),
  )
  const all = Array.from({ length: items }, (_, item) => item)
  const dear = Array.from({ length: groups }, (_, group) => all.filter((item) => (tagOf[item] ?? 0) % groups === group))
  const within = Array.from({ length: categories }, (_, category) =>
    all.filter((item) => categoryOf[item] === category),
  )
  const drawn = random.fork('users')
  const groupOf = Uint32Array.from({ length: users }, () => drawn.integer(groups))
  const chance = (user: number, item: number): number => {
    const [own, asked, x] = [
      groupWeights[groupOf[user] ?? 0] ?? [],
      categoryWeights[categoryOf[item] ?? 0] ?? [],
      itemFeatures[item] ?? [],
    ]
    let odds = 0
    for (let at = 0; at < features; at++) odds += ((own[at] ?? 0) + (asked[at] ?? 0)) * (x[at] ?? 0)
    return 1 / (1 + Math.exp(-scale * odds))
  }
  const made: ShownRequest[] = []
  for (let user = 0; user < users; user++) {
    const done = drawn.chance(longTail)
      ? drawn.integer(few + 1)
      : Math.ceil(many / 2) + drawn.integer(Math.floor(many / 2) + 1)
    const history = Array.from({ length: done }, () =>
      drawn.pick(drawn.chance(loyalty) ? (dear[groupOf[user] ?? 0] ?? all) : all),
    )
    for (let request = 0; request < requests; request++) {
      const query = drawn.integer(categories)
      const seen = drawn.shuffle(within[query] ?? all).slice(0, shown)
      const labels = seen.map((item) => (drawn.chance(chance(user, item)) ? 1 : 0))
      made.push({ user, query, history, shown: seen, labels })
    }
  }
  return {
    userCount: users,
    itemCount: items,
    categoryCount: categories,
    requests: made,
    features: Object.fromEntries(
      Array.from({ length: features }, (_, at) => [
        `x${at}`,
        Float64Array.from(itemFeatures, (vector) => vector[at] ?? 0),
      ]),
    ),
    tags: tagOf,
    categories: categoryOf,
    groups: groupOf,
    chance,
  }
}
