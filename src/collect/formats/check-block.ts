import { checkSignal } from './check-signal.ts'
import { RowFault } from './fault.ts'
import { hashText } from './hash-table.ts'
import { roughNumber } from './id-conflicts.ts'
import { parseJsonObject } from './json-rows.ts'
import { type LineBlock, type LongLine, linesOf } from './lines.ts'

/** What is known of a block of lines of signals after checking it. Plain data, so that threads can hand it over. */
export interface CheckedBlock {
  readonly faults: readonly { readonly line: number; readonly path: string; readonly message: string }[]
  /** Two words per signal that is well, in order: {@link hashText} of its id. */
  readonly ids: Uint32Array
  /** Two words per signal: {@link hashText} of its context's id. */
  readonly contextIds: Uint32Array
  /** Per signal: {@link roughNumber} of its context. */
  readonly contexts: Uint32Array
}

/** Checks every line of a block as a signal; blank lines are passed over. */
export function checkBlock(block: LineBlock | LongLine, limit: number): CheckedBlock {
  const faults: { line: number; path: string; message: string }[] = []
  const found = linesOf(block, limit)
  const ids = new Uint32Array(2 * found.length)
  const contextIds = new Uint32Array(2 * found.length)
  const contexts = new Uint32Array(found.length)
  let count = 0
  for (const { line, text, fault } of found) {
    if (!fault && text.trim() === '') continue
    try {
      if (fault) throw fault
      const { id, context } = checkSignal(parseJsonObject(text))
      ids.set(hashText(id), 2 * count)
      contextIds.set(hashText(context.id), 2 * count)
      contexts[count] = roughNumber(context)
      count++
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      faults.push({ line, path: error.path, message: error.message })
    }
  }
  return {
    faults,
    ids: ids.slice(0, 2 * count),
    contextIds: contextIds.slice(0, 2 * count),
    contexts: contexts.slice(0, count),
  }
}
