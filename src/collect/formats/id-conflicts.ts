import { hash } from 'node:crypto'
import { canonicalJson, type Json } from '../../run/index.ts'
import { sameJson } from '../same.ts'
import type { Context, Signal } from '../signal.ts'
import type { SignalStore } from '../store.ts'
import { RowFault, show } from './fault.ts'
import { type Hash64, HashTable, hashOfHex, hashText } from './hash-table.ts'

/** 53 bits of a text's hash, which is what a number holds. */
function numberOf(text: string): number {
  const [high, low] = hashOfHex(hash('sha256', text))
  return high * 2 ** 21 + (low >>> 11)
}

/**
 * A number below 2³² that differs for nearly all contexts that differ, and may for equal ones whose members come in
 * another order.
 */
export function roughNumber(context: Context): number {
  return hashText(JSON.stringify(context))[0]
}

const exactNumber = (content: Signal | Context): number => numberOf(canonicalJson(content as unknown as Json))

/**
 * Finds ids that a file uses for two different signals or contexts, at 18 to 36 bytes an id, in two readings: the first
 * notes which ids may stand for two things, the second compares what stands under those.
 */
export interface FileIds {
  /** First reading: notes the hash of a signal's id. */
  signal(id: Hash64): void
  /** First reading: notes the hash of a context's id and its {@link roughNumber}; whether the id was not seen before. */
  context(id: Hash64, rough: number): boolean
  /** Whether a second reading is needed. */
  doubtful(): boolean
  /** Second reading: the fault of a signal that differs, or whose context differs, from an earlier one of its id. */
  compare(signal: Signal): RowFault | undefined
}

export function fileIds(): FileIds {
  const signals = new HashTable()
  const contexts = new HashTable()
  const doubtfulSignals = new HashTable()
  const doubtfulContexts = new HashTable()
  const firstSignals = new HashTable(Float64Array)
  const firstContexts = new HashTable(Float64Array)
  /** Whether a doubtful id had other content when it came first. */
  const differs = (id: string, content: Signal | Context, doubtful: HashTable, first: HashTable): boolean => {
    const key = hashText(id)
    if (doubtful.get(key) === undefined) return false
    const number = exactNumber(content)
    const before = first.get(key)
    if (before === undefined) first.set(key, number)
    return before !== undefined && before !== number
  }
  return {
    signal(id) {
      if (signals.add(id) > 0) doubtfulSignals.set(id, 1)
    },
    context(id, rough) {
      const before = contexts.get(id)
      if (before === undefined) contexts.set(id, rough)
      else if (before !== rough) doubtfulContexts.set(id, 1)
      return before === undefined
    },
    doubtful: () => doubtfulSignals.size > 0 || doubtfulContexts.size > 0,
    compare(signal) {
      const { id, context } = signal
      if (differs(context.id, context, doubtfulContexts, firstContexts))
        return idTaken('context.id', context.id, earlierRow)
      return differs(id, signal, doubtfulSignals, firstSignals) ? idTaken('id', id, earlierRow) : undefined
    },
  }
}

const earlierRow = 'an earlier row of the file'

/** The fault of an id that stands for something else elsewhere. */
export function idTaken(path: 'id' | 'context.id', id: string, where: string): RowFault {
  return new RowFault(path, `${path} is ${show(id)}, which ${where} has with other content`)
}

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
