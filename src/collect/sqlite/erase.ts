import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, contextAddress } from '../signal.ts'
import { contentFrom } from './assemble.ts'
import type { Connection } from './connection.ts'
import { forgetEmbeddings } from './embeddings.ts'
import { type Entries, findNumbers, keyOf, keyOfContent, keyOfSignalsBy, removeEntries } from './lookup.ts'
import { contentNumber, type StoredCandidate } from './record.ts'
import { readState, saveState } from './state.ts'
import type { StateTable } from './tables.ts'

/** Signals taken away at once. */
const portion = 5_000
/** How long the log may stay in use by others before emptying it is put off, in milliseconds. */
const logPatienceMs = 1_000

/** What erased signals referred to, by number. */
interface Referred {
  readonly contexts: Set<number>
  readonly lineups: Set<number>
  readonly contents: Set<number>
}

/**
 * Removes a rater with all signals, and what only these referred to. Must be called within `deleting`.
 *
 * @returns how many signals went
 */
export function eraseFromTables(connection: Connection, rater: string): number {
  const state = readState(connection)
  const key = keyOf('rater', rater)
  const raters = connection
    .rows("select number from raters where body ->> '$.id' = ? and number in (select value from json_each(?))", [
      rater,
      JSON.stringify(findNumbers(connection, [key]).get(key) ?? []),
    ])
    .map(([number]) => number as number)
  if (raters.length === 0) return 0

  const keyOfTheirs = keyOfSignalsBy(key)
  const numbers = findNumbers(connection, [keyOfTheirs]).get(keyOfTheirs) ?? []
  const referred: Referred = { contexts: new Set(), lineups: new Set(), contents: new Set() }
  let erased = 0
  for (let start = 0; start < numbers.length; start += portion)
    erased += eraseSignals(connection, state, raters, numbers.slice(start, start + portion), keyOfTheirs, referred)
  eraseOrphans(connection, state, referred)
  for (const number of raters) {
    connection.run('delete from rater_traits where rater = ?', [number])
    connection.run('delete from raters where number = ?', [number])
  }
  removeEntries(
    connection,
    state,
    raters.flatMap((number) => [key, number]),
  )
  state.raters--
  state.erasures++
  state.unscrubbed = 2
  saveState(connection, state)
  return erased
}

function eraseSignals(
  connection: Connection,
  state: StateTable,
  raters: readonly number[],
  numbers: readonly number[],
  keyOfTheirs: number,
  { contexts, lineups, contents }: Referred,
): number {
  const those = 'rater in (select value from json_each(?)) and number in (select value from json_each(?))'
  const parameters = [JSON.stringify(raters), JSON.stringify(numbers)]
  const rows = connection.rows(`select number, id, context, lineup, candidates from signals where ${those}`, parameters)
  const entries: Entries = []
  for (const [number, id, context, lineup, candidates] of rows as [number, string, number, number | null, string][]) {
    entries.push(keyOf('signal', id), number, keyOfTheirs, number)
    contexts.add(context)
    if (lineup !== null) lineups.add(lineup)
    for (const stored of JSON.parse(candidates) as StoredCandidate[]) contents.add(contentNumber(stored))
  }
  for (const tally of connection.rows(
    `select count(*), kind, source from signals where ${those} group by kind, source`,
    parameters,
  ))
    connection.run('update tallies set signals = signals - ? where kind = ? and source = ?', tally)
  removeEntries(connection, state, entries)
  return connection.run(`delete from signals where ${those}`, parameters)
}

/** Removes what erased signals referred to and no other signal does. */
function eraseOrphans(connection: Connection, state: StateTable, { contexts, lineups, contents }: Referred): void {
  const withoutUsed = (numbers: Set<number>, used: string): string => {
    for (const [number] of connection.rows(used, [JSON.stringify([...numbers])])) numbers.delete(number as number)
    return JSON.stringify([...numbers])
  }
  const goneContexts = withoutUsed(
    contexts,
    'select distinct context from signals where context in (select value from json_each(?))',
  )
  const goneLineups = withoutUsed(
    lineups,
    'select distinct lineup from signals where lineup in (select value from json_each(?))',
  )
  const goneContents = withoutUsed(
    contents,
    `select distinct iif(entry.type = 'array', entry.value ->> 0, entry.value) as content
     from signals, json_each(signals.candidates) as entry where content in (select value from json_each(?))`,
  )
  const remove = (table: string, gone: string, keyOfBody: (body: string) => number): number[] => {
    const those = 'where number in (select value from json_each(?))'
    const rows = connection.rows(`select number, body from ${table} ${those}`, [gone]) as [number, string][]
    const entries = rows.flatMap(([number, body]) => [keyOfBody(body), number])
    removeEntries(connection, state, entries)
    connection.run(`delete from ${table} ${those}`, [gone])
    return entries
  }
  connection.run('delete from context_tags where context in (select value from json_each(?))', [goneContexts])
  const goneWords = new Set<string>()
  remove('contexts', goneContexts, (body) => {
    const context = JSON.parse(body) as Context
    goneWords.add(contextAddress(context))
    return keyOf('context', context.id)
  })
  connection.run('delete from lineup_producers where lineup in (select value from json_each(?))', [goneLineups])
  remove('lineups', goneLineups, (body) => keyOf('lineup', body))

  const addresses = new Set(
    connection
      .rows('select body from contents where number in (select value from json_each(?))', [goneContents])
      .map(([body]) => contentFrom(body as string).id),
  )
  remove('contents', goneContents, (body) => keyOfContent(contentFrom(body).id))
  const left = findNumbers(connection, [...addresses].map(keyOfContent))
  const stillThere = new Set(
    connection
      .rows('select body from contents where number in (select value from json_each(?))', [
        JSON.stringify([...left.values()].flat()),
      ])
      .map(([body]) => contentFrom(body as string).id),
  )
  for (const address of addresses)
    if (!stillThere.has(address)) {
      state.candidates--
      goneWords.add(address)
    }
  forgetEmbeddings(connection, [...goneWords])

  connection.run('delete from tallies where signals = 0')
  const goneSources = connection
    .rows('select number from sources where number not in (select source from tallies)')
    .map(([number]) => number as number)
  remove('sources', JSON.stringify(goneSources), (body) => keyOf('source', body))
}

/**
 * Takes the bytes of what was erased out of the files. SQLite overwrites what is deleted, but not the copies that
 * moving rows between pages may have left in their unused parts; only writing the file anew does away with those.
 * What cannot be finished, because a snapshot still reads the old log, is left for the next call.
 *
 * @param patient whether to wait a little for others to finish reading
 * @returns whether nothing is left to do
 */
export async function scrub(connection: Connection, patient: boolean): Promise<boolean> {
  const stage = (): number => connection.rows('select unscrubbed from state')[0]?.[0] as number
  const reached = (next: number) => connection.writing(() => connection.run('update state set unscrubbed = ?', [next]))
  if (stage() === 2) {
    await connection.vacuum()
    await reached(1)
  }
  if (stage() !== 1) return true
  for (let waitedMs = 0; !connection.emptyLog(); waitedMs += 20) {
    if (!patient || waitedMs >= logPatienceMs) return false
    await sleep(20)
  }
  await reached(0)
  return true
}
