import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely } from 'kysely'
import { recentMap } from '../../run/index.ts'
import { nodeSqliteDialect } from './dialect.ts'
import type { Tables } from './tables.ts'

/** A value of a row. The store keeps no integers beyond 2⁵³. */
export type Value = string | number | null | Uint8Array

/** One open database. Reading and writing are synchronous; only waiting for another process's lock is not. */
export interface Connection {
  readonly database: DatabaseSync
  /** For building queries and for migrations. */
  readonly kysely: Kysely<Tables>
  /** Runs a statement that gives nothing back. */
  run(sql: string, parameters?: readonly Value[]): number
  /** All rows as arrays, columns in order. */
  rows(sql: string, parameters?: readonly Value[]): Value[][]
  /** Does several readings on one consistent view. */
  reading<Result>(read: () => Result): Result
  /**
   * Does a piece of work as one transaction that holds the write lock, waiting for the lock without blocking.
   *
   * @throws {Error} when another process holds the lock longer than the connection's `lockTimeoutMs`
   */
  writing<Result>(write: () => Result): Promise<Result>
  /**
   * The same, with references checked once at the end instead of row by row: deleting a row looks for those that refer
   * to it, and there is no index for that, since nothing else needs one.
   */
  deleting<Result>(write: () => Result): Promise<Result>
  /** One transaction for work that is itself asynchronous; nothing else may use the connection meanwhile. */
  migrating(write: () => Promise<void>): Promise<void>
  /** Rewrites the file from what is in it, so that it holds nothing else. */
  vacuum(): Promise<void>
  /** Moves the write-ahead log into the file and empties it. False while another connection still reads from it. */
  emptyLog(): boolean
  /** Closes the database once what is being written has been. */
  close(): Promise<void>
}

/** How long a statement blocks for the short locks other processes take outside writing, in milliseconds. */
const shortLockMs = 5_000

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  // The low byte is SQLite's primary result code; 5 is SQLITE_BUSY.
  return typeof code === 'number' && (code & 0xff) === 5
}

/** Tries until it succeeds or fails for another reason than a lock. */
async function untilUnlocked<Result>(attempt: () => Result, what: string, timeoutMs: number): Promise<Result> {
  for (let waitedMs = 0, pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (waitedMs >= timeoutMs)
        throw new Error(`${what} has been locked by another process for ${timeoutMs} ms`, { cause: error })
    }
    await sleep(pauseMs)
    waitedMs += pauseMs
  }
}

/** Opens a database file, or `:memory:`, and sets how it is kept. */
export async function connect(path: string, lockTimeoutMs: number): Promise<Connection> {
  const database = new DatabaseSync(path, { timeout: shortLockMs, enableForeignKeyConstraints: true })
  // Switching to WAL needs the file alone for a moment, for which SQLite does not wait by itself.
  await untilUnlocked(() => database.exec('pragma page_size = 8192; pragma journal_mode = wal'), path, lockTimeoutMs)
  database.exec(`
    pragma synchronous = full;
    pragma secure_delete = on;
    pragma cache_size = -65536;
    pragma wal_autocheckpoint = 8000;
  `)
  const statements = recentMap<StatementSync>(500, () => 1)
  const mustBeOpen = (): void => {
    if (!database.isOpen) throw new Error(`${path} is closed`)
  }
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    mustBeOpen()
    const prepared = database.prepare(sql)
    prepared.setReturnArrays(true)
    statements.add(sql, prepared)
    return prepared
  }
  const finishing = <Result>(work: () => Result): Result => {
    try {
      const result = work()
      database.exec('commit')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }
  const rows = (sql: string, parameters: readonly Value[] = []): Value[][] =>
    statement(sql).all(...(parameters as SQLInputValue[])) as unknown as Value[][]
  /** Fails at once on a lock, so that waiting for it need not block. */
  const withoutWaiting = <Result>(attempt: () => Result): Result => {
    mustBeOpen()
    database.exec('pragma busy_timeout = 0')
    try {
      return attempt()
    } finally {
      database.exec(`pragma busy_timeout = ${shortLockMs}`)
    }
  }
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => undefined)
    return turn
  }
  const lock = (): Promise<void> =>
    untilUnlocked(() => withoutWaiting(() => database.exec('begin immediate')), path, lockTimeoutMs)

  return {
    database,
    kysely: new Kysely<Tables>({ dialect: nodeSqliteDialect(database) }),
    run: (sql, parameters = []) => Number(statement(sql).run(...(parameters as SQLInputValue[])).changes),
    rows,
    reading(read) {
      mustBeOpen()
      if (database.isTransaction) return read()
      database.exec('begin')
      return finishing(read)
    },
    writing: (write) =>
      inTurn(async () => {
        await lock()
        return finishing(write)
      }),
    deleting: (write) =>
      inTurn(async () => {
        database.exec('pragma foreign_keys = off')
        try {
          await lock()
          return finishing(() => {
            const result = write()
            const broken = rows('pragma foreign_key_check')
            if (broken.length > 0)
              throw new Error(`deleting would leave ${broken.length} broken references, the first in ${broken[0]?.[0]}`)
            return result
          })
        } finally {
          database.exec('pragma foreign_keys = on')
        }
      }),
    migrating: (write) =>
      inTurn(async () => {
        await lock()
        try {
          await write()
          database.exec('commit')
        } catch (error) {
          if (database.isTransaction) database.exec('rollback')
          throw error
        }
      }),
    vacuum: () => inTurn(() => untilUnlocked(() => withoutWaiting(() => database.exec('vacuum')), path, lockTimeoutMs)),
    emptyLog: () => withoutWaiting(() => rows('pragma wal_checkpoint(truncate)')[0]?.[0] === 0),
    close: () =>
      inTurn(async () => {
        statements.clear()
        if (database.isOpen) database.close()
      }),
  }
}
