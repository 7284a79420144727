import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RowFault } from './fault.ts'

/** A row that was not taken, and why. */
export interface Reject {
  /** Physical line on which the row begins, or its position in a JSON array or a Parquet file; from 1. */
  readonly line: number
  readonly reason: string
  /** The field at fault; empty when it is the row as a whole. */
  readonly path: string
  /** The row as it was read, or its text when it could not be. */
  readonly row: unknown
}

/** Makes a reject of a fault. */
export function rejectOf(line: number, fault: Pick<RowFault, 'path' | 'message'>, row: unknown): Reject {
  return { line, reason: fault.message, path: fault.path, row }
}

/** A file of rejects, one JSON object a line, that appears under its name once it is whole, and only if there are any. */
export interface RejectFile {
  write(reject: Reject): Promise<void>
  /** Puts the file in its place; its path, or undefined when nothing was rejected. */
  finish(): Promise<string | undefined>
  /** Throws away what was written. */
  abandon(): Promise<void>
}

export function rejectFile(path: string): RejectFile {
  const partial = `${path}.${process.pid}.partial`
  let file: FileHandle | undefined
  return {
    async write(reject) {
      if (!file) {
        await mkdir(dirname(path), { recursive: true })
        file = await open(partial, 'w')
      }
      await file.appendFile(`${JSON.stringify(reject)}\n`)
    },
    async finish() {
      if (!file) return undefined
      await file.sync()
      await file.close()
      await rename(partial, path)
      return path
    },
    async abandon() {
      await file?.close().catch(() => undefined)
      await rm(partial, { force: true })
    },
  }
}
