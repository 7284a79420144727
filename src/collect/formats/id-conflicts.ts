import { hash } from 'node:crypto'
import { canonicalJson, type Json } from '../../run/index.ts'
import { sameJson } from '../same.ts'
import type { Context, Signal } from '../signal.ts'
import type { SignalStore } from '../store.ts'
import { RowFault, show } from './fault.ts'
import { type Hash64, HashTable, hashOfHex, hashText } from './hash-table.ts'

/** 53 bits of a content's hash, which is what a number holds. */
export function contentNumber(content: Signal | Context): number {
  const [high, low] = hashOfHex(hash('sha256', canonicalJson(content as unknown as Json)))
  return high * 2 ** 21 + (low >>> 11)
}

/**
 * Finds ids that a file uses for two different things, at 24 to 36 bytes an id. Contexts are compared at once. Signals
 * take two readings: the first notes which ids come more than once, the second compares the contents under those.
 */
export interface FileIds {
  /** First reading: notes the hash of a signal's id. */
  signal(id: Hash64): void
  /** Notes a context; `new` when its id was not seen before. */
  context(id: Hash64, content: number): 'new' | 'same' | 'different'
  /** Whether a second reading is needed. */
  repeated(): boolean
  /** Second reading: the fault of a signal that differs from an earlier one of its id. */
  compare(signal: Signal): RowFault | undefined
}

export function fileIds(): FileIds {
  const seen = new HashTable()
  const repeated = new HashTable()
  const contents = new HashTable()
  const contexts = new HashTable()
  return {
    signal(id) {
      if (seen.add(id) > 0) repeated.set(id, 1)
    },
    context(id, content) {
      const before = contexts.get(id)
      if (before === undefined) contexts.set(id, content)
      return before === undefined ? 'new' : before === content ? 'same' : 'different'
    },
    repeated: () => repeated.size > 0,
    compare(signal) {
      const id = hashText(signal.id)
      if (repeated.get(id) === undefined) return undefined
      const content = contentNumber(signal)
      const before = contents.get(id)
      if (before === undefined) contents.set(id, content)
      return before === undefined || before === content ? undefined : idTaken('id', signal.id, earlierRow)
    },
  }
}

/** The fault of an id that stands for something else elsewhere. */
export function idTaken(path: 'id' | 'context.id', id: string, where: string): RowFault {
  return new RowFault(path, `${path} is ${show(id)}, which ${where} has with other content`)
}

export const earlierRow = 'an earlier row of the file'

/** The fault of a signal whose id a store has with other content. */
export async function conflictWith(store: SignalStore, signal: Signal): Promise<RowFault | undefined> {
  const there = await store.get(signal.id)
  return there === undefined || sameJson(there, signal) ? undefined : idTaken('id', signal.id, 'the store')
}

/** The fault of a context whose id a store has with other content. */
export async function contextConflictWith(store: SignalStore, context: Context): Promise<RowFault | undefined> {
  const there = await store.context(context.id)
  return there === undefined || sameJson(there, context) ? undefined : idTaken('context.id', context.id, 'the store')
}
