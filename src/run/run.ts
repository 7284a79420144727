import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { contentHash } from './hash.ts'
import { type Random, seeded } from './random.ts'

/** How far a long job is. */
export interface Progress {
  /** What is being done now, in a few words. */
  readonly label: string
  readonly done: number
  /** Absent while it is not known how much there is. */
  readonly total?: number
}

/** One line about a job, for people and for logs. Never holds secrets. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn'
  readonly message: string
  readonly fields?: { readonly [key: string]: string | number | boolean }
}

/** Small durable values by name, written whole or not at all, so that a stopped job can go on. */
export interface Checkpoints {
  /** The bytes last saved under a name, or undefined. */
  load(name: string): Uint8Array | undefined
  /** Saves bytes under a name, replacing earlier ones atomically. */
  save(name: string, content: Uint8Array): void
}

/**
 * What every long job carries: a seed, a way to tell how far it is, a way to be stopped, a log, a folder for what it
 * writes, and checkpoints to go on from.
 */
export interface Run {
  readonly seed: number
  /** An independent random stream for a named purpose; the same name gives the same stream. */
  random(purpose: string): Random
  progress(progress: Progress): void
  readonly signal: AbortSignal
  log(line: LogLine): void
  /** Folder for files the job makes; created on first use. */
  readonly folder: string
  readonly checkpoints: Checkpoints
}

export interface RunOptions {
  /** Default 0. */
  readonly seed?: number
  readonly onProgress?: (progress: Progress) => void
  readonly onLog?: (line: LogLine) => void
  readonly signal?: AbortSignal
  /** Default: a folder of the system's temporary directory, named by the seed. */
  readonly folder?: string
}

/** Saves a file so that readers see the old content or the new one, never a part. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}.partial`
  writeFileSync(partial, content, { flush: true })
  renameSync(partial, path)
}

function fileCheckpoints(folder: () => string): Checkpoints {
  const pathOf = (name: string): string => join(folder(), 'checkpoints', `${contentHash(name).slice(0, 32)}.bin`)
  return {
    load(name) {
      try {
        return readFileSync(pathOf(name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    save: (name, content) => writeWhole(pathOf(name), content),
  }
}

/**
 * Makes a {@link Run}; every option has a quiet default.
 *
 * @example
 * const run = startRun({ seed: 7, onProgress: ({ label, done, total }) => console.error(label, done, total) })
 */
export function startRun(options: RunOptions = {}): Run {
  const seed = options.seed ?? 0
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed is ${seed}, expected an integer`)
  const folder = options.folder ?? join(tmpdir(), `penchant-run-${process.pid}-${seed}`)
  let made = false
  const ensured = (): string => {
    if (!made) mkdirSync(folder, { recursive: true })
    made = true
    return folder
  }
  return {
    seed,
    random: (purpose) => seeded(`${seed}/${purpose}`),
    progress: (progress) => options.onProgress?.(progress),
    signal: options.signal ?? new AbortController().signal,
    log: (line) => options.onLog?.(line),
    get folder() {
      return ensured()
    },
    checkpoints: fileCheckpoints(ensured),
  }
}
