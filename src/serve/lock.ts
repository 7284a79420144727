import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeWhole } from '../run/index.ts'

/** Keeps a data folder for one server. */
export interface FolderLock {
  /** Writes down where the server listens, for the message that a second one gives. */
  announce(address: string): void
  release(): void
}

/** Another server has the data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
}

/**
 * Takes a data folder for this process. The signals themselves are safe under several processes (SQLite sees to that),
 * so that `penchant import` may run beside a server; jobs and uploads belong to one server only. The lock is one the
 * operating system holds for the process, and a process that dies leaves nothing behind.
 *
 * @throws {FolderInUseError} when another server has it
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true })
  const note = join(folder, 'server.json')
  const database = new DatabaseSync(join(folder, 'server.lock'))
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error
    let where = ''
    try {
      const { pid, address } = JSON.parse(readFileSync(note, 'utf8')) as { pid: number; address: string }
      where = ` (process ${pid}, ${address})`
    } catch {
      // The other server has not announced itself yet.
    }
    throw new FolderInUseError(
      `Another Penchant server${where} is using ${folder}. Use that one, stop it, or choose another folder with --data.`,
    )
  }
  return {
    announce: (address) => writeWhole(note, `${JSON.stringify({ pid: process.pid, address })}\n`),
    release() {
      rmSync(note, { force: true })
      database.close()
    },
  }
}
