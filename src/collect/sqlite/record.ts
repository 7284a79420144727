import {
  type Candidate,
  type Content,
  type Context,
  type Rater,
  type Signal,
  type SignalKind,
  signalKinds,
} from '../signal.ts'

type KindMembers = {
  readonly [Kind in SignalKind]: readonly Exclude<keyof Extract<Signal, { kind: Kind }>, Elsewhere>[]
}
/** Members that have columns of their own. */
type Elsewhere =
  | ('kind' | 'id' | 'rater' | 'context' | 'time' | 'source')
  | ('a' | 'b' | 'candidates' | 'candidate' | 'shown' | 'before' | 'after' | 'to')

const everyKind = ['weight', 'rationale', 'metadata'] as const
/** What the body of each kind holds, in the order in which it is written. */
const members = {
  comparison: ['outcome', 'strength', 'aspects', ...everyKind],
  ranking: ['ranks', ...everyKind],
  rating: ['aspects', 'scale', 'rationales', ...everyKind],
  choice: ['chosen', 'action', 'value', ...everyKind],
  edit: everyKind,
  reply: ['text', ...everyKind],
  instruction: ['text', 'scope', ...everyKind],
  answer: ['question', 'options', 'answer', ...everyKind],
} as const satisfies KindMembers

/** What a signal says besides its columns, as JSON. */
export function bodyOf(signal: Signal): string {
  let body = ''
  for (const member of members[signal.kind]) {
    const value = (signal as unknown as { readonly [member: string]: unknown })[member]
    if (value !== undefined) body += `${body === '' ? '{' : ','}"${member}":${JSON.stringify(value)}`
  }
  return body === '' ? '{}' : `${body}}`
}

/** A candidate in a row: the number of its content, with what belongs to this appearance of it where there is any. */
export type StoredCandidate =
  | number
  | readonly [content: number, producer: string | null, features?: Candidate['features']]

/** The candidates of a signal as JSON, given the numbers of their contents. */
export function candidatesColumn(candidates: readonly Candidate[], numbers: readonly number[]): string {
  let column = '['
  for (let position = 0; position < candidates.length; position++) {
    const { producer, features } = candidates[position] as Candidate
    if (position > 0) column += ','
    if (producer === undefined && features === undefined) column += numbers[position]
    else if (features === undefined) column += `[${numbers[position]},${JSON.stringify(producer)}]`
    else column += `[${numbers[position]},${JSON.stringify(producer ?? null)},${JSON.stringify(features)}]`
  }
  return `${column}]`
}

/** The number of a stored candidate's content. */
export function contentNumber(stored: StoredCandidate): number {
  return typeof stored === 'number' ? stored : stored[0]
}

/** The different producers of a signal's candidates, sorted; the name of its lineup. Undefined when there is none. */
export function lineupOf(candidates: readonly Candidate[]): string | undefined {
  const producers: string[] = []
  for (const { producer } of candidates) if (producer !== undefined) producers.push(producer)
  if (producers.length === 0) return undefined
  return JSON.stringify(producers.length === 1 ? producers : [...new Set(producers)].sort())
}

/** A signal as its row and the rows that it refers to have it. */
export interface Stored {
  readonly id: string
  /** Position in `signalKinds`. */
  readonly kind: number
  readonly rater: Rater
  readonly context: Context
  readonly time: number
  readonly source: string
  readonly candidates: readonly StoredCandidate[]
  readonly body: string
}

/** Puts a signal together again. */
export function signalFrom(stored: Stored, contentOf: (number: number) => { id: string; content: Content }): Signal {
  const kind = signalKinds[stored.kind]
  const candidates = stored.candidates.map((entry): Candidate => {
    const { id, content } = contentOf(contentNumber(entry))
    if (typeof entry === 'number') return { id, content }
    const [, producer, features] = entry
    if (features === undefined) return { id, content, producer: producer as string }
    return producer === null ? { id, content, features } : { id, content, producer, features }
  })
  const { id, rater, context, time, source } = stored
  const head = { kind, id, rater, context, time, source }
  const body = JSON.parse(stored.body)
  const [first, second] = candidates
  switch (kind) {
    case 'comparison':
      return Object.assign(head, { a: first, b: second }, body)
    case 'ranking':
      return Object.assign(head, { candidates }, body)
    case 'rating':
      return Object.assign(head, { candidate: first }, body)
    case 'choice':
      return Object.assign(head, { shown: candidates }, body)
    case 'edit':
      return Object.assign(head, { before: first, after: second }, body)
    case 'reply':
      return Object.assign(head, { to: first }, body)
    case 'instruction':
    case 'answer':
      return Object.assign(head, body)
    default:
      throw new Error(`signal ${id} is stored with the unknown kind ${stored.kind}`)
  }
}

/** Freezes a value all the way down, because it is shared by every signal that refers to it. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const member of Object.values(value)) frozen(member)
    Object.freeze(value)
  }
  return value
}
