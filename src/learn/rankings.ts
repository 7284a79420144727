import { type ComparisonTable, tallyVotes } from './comparison-table.ts'

/** One rater's order of some competitors. */
export interface RaterRanking {
  /** Indices into the names; each at most once. */
  readonly competitors: readonly number[]
  /** Rank by competitor, 1 for the best; equal ranks are ties, null means not ranked. */
  readonly ranks: readonly (number | null)[]
}

export interface RankingOptions {
  /**
   * What a competitor without a rank means: `absent` leaves it out of the ranking, `below` puts it behind all that are
   * ranked, in no order (a top-k list). Default absent.
   */
  readonly unranked?: 'absent' | 'below'
}

/** A distinct ranking: groups of tied competitors from best to worst, and those known to come after, unordered. */
export interface OrderedGroups {
  readonly groups: readonly (readonly number[])[]
  readonly below: readonly number[]
}

/** Rankings in which equal ones are counted once. */
export interface RankingTable {
  readonly names: readonly string[]
  readonly rankings: readonly OrderedGroups[]
  /** `[rankings]`: how many raters gave it. */
  readonly counts: Float64Array
  /** All rankings: the sum of `counts`. */
  readonly total: number
}

/**
 * One ranking's groups of tied competitors.
 *
 * @param index names the ranking in errors
 * @param size number of competitors
 */
export function orderedGroups(
  ranking: RaterRanking,
  index: number,
  size: number,
  unranked: 'absent' | 'below',
): OrderedGroups {
  const { competitors, ranks } = ranking
  if (competitors.length !== ranks.length)
    throw new RangeError(`ranking ${index}: ${competitors.length} competitors have ${ranks.length} ranks`)
  if (new Set(competitors).size !== competitors.length)
    throw new RangeError(`ranking ${index}: a competitor appears twice, expected each at most once`)
  const byRank = new Map<number, number[]>()
  const below: number[] = []
  competitors.forEach((competitor, i) => {
    if (!Number.isInteger(competitor) || competitor < 0 || competitor >= size)
      throw new RangeError(`ranking ${index}: competitor is ${competitor}, expected an index below ${size}`)
    const rank = ranks[i] as number | null
    if (rank === null) {
      if (unranked === 'below') below.push(competitor)
      return
    }
    if (!Number.isFinite(rank)) throw new RangeError(`ranking ${index}: rank is ${rank}, expected a number or null`)
    const group = byRank.get(rank)
    if (group) group.push(competitor)
    else byRank.set(rank, [competitor])
  })
  const groups = [...byRank].sort(([x], [y]) => x - y).map(([, group]) => group.sort((x, y) => x - y))
  return { groups, below: below.sort((x, y) => x - y) }
}

/** Whether a ranking says anything: two groups, or a tie, or a group before others. */
const speaks = ({ groups, below }: OrderedGroups): boolean =>
  groups.length > 1 || (groups[0]?.length ?? 0) > 1 || (groups.length > 0 && below.length > 0)

/**
 * Counts equal rankings once. Rankings of fewer than two competitors are left out.
 *
 * @throws {RangeError} on an index outside `names`, a competitor named twice, or ranks that do not match
 */
export function tallyRankings(
  names: readonly string[],
  rankings: readonly RaterRanking[],
  { unranked = 'absent' }: RankingOptions = {},
): RankingTable {
  const known = new Map<string, number>()
  const distinct: OrderedGroups[] = []
  const counts: number[] = []
  rankings.forEach((ranking, index) => {
    const ordered = orderedGroups(ranking, index, names.length, unranked)
    if (!speaks(ordered)) return
    const key = JSON.stringify([ordered.groups, ordered.below])
    const at = known.get(key)
    if (at !== undefined) {
      counts[at] = (counts[at] as number) + 1
      return
    }
    known.set(key, distinct.length)
    distinct.push(ordered)
    counts.push(1)
  })
  return {
    names,
    rankings: distinct,
    counts: Float64Array.from(counts),
    total: counts.reduce((sum, count) => sum + count, 0),
  }
}

/** Votes with the table's counts as repetitions, from pairs of each ranking. */
function votesOf(
  table: RankingTable,
  pairs: (ranking: OrderedGroups, add: AddPair) => void,
  share: 'pair' | 'ranking',
): ComparisonTable {
  const a: number[] = []
  const b: number[] = []
  const outcomes: number[] = []
  const weights: number[] = []
  table.rankings.forEach((ranking, i) => {
    const from = a.length
    pairs(ranking, (first, second, outcome) => {
      a.push(first)
      b.push(second)
      outcomes.push(outcome)
    })
    const made = a.length - from
    for (let k = 0; k < made; k++) weights.push(share === 'pair' ? 1 : 1 / made)
    for (let copy = 1; copy < (table.counts[i] as number); copy++)
      for (let k = from; k < from + made; k++) {
        a.push(a[k] as number)
        b.push(b[k] as number)
        outcomes.push(outcomes[k] as number)
        weights.push(weights[k] as number)
      }
  })
  return tallyVotes({ names: table.names, a, b, outcomes, ...(share === 'ranking' && { weights }) })
}

/** Takes two competitors and how the first did: 1, or ½ for a tie. */
export type AddPair = (a: number, b: number, outcome: number) => void

/** Everyone against everyone ranked lower, tied or below. */
export function eachPair({ groups, below }: OrderedGroups, add: AddPair): void {
  groups.forEach((group, g) => {
    const later = [...groups.slice(g + 1).flat(), ...below]
    group.forEach((first, i) => {
      for (const second of group.slice(i + 1)) add(first, second, 0.5)
      for (const second of later) add(first, second, 1)
    })
  })
}

/** Everyone against the next group, and neighbours within a group. */
export function eachNeighbouringPair({ groups, below }: OrderedGroups, add: AddPair): void {
  groups.forEach((group, g) => {
    group.slice(1).forEach((second, i) => {
      add(group[i] as number, second, 0.5)
    })
    const next = groups[g + 1] ?? below
    for (const first of group) for (const second of next) add(first, second, 1)
  })
}

/**
 * Turns rankings into pairs: everyone against everyone ranked lower (1), tied (½) or below. Two competitors that are
 * both only known to come last say nothing about each other.
 *
 * The pairs of one ranking are not independent, so sandwich intervals of the pairs are too narrow; `rateRankings`
 * treats a ranking as the unit.
 *
 * @param share `pair`: every pair counts as one vote; `ranking`: every ranking counts as one vote, shared among its
 * pairs. Default pair.
 */
export function explodeRankings(table: RankingTable, share: 'pair' | 'ranking' = 'pair'): ComparisonTable {
  return votesOf(table, eachPair, share)
}

/**
 * The least pairs that connect what the rankings connect: neighbours in every ranking. Enough to tell whether finite
 * strengths exist (`separationOf`), which depends on who can be reached from whom.
 */
export function neighbouringPairs(table: RankingTable): ComparisonTable {
  return votesOf({ ...table, counts: table.counts.map(() => 1) }, eachNeighbouringPair, 'pair')
}
