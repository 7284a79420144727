import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { SignalSnapshot, SignalStore } from '../store.ts'
import { assembler } from './assemble.ts'
import { type Connection, connect } from './connection.ts'
import { sqliteDocuments } from './documents.ts'
import { sqliteEmbeddings } from './embeddings.ts'
import { eraseFromTables, scrub } from './erase.ts'
import { inserter } from './insert.ts'
import { isMigrated, migrate } from './migrations.ts'
import { type Reader, reader } from './read.ts'
import { countSorts, surveyFacets } from './survey.ts'

export interface SqliteStoreOptions {
  /** How long to wait while another process writes, in milliseconds. Default one minute. */
  readonly lockTimeoutMs?: number
}

const fileName = 'signals.sqlite'

const versionOf = (connection: Connection): string => connection.rows('select version from state')[0]?.[0] as string

/** A connection that sees the store as it is now. */
async function snapshotConnection(live: Connection, path: string, lockTimeoutMs: number): Promise<Connection> {
  const connection = await connect(path, lockTimeoutMs)
  // Nobody else can reach a store in memory, so its snapshot is a copy.
  if (path === ':memory:') connection.database.deserialize(live.database.serialize())
  connection.database.exec('pragma query_only = on; begin')
  return connection
}

/**
 * Opens the embedded store kept in a folder, making both when they are not there, or one in memory that goes with the
 * process. Several processes may have the same folder open.
 *
 * Every batch is one transaction of SQLite in write-ahead mode, flushed to the disk before `insert` answers. Signals
 * are read back as they were given, except that what they share (raters, contexts, contents) is frozen.
 *
 * @param folder a folder, or `:memory:`
 * @throws {NewerStoreError} when a newer version of penchant wrote the store
 * @example
 * const store = await openSqliteStore('./data')
 * await store.insert(parseSignals(JSON.parse(text)).signals)
 * for await (const signal of store.read({ kinds: ['comparison'] })) console.log(signal.id)
 * await store.close()
 */
export async function openSqliteStore(folder: string, options: SqliteStoreOptions = {}): Promise<SignalStore> {
  const { lockTimeoutMs = 60_000 } = options
  const path = folder === ':memory:' ? folder : join(folder, fileName)
  if (folder !== ':memory:') {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new Error(`${folder} is a file, expected a folder to keep signals in`)
    mkdirSync(folder, { recursive: true })
  }
  const connection = await connect(path, lockTimeoutMs)
  let scrubbed: boolean
  try {
    // A store that is as it should be opens without the write lock.
    if (!(await isMigrated(connection.kysely))) await connection.migrating(() => migrate(connection.kysely))
    scrubbed = await scrub(connection, false)
  } catch (error) {
    await connection.close()
    throw error
  }
  const assembled = assembler(connection)
  const writer = inserter(connection, assembled)
  const { read, count, page, get, candidate, context }: Reader = reader(connection, assembled)
  const snapshots = new Set<SignalSnapshot>()

  return {
    read,
    count,
    page,
    get: async (id) => get(id),
    candidate: async (id) => candidate(id),
    context: async (id) => context(id),
    async insert(signals) {
      const result = await connection.writing(() => writer.insert(signals))
      // Somebody else's snapshot kept erased bytes in the log; it may be closed by now.
      if (!scrubbed) scrubbed = await scrub(connection, false)
      return result
    },
    counts: async () => countSorts(connection),
    facets: async (filter = {}) => surveyFacets(connection, filter),
    version: async () => versionOf(connection),
    async snapshot() {
      const view = await snapshotConnection(connection, path, lockTimeoutMs)
      const viewed = reader(view, assembler(view))
      const snapshot: SignalSnapshot = {
        version: versionOf(view),
        read: viewed.read,
        count: viewed.count,
        async close() {
          await view.close()
          snapshots.delete(snapshot)
          if (!scrubbed) scrubbed = await scrub(connection, false)
        },
      }
      snapshots.add(snapshot)
      return snapshot
    },
    async eraseRater(id) {
      const erased = await connection.deleting(() => eraseFromTables(connection, id))
      assembled.forget()
      scrubbed = await scrub(connection, snapshots.size === 0)
      return erased
    },
    documents: sqliteDocuments(connection),
    embeddings: sqliteEmbeddings(connection),
    async close() {
      for (const snapshot of [...snapshots]) await snapshot.close()
      await connection.close()
    },
  }
}
