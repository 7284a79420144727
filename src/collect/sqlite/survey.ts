import { type ExpressionBuilder, sql } from 'kysely'
import { signalKinds } from '../signal.ts'
import type { SignalCounts, SignalFacets, SignalFilter } from '../store.ts'
import type { Connection, Value } from './connection.ts'
import { conditionOf, resolveFilter } from './filter.ts'
import { readState } from './state.ts'
import type { Tables } from './tables.ts'

/** The most values listed of one facet. */
const mostValues = 1_000

/** How many signals there are of each sort, from running tallies. */
export function countSorts(connection: Connection): SignalCounts {
  return connection.reading(() => {
    const tallies = connection.rows(
      'select kind, sources.body, signals from tallies join sources on sources.number = tallies.source order by kind, source',
    ) as [number, string, number][]
    const kinds = new Map<string, number>()
    const sources = new Map<string, number>()
    let total = 0
    for (const [position, source, signals] of tallies) {
      const kind = signalKinds[position] as string
      kinds.set(kind, (kinds.get(kind) ?? 0) + signals)
      sources.set(source, (sources.get(source) ?? 0) + signals)
      total += signals
    }
    const { raters, candidates } = readState(connection)
    return { total, kinds: Object.fromEntries(kinds), sources: Object.fromEntries(sources), raters, candidates }
  })
}

/** Whether running tallies know how many signals match a filter. */
export function isTallied(filter: SignalFilter): boolean {
  return Object.entries(filter).every(([part, value]) => value === undefined || part === 'kinds' || part === 'sources')
}

/** How many signals match a filter for which {@link isTallied} holds. */
export function countTallied(connection: Connection, { kinds = signalKinds, sources }: SignalFilter): number {
  const among = sources === undefined ? '' : 'and sources.body in (select value from json_each(?))'
  const [row] = connection.rows(
    `select coalesce(sum(signals), 0) from tallies join sources on sources.number = tallies.source
     where kind in (select value from json_each(?)) ${among}`,
    [
      JSON.stringify(kinds.map((kind) => signalKinds.indexOf(kind))),
      ...(sources === undefined ? [] : [JSON.stringify(sources)]),
    ],
  )
  return row?.[0] as number
}

type Counted = readonly { readonly value: string; readonly count: number }[]

/** The values that filters can take within the signals that match one, most frequent first. */
export function surveyFacets(connection: Connection, filter: SignalFilter): SignalFacets {
  return connection.reading(() => {
    const resolved = resolveFilter(connection, filter)
    const everything = { after: 0, until: Number.MAX_SAFE_INTEGER }
    /** How many matching signals refer to each row of another table. */
    const references = (column: 'rater' | 'context' | 'lineup') =>
      connection.kysely
        .selectFrom('signals')
        .select(`signals.${column} as referred`)
        .select(sql<number>`count(*)`.as('times'))
        .where((signals: ExpressionBuilder<Tables, 'signals'>) => conditionOf(resolved, everything, signals))
        .groupBy(`signals.${column}`)
        .as('referring')
    const run = (query: { compile(): { readonly sql: string; readonly parameters: readonly unknown[] } }) => {
      const { sql: text, parameters } = query.compile()
      return connection.rows(text, parameters as readonly Value[])
    }
    const counted = (rows: readonly Value[][]): Counted =>
      rows.map(([value, count]) => ({ value: value as string, count: count as number }))
    const total = sql<number>`sum(times)`

    const tags = connection.kysely
      .selectFrom(references('context'))
      .innerJoin('context_tags', 'context_tags.context', 'referred')
      .select(['tag', total.as('total')])
      .groupBy('tag')
      .orderBy('total', 'desc')
      .orderBy('tag')
      .limit(mostValues)
    const languages = connection.kysely
      .selectFrom(references('context'))
      .innerJoin('contexts', 'contexts.number', 'referred')
      .where('language', 'is not', null)
      .select(['language', total.as('total')])
      .groupBy('language')
      .orderBy('total', 'desc')
      .orderBy('language')
      .limit(mostValues)
    const producers = connection.kysely
      .selectFrom(references('lineup'))
      .innerJoin('lineup_producers', 'lineup_producers.lineup', 'referred')
      .select(['producer', total.as('total')])
      .groupBy('producer')
      .orderBy('total', 'desc')
      .orderBy('producer')
      .limit(mostValues)
    const traits = connection.kysely
      .selectFrom(
        connection.kysely
          .selectFrom(references('rater'))
          .innerJoin('rater_traits', 'rater_traits.rater', 'referred')
          .select(['trait', 'value', total.as('total')])
          .select(sql<number>`row_number() over (partition by trait order by sum(times) desc, value)`.as('place'))
          .groupBy(['trait', 'value'])
          .as('placed'),
      )
      .where('place', '<=', mostValues)
      .select(['trait', 'value', 'total'])
      .orderBy('trait')
      .orderBy('place')

    const byTrait = new Map<string, { value: string | number | boolean; count: number }[]>()
    for (const [trait, value, count] of run(traits) as [string, string, number][]) {
      const values = byTrait.get(trait) ?? []
      byTrait.set(trait, values)
      values.push({ value: JSON.parse(value), count })
    }
    return {
      tags: counted(run(tags)),
      languages: counted(run(languages)),
      producers: counted(run(producers)),
      traits: Object.fromEntries(byTrait),
    }
  })
}
