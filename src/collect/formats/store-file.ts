import type { Run } from '../../run/index.ts'
import type { Signal } from '../signal.ts'
import { type InsertResult, SignalConflictError, type SignalStore } from '../store.ts'
import type { CheckedBlock } from './check-block.ts'
import { checkedBlocks } from './check-pool.ts'
import { type BadRow, ImportError, RowFault } from './fault.ts'
import type { Format, ReadOptions } from './format.ts'
import type { FormatName } from './formats.ts'
import { type Hash64, hashText } from './hash-table.ts'
import { conflictWith, contextConflictWith, type FileIds, fileIds, idTaken, roughNumber } from './id-conflicts.ts'
import type { Input } from './input.ts'
import { jsonRow } from './json-rows.ts'
import { type LineBlock, type LongLine, lineBlocks, linesOf } from './lines.ts'
import { type Read, type ReadBatch, readings } from './readings.ts'
import { type Reject, rejectFile, rejectOf } from './rejects.ts'
import type { Layout } from './rows.ts'

/** A file made out: what it holds, and how it is to be read. */
export interface SourceFile {
  readonly input: Input
  readonly layout: Layout
  readonly name: FormatName
  readonly format: Format
  readonly options: ReadOptions
  /** Bytes a line or an element may have. */
  readonly limit: number
  /** What positions in the file count. */
  readonly unit: 'line' | 'row'
}

/** What storing a file came to. */
export interface Stored {
  readonly read: number
  readonly inserted: number
  readonly duplicates: number
  readonly rejectedCount: number
  readonly rejected: readonly Reject[]
  readonly rejectsFile?: string
}

/** Signals are inserted by so many, or by sixteen pieces of about a mebibyte, whichever is less. */
const batchSignals = 10_000
const batchPieces = 16
/** Files from this size on are checked on several threads, where their format allows it. */
const threadedBytes = 4 << 20

/** Whether a file's rows are lines of signals, which threads can check. */
const isThreaded = ({ name, layout, options, input }: SourceFile): boolean =>
  name === 'signals' &&
  layout.container === 'jsonl' &&
  !options.sourceStated &&
  Object.keys(options.columns).length === 0 &&
  input.bytes >= threadedBytes

function blocksOf({ input, limit }: SourceFile, label: string, run: Run): AsyncGenerator<LineBlock | LongLine> {
  const pieces = input.chunks((done) => {
    run.signal.throwIfAborted()
    run.progress({ label, done, total: input.bytes })
  })
  return lineBlocks(pieces, limit)
}

/** The signals of lines that are known to be well, save those listed. */
function signalsOfBlock(block: LineBlock | LongLine, limit: number, except: ReadonlySet<number>): Read[] {
  return linesOf(block, limit).flatMap(({ line, text }): Read[] => {
    if (except.has(line) || text.trim() === '') return []
    const row = jsonRow(line, text)
    return 'fault' in row
      ? [{ line, fault: row.fault, row: row.raw }]
      : [{ line, signal: row.fields as unknown as Signal, named: true }]
  })
}

/** What a file says, once every row of it is known to be well. */
async function* trusted(source: SourceFile, label: string, run: Run): AsyncGenerator<ReadBatch> {
  const { input, layout, format, options, limit } = source
  if (!isThreaded(source)) {
    yield* readings(input, layout, format, options, limit, label, run, false)
    return
  }
  for await (const block of blocksOf(source, label, run)) {
    const reads = signalsOfBlock(block, limit, new Set())
    yield { rows: reads.length, reads }
  }
}

/** What a file says, checked on several threads where that can be done, faults included. */
async function* checked(source: SourceFile, label: string, run: Run): AsyncGenerator<ReadBatch> {
  const { input, layout, format, options, limit } = source
  if (!isThreaded(source)) {
    yield* readings(input, layout, format, options, limit, label, run)
    return
  }
  for await (const { block, found } of checkedBlocks(blocksOf(source, label, run), limit)) {
    const faulty = new Map(found.faults.map((fault) => [fault.line, fault]))
    const good = signalsOfBlock(block, limit, new Set(faulty.keys()))
    const texts = faulty.size === 0 ? [] : linesOf(block, limit)
    const bad = texts.flatMap(({ line, text }): Read[] => {
      const fault = faulty.get(line)
      if (!fault) return []
      const row = jsonRow(line, text)
      return [{ line, fault: new RowFault(fault.path, fault.message), row: 'fields' in row ? row.fields : text }]
    })
    yield { rows: good.length + bad.length, reads: [...good, ...bad] }
  }
}

/** Gathers signals and hands them on in batches. */
async function inBatches(
  source: AsyncIterable<ReadBatch>,
  onFault: (line: number, fault: RowFault, row: unknown) => Promise<void> | void,
  store: (batch: readonly (Read & { readonly fault?: undefined })[]) => Promise<void>,
): Promise<number> {
  let batch: (Read & { readonly fault?: undefined })[] = []
  let pieces = 0
  let rows = 0
  for await (const { rows: more, reads } of source) {
    rows += more
    for (const one of reads) {
      if (one.fault) await onFault(one.line, one.fault, one.row)
      else batch.push(one)
      if (batch.length < batchSignals) continue
      await store(batch)
      batch = []
      pieces = 0
    }
    pieces++
    if (pieces < batchPieces) continue
    await store(batch)
    batch = []
    pieces = 0
  }
  await store(batch)
  return rows
}

/**
 * Stores every signal of a file, or none when a row is bad: one reading to check, a second to insert.
 *
 * @param listed how many bad rows to look for before giving up
 * @throws {ImportError} naming the bad rows
 */
export async function storeAllOrNothing(
  source: SourceFile,
  store: SignalStore,
  listed: number,
  run: Run,
): Promise<Stored> {
  const { input, unit } = source
  const { rows: read, bad } = await checkAll(source, store, listed, run)
  const [first, ...others] = bad
  if (first) throw new ImportError(input.name, unit, first, ...others)
  const fail = (line: number, { path, message }: RowFault): never => {
    throw new ImportError(input.name, unit, { line, path, message })
  }
  let inserted = 0
  let duplicates = 0
  try {
    await inBatches(trusted(source, `storing ${input.name}`, run), fail, async (batch) => {
      if (batch.length === 0) return
      const result = await store.insert(batch.map(({ signal }) => signal))
      inserted += result.inserted
      duplicates += result.duplicates
    })
  } catch (error) {
    if (inserted > 0)
      run.log({
        level: 'warn',
        message: `The import stopped while storing: ${inserted} signals of ${input.name} are there. Import it again to complete it.`,
      })
    throw error
  }
  return { read, inserted, duplicates, rejectedCount: 0, rejected: [] }
}

/** First reading: whether every row is well, and no id stands for two signals. Ends early at `listed` bad rows. */
async function checkAll(
  source: SourceFile,
  store: SignalStore,
  listed: number,
  run: Run,
): Promise<{ readonly rows: number; readonly bad: readonly BadRow[] }> {
  const { input, layout, format, options, limit } = source
  const label = `checking ${input.name}`
  const empty = (await store.count()) === 0
  const ids = fileIds()
  const bad: BadRow[] = []
  const note = (line: number, { path, message }: Pick<RowFault, 'path' | 'message'>): void => {
    if (bad.length < listed) bad.push({ line, path, message })
  }
  let rows = 0
  if (isThreaded(source) && empty) {
    for await (const { found } of checkedBlocks(blocksOf(source, label, run), limit)) {
      for (const fault of found.faults) note(fault.line, fault)
      if (bad.length >= listed) break
      rows += found.contexts.length
      noteIds(found, ids)
    }
  } else
    for await (const batch of readings(input, layout, format, options, limit, label, run)) {
      rows += batch.rows
      if (bad.length >= listed) break
      for (const one of batch.reads) {
        if (one.fault) {
          note(one.line, one.fault)
          continue
        }
        const { signal } = one
        const fresh = ids.context(hashText(signal.context.id), roughNumber(signal.context))
        if (one.named) ids.signal(hashText(signal.id))
        if (empty) continue
        const conflict =
          (fresh ? await contextConflictWith(store, signal.context) : undefined) ??
          (one.named ? await conflictWith(store, signal) : undefined)
        if (conflict) note(one.line, conflict)
      }
    }
  if (bad.length === 0 && ids.doubtful())
    for await (const { reads } of trusted(source, label, run))
      for (const one of reads) {
        const conflict = one.fault ?? ids.compare(one.signal)
        if (conflict) note(one.line, conflict)
      }
  return { rows, bad }
}

function noteIds(found: CheckedBlock, ids: FileIds): void {
  const pair = (words: Uint32Array, at: number): Hash64 => [words[2 * at] ?? 0, words[2 * at + 1] ?? 0]
  for (const [at, rough] of found.contexts.entries()) {
    ids.signal(pair(found.ids, at))
    ids.context(pair(found.contextIds, at), rough)
  }
}

/** Stores the good rows of a file and puts the bad ones into a file of their own, of which the first are listed. */
export async function storeGoodRows(
  source: SourceFile,
  store: SignalStore,
  rejectsPath: string,
  listed: number,
  run: Run,
): Promise<Stored> {
  const rejects = rejectFile(rejectsPath)
  const rejected: Reject[] = []
  let rejectedCount = 0
  let inserted = 0
  let duplicates = 0
  const reject = async (line: number, fault: RowFault, row: unknown): Promise<void> => {
    const one = rejectOf(line, fault, row)
    rejectedCount++
    if (rejected.length < listed) rejected.push(one)
    await rejects.write(one)
  }
  const count = (result: InsertResult): void => {
    inserted += result.inserted
    duplicates += result.duplicates
  }
  try {
    const label = `storing ${source.input.name}`
    const read = await inBatches(checked(source, label, run), reject, async (batch) => {
      let waiting = batch
      while (waiting.length > 0) {
        try {
          count(await store.insert(waiting.map(({ signal }) => signal)))
          return
        } catch (error) {
          if (!(error instanceof SignalConflictError)) throw error
          const ids = new Set(error.ids)
          const suspects = waiting.filter(({ signal }) => ids.has(signal.id))
          if (suspects.length === 0) throw error
          waiting = waiting.filter(({ signal }) => !ids.has(signal.id))
          // One by one, so that of two rows with one id the first is kept.
          for (const suspect of suspects)
            try {
              count(await store.insert([suspect.signal]))
            } catch (conflict) {
              if (!(conflict instanceof SignalConflictError)) throw conflict
              const [context] = conflict.contexts
              const fault =
                context === undefined
                  ? idTaken('id', suspect.signal.id, 'the store')
                  : idTaken('context.id', context, 'the store')
              await reject(suspect.line, fault, suspect.signal)
            }
        }
      }
    })
    const rejectsFile = await rejects.finish()
    return { read, inserted, duplicates, rejectedCount, rejected, ...(rejectsFile !== undefined && { rejectsFile }) }
  } catch (error) {
    await rejects.abandon()
    throw error
  }
}
