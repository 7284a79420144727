import { mean } from '../../measure/index.ts'
import type { Random } from '../../run/index.ts'
import { audienceSlice, type Recommender } from '../contract.ts'
import type { InteractionSet } from '../interactions/interaction-set.ts'
import { itemsOf } from '../interactions/interaction-set.ts'
import { noItem, uniformNegatives } from '../negative-sampling.ts'
import { rowsAtOnce } from '../top-items.ts'
import { audienceOf, seenIn, testedUsers } from './evaluate-ranking.ts'
import { type ListMetricName, listMetrics, type MetricAt } from './ranking-report.ts'

export interface EvaluateSampledOptions {
  /** Unseen items that each held-out item is ranked among, different ones. Default 99. */
  readonly negatives?: number
  /** Default [10]. */
  readonly cutoffs?: readonly number[]
  /** Interactions that make no negative, beside the test's own: training and validation. */
  readonly seen: readonly InteractionSet[]
  readonly history?: (user: number) => ArrayLike<number>
}

/** Means over held-out items. */
export interface SampledReport {
  readonly cases: number
  readonly means: Readonly<Record<MetricAt, number>>
}

/**
 * Ranks every held-out item among a few unseen ones. For reproducing papers that measured so, and for nothing else: such
 * values say neither how good a method is nor, always, which of two is better (Krichene and Rendle, KDD 2020).
 *
 * A sampled item with the same score as the held-out one counts as ranked before it, so that a method that scores all
 * alike hits nothing.
 */
export async function evaluateSampled(
  recommender: Recommender,
  test: InteractionSet,
  random: Random,
  options: EvaluateSampledOptions,
): Promise<SampledReport> {
  const [negatives, cutoffs] = [options.negatives ?? 99, options.cutoffs ?? [10]]
  const users = testedUsers(test)
  const seen = seenIn(...options.seen, test)
  const all = audienceOf(users, options.history)
  const block = rowsAtOnce(test.items)
  const names = Object.keys(listMetrics) as ListMetricName[]
  const values = new Map<MetricAt, number[]>(names.flatMap((name) => cutoffs.map((k) => [`${name}@${k}`, []] as const)))
  let cases = 0
  for (let from = 0; from < users.length; from += block) {
    const to = Math.min(users.length, from + block)
    const scores = await recommender.scoreItems(audienceSlice(all, from, to))
    for (let row = from; row < to; row++) {
      const user = users[row] ?? 0
      const own = scores.subarray((row - from) * test.items, (row - from + 1) * test.items)
      const known = seen(user)
      for (const positive of itemsOf(test, user)) {
        const drawn = distinctUnseen(known, test.items, negatives, random)
        const ahead = drawn.filter((item) => (own[item] ?? 0) >= (own[positive] ?? 0)).length
        const hits = new Uint8Array(ahead + 1)
        hits[ahead] = 1
        cases++
        for (const name of names)
          for (const k of cutoffs) values.get(`${name}@${k}`)?.push(listMetrics[name](hits, 1, k))
      }
    }
  }
  const means = Object.fromEntries([...values].map(([key, list]) => [key, mean(list)])) as SampledReport['means']
  return { cases, means }
}

/** Different unseen items; all of them where there are no more than asked for. */
function distinctUnseen(known: Uint32Array, items: number, count: number, random: Random): readonly number[] {
  const row = { offsets: Uint32Array.of(0, known.length), columns: known }
  const unseen = items - known.length
  if (unseen <= count) {
    const marked = new Set(known)
    return Array.from({ length: items }, (_, item) => item).filter((item) => !marked.has(item))
  }
  const sampler = uniformNegatives(row, items, random)
  const drawn = new Set<number>()
  while (drawn.size < count) {
    const item = sampler.drawOne(0)
    if (item !== noItem) drawn.add(item)
  }
  return [...drawn]
}
