import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { signalKinds } from '../signal.ts'
import type { SignalFilter } from '../store.ts'
import type { Connection } from './connection.ts'
import { findNumbers, keyOf, keyOfSignalsBy } from './lookup.ts'
import type { Tables } from './tables.ts'

/** A filter whose raters and sources have been looked up, so that it can be asked again and again. */
export interface ResolvedFilter {
  readonly filter: SignalFilter
  /** Absent when the filter names no raters. */
  readonly raters?: {
    /** Their rows, every version of them. */
    readonly numbers: readonly number[]
    /** Keys under which the lookup has their signals, perhaps among those of raters whose keys are the same. */
    readonly keys: readonly number[]
  }
  /** The rows of the sources; absent when the filter names none. */
  readonly sources?: readonly number[]
}

/** Looks up what a filter names by id. What comes later under the same ids is not in it. */
export function resolveFilter(connection: Connection, filter: SignalFilter): ResolvedFilter {
  const rowsUnder = (table: 'raters' | 'sources', id: string, keys: readonly number[], ids: readonly string[]) => {
    const possible = [...findNumbers(connection, keys).values()].flat()
    return connection
      .rows(
        `select number from ${table} where number in (select value from json_each(?)) and ${id} in (select value from json_each(?))`,
        [JSON.stringify(possible), JSON.stringify(ids)],
      )
      .map(([number]) => number as number)
  }
  const { raters, sources } = filter
  const raterKeys = raters?.map((id) => keyOf('rater', id)) ?? []
  return {
    filter,
    ...(raters !== undefined && {
      raters: {
        numbers: rowsUnder('raters', "body ->> '$.id'", raterKeys, raters),
        keys: raterKeys.map(keyOfSignalsBy),
      },
    }),
    ...(sources !== undefined && {
      sources: rowsUnder(
        'sources',
        'body',
        sources.map((id) => keyOf('source', id)),
        sources,
      ),
    }),
  }
}

/** A stretch of signals by number: beyond `after`, up to and including `until`. */
export interface Stretch {
  readonly after: number
  readonly until: number
}

/** One parameter for a whole list, so that lists of any length make the same statement. */
const listed = <Entry extends string | number>(list: readonly Entry[]) =>
  sql<Entry>`(select value from json_each(${JSON.stringify(list)}))`

/** The condition on `signals` that a filter comes to within a stretch. */
export function conditionOf(
  { filter, raters, sources }: ResolvedFilter,
  { after, until }: Stretch,
  signals: ExpressionBuilder<Tables, 'signals'>,
): Expression<SqlBool> {
  const { exists, ref, selectFrom } = signals
  const conditions: Expression<SqlBool>[] = [
    signals('signals.number', '>', after),
    signals('signals.number', '<=', until),
  ]
  const add = (condition: Expression<SqlBool>): unknown => conditions.push(condition)
  // What belongs to a rater or a context is asked row by row: listing all raters of a kind for every stretch would cost
  // as much as there are raters.
  const some = sql`1`.as('some')

  if (filter.kinds !== undefined)
    add(signals('signals.kind', 'in', listed(filter.kinds.map((kind) => signalKinds.indexOf(kind)))))
  if (raters !== undefined) {
    const within = (table: 'lookup' | 'lookup_recent') =>
      selectFrom(table)
        .select('number')
        .where('key', 'in', listed(raters.keys))
        .where(`${table}.number`, '>', after)
        .where(`${table}.number`, '<=', until)
    add(signals('signals.number', 'in', within('lookup').unionAll(within('lookup_recent'))))
    add(signals('signals.rater', 'in', listed(raters.numbers)))
  }
  if (filter.raterKinds !== undefined)
    add(
      exists(
        selectFrom('raters')
          .select(some)
          .where('raters.number', '=', ref('signals.rater'))
          .where('raters.kind', 'in', listed(filter.raterKinds)),
      ),
    )
  for (const [trait, value] of Object.entries(filter.raterTraits ?? {}))
    add(
      exists(
        selectFrom('rater_traits')
          .select(some)
          .where('trait', '=', trait)
          .where('value', '=', JSON.stringify(value))
          .where('rater_traits.rater', '=', ref('signals.rater')),
      ),
    )
  if (sources !== undefined) add(signals('signals.source', 'in', listed(sources)))
  if (filter.tags !== undefined)
    add(
      exists(
        selectFrom('context_tags')
          .select(some)
          .where('context_tags.context', '=', ref('signals.context'))
          .where('tag', 'in', listed(filter.tags)),
      ),
    )
  if (filter.languages !== undefined)
    add(
      exists(
        selectFrom('contexts')
          .select(some)
          .where('contexts.number', '=', ref('signals.context'))
          .where('language', 'in', listed(filter.languages)),
      ),
    )
  if (filter.producers !== undefined)
    add(
      exists(
        selectFrom('lineup_producers')
          .select(some)
          .where('lineup_producers.lineup', '=', ref('signals.lineup'))
          .where('producer', 'in', listed(filter.producers)),
      ),
    )
  if (filter.from !== undefined) add(signals('signals.time', '>=', filter.from))
  if (filter.to !== undefined) add(signals('signals.time', '<', filter.to))
  return signals.and(conditions)
}
