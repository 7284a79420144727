import type { Signal } from '../signal.ts'
import { checkSignal } from './check-signal.ts'
import { RowFault } from './fault.ts'
import {
  anonymous,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type Reading,
  type ReadOptions,
  type WriteOptions,
} from './format.ts'

/** What a format makes of rows: signals, and faults as `row 2: message`. */
export interface FormatReading {
  readonly signals: readonly Signal[]
  readonly faults: readonly string[]
  readonly notes: readonly string[]
}

/** Reads rows with a format as an import does, ids counted up where rows have none. */
export function readWith(format: Format, rows: readonly Fields[], options: Partial<ReadOptions> = {}): FormatReading {
  const notes = new Set<string>()
  const reader = format.reader({
    source: 'test',
    sourceStated: false,
    columns: Object.create(null),
    time: 0,
    timeUnit: 's',
    rater: format.rater ?? anonymous,
    raterKind: 'human',
    action: 'interaction',
    header: true,
    note: (note) => notes.add(note),
    ...options,
  })
  const signals: Signal[] = []
  const faults: string[] = []
  const take = (readings: readonly Reading[]): void => {
    for (const reading of readings)
      if ('fault' in reading) faults.push(`row ${reading.row.at}: ${reading.fault.message}`)
      else signals.push(checkSignal({ source: 'test', id: `${signals.length}`, ...reading.draft }))
  }
  for (const [index, fields] of rows.entries())
    try {
      take(reader.read({ at: index + 1, fields }))
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      faults.push(`row ${index + 1}: ${error.message}`)
    }
  take(reader.end())
  return { signals, faults, notes: [...notes] }
}

/** What a format writes of signals, and why it leaves some out. */
export function writeWith(
  format: Format,
  signals: readonly Signal[],
  options: Partial<WriteOptions> = {},
): { readonly rows: readonly OutRow[]; readonly reasons: readonly string[]; readonly left: readonly string[] } {
  const writer = format.write.writer({ container: 'jsonl', action: 'interaction', ...options })
  const rows: OutRow[] = []
  const reasons: string[] = []
  const left: string[] = []
  for (const signal of signals) {
    const written = writer.write(signal, (field) => left.push(field))
    if (written instanceof Inexpressible) reasons.push(written.reason)
    else rows.push(...written)
  }
  rows.push(...writer.end())
  return { rows, reasons, left }
}
