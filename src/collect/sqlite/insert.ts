import { sameJson } from '../same.ts'
import {
  type Candidate,
  type Context,
  candidateId,
  candidatesOf,
  type Rater,
  type Signal,
  signalKinds,
} from '../signal.ts'
import { type InsertResult, SignalConflictError } from '../store.ts'
import { type Assembler, type SignalRow, signalColumns } from './assemble.ts'
import type { Connection, Value } from './connection.ts'
import { type Dictionary, dictionary, type Entry } from './dictionary.ts'
import { addEntries, findNumbers, keyOf, keyOfContent, keyOfSignalsBy } from './lookup.ts'
import { findContext } from './read.ts'
import { bodyOf, candidatesColumn, lineupOf } from './record.ts'
import { writeRows } from './rows.ts'
import { readState, saveState } from './state.ts'
import type { StateTable } from './tables.ts'

/** Writes batches of signals. Remembers what it wrote lately, so one inserter belongs to one connection. */
export interface Inserter {
  /** Must be called in a writing transaction; when it throws, that must be rolled back. */
  insert(signals: readonly Signal[]): InsertResult
}

const columns = ['number', 'id', 'kind', 'rater', 'context', 'source', 'lineup', 'time', 'candidates', 'body']
const kindPosition = Object.fromEntries(signalKinds.map((kind, position) => [kind, position])) as {
  readonly [kind in Signal['kind']]: number
}

/** A signal to be written, and the entries of what it refers to. */
interface Pending {
  readonly signal: Signal
  readonly candidates: readonly Candidate[]
  readonly contents: readonly Entry[]
  readonly rater: Entry
  readonly context: Entry
  readonly source: Entry
  readonly lineup: Entry | undefined
}

function repeatedThings(connection: Connection) {
  const itself = <Value>(value: Value): Value => value
  const idIn = (body: string): string => (JSON.parse(body) as { id: string }).id
  const named = (table: string, what: 'source' | 'lineup') => ({
    table,
    columns: ['body'],
    values: (name: string) => [name],
    body: itself<string>,
    said: itself<string>,
    parse: itself<string>,
    id: itself<string>,
    idOf: itself<string>,
    lookupKey: (id: string) => keyOf(what, id),
    versions: false,
    cacheKey: itself<string>,
  })
  return {
    rater: dictionary<Rater>(connection, {
      table: 'raters',
      columns: ['kind', 'body'],
      values: ({ kind }, body) => [kind, body],
      body: (rater) => JSON.stringify(rater),
      said: itself,
      parse: JSON.parse,
      id: ({ id }) => id,
      idOf: idIn,
      lookupKey: (id) => keyOf('rater', id),
      versions: true,
      cacheKey: (rater) => (rater.traits === undefined ? `${rater.kind} ${rater.id}` : JSON.stringify(rater)),
      indexed: {
        table: 'rater_traits',
        columns: ['trait', 'value', 'rater'],
        rows: ({ traits = {} }) => Object.entries(traits).map(([trait, value]) => [trait, JSON.stringify(value)]),
      },
    }),
    context: dictionary<Context>(connection, {
      table: 'contexts',
      columns: ['language', 'body'],
      values: ({ language = null }, body) => [language, body],
      body: (context) => JSON.stringify(context),
      said: itself,
      parse: JSON.parse,
      id: ({ id }) => id,
      idOf: idIn,
      lookupKey: (id) => keyOf('context', id),
      versions: false,
      cacheKey: ({ id }) => id,
      indexed: {
        table: 'context_tags',
        columns: ['tag', 'context'],
        rows: ({ tags = [] }) => Array.from(new Set(tags), (tag) => [tag]),
      },
    }),
    content: dictionary<Candidate>(connection, {
      table: 'contents',
      columns: ['body'],
      values: (_, body) => [body],
      body: ({ content }) => JSON.stringify(content),
      said: ({ content }) => content,
      parse: JSON.parse,
      id: ({ id }) => id,
      idOf: (body) => candidateId(JSON.parse(body)),
      lookupKey: keyOfContent,
      versions: true,
      cacheKey: ({ id, content }) => ('uri' in content && content.uri !== undefined ? `${id} ${content.uri}` : id),
    }),
    source: dictionary<string>(connection, named('sources', 'source')),
    /** Sets of producers, as their sorted JSON lists. */
    lineup: dictionary<string>(connection, {
      ...named('lineups', 'lineup'),
      indexed: {
        table: 'lineup_producers',
        columns: ['producer', 'lineup'],
        rows: (lineup) => (JSON.parse(lineup) as string[]).map((producer) => [producer]),
      },
    }),
  }
}

/** Opens an {@link Inserter} on a connection. */
export function inserter(connection: Connection, assembler: Assembler): Inserter {
  const things = repeatedThings(connection)
  const dictionaries: readonly Pick<Dictionary<unknown>, 'unknownKeys' | 'forget'>[] = Object.values(things)
  let erasures = -1

  /** The signals that are there already under some ids. */
  function existing(keys: readonly number[], ids: ReadonlyMap<string, unknown>): Map<string, Signal> {
    const found = new Map<string, Signal>()
    const numbers = [...findNumbers(connection, keys).values()].flat()
    for (let start = 0; start < numbers.length; start += 500) {
      const rows = connection.rows(
        `select ${signalColumns.join(', ')} from signals where number in (select value from json_each(?))`,
        [`[${numbers.slice(start, start + 500).join(',')}]`],
      ) as unknown as SignalRow[]
      for (const signal of assembler.signals(rows.filter(([, id]) => ids.has(id)))) found.set(signal.id, signal)
    }
    return found
  }

  /** Finds what each signal refers to, as far as it is remembered; the rest is known once the things are settled. */
  function prepare(signal: Signal): Pending | undefined {
    const context = things.context.want(signal.context)
    if (context === undefined) return undefined
    const candidates = candidatesOf(signal)
    const lineup = lineupOf(candidates)
    const known = (entry: Entry | undefined): Entry => entry as Entry
    return {
      signal,
      candidates,
      contents: candidates.map((candidate) => known(things.content.want(candidate))),
      rater: known(things.rater.want(signal.rater)),
      context,
      source: known(things.source.want(signal.source)),
      lineup: lineup === undefined ? undefined : things.lineup.want(lineup),
    }
  }

  /** Gives everything that the prepared signals refer to a number. */
  function settle(state: StateTable, entries: number[], prepared: readonly Signal[]): void {
    const under = findNumbers(
      connection,
      dictionaries.flatMap(({ unknownKeys }) => unknownKeys()),
    )
    const settleOne = <Item>(things: Dictionary<Item>, next: `next_${keyof typeof repeated}`) => {
      const settled = things.settle(under, state[next])
      state[next] = settled.next
      for (const entry of settled.entries) entries.push(entry)
      return settled
    }
    const repeated = things
    const { conflicts } = settleOne(things.context, 'next_context')
    if (conflicts.length > 0) throw contextConflict(prepared, new Set(conflicts.map(({ id }) => id)))
    state.raters += settleOne(things.rater, 'next_rater').newIds
    state.candidates += settleOne(things.content, 'next_content').newIds
    settleOne(things.source, 'next_source')
    settleOne(things.lineup, 'next_lineup')
  }

  /** Which signals bring another context under an id than is stored, or than came first. */
  function contextConflict(signals: readonly Signal[], contested: ReadonlySet<string>): SignalConflictError {
    const first = new Map<string, Context>()
    const conflicting = signals.filter(({ context }) => {
      if (!contested.has(context.id)) return false
      const holder = first.get(context.id) ?? findContext(connection, context.id) ?? context
      first.set(context.id, holder)
      return !sameJson(holder, context)
    })
    return new SignalConflictError(
      conflicting.map(({ id }) => id),
      [...contested],
    )
  }

  function write(signals: readonly Signal[]): InsertResult {
    const state = readState(connection)
    if (state.erasures !== erasures) for (const { forget } of dictionaries) forget()
    erasures = state.erasures

    const first = new Map<string, Signal>()
    const conflicts = new Set<string>()
    const statuses: ('inserted' | 'duplicate')[] = []
    for (const signal of signals) {
      const earlier = first.get(signal.id)
      if (earlier === undefined) first.set(signal.id, signal)
      else if (!sameJson(earlier, signal)) conflicts.add(signal.id)
      statuses.push(earlier === undefined ? 'inserted' : 'duplicate')
    }
    const keys: number[] = []
    for (const id of first.keys()) keys.push(keyOf('signal', id))
    const there = existing(keys, first)
    if (there.size > 0)
      signals.forEach((signal, position) => {
        const stored = there.get(signal.id)
        if (stored === undefined) return
        statuses[position] = 'duplicate'
        if (!sameJson(stored, signal)) conflicts.add(signal.id)
      })
    if (conflicts.size > 0) throw new SignalConflictError([...conflicts])

    const pending: Pending[] = []
    const entries: number[] = []
    let number = state.next_signal
    const otherContexts = new Set<string>()
    let position = 0
    for (const signal of first.values()) {
      const key = keys[position++] as number
      if (there.has(signal.id)) continue
      const prepared = prepare(signal)
      if (prepared === undefined) {
        otherContexts.add(signal.context.id)
        continue
      }
      pending.push(prepared)
      entries.push(key, number, keyOfSignalsBy(prepared.rater.key), number)
      number++
    }
    const added = pending.map(({ signal }) => signal)
    if (otherContexts.size > 0)
      throw contextConflict(
        [...first.values()].filter(({ id }) => !there.has(id)),
        otherContexts,
      )
    if (added.length === 0) return { statuses, inserted: 0, duplicates: signals.length }

    settle(state, entries, added)
    writeSignals(pending, state)
    state.next_signal = number
    addEntries(connection, state, entries)
    saveState(connection, state)
    return { statuses, inserted: added.length, duplicates: signals.length - added.length }
  }

  function writeSignals(pending: readonly Pending[], state: StateTable): void {
    const values: Value[] = []
    const tallies = new Map<number, Map<number, number>>()
    let number = state.next_signal
    for (const { signal, candidates, contents, rater, context, source, lineup } of pending) {
      const kind = kindPosition[signal.kind]
      values.push(
        number++,
        signal.id,
        kind,
        rater.number,
        context.number,
        source.number,
        lineup?.number ?? null,
        signal.time,
        candidatesColumn(
          candidates,
          contents.map((entry) => entry.number),
        ),
        bodyOf(signal),
      )
      const bySource = tallies.get(kind) ?? new Map<number, number>()
      tallies.set(kind, bySource.set(source.number, (bySource.get(source.number) ?? 0) + 1))
    }
    writeRows(connection, 'signals', columns, values)
    for (const [kind, bySource] of tallies)
      for (const [source, count] of bySource)
        connection.run(
          'insert into tallies (kind, source, signals) values (?, ?, ?) on conflict do update set signals = signals + excluded.signals',
          [kind, source, count],
        )
  }

  return {
    insert(signals) {
      try {
        return write(signals)
      } catch (error) {
        for (const { forget } of dictionaries) forget()
        throw error
      }
    },
  }
}
