import { isUtf8 } from 'node:buffer'
import { RowFault, show } from './fault.ts'
import type { BrokenRow, Fields, Row } from './format.ts'
import { lineBlocks, linesOf } from './lines.ts'

/** Escapes of the letters of `__proto__`. */
const escapedProto = /\\u00(?:5f|7[024]|6f)/i

/**
 * The object a JSON text holds.
 *
 * @throws {RowFault} when the text is no JSON, no object, or has a key `__proto__`, which no record can hold
 */
export function parseJsonObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RowFault('', `not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RowFault('', `the row is ${show(value)}, expected a JSON object`)
  if (text.includes('__proto__') || (text.includes('\\u00') && escapedProto.test(text)))
    JSON.parse(text, (key, inner) => {
      if (key === '__proto__') throw new RowFault('__proto__', 'a field cannot be named __proto__')
      return inner
    })
  return value as Fields
}

/** Reads one object, or says what is wrong with it. */
export function jsonRow(at: number, text: string): Row | BrokenRow {
  try {
    return { at, fields: parseJsonObject(text) }
  } catch (error) {
    if (error instanceof RowFault) return { at, fault: error, raw: text }
    throw error
  }
}

/** Rows of a file with one JSON object per line; blank lines are passed over. */
export async function* jsonLines(
  pieces: AsyncIterable<Buffer>,
  limit: number,
): AsyncGenerator<readonly (Row | BrokenRow)[]> {
  for await (const block of lineBlocks(pieces, limit)) {
    const rows: (Row | BrokenRow)[] = []
    for (const { line, text, fault } of linesOf(block, limit)) {
      if (fault) rows.push({ at: line, fault, raw: text })
      else if (text.trim() !== '') rows.push(jsonRow(line, text))
    }
    yield rows
  }
}

const bytesOf = (characters: string): readonly number[] => [...characters].map((character) => character.charCodeAt(0))
const [quote, backslash, comma, opening, closing] = bytesOf('"\\,[]') as [number, number, number, number, number]
const openings = new Set(bytesOf('[{'))
const closings = new Set(bytesOf(']}'))
const isSpace = (byte: number): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9

/** Rows of a JSON array of objects, numbered from 1, read without holding more than one of them and a piece. */
export async function* jsonArray(
  pieces: AsyncIterable<Buffer>,
  limit: number,
): AsyncGenerator<readonly (Row | BrokenRow)[]> {
  let at = 1
  let depth = 0
  let inString = false
  let escaped = false
  let ended = false
  let held: Buffer[] = []
  let heldBytes = 0
  let afterComma = false

  const broken = (message: string, raw: unknown = ''): BrokenRow => ({ at, fault: new RowFault('', message), raw })
  const element = (): Row | BrokenRow => {
    const bytes = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
    const text = bytes.toString('utf8').trim()
    const row = !isUtf8(bytes)
      ? broken('the element is not valid UTF-8', text)
      : text === ''
        ? broken('the array has an empty element')
        : jsonRow(at, text)
    at++
    return row
  }

  for await (const piece of pieces) {
    const rows: (Row | BrokenRow)[] = []
    let start = 0
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number
      if (inString) {
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) inString = false
        continue
      }
      if (isSpace(byte)) continue
      if (ended || (depth === 0 && byte !== opening)) {
        rows.push(broken(ended ? 'text follows the end of the array' : 'expected a JSON array'))
        yield rows
        return
      }
      if (byte === quote) inString = true
      else if (openings.has(byte)) {
        depth++
        if (depth === 1) start = i + 1
      } else if (depth === 1 && (byte === comma || byte === closing)) {
        held.push(piece.subarray(start, i))
        const empty = held.every((part) => part.every(isSpace))
        if (!(byte === closing && empty && !afterComma)) rows.push(element())
        held = []
        heldBytes = 0
        start = i + 1
        afterComma = byte === comma
        if (byte === closing) {
          ended = true
          depth = 0
        }
      } else if (closings.has(byte)) depth--
    }
    if (!ended && depth > 0 && start < piece.length) {
      held.push(piece.subarray(start))
      heldBytes += piece.length - start
    }
    if (heldBytes > limit) {
      rows.push(broken(`the element is longer than ${limit} bytes`))
      yield rows
      return
    }
    yield rows
  }
  if (!ended) yield [broken(depth === 0 ? 'the file is empty' : 'the array is not closed')]
}
