import { z } from 'zod'
import {
  type Candidate,
  type Content,
  candidate,
  contentSchema,
  type Message,
  messageSchema,
  type Rater,
  raterSchema,
} from '../signal.ts'
import { faultOf, RowFault, unexpected } from './fault.ts'
import { parseJsonObject } from './json-rows.ts'

// Cells: the values that stand in one column of a row. In delimited text and in Parquet's text columns a structured
// cell is JSON, told by its opening brace.

/** Whether a cell says nothing: missing, null, or an empty delimited cell. */
export function isAbsent(cell: unknown): cell is undefined | null | '' {
  return cell === undefined || cell === null || cell === ''
}

/** Whether a text would be taken for a structured cell: it begins with a brace. */
export function mayBeJson(text: string): boolean {
  return text.trimStart().startsWith('{')
}

/** A structured cell, its JSON parsed where it came as text. Lists are told only where a list is expected. */
export function structured(path: string, cell: unknown, list = false): unknown {
  if (typeof cell !== 'string') return cell
  try {
    if (mayBeJson(cell)) return parseJsonObject(cell)
    return list && cell.trimStart().startsWith('[') ? (JSON.parse(cell) as unknown) : cell
  } catch (error) {
    throw new RowFault(path, `${path} is not valid JSON: ${(error as Error).message}`)
  }
}

/** A cell that a schema describes, or undefined when it is absent. */
export function cellOf<Value>(schema: z.ZodType<Value>, path: string, cell: unknown): Value | undefined {
  if (isAbsent(cell)) return undefined
  const value = structured(path, cell, true)
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fault = faultOf(parsed.error, value)
  const joint = fault.path === '' || fault.path.startsWith('[') ? '' : '.'
  const message = fault.path === '' ? fault.message.replace(/^the row/, '') : fault.message
  throw new RowFault(`${path}${joint}${fault.path}`, `${path}${joint}${message}`)
}

/** A finite number, or undefined when absent. */
export function numberCell(path: string, cell: unknown): number | undefined {
  if (isAbsent(cell)) return undefined
  const number =
    typeof cell === 'number' ? cell : typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : Number.NaN
  if (!Number.isFinite(number)) throw unexpected(path, cell, 'a number')
  return number
}

/** A text, or undefined when absent; an empty text is one where the container can say so. */
export function textCell(path: string, cell: unknown): string | undefined {
  if (cell === undefined || cell === null) return undefined
  if (typeof cell !== 'string') throw unexpected(path, cell, 'a text')
  return cell
}

/** A yes or no: a boolean, or `true`, `True`, `1`, `false`, `False`, `0` in text; undefined when absent. */
export function booleanCell(path: string, cell: unknown): boolean | undefined {
  if (isAbsent(cell)) return undefined
  if (cell === true || cell === 1 || cell === 'true' || cell === 'True' || cell === '1') return true
  if (cell === false || cell === 0 || cell === 'false' || cell === 'False' || cell === '0') return false
  throw unexpected(path, cell, 'true or false')
}

/** An id: a text, or a whole number taken as its digits. */
export function idCell(path: string, cell: unknown): string | undefined {
  if (isAbsent(cell)) return undefined
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number' && Number.isSafeInteger(cell)) return String(cell)
  throw unexpected(path, cell, 'an id: a text or a whole number')
}

const latestSeconds = 253_402_300_799
const isoTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/**
 * A time in milliseconds since 1970: a number of seconds or milliseconds, or an ISO 8601 text, in UTC unless it says
 * otherwise. Seconds beyond the year 9999 are rejected, since they are milliseconds in all likelihood.
 */
export function timeCell(path: string, cell: unknown, unit: 's' | 'ms'): number | undefined {
  if (isAbsent(cell)) return undefined
  if (typeof cell === 'string') {
    const [, date, clock = '00:00', zone = 'Z'] = isoTime.exec(cell.trim()) ?? []
    if (date !== undefined) {
      const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
      const time = Date.parse(`${date}T${clock}${offset}`)
      if (!Number.isNaN(time)) return time
    }
  }
  const number =
    typeof cell === 'number' ? cell : typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : Number.NaN
  if (!Number.isFinite(number))
    throw unexpected(path, cell, `a time: ${unit === 's' ? 'seconds' : 'milliseconds'} since 1970, or an ISO 8601 text`)
  if (unit === 'ms') return Math.round(number)
  if (Math.abs(number) > latestSeconds)
    throw new RowFault(path, `${path} is ${number}, expected seconds since 1970; for milliseconds give timeUnit "ms"`)
  return Math.round(number * 1000)
}

/** A rater: an id, or an object of {@link raterSchema}. */
export function raterCell(path: string, cell: unknown, kind: Rater['kind']): Rater | undefined {
  const value = structured(path, cell)
  if (typeof value === 'object' && value !== null) return cellOf(raterSchema, path, value)
  const id = idCell(path, value)
  return id === undefined ? undefined : { id, kind }
}

/** How {@link raterCell} reads a rater back; `kind` is what an id alone means. */
export function writeRater(rater: Rater, kind: Rater['kind'] = 'human'): unknown {
  const plain = rater.kind === kind && rater.traits === undefined && !mayBeJson(rater.id)
  return plain ? rater.id : rater
}

const aboutCandidate = {
  producer: z.string().optional(),
  features: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
}
const looseCandidate = z.union([
  z.strictObject({ item: z.string(), ...aboutCandidate }),
  z.strictObject({ text: z.string(), ...aboutCandidate }),
  z.strictObject({ content: contentSchema, ...aboutCandidate }),
])

/** A candidate: a catalogue item's key, or `{item}`, `{text}` or `{content}` with its producer and features. */
export function candidateCell(path: string, cell: unknown): Candidate {
  const value = structured(path, cell)
  if (typeof value === 'string' && value !== '') return candidate({ modality: 'item', item: value })
  if (typeof value === 'number' && Number.isSafeInteger(value))
    return candidate({ modality: 'item', item: String(value) })
  const loose = cellOf(looseCandidate, path, value)
  if (!loose) throw unexpected(path, cell, 'a candidate: the key of an item, or {"item"}, {"text"} or {"content"}')
  const { producer, features, ...rest } = loose
  const content: Content =
    'item' in rest
      ? { modality: 'item', item: rest.item }
      : 'text' in rest
        ? { modality: 'text', text: rest.text }
        : rest.content
  return candidate(content, { ...(producer !== undefined && { producer }), ...(features && { features }) })
}

/** How {@link candidateCell} reads a candidate back. */
export function writeCandidate({ content, producer, features }: Candidate): unknown {
  const bare = producer === undefined && features === undefined
  if (bare && content.modality === 'item' && !mayBeJson(content.item)) return content.item
  const about = { ...(producer !== undefined && { producer }), ...(features && { features }) }
  if (content.modality === 'item') return { item: content.item, ...about }
  if (content.modality === 'text') return { text: content.text, ...about }
  return { content, ...about }
}

const textParts = z.array(z.looseObject({ type: z.literal('text'), text: z.string() }))

/**
 * A list of messages, or undefined when absent. Content that comes in parts of text is put together; members that are
 * null, as Parquet's structs have them, are passed over.
 */
export function messagesCell(path: string, cell: unknown): Message[] | undefined {
  const value = structured(path, cell, true)
  const plain = Array.isArray(value) ? value.map(plainMessage) : value
  return cellOf(z.array(messageSchema), path, plain)
}

function plainMessage(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message
  const members = Object.entries(message).filter(([, member]) => member !== null)
  const plain: { [member: string]: unknown } = Object.fromEntries(members)
  const parts = textParts.safeParse(plain['content'])
  return parts.success ? { ...plain, content: parts.data.map(({ text }) => text).join('') } : plain
}
