import { type RankingStage, type RetrievalStage, saveStages } from './cascade-stages.ts'
import {
  type Audience,
  audienceSize,
  audienceSlice,
  type ItemLists,
  type Recommendations,
  type Recommender,
  type RecommendOptions,
} from './contract.ts'
import { type CandidateLists, candidateSlice, type Ranker, rankerOf } from './ranker.ts'
import { selectTop } from './top-items.ts'

/** What one stage did for all rows together. */
export interface StageTrace {
  readonly kind: string
  /** Items that it scored: the catalogue for the first stage, else what the stage before it kept. */
  readonly scored: number
  /** Items that it handed on. */
  readonly kept: number
  /** Wall-clock time that it took. */
  readonly milliseconds: number
  /**
   * Share of the last stage's own best (its best `count` of all items that a row may get) that is among what this stage
   * handed on, the mean over rows; with `compare` only. NaN where no row may get anything.
   */
  readonly recall?: number
}

export interface CascadeTrace {
  readonly recommendations: Recommendations
  /** First to last. */
  readonly stages: readonly StageTrace[]
  /** With `compare`: what the last stage recommends when it orders all items, and the time that this took. */
  readonly exhaustive?: { readonly recommendations: Recommendations; readonly milliseconds: number }
}

export interface TraceOptions extends RecommendOptions {
  /** Let the last stage order all items too, to tell what the cascade loses and saves. Default false. */
  readonly compare?: boolean
}

/** Several methods in a row as one recommender. */
export interface Cascade extends Recommender {
  readonly kind: 'cascade'
  readonly stages: readonly [RetrievalStage, ...RankingStage[]]
  /** What `recommend` gives, and how it came about. @throws as `recommend` does */
  trace(audience: Audience, options?: TraceOptions): Promise<CascadeTrace>
}

/** Rows that go through the stages at once. */
const blockRows = 1024

/**
 * Retrieval, coarse ranking and fine ranking as one recommender: the first stage finds `keep` items in the catalogue,
 * each later one scores what is left and keeps its best, and the last one's order is the recommendation. So a costly
 * method need only order what cheap ones let through.
 *
 * What a row must not get is left out by the first stage, so that `exclude` and `filter` mean what they mean to
 * `recommend`, and no place of a later stage is spent on it. Equal scores are ordered by the item's number. A stage keeps
 * at least as many as are asked for. `scoreItems` gives the last stage's scores, and −Infinity to items that do not
 * reach it. Saving writes all stages into one file; `dispose` disposes of all of them.
 *
 * @throws {RangeError} when the stages have different catalogues, or one keeps none or more than the one before it
 * @example
 * const shop = cascade([{ by: ease(train), keep: 500 }, { by: coarse, keep: 100 }, { by: fine }])
 * const { stages } = await shop.trace({ users: [0, 1] }, { count: 10, compare: true })
 */
export function cascade(stages: readonly [RetrievalStage, ...RankingStage[]]): Cascade {
  const [retrieval, ...rest] = stages
  const { items } = retrieval.by
  let before = items
  for (const [at, { by, keep }] of stages.entries()) {
    if (by.items !== items)
      throw new RangeError(
        `stage ${at} (${by.kind}) has ${by.items} items, expected ${items} as the first (${retrieval.by.kind})`,
      )
    if (keep === undefined) continue
    if (!(Number.isInteger(keep) && keep >= 1 && (at === 0 || keep <= before)))
      throw new RangeError(
        `stage ${at} (${by.kind}) keeps ${keep}, expected a whole number of at least 1${at === 0 ? '' : ` and at most ${before}, which the stage before it keeps`}`,
      )
    before = Math.min(keep, items)
  }
  const rankers = rest.map(({ by, keep }) => ({ ranker: rankerOf(by), keep }))
  const last = stages.at(-1)?.by ?? retrieval.by
  const recommenders = stages.flatMap(({ by }) => ('recommend' in by ? [by] : []))

  const through = async (audience: Audience, options: TraceOptions, count: number): Promise<readonly Passed[]> => {
    const { compare: _, ...rules } = options
    const passed: Passed[] = []
    const timed = async (kind: string, scored: number, work: () => Promise<Recommendations>): Promise<void> => {
      const start = performance.now()
      const found = await work()
      passed.push({ kind, scored, found, milliseconds: performance.now() - start })
    }
    const first = rankers.length === 0 ? count : Math.max(count, Math.min(retrieval.keep, items))
    await timed(retrieval.by.kind, audienceSize(audience) * items, () =>
      retrieval.by.recommend(audience, { ...rules, count: first }),
    )
    for (const [at, { ranker, keep }] of rankers.entries()) {
      const given = passed.at(-1)?.found
      if (!given) break
      const held = at === rankers.length - 1 ? count : Math.max(count, Math.min(keep ?? given.count, given.count))
      await timed(ranker.kind, listed(given), () => best(ranker, audience, given, held))
    }
    return passed
  }

  const trace = async (audience: Audience, options: TraceOptions = {}): Promise<CascadeTrace> => {
    const wanted = options.count ?? 20
    if (!(Number.isInteger(wanted) && wanted >= 1))
      throw new RangeError(`count is ${wanted}, expected a whole number of at least 1`)
    const count = Math.min(wanted, items)
    const rows = audienceSize(audience)
    const lists = emptyLists(rows, count)
    const all = emptyLists(options.compare ? rows : 0, count)
    const totals: { kind: string; scored: number; kept: number; milliseconds: number; found: number; best: number }[] =
      stages.map(({ by }) => ({ kind: by.kind, scored: 0, kept: 0, milliseconds: 0, found: 0, best: 0 }))
    let exhaustiveMs = 0
    for (let from = 0; from < rows; from += blockRows) {
      const to = Math.min(rows, from + blockRows)
      const slice = audienceSlice(audience, from, to)
      const rules = shifted(options, from)
      const passed = await through(slice, rules, count)
      const start = performance.now()
      const whole = options.compare ? await exhaustive(slice, rules, count) : undefined
      exhaustiveMs += performance.now() - start
      for (const [at, { scored, found, milliseconds }] of passed.entries()) {
        const total = totals[at]
        if (!total) continue
        total.scored += scored
        total.kept += listed(found)
        total.milliseconds += milliseconds
        if (!whole) continue
        const { recall, counted } = recallOf(whole, found)
        total.found += recall
        total.best += counted
      }
      const final = passed.at(-1)?.found
      if (final) {
        lists.items.set(final.items, from * count)
        lists.scores.set(final.scores, from * count)
      }
      if (whole) {
        all.items.set(whole.items, from * count)
        all.scores.set(whole.scores, from * count)
      }
    }
    return {
      recommendations: lists,
      stages: totals.map(({ kind, scored, kept, milliseconds, found, best: counted }) => ({
        ...{ kind, scored, kept, milliseconds },
        ...(options.compare && { recall: found / counted }),
      })),
      ...(options.compare && { exhaustive: { recommendations: all, milliseconds: exhaustiveMs } }),
    }
  }

  /** What the last stage recommends when nothing is kept from it. */
  const exhaustive = async (audience: Audience, options: TraceOptions, count: number): Promise<Recommendations> => {
    const { compare: _, ...rules } = options
    if ('recommend' in last) return last.recommend(audience, { ...rules, count })
    const allowed = await retrieval.by.recommend(audience, { ...rules, count: items })
    return best(rankerOf(last), audience, allowed, count)
  }

  return {
    kind: 'cascade',
    users: Math.min(...recommenders.map(({ users }) => users)),
    items,
    stages,
    trace,
    recommend: async (audience, options) => (await trace(audience, { ...options, compare: false })).recommendations,
    async scoreItems(audience) {
      const rows = audienceSize(audience)
      const scores = new Float32Array(rows * items).fill(Number.NEGATIVE_INFINITY)
      // As many as reach the last stage, so that it drops none of them.
      const reach = Math.min(items, rest.at(-2)?.keep ?? retrieval.keep)
      const { recommendations } = await trace(audience, { count: reach, exclude: 'nothing' })
      for (const [at, item] of recommendations.items.entries())
        if (item >= 0) scores[Math.floor(at / reach) * items + item] = recommendations.scores[at] as number
      return scores
    },
    ...('explain' in last && last.explain && { explain: last.explain.bind(last) }),
    save: (path) => saveStages(path, stages, items),
    async dispose() {
      for (const { by } of stages) await by.dispose?.()
    },
  }
}

interface Passed {
  readonly kind: string
  readonly scored: number
  readonly milliseconds: number
  readonly found: Recommendations
}

function emptyLists(rows: number, count: number): Recommendations {
  return {
    ...{ rows, count },
    items: new Int32Array(rows * count).fill(-1),
    scores: new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY),
  }
}

/** The same rules for rows that begin at another number. */
function shifted(options: TraceOptions, from: number): TraceOptions {
  const { exclude } = options
  if (typeof exclude !== 'function') return options
  const lists: ItemLists = (row) => exclude(from + row)
  return { ...options, exclude: lists }
}

/** How many items lists hold. */
function listed({ items }: CandidateLists): number {
  let count = 0
  for (const item of items) if (item >= 0) count++
  return count
}

/** The best `count` of each list by a ranker. */
async function best(
  ranker: Ranker,
  audience: Audience,
  given: CandidateLists,
  count: number,
): Promise<Recommendations> {
  // In order of their numbers, so that equal scores are.
  const candidates = { ...given, items: given.items.slice() }
  for (let row = 0; row < given.rows; row++) {
    const list = candidateSlice(candidates, row, row + 1).items.sort()
    const none = list.lastIndexOf(-1) + 1
    if (none > 0) list.copyWithin(0, none).fill(-1, list.length - none)
  }
  const scores = await ranker.scoreCandidates(audience, candidates)
  const found = emptyLists(given.rows, count)
  for (let row = 0; row < given.rows; row++) {
    const own = found.items.subarray(row * count, (row + 1) * count)
    const list = candidateSlice(candidates, row, row + 1).items
    // What is no candidate has no score, whatever the ranker says.
    const held = scores.subarray(row * given.count, (row + 1) * given.count)
    for (const [at, item] of list.entries()) if (item < 0) held[at] = Number.NEGATIVE_INFINITY
    selectTop(held, own, found.scores.subarray(row * count, (row + 1) * count), count)
    for (const [at, place] of own.entries()) if (place >= 0) own[at] = list[place] as number
  }
  return found
}

/** Σ over rows of the share of the wanted items that were kept, and how many rows want any. */
function recallOf(wanted: CandidateLists, kept: CandidateLists): { readonly recall: number; readonly counted: number } {
  let [recall, counted] = [0, 0]
  for (let row = 0; row < wanted.rows; row++) {
    const own = candidateSlice(wanted, row, row + 1).items.filter((item) => item >= 0)
    if (own.length === 0) continue
    const held = new Set(candidateSlice(kept, row, row + 1).items)
    recall += own.filter((item) => held.has(item)).length / own.length
    counted++
  }
  return { recall, counted }
}
