import { randomBytes } from 'node:crypto'
import type { Connection, Value } from './connection.ts'
import type { StateTable } from './tables.ts'

const columns = [
  'id',
  'version',
  'erasures',
  'unscrubbed',
  'recent',
  'merged',
  'next_signal',
  'next_rater',
  'next_context',
  'next_content',
  'next_source',
  'next_lineup',
  'raters',
  'candidates',
] as const satisfies readonly (keyof StateTable)[]

/** What is known about the whole store. */
export function readState(connection: Connection): StateTable {
  const [row] = connection.rows(`select ${columns.join(', ')} from state`)
  return Object.fromEntries(columns.map((column, position) => [column, row?.[position]])) as unknown as StateTable
}

/** Saves what is known about the whole store after its signals have changed, under a new version. */
export function saveState(connection: Connection, state: StateTable): void {
  // Random, not derived from the signals: two copies of a store that go different ways never share a version.
  const changed: StateTable = { ...state, version: randomBytes(16).toString('hex') }
  const settable = columns.filter((column) => column !== 'id')
  connection.run(
    `update state set ${settable.map((column) => `${column} = ?`).join(', ')}`,
    settable.map((column): Value => changed[column]),
  )
}
