import { isUtf8 } from 'node:buffer'
import { RowFault } from './fault.ts'

/** Whole lines of a file; the last line of a file may lack its newline. */
export interface LineBlock {
  /** Number of the first line, from 1. */
  readonly line: number
  readonly bytes: Buffer
}

/** A line longer than the limit; its text is not kept. */
export interface LongLine {
  readonly line: number
  readonly tooLong: true
}

/** How many bytes a line may have unless stated otherwise: 64 MiB. */
export const lineLimit = 64 << 20

const newline = 10
const notUtf8 = 'the line is not valid UTF-8'

function countNewlines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

/** Cuts a file's pieces at line ends. At most one line, up to the limit, is held beyond the piece at hand. */
export async function* lineBlocks(pieces: AsyncIterable<Buffer>, limit: number): AsyncGenerator<LineBlock | LongLine> {
  let line = 1
  let held: Buffer[] = []
  let heldBytes = 0
  let skipping = false
  for await (const piece of pieces) {
    let from = 0
    if (skipping) {
      const end = piece.indexOf(newline)
      if (end < 0) continue
      skipping = false
      line++
      from = end + 1
    }
    const last = piece.lastIndexOf(newline)
    if (last >= from) {
      const whole = piece.subarray(from, last + 1)
      const bytes = heldBytes === 0 ? whole : Buffer.concat([...held, whole])
      held = []
      heldBytes = 0
      yield { line, bytes }
      line += countNewlines(bytes)
      from = last + 1
    }
    if (from < piece.length) {
      held.push(piece.subarray(from))
      heldBytes += piece.length - from
    }
    if (heldBytes > limit) {
      yield { line, tooLong: true }
      held = []
      heldBytes = 0
      skipping = true
    }
  }
  if (heldBytes > 0) yield { line, bytes: Buffer.concat(held) }
}

/** One line of text without its line end. */
export interface Line {
  readonly line: number
  readonly text: string
  /** Whether the line ended with CR LF rather than LF alone. */
  readonly returned: boolean
  /** Why the text is not to be used. */
  readonly fault?: RowFault
}

/** The lines of a block. Bytes that are not UTF-8 and lines beyond the limit become faults. */
export function linesOf(block: LineBlock | LongLine, limit: number): Line[] {
  if ('tooLong' in block) return [{ line: block.line, text: '', returned: false, fault: tooLong(limit) }]
  const { bytes } = block
  const valid = isUtf8(bytes)
  const lines: Line[] = []
  let line = block.line
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(newline, start)
    const next = found < 0 ? bytes.length : found + 1
    let end = found < 0 ? bytes.length : found
    const returned = end > start && bytes[end - 1] === 13
    if (returned) end--
    if (end - start > limit) lines.push({ line, text: '', returned, fault: tooLong(limit) })
    else {
      const text = bytes.toString('utf8', start, end)
      const broken = !valid && !isUtf8(bytes.subarray(start, end))
      lines.push(broken ? { line, text, returned, fault: new RowFault('', notUtf8) } : { line, text, returned })
    }
    start = next
  }
  return lines
}

function tooLong(limit: number): RowFault {
  return new RowFault('', `the line is longer than ${limit} bytes`)
}
