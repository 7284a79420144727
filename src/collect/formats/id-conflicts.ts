import { hash } from 'node:crypto'
import { canonicalJson, type Json } from '../../run/index.ts'
import { sameJson } from '../same.ts'
import type { Signal } from '../signal.ts'
import type { SignalStore } from '../store.ts'
import { RowFault } from './fault.ts'
import { type Hash64, HashTable, hashOfHex, hashText } from './hash-table.ts'

/**
 * Finds ids that a file uses for two different signals, in two readings: the first notes which ids come more than
 * once (24 to 36 bytes an id), the second compares the contents under those.
 */
export interface RepeatedIds {
  /** First reading: notes the hash of an id. */
  note(id: Hash64): void
  /** Whether a second reading is needed. */
  any(): boolean
  /** Second reading: the fault of a signal that differs from an earlier one of its id. */
  compare(signal: Signal): RowFault | undefined
}

export function repeatedIds(): RepeatedIds {
  const seen = new HashTable()
  const repeated = new HashTable()
  const contents = new HashTable()
  return {
    note(id) {
      if (seen.add(id) > 0) repeated.set(id, 1)
    },
    any: () => repeated.size > 0,
    compare(signal) {
      const id = hashText(signal.id)
      if (repeated.get(id) === undefined) return undefined
      const [high, low] = hashOfHex(hash('sha256', canonicalJson(signal as unknown as Json)))
      // 53 bits of the content's hash, which is what a number holds.
      const content = high * 2 ** 21 + (low >>> 11)
      const before = contents.get(id)
      if (before === undefined) contents.set(id, content)
      return before === undefined || before === content ? undefined : idTaken(signal.id, 'an earlier row of the file')
    },
  }
}

/** The fault of a signal whose id stands for another one. */
export function idTaken(id: string, where: string): RowFault {
  return new RowFault('id', `id is ${JSON.stringify(id)}, which ${where} has with other content`)
}

/** The fault of a signal whose id a store has with other content. */
export async function conflictWith(store: SignalStore, signal: Signal): Promise<RowFault | undefined> {
  const there = await store.get(signal.id)
  return there === undefined || sameJson(there, signal) ? undefined : idTaken(signal.id, 'the store')
}
