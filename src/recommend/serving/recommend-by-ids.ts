import type { Reason, Recommendations } from '../contract.ts'
import { diverseRerank } from '../diversity.ts'
import { historyOf } from '../interactions/interaction-set.ts'
import { rerankByExposure } from '../item-fairness.ts'
import type { ItemDetails, ItemFilter } from './item-details.ts'
import type { OpenRecommender } from './open-folder.ts'

/** Whom a list is for: someone, what they took, or both. */
export interface ListRow {
  readonly user?: string
  /** Items that were taken, oldest first: instead of a user, or after what is known of one. */
  readonly history?: readonly string[]
}

export interface ListOptions {
  /** Places of a list. Default 20. */
  readonly count?: number
  readonly filter?: ItemFilter
  /** Whether items that were taken stay out, and which others do. Default: those taken. */
  readonly exclude?: { readonly seen?: boolean; readonly items?: readonly string[] }
  /** Reasons for each item, at most. Default 0. */
  readonly explain?: number
  readonly rerank?: {
    /** 0 for relevance alone to 1 for difference alone; see `diverseRerank`. */
    readonly diversity?: number
    /** What exposure weighs; see `fairRerank` and `rerankByExposure`. */
    readonly fairness?: number
    /** Candidates as a multiple of the count. Default 5. */
    readonly candidates?: number
  }
  /**
   * What a user took up to now, oldest first, where that is known better than from the fit; undefined where nothing is
   * known of the user.
   */
  readonly historyNow?: (user: string) => Promise<readonly string[] | undefined>
}

/** An item of a list. */
export interface ListedItem {
  readonly id: string
  readonly title?: string
  readonly attributes?: NonNullable<ItemDetails['attributes']>
  /** Higher is better; scores of different rows need not be comparable. */
  readonly score: number
  /** Strongest first. */
  readonly reasons?: readonly { readonly id: string; readonly title?: string; readonly weight: number }[]
}

/** A list, and what it was made from. */
export interface RecommendedList {
  /** What was learned of a user, a history that was folded in, or how many took an item where nothing was known. */
  readonly basis: 'user' | 'history' | 'popularity'
  /** Known items of the history. */
  readonly historyItems: number
  readonly items: readonly ListedItem[]
  /** What was not known, and is left out. */
  readonly unknown?: { readonly user?: string; readonly items?: readonly string[] }
  /** What else there is to say. */
  readonly notes?: readonly string[]
}

/** A row whose ids were looked up. */
interface KnownRow {
  readonly user?: number
  /** Numbers of items, oldest first. */
  readonly history: readonly number[]
  readonly unknown: NonNullable<RecommendedList['unknown']>
  readonly notes: readonly string[]
}

/** Rows between which others may have a turn. */
const rowsAtOnce = 64

/**
 * Lists by ids. Items of a history that the recommender does not know are passed over and named. A user it does not know
 * gets what most took, unless there is a history; the list says so. What a known user took since the fit counts, as a
 * history that is folded in.
 *
 * Filters by attributes go by what `details` has. Of a filter, an exclusion and a history together there may be fewer
 * items than places.
 *
 * @throws {RangeError} when the count is below 1
 */
export async function recommendByIds(
  open: OpenRecommender,
  rows: readonly ListRow[],
  options: ListOptions = {},
): Promise<readonly RecommendedList[]> {
  const lists: RecommendedList[] = []
  const allowed = allowedItems(open, options.filter)
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve))
    const known = await Promise.all(
      rows.slice(from, from + rowsAtOnce).map((row) => lookUp(open, row, options.historyNow)),
    )
    lists.push(...(await listsOf(open, known, allowed, options)))
  }
  return lists
}

/** Ids among some that are no item of a recommender. */
export function unknownItems({ interactions }: OpenRecommender, ids: Iterable<string>): readonly string[] {
  return [...new Set(ids)].filter((id) => interactions.itemIds.find(id) === undefined)
}

function allowedItems(open: OpenRecommender, filter: ItemFilter | undefined): Uint8Array | undefined {
  if (!filter?.items && !filter?.attributes) return undefined
  const { itemIds, items } = open.interactions
  const allowed = filter.attributes ? open.details.meeting(filter.attributes) : new Uint8Array(items).fill(1)
  if (!filter.items) return allowed
  const among = new Uint8Array(items)
  for (const id of filter.items) {
    const item = itemIds.find(id)
    if (item !== undefined) among[item] = allowed[item] ?? 0
  }
  return among
}

async function lookUp(
  { interactions }: OpenRecommender,
  { user, history = [] }: ListRow,
  historyNow: ListOptions['historyNow'],
): Promise<KnownRow> {
  const { userIds, itemIds } = interactions
  const number = user === undefined ? undefined : userIds.find(user)
  const numbersOf = (ids: readonly string[]): readonly (number | undefined)[] => ids.map((id) => itemIds.find(id))
  const fitted = number === undefined ? [] : [...historyOf(interactions, number)]
  const now = user === undefined ? undefined : historyNow && numbersOf((await historyNow(user)) ?? [])
  const known = now ? now.filter((item) => item !== undefined) : fitted
  const told = numbersOf(history)
  const whole = [...known, ...told.filter((item) => item !== undefined)]
  const unknownIds = [...new Set(history.filter((_, at) => told[at] === undefined))]
  const notes: string[] = []
  const later = now ? now.length - known.length : 0
  if (later > 0)
    notes.push(
      `${later} ${later === 1 ? 'item that the user took is' : 'items that the user took are'} not in the catalogue of the fit; fit again to have ${later === 1 ? 'it' : 'them'} count.`,
    )
  const userIsUnknown = user !== undefined && known.length === 0
  if (whole.length === 0)
    notes.push(
      user === undefined
        ? 'No known item was given, so that this is what most took.'
        : `Nothing is known of the user "${user}", so that this is what most took.`,
    )
  return {
    // What was learned of the user stands as long as it is of the same items, taken in the same order.
    ...(number !== undefined && whole.length > 0 && isFitted(whole, fitted) && { user: number }),
    history: whole,
    unknown: {
      ...(userIsUnknown && { user }),
      ...(unknownIds.length > 0 && { items: unknownIds }),
    },
    notes,
  }
}

/** Whether a history, each item counting where it came last, is what a user was trained on. */
function isFitted(history: readonly number[], fitted: readonly number[]): boolean {
  const latest = [...new Set(history.toReversed())].toReversed()
  return latest.length === fitted.length && latest.every((item, at) => item === fitted[at])
}

async function listsOf(
  open: OpenRecommender,
  rows: readonly KnownRow[],
  allowed: Uint8Array | undefined,
  options: ListOptions,
): Promise<readonly RecommendedList[]> {
  const { recommender, interactions } = open
  const { count = 20, exclude = {}, explain = 0, rerank } = options
  const excluded = (exclude.items ?? []).flatMap((id) => interactions.itemIds.find(id) ?? [])
  const reranks = rerank?.diversity !== undefined || rerank?.fairness !== undefined
  const candidates = reranks ? Math.min(count * (rerank.candidates ?? 5), interactions.items) : count
  const leftOut = ({ history }: KnownRow): readonly number[] =>
    exclude.seen === false ? excluded : [...history, ...excluded]
  const recommend = async (part: readonly KnownRow[], byUser: boolean): Promise<readonly Recommendations[]> => {
    if (part.length === 0) return []
    const audience = byUser
      ? { users: part.map(({ user }) => user ?? 0) }
      : { histories: part.map(({ history }) => history) }
    let found = await recommender.recommend(audience, {
      count: candidates,
      ...(allowed && { filter: (item) => allowed[item] === 1 }),
      exclude: (row) => leftOut(part[row] as KnownRow),
    })
    const { fairness, diversity } = rerank ?? {}
    if (fairness !== undefined) {
      const places = Math.min(diversity === undefined ? count : Math.ceil((count + candidates) / 2), interactions.items)
      const { exposure, places: all } = await open.exposure({
        count: Math.min(count, interactions.items),
        weight: fairness,
      })
      found = rerankByExposure(found, exposure, all, { count: places, weight: fairness })
    }
    if (diversity !== undefined)
      found = diverseRerank(found, await open.likeness(), { count: Math.min(count, found.count), weight: diversity })
    return part.map((_, row) => ({
      rows: 1,
      count: found.count,
      items: found.items.subarray(row * found.count, (row + 1) * found.count),
      scores: found.scores.subarray(row * found.count, (row + 1) * found.count),
    }))
  }
  const byUser = rows.filter(({ user }) => user !== undefined)
  const byHistory = rows.filter(({ user }) => user === undefined)
  const [ofUsers, ofHistories] = [await recommend(byUser, true), await recommend(byHistory, false)]
  const listOf = new Map<KnownRow, Recommendations>([
    ...byUser.map((row, at) => [row, ofUsers[at] as Recommendations] as const),
    ...byHistory.map((row, at) => [row, ofHistories[at] as Recommendations] as const),
  ])
  return rows.map((row): RecommendedList => {
    const { items, scores } = listOf.get(row) as Recommendations
    const { user, history, unknown, notes } = row
    const listed: ListedItem[] = []
    const distinct = [...new Set(history)]
    for (let place = 0; place < items.length && (items[place] ?? -1) >= 0; place++)
      listed.push(listedItem(open, items[place] ?? 0, scores[place] ?? 0, explain, distinct))
    const more = [
      ...notes,
      ...(listed.length < Math.min(count, interactions.items)
        ? [`Only ${listed.length} ${listed.length === 1 ? 'item' : 'items'} may be recommended here.`]
        : []),
    ]
    return {
      basis: user !== undefined ? 'user' : history.length > 0 ? 'history' : 'popularity',
      historyItems: distinct.length,
      items: listed,
      ...(Object.keys(unknown).length > 0 && { unknown }),
      ...(more.length > 0 && { notes: more }),
    }
  })
}

function listedItem(
  { interactions, details, recommender }: OpenRecommender,
  item: number,
  score: number,
  explain: number,
  history: readonly number[],
): ListedItem {
  const named = (number: number) => {
    const { title } = details.of(number)
    return { id: interactions.itemIds.id(number), ...(title !== undefined && { title }) }
  }
  const reasons =
    explain > 0 && recommender.explain && history.length > 0
      ? recommender.explain(history, item).filter(({ weight }: Reason) => weight > 0)
      : undefined
  const { attributes } = details.of(item)
  return {
    ...named(item),
    ...(attributes && { attributes }),
    score,
    ...(reasons && {
      reasons: reasons.slice(0, explain).map(({ item: because, weight }) => ({ ...named(because), weight })),
    }),
  }
}
