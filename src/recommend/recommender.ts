import { type TensorValue, value, writeSafetensors } from '../tensor/index.ts'
import {
  type Audience,
  audienceSize,
  audienceSlice,
  type ItemLists,
  type ItemVectors,
  type Reason,
  type Recommendations,
  type Recommender,
  type RecommendOptions,
} from './contract.ts'
import { itemsOf, type SparseRows } from './interactions/interaction-set.ts'
import { type Exclusion, itemIndex, rowsAtOnce, topOfScores } from './top-items.ts'

/** Scores as inner products of a vector of the row with one of each item. */
export interface VectorScoring extends ItemVectors {
  readonly form: 'vectors'
  /** [rows, width]. The audience is checked; rows that nothing is known of may get anything. */
  queries(audience: Audience): Float32Array | Promise<Float32Array>
}

/** Scores in any other way. */
export interface DenseScoring {
  readonly form: 'scores'
  /** [rows, items], fresh memory. The audience is checked; rows that nothing is known of may get anything. */
  scores(audience: Audience): Float32Array | Promise<Float32Array>
}

/** Whole lists made by the method itself, such as in several rounds. */
export interface ListScoring {
  readonly form: 'lists'
  /** [rows, items], fresh memory, in the order of a list that leaves nothing out. */
  scores(audience: Audience): Float32Array | Promise<Float32Array>
  /** The audience is checked; rows that nothing is known of may get anything. */
  top(audience: Audience, count: number, exclusion: Exclusion): Promise<Recommendations>
}

/** What a method brings; the rest of a recommender is the same for all. */
export interface RecommenderParts {
  readonly kind: string
  readonly items: number
  /** What users were trained on. */
  readonly seen: SparseRows
  readonly scoring: VectorScoring | DenseScoring | ListScoring
  explain?(history: ArrayLike<number>, item: number): readonly Reason[]
  /** Everything that is saved beside what was seen. */
  readonly tensors: Readonly<Record<string, TensorValue>>
  readonly metadata: Readonly<Record<string, string>>
}

/** What saved recommenders are told by. */
export const recommenderFormat = 'penchant-recommender'

/** A whole recommender from what is peculiar to a method. */
export function recommender(parts: RecommenderParts): Recommender {
  const { items, seen, scoring } = parts
  const users = seen.offsets.length - 1
  const index = scoring.form === 'vectors' ? itemIndex(scoring) : undefined
  const popularity = new Float32Array(items)
  for (const item of seen.columns) popularity[item] = (popularity[item] ?? 0) + 1

  const checked = (audience: Audience): Audience => {
    if ('users' in audience) {
      for (let row = 0; row < audience.users.length; row++) itemsOf(seen, audience.users[row] ?? -1)
      return audience
    }
    for (const [row, history] of audience.histories.entries())
      for (let at = 0; at < history.length; at++) {
        const item = history[at] ?? -1
        if (!(Number.isInteger(item) && item >= 0 && item < items))
          throw new RangeError(`history ${row} has item ${item}, expected a whole number from 0 to ${items - 1}`)
      }
    return audience
  }
  const known = (audience: Audience): ItemLists =>
    'users' in audience ? (row) => itemsOf(seen, audience.users[row] ?? 0) : (row) => audience.histories[row] ?? []

  const score = async (audience: Audience): Promise<Float32Array> => {
    const scores =
      scoring.form === 'vectors' ? await index?.scores(await scoring.queries(audience)) : await scoring.scores(audience)
    const held = scores ?? new Float32Array(0)
    const own = known(audience)
    for (let row = 0; row < audienceSize(audience); row++) if (own(row).length === 0) held.set(popularity, row * items)
    return held
  }
  return {
    kind: parts.kind,
    users,
    items,
    scoreItems: async (audience) => score(checked(audience)),
    async recommend(audience, options: RecommendOptions = {}) {
      checked(audience)
      const wanted = options.count ?? 20
      if (!(Number.isInteger(wanted) && wanted >= 1))
        throw new RangeError(`count is ${wanted}, expected a whole number of at least 1`)
      const count = Math.min(wanted, items)
      const rows = audienceSize(audience)
      const own = known(audience)
      const lists =
        options.exclude === 'nothing'
          ? undefined
          : options.exclude === undefined || options.exclude === 'seen'
            ? own
            : options.exclude
      const exclusion: Exclusion = {
        ...(lists && { lists: checkedLists(lists, items) }),
        ...(options.filter && {
          allowed: Uint8Array.from({ length: items }, (_, item) => (options.filter?.(item) ? 1 : 0)),
        }),
      }
      const found = { rows, count, items: new Int32Array(rows * count), scores: new Float32Array(rows * count) }
      const block = scoring.form === 'scores' ? rowsAtOnce(items) : 4096
      for (let from = 0; from < rows; from += block) {
        const to = Math.min(rows, from + block)
        const slice = audienceSlice(audience, from, to)
        const part = await best(slice, from, count, exclusion)
        found.items.set(part.items, from * count)
        found.scores.set(part.scores, from * count)
      }
      return found
    },
    ...(scoring.form === 'vectors' && {
      vectors: {
        vectors: scoring.vectors,
        items,
        width: scoring.width,
        queries: async (audience: Audience) => scoring.queries(checked(audience)),
        known,
      },
    }),
    ...(parts.explain && { explain: parts.explain }),
    async save(path) {
      await writeSafetensors(
        path,
        { ...parts.tensors, 'seen/offsets': value(seen.offsets), 'seen/columns': value(seen.columns) },
        { metadata: { ...parts.metadata, format: recommenderFormat, kind: parts.kind, items: String(items) } },
      )
    },
    dispose: async () => index?.dispose(),
  }

  async function best(audience: Audience, from: number, count: number, exclusion: Exclusion): Promise<Recommendations> {
    const shifted: Exclusion = {
      ...exclusion,
      ...(exclusion.lists && { lists: (row) => exclusion.lists?.(from + row) ?? [] }),
    }
    const found =
      scoring.form === 'lists'
        ? await scoring.top(audience, count, shifted)
        : scoring.form === 'vectors'
          ? await index?.top(await scoring.queries(audience), count, shifted)
          : undefined
    if (!found) return topOfScores(await score(audience), items, count, shifted)
    const own = known(audience)
    for (let row = 0; row < found.rows; row++) {
      if (own(row).length > 0) continue
      const part = topOfScores(popularity.slice(), items, count, shifted, row)
      found.items.set(part.items, row * count)
      found.scores.set(part.scores, row * count)
    }
    return found
  }
}

function checkedLists(lists: ItemLists, items: number): ItemLists {
  return (row) => {
    const list = lists(row)
    for (let at = 0; at < list.length; at++) {
      const item = list[at] ?? -1
      if (!(Number.isInteger(item) && item >= 0 && item < items))
        throw new RangeError(`row ${row} is not to get item ${item}, expected a whole number from 0 to ${items - 1}`)
    }
    return list
  }
}
