import type { Writable } from 'node:stream'
import type { Run } from '../run/index.ts'
import {
  type ContainerName,
  containerNames,
  type Format,
  fieldsOf,
  Inexpressible,
  type OutRow,
  type PairStyle,
  type SignalField,
} from './formats/format.ts'
import { type FormatName, formatNames, formats, isFormatName } from './formats/formats.ts'
import { openOut } from './formats/out-file.ts'
import { extensionOf } from './formats/rows.ts'
import type { SignalFilter, SignalSource } from './store.ts'

export interface ExportOptions {
  /** Where to: a path (compressed if it ends in `.gz`), or a stream, which is ended, or destroyed when the export fails. */
  readonly to: string | Writable
  /** Default `signals`, which loses nothing. */
  readonly format?: FormatName
  /** Default: by the path's extension, else the first that the format is written in. */
  readonly container?: ContainerName
  /** Between the cells of delimited text. Default: a tab for `.tsv` and `.inter`, else a comma. */
  readonly delimiter?: ',' | '\t' | ';'
  /** Layout of preference pairs. Default `conversational`. */
  readonly style?: PairStyle
  /** Which signals. Default: all. */
  readonly filter?: SignalFilter
  /** What a choice's rater does that `interactions` need not name. Default `interaction`. */
  readonly action?: string
}

/** What an export did. */
export interface ExportReport {
  readonly format: FormatName
  readonly container: ContainerName
  /** Signals that are in the file. */
  readonly written: number
  readonly rows: number
  /** Signals the format cannot express, by reason, most frequent first. */
  readonly inexpressible: readonly { readonly reason: string; readonly count: number }[]
  /** Parts of the written signals that the format has no place for, most frequent first. */
  readonly leftOut: readonly { readonly field: SignalField; readonly count: number }[]
  readonly seconds: number
}

const byExtension: ReadonlyMap<string, ContainerName> = new Map([
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'json'],
  ['csv', 'delimited'],
  ['tsv', 'delimited'],
  ['inter', 'delimited'],
  ['parquet', 'parquet'],
])

function containerFor(format: Format, name: FormatName, { to, container }: ExportOptions): ContainerName {
  const extension = typeof to === 'string' ? extensionOf(to) : ''
  const asked = container ?? byExtension.get(extension) ?? (format.write.containers[0] as ContainerName)
  if (!containerNames.includes(asked))
    throw new Error(`container is ${JSON.stringify(asked)}, expected one of ${format.write.containers.join(', ')}`)
  if (!format.write.containers.includes(asked))
    throw new Error(`${name} cannot be written as ${asked}, expected one of ${format.write.containers.join(', ')}`)
  if (asked === 'parquet' && typeof to === 'string' && to.toLowerCase().endsWith('.gz'))
    throw new Error(`${to} asks for compressed Parquet, which is compressed already; leave out .gz`)
  return asked
}

/** Whether every text in a row can be written as UTF-8. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner))
}

function counted<Key extends string>(counts: ReadonlyMap<Key, number>): [Key, number][] {
  return [...counts].sort(([, a], [, b]) => b - a)
}

/**
 * Writes signals to a file in a format, in bounded memory. A path gets the file once it is whole. What the format cannot
 * express is counted, never dropped without a word: whole signals by reason, parts of signals by field.
 *
 * @throws {Error} when the format cannot be written in the container
 * @example
 * const report = await exportSignals(store, { to: 'pairs.parquet', format: 'preference-pairs' }, startRun())
 * for (const { reason, count } of report.inexpressible) console.log(`${count} signals left out: ${reason}`)
 */
export async function exportSignals(source: SignalSource, options: ExportOptions, run: Run): Promise<ExportReport> {
  const started = performance.now()
  const name = options.format ?? 'signals'
  if (!isFormatName(name))
    throw new Error(`format is ${JSON.stringify(name)}, expected one of ${formatNames.join(', ')}`)
  const format: Format = formats[name]
  const container = containerFor(format, name, options)
  const extension = typeof options.to === 'string' ? extensionOf(options.to) : ''
  const delimiter = options.delimiter ?? (extension === 'tsv' || extension === 'inter' ? '\t' : ',')
  const written = {
    container,
    action: options.action ?? 'interaction',
    ...(options.style !== undefined && { style: options.style }),
  }
  const writer = format.write.writer(written)
  const keeps = format.write.keeps(written)
  const kept = keeps === 'everything' ? undefined : new Set(keeps)
  const textual = container === 'jsonl' || container === 'json'

  const reasons = new Map<string, number>()
  const left = new Map<SignalField, number>()
  let signals = 0
  let rows = 0
  let seen = 0
  const total = await source.count(options.filter)
  const out = await openOut(options.to, container, delimiter, format.write.types(written), run)
  const put = async (made: readonly OutRow[]): Promise<void> => {
    for (const row of made) {
      await out.write(row)
      rows++
    }
  }
  try {
    for await (const signal of source.read(options.filter)) {
      if (seen++ % 1_000 === 0) run.progress({ label: `writing ${name}`, done: seen - 1, total })
      run.signal.throwIfAborted()
      const leaving = new Set<SignalField>()
      // JSON spells half a surrogate pair with an escape; nothing else can hold one.
      const made =
        textual || isWellFormed(signal)
          ? writer.write(signal, (field) => leaving.add(field))
          : new Inexpressible('a text that is not well-formed Unicode')
      if (made instanceof Inexpressible) {
        reasons.set(made.reason, (reasons.get(made.reason) ?? 0) + 1)
        continue
      }
      await put(made)
      signals++
      if (kept) for (const field of fieldsOf(signal)) if (!kept.has(field)) leaving.add(field)
      for (const field of leaving) left.set(field, (left.get(field) ?? 0) + 1)
    }
    await put(writer.end())
    await out.finish()
  } catch (error) {
    await out.abandon()
    throw error
  }
  run.progress({ label: `writing ${name}`, done: seen, total })
  return {
    format: name,
    container,
    written: signals,
    rows,
    inexpressible: counted(reasons).map(([reason, count]) => ({ reason, count })),
    leftOut: counted(left).map(([field, count]) => ({ field, count })),
    seconds: (performance.now() - started) / 1000,
  }
}
