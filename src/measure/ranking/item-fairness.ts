import { rankDiscount } from './list-metrics.ts'

/** A measure's value, or why it has none. */
export type FairnessValue = { readonly value: number } | { readonly undefined: string }

/** One measure as it was published, and corrected so that its ends can be reached. */
export interface FairnessMeasure {
  /** Whether a higher value is fairer. */
  readonly fairer: 'higher' | 'lower'
  readonly original: FairnessValue
  /** 0 to 1 whatever the numbers of users, places and items; absent where no rescaling mends the measure. */
  readonly corrected?: FairnessValue
  /** Why the value says little here, if so. */
  readonly caution?: string
}

export const fairnessMeasures = ['jain', 'qf', 'entropy', 'gini', 'giniWeighted', 'fsat', 'vocd', 'iid', 'aid'] as const
export type FairnessMeasureName = (typeof fairnessMeasures)[number]
export type ItemFairness = { readonly [M in FairnessMeasureName]: FairnessMeasure }

export interface ItemFairnessOptions {
  /** Chance of looking at the next place (rank-biased precision), for `iid` and `aid`. Default 0.8, as published. */
  readonly gamma?: number
}

interface Exposure {
  readonly users: number
  readonly places: number
  readonly items: number
  readonly slots: number
  /** Lists that hold each item. */
  readonly counts: Float64Array
  /** Lists that every item is in at least when slots are spread evenly, and how many items are in one more. */
  readonly floor: number
  readonly rest: number
}

/** Values that differ from 0 or 1 by rounding alone are cleaned, so that ends are told as ends. */
function cleaned(value: number): FairnessValue {
  const rounding = 1e-12
  if (Math.abs(value) < rounding) return { value: 0 }
  return { value: Math.abs(value - 1) < rounding ? 1 : value }
}

const none = (why: string): FairnessValue => ({ undefined: why })

/** (value − from) / (to − from), or why not. */
function rescaled(value: number, from: number, to: number): FairnessValue {
  if (Math.abs(to - from) < 1e-12)
    return none(
      'the fairest and the unfairest lists have the same value: there is one item for every place, or one user',
    )
  return cleaned((value - from) / (to - from))
}

function exposureOf(lists: readonly ArrayLike<number>[], items: number): Exposure {
  const users = lists.length
  const places = lists[0]?.length ?? 0
  if (users === 0) throw new RangeError('there are no lists, expected at least one')
  if (places === 0) throw new RangeError('the lists are empty, expected at least one place')
  const counts = new Float64Array(items)
  const last = new Int32Array(items).fill(-1)
  for (const [row, list] of lists.entries()) {
    if (list.length !== places)
      throw new RangeError(`list ${row} has ${list.length} items, expected ${places} like the first`)
    for (let at = 0; at < places; at++) {
      const item = list[at] ?? -1
      if (!(Number.isInteger(item) && item >= 0 && item < items))
        throw new RangeError(`list ${row} has item ${item}, expected a whole number from 0 to ${items - 1}`)
      if (last[item] === row) throw new RangeError(`list ${row} has item ${item} twice, expected different items`)
      last[item] = row
      counts[item] = (counts[item] ?? 0) + 1
    }
  }
  const slots = users * places
  return { users, places, items, slots, counts, floor: Math.floor(slots / items), rest: slots % items }
}

/** Σ_j (2j − n − 1)·x_(j) / (n·Σx) over ascending x: 0 when all are equal. */
function giniOf(values: Float64Array): number {
  const sorted = values.slice().sort()
  const n = sorted.length
  let [weighted, sum] = [0, 0]
  for (let at = 0; at < n; at++) {
    const value = sorted[at] ?? 0
    weighted += (2 * (at + 1) - n - 1) * value
    sum += value
  }
  return weighted / (n * sum)
}

function jain({ counts, places, items, slots, floor, rest }: Exposure): FairnessMeasure {
  const squares = counts.reduce((sum, count) => sum + count * count, 0)
  const original = slots ** 2 / (items * squares)
  const fairest = slots ** 2 / (items * (items * floor ** 2 + rest * (2 * floor + 1)))
  return {
    fairer: 'higher',
    original: cleaned(original),
    corrected: rescaled(original, places / items, fairest),
  }
}

function qf({ counts, places, items, slots }: Exposure): FairnessMeasure {
  const exposed = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0)
  return {
    fairer: 'higher',
    original: cleaned(exposed / items),
    corrected: rescaled(exposed, places, Math.min(items, slots)),
  }
}

function entropy({ counts, places, items, slots, floor, rest }: Exposure): FairnessMeasure {
  const log = (x: number): number => Math.log(x) / Math.log(items)
  if (items === 1) {
    const why = 'there is a single item, so that logarithms to the base of the number of items have no meaning'
    return { fairer: 'higher', original: none(why), corrected: none(why) }
  }
  const term = (share: number): number => (share > 0 ? -share * log(share) : 0)
  const exposed = counts.reduce((sum, count) => sum + term(count / slots), 0)
  const fairest = slots < items ? log(slots) : (items - rest) * term(floor / slots) + rest * term((floor + 1) / slots)
  const unexposed = counts.filter((count) => count === 0).length
  return {
    fairer: 'higher',
    original:
      unexposed === 0
        ? cleaned(exposed)
        : none(`${unexposed} of ${items} items are in no list, and 0·log 0 has no value in the original`),
    corrected: rescaled(exposed, log(places), fairest),
  }
}

function gini({ counts, places, items, slots, rest }: Exposure): FairnessMeasure {
  const original = giniOf(counts)
  return {
    fairer: 'lower',
    original: cleaned(original),
    corrected: rescaled(original, ((items - rest) * rest) / (items * slots), 1 - places / items),
  }
}

function giniWeighted(lists: readonly ArrayLike<number>[], { users, places, items, slots }: Exposure): FairnessMeasure {
  const weights = new Float64Array(items)
  for (const list of lists)
    for (let at = 0; at < places; at++) {
      const item = list[at] ?? 0
      weights[item] = (weights[item] ?? 0) + rankDiscount(at + 1)
    }
  const original = giniOf(weights)
  let discounts = 0
  for (let place = 1; place <= places; place++) discounts += rankDiscount(place)
  let unfairest = 0
  for (let l = 1; l <= places; l++) unfairest += (2 * (items - places + l) - items - 1) * rankDiscount(places + 1 - l)
  unfairest /= items * discounts
  let fairest = 0
  if (slots <= items) {
    for (let l = 1; l <= places; l++)
      for (let j = items - l * users + 1; j <= items - l * users + users; j++)
        fairest += (2 * j - items - 1) * rankDiscount(l)
    fairest /= items * users * discounts
  }
  return {
    fairer: 'lower',
    original: cleaned(original),
    corrected: rescaled(original, fairest, unfairest),
    ...(slots > items && {
      caution:
        'there are more places than items, and 0 may be out of reach: it is a bound, not what the fairest lists have',
    }),
  }
}

function fsat({ counts, places, items, slots, floor }: Exposure): FairnessMeasure {
  const original = counts.reduce((sum, count) => sum + (count >= floor ? 1 : 0), 0) / items
  return {
    fairer: 'higher',
    original: cleaned(original),
    corrected: slots < items ? cleaned(original) : rescaled(original, places / items, 1),
    ...(slots < items && {
      caution: 'there are fewer places than items, and every list whatever satisfies a share of 0',
    }),
  }
}

function vocd({ counts }: Exposure): FairnessMeasure {
  const held = new Map<number, number>()
  let exposed = 0
  for (const count of counts) {
    if (count === 0) continue
    exposed++
    held.set(count, (held.get(count) ?? 0) + 1)
  }
  const distinct = [...held].toSorted(([a], [b]) => a - b)
  let sum = 0
  for (const [larger, [more, often]] of distinct.entries())
    for (const [less, seldom] of distinct.slice(0, larger)) sum += often * seldom * ((more - less) / more)
  return {
    fairer: 'lower',
    original:
      exposed < 2
        ? none(`${exposed} item is in a list, expected at least two to compare`)
        : cleaned(sum / ((exposed * (exposed - 1)) / 2)),
    caution: 'it compares exposed items alone: the same few items for everybody are perfectly fair to it',
  }
}

function disparities(
  rounds: readonly (readonly ArrayLike<number>[])[],
  { users, places, items }: Exposure,
  gamma: number,
): Pick<ItemFairness, 'iid' | 'aid'> {
  const target = (1 - gamma ** places) / ((1 - gamma) * items)
  const share = 1 / rounds.length
  let squares = 0
  const average = new Float64Array(items)
  for (let user = 0; user < users; user++) {
    const exposure = new Map<number, number>()
    for (const round of rounds)
      for (let at = 0; at < places; at++) {
        const item = round[user]?.[at] ?? 0
        exposure.set(item, (exposure.get(item) ?? 0) + share * gamma ** at)
      }
    for (const [item, seen] of exposure) {
      squares += (seen - target) ** 2
      average[item] = (average[item] ?? 0) + seen / users
    }
    squares += (items - exposure.size) * target ** 2
  }
  const all = average.reduce((sum, seen) => sum + (seen - target) ** 2, 0) / items
  return {
    iid: {
      fairer: 'lower',
      original: { value: squares / (users * items) },
      ...(rounds.length === 1 && {
        caution:
          'with one round of lists it has the same value whatever is recommended; it needs lists of several rounds',
      }),
    },
    aid: { fairer: 'lower', original: { value: all } },
  }
}

/**
 * How evenly the places of recommendation lists are spread over single items, by every published measure that needs no
 * relevance, as published and corrected (Rampisela, Maistro, Ruotsalo, Lioma, ACM TORS 3(2), arXiv 2311.01013).
 *
 * With m lists of k places over n items, N = m·k, c_i the lists that hold item i, f = ⌊N/n⌋, d = N mod n:
 *
 * - `jain` N² / (n·Σc²), from k/n to N² / (n·(n·f² + d·(2f + 1)))
 * - `qf` share of items in a list, from k/n to min(n, N)/n
 * - `entropy` −Σ p·log_n p with p = c/N, from log_n k; the original has no value once an item is in no list
 * - `gini` Σ_j (2j − n − 1)·c_(j) / (n·N), c ascending, from (n − d)·d/(n·N) to 1 − k/n
 * - `giniWeighted` the same of Σ 1/log₂(rank + 1) in place of c
 * - `fsat` share of items that are in at least f lists
 * - `vocd` mean of |c_a − c_b| / max(c_a, c_b) over pairs of items in a list
 * - `iid`, `aid` squared difference of γ^(rank − 1) to its even share, per user and item, and of the mean over users
 *
 * `corrected` is rescaled between the two ends, so that 0 and 1 are reached; that of `fsat` can fall below 0, because the
 * lists that are the same for all do not leave the fewest items satisfied. Compare originals only between runs with the
 * same m, k and n.
 *
 * @param lists one a user, best first, all of one length, of different items; or several rounds of such lists, of which
 *   the measures of single lists take the first
 * @param items catalogue size, with items that no list has
 * @throws {RangeError} on no list, lists of no or different length, an item twice in a list or outside the catalogue, or
 *   gamma outside (0, 1)
 * @example
 * itemFairness([[0, 1], [2, 3]], 4).gini.corrected // { value: 0 }
 */
export function itemFairness(
  lists: readonly ArrayLike<number>[] | { readonly rounds: readonly (readonly ArrayLike<number>[])[] },
  items: number,
  options: ItemFairnessOptions = {},
): ItemFairness {
  const gamma = options.gamma ?? 0.8
  if (!(gamma > 0 && gamma < 1)) throw new RangeError(`gamma is ${gamma}, expected a number between 0 and 1`)
  if (!(Number.isInteger(items) && items >= 1))
    throw new RangeError(`there are ${items} items, expected a whole number of at least 1`)
  const rounds = 'rounds' in lists ? lists.rounds : [lists]
  const first = rounds[0] ?? []
  const exposures = rounds.map((round) => exposureOf(round, items))
  const exposure = exposures[0] ?? exposureOf(first, items)
  for (const [round, other] of exposures.entries())
    if (other.users !== exposure.users || other.places !== exposure.places)
      throw new RangeError(
        `round ${round} has ${other.users} lists of ${other.places}, expected ${exposure.users} of ${exposure.places}`,
      )
  return {
    jain: jain(exposure),
    qf: qf(exposure),
    entropy: entropy(exposure),
    gini: gini(exposure),
    giniWeighted: giniWeighted(first, exposure),
    fsat: fsat(exposure),
    vocd: vocd(exposure),
    ...disparities(rounds, exposure, gamma),
  }
}
