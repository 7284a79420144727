import { type Run, startRun } from '../../run/index.ts'
import { type Audience, audienceSlice, type ItemLists, type Recommender } from '../contract.ts'
import { type InteractionSet, itemCounts, itemsOf } from '../interactions/interaction-set.ts'
import { type ListMetricName, type RankingReport, rankingReport } from './ranking-report.ts'

export interface EvaluateRankingOptions {
  /** Default [20]. */
  readonly cutoffs?: readonly number[]
  /** Default all. */
  readonly metrics?: readonly ListMetricName[]
  /**
   * What is masked for a user's number, in place of what the recommender was trained on. Give the union of training and
   * validation items where a paper does.
   */
  readonly seen?: (user: number) => ArrayLike<number>
  /** What each user is recommended from, oldest first. Default: users are asked for by number. */
  readonly history?: (user: number) => ArrayLike<number>
  /** Training interactions: adds novelty. */
  readonly train?: InteractionSet
  /** What makes items alike, [items, width]: adds diversity. */
  readonly vectors?: { readonly data: ArrayLike<number>; readonly width: number }
}

/** Rows that are ranked between two signs of progress. */
const blockRows = 4096

/**
 * Ranks the whole catalogue for every user with a held-out item, seen items masked, and measures the lists.
 *
 * @example
 * const { train, test } = randomSplit(set, seeded(1))
 * const report = await evaluateRanking(await popularity(train), test)
 * report.means['ndcg@20']
 */
export async function evaluateRanking(
  recommender: Recommender,
  test: InteractionSet,
  options: EvaluateRankingOptions = {},
  run: Run = startRun(),
): Promise<RankingReport> {
  if (test.items !== recommender.items)
    throw new RangeError(`the test has ${test.items} items, expected ${recommender.items} as the recommender has`)
  const users = testedUsers(test)
  const cutoffs = options.cutoffs ?? [20]
  const count = Math.min(Math.max(...cutoffs), test.items)
  const all = audienceOf(users, options.history)
  const found = {
    rows: users.length,
    count,
    items: new Int32Array(users.length * count),
    scores: new Float32Array(users.length * count),
  }
  for (let from = 0; from < users.length; from += blockRows) {
    run.signal.throwIfAborted()
    run.progress({ label: 'ranking the catalogue', done: from, total: users.length })
    const to = Math.min(users.length, from + blockRows)
    const seen = options.seen
    const exclude: 'seen' | ItemLists = seen ? (row) => seen(users[from + row] ?? 0) : 'seen'
    const part = await recommender.recommend(audienceSlice(all, from, to), { count, exclude })
    found.items.set(part.items, from * count)
    found.scores.set(part.scores, from * count)
  }
  return rankingReport(found, users, (row) => itemsOf(test, users[row] ?? 0), {
    cutoffs,
    items: test.items,
    ...(options.metrics && { metrics: options.metrics }),
    ...(options.train && { taken: { counts: itemCounts(options.train), users: options.train.users } }),
    ...(options.vectors && { vectors: options.vectors }),
  })
}

/** Users with a held-out item, ascending. */
export function testedUsers(test: InteractionSet): Uint32Array {
  const users: number[] = []
  for (let user = 0; user < test.users; user++)
    if ((test.offsets[user + 1] ?? 0) > (test.offsets[user] ?? 0)) users.push(user)
  return Uint32Array.from(users)
}

export function audienceOf(users: Uint32Array, history?: (user: number) => ArrayLike<number>): Audience {
  return history ? { histories: Array.from(users, history) } : { users }
}

/** Items of several sets together, ascending, each once: what to mask when validation items are seen too. */
export function seenIn(...sets: readonly InteractionSet[]): (user: number) => Uint32Array {
  return (user) => {
    const lists = sets.map((set) => itemsOf(set, user)).filter((list) => list.length > 0)
    if (lists.length === 1 && lists[0]) return lists[0]
    return Uint32Array.from(new Set(lists.flatMap((list) => [...list]))).sort()
  }
}
