import { type Candidate, type Comparison, candidate, type Message, type Rating } from '../signal.ts'
import { type About, aboutReader, withoutUndefined } from './about.ts'
import { booleanCell, isAbsent, messagesCell, numberCell, textCell } from './cells.ts'
import { contentOfMessages, messagesOfContent, splitConversations } from './conversation.ts'
import { RowFault, unexpected } from './fault.ts'
import {
  type Draft,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type PairStyle,
  rowByRow,
  type SignalField,
  signalBySignal,
} from './format.ts'

const ownColumns = ['prompt', 'chosen', 'rejected', 'score_chosen', 'score_rejected', 'margin', 'completion', 'label']

/** A cell that is a text or a list of messages. */
function textOrMessages(path: string, cell: unknown): string | Message[] | undefined {
  if (cell === undefined || cell === null) return undefined
  return Array.isArray(cell) ? messagesCell(path, cell) : textCell(path, cell)
}

const asked = (prompt: string): Message[] => [{ role: 'user', content: prompt }]
const promptMessages = (prompt: string | Message[]): Message[] => (typeof prompt === 'string' ? asked(prompt) : prompt)

/**
 * Where two texts part: after what they share, before a space that the shared part would end with, and never within a
 * character.
 */
function sharedLength(a: string, b: string): number {
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at++
  const before = a.charCodeAt(at - 1)
  if (at > 0 && before >= 0xd800 && before < 0xdc00) at--
  return at > 0 && a[at - 1] === ' ' ? at - 1 : at
}

interface Pair {
  readonly prompt: readonly Message[]
  readonly chosen: readonly Message[]
  readonly rejected: readonly Message[]
}

const reply = (text: string): Message[] => [{ role: 'assistant', content: text }]

function pairOf(fields: Fields): Pair {
  const prompt = textOrMessages('prompt', fields['prompt'])
  const chosen = textOrMessages('chosen', fields['chosen'])
  const rejected = textOrMessages('rejected', fields['rejected'])
  if (chosen === undefined) throw unexpected('chosen', undefined, 'a text or a list of messages')
  if (rejected === undefined) throw unexpected('rejected', undefined, 'a text or a list of messages')
  if (typeof chosen === 'string' || typeof rejected === 'string') {
    if (typeof chosen !== 'string') throw unexpected('rejected', rejected, 'a list of messages, as chosen is one')
    if (typeof rejected !== 'string') throw unexpected('rejected', rejected, 'a text, as chosen is one')
    if (prompt !== undefined)
      return { prompt: promptMessages(prompt), chosen: reply(chosen), rejected: reply(rejected) }
    const at = sharedLength(chosen, rejected)
    if (chosen === rejected)
      throw new RowFault('rejected', 'rejected is the same text as chosen, so that the prompt cannot be told')
    const shared = at === 0 ? [] : asked(chosen.slice(0, at))
    return { prompt: shared, chosen: reply(chosen.slice(at)), rejected: reply(rejected.slice(at)) }
  }
  if (chosen.length === 0) throw unexpected('chosen', chosen, 'at least one message')
  if (rejected.length === 0) throw unexpected('rejected', rejected, 'at least one message')
  if (Array.isArray(prompt)) return { prompt, chosen, rejected }
  const { shared, a, b } = splitConversations(chosen, rejected)
  // A prompt in words beside whole conversations is said again at their beginning.
  const repeated = prompt === undefined || shared.some(({ role, content }) => role === 'user' && content === prompt)
  return { prompt: repeated ? shared : [...promptMessages(prompt), ...shared], chosen: a, rejected: b }
}

function side(messages: readonly Message[], score: number | undefined): Candidate {
  return candidate(contentOfMessages(messages), score === undefined ? {} : { features: { score } })
}

function readPair(fields: Fields, about: (fields: Fields, metadata?: Fields) => About): Draft {
  const { prompt, chosen, rejected } = pairOf(fields)
  const margin = numberCell('margin', fields['margin'])
  const { base, context } = about(fields, margin === undefined ? {} : { margin })
  return {
    ...base,
    kind: 'comparison',
    context: context(prompt.length > 0 ? { messages: [...prompt] } : {}),
    a: side(chosen, numberCell('score_chosen', fields['score_chosen'])),
    b: side(rejected, numberCell('score_rejected', fields['score_rejected'])),
    outcome: 'a',
  }
}

function readUnpaired(fields: Fields, about: (fields: Fields) => About): Draft {
  const prompt = textOrMessages('prompt', fields['prompt'])
  const completion = textOrMessages('completion', fields['completion'])
  const label = booleanCell('label', fields['label'])
  if (prompt === undefined) throw unexpected('prompt', undefined, 'a text or a list of messages')
  if (completion === undefined) throw unexpected('completion', undefined, 'a text or a list of messages')
  if (label === undefined) throw unexpected('label', undefined, 'true or false')
  const { base, context } = about(fields)
  return {
    ...base,
    kind: 'rating',
    context: context({ messages: promptMessages(prompt) }),
    candidate: side(typeof completion === 'string' ? reply(completion) : completion, undefined),
    aspects: { overall: label ? 1 : 0 },
    scale: { min: 0, max: 1 },
  }
}

function writePair(signal: Comparison, style: PairStyle, leave: (field: SignalField) => void): OutRow | Inexpressible {
  if (signal.outcome !== 'a' && signal.outcome !== 'b')
    return new Inexpressible(`a comparison that ended ${signal.outcome}`)
  const [won, lost] = signal.outcome === 'a' ? [signal.a, signal.b] : [signal.b, signal.a]
  const prompt = signal.context.messages ?? []
  const chosen = messagesOfContent(won.content)
  const rejected = messagesOfContent(lost.content)
  if (!chosen || !rejected) return new Inexpressible('a candidate that is no text')
  if (chosen.length === 0 || rejected.length === 0) return new Inexpressible('an empty conversation')
  const score = (of: Candidate): number | undefined => {
    const value = of.features?.['score']
    return typeof value === 'number' ? value : undefined
  }
  const margin = signal.metadata?.['margin']
  const numbers = {
    score_chosen: score(won),
    score_rejected: score(lost),
    margin: typeof margin === 'number' ? margin : undefined,
  }
  const features = [won, lost].flatMap((side) => Object.keys(side.features ?? {}))
  if (features.some((feature) => feature !== 'score')) leave('features')
  if (Object.keys(signal.metadata ?? {}).some((key) => key !== 'margin')) leave('metadata')
  if (style === 'conversational') return withoutUndefined({ prompt, chosen, rejected, ...numbers })
  if (style === 'implicit-conversational')
    return withoutUndefined({ chosen: [...prompt, ...chosen], rejected: [...prompt, ...rejected], ...numbers })
  const [question, good, bad] = [
    onlyText(prompt, 'user'),
    onlyText(chosen, 'assistant'),
    onlyText(rejected, 'assistant'),
  ]
  if (good === undefined || bad === undefined) return new Inexpressible('several messages, in plain pairs')
  if (style === 'plain') {
    if (question === undefined) return new Inexpressible('a prompt that is not one message of a user, in plain pairs')
    return withoutUndefined({ prompt: question, chosen: good, rejected: bad, ...numbers })
  }
  if (question === undefined && prompt.length > 0)
    return new Inexpressible('a prompt that is not one message of a user, in plain pairs')
  if (good === bad) return new Inexpressible('two equal texts, in pairs without a prompt of their own')
  return withoutUndefined({ chosen: (question ?? '') + good, rejected: (question ?? '') + bad, ...numbers })
}

function writeUnpaired(signal: Rating): OutRow | Inexpressible {
  const { overall } = signal.aspects
  if (signal.scale?.min !== 0 || signal.scale.max !== 1 || (overall !== 0 && overall !== 1))
    return new Inexpressible('a rating that is neither 0 nor 1 on a scale from 0 to 1')
  const prompt = signal.context.messages ?? []
  const completion = messagesOfContent(signal.candidate.content)
  if (!completion || completion.length === 0) return new Inexpressible('a candidate that is no text')
  if (prompt.length === 0) return new Inexpressible('a rating without a prompt')
  const question = onlyText(prompt, 'user')
  const text = onlyText(completion, 'assistant')
  const plain = question !== undefined && text !== undefined
  return { prompt: plain ? question : prompt, completion: plain ? text : completion, label: overall === 1 }
}

function onlyText(messages: readonly Message[], role: Message['role']): string | undefined {
  const [first] = messages
  return messages.length === 1 && first?.role === role ? first.content : undefined
}

const messagesType = 'STRUCT(role VARCHAR, content VARCHAR)[]'

/**
 * The pairs that preference trainers read: `prompt`, `chosen`, `rejected`, as texts or as lists of messages, or
 * `chosen` and `rejected` alone, whose shared beginning is the prompt; with `score_chosen` and `score_rejected` (a
 * feature `score` of the candidates) and `margin` (in the metadata) where they are. Chosen is always candidate a. Also
 * `prompt`, `completion` and a boolean `label`: a rating, `overall` 1 or 0.
 *
 * Written in a style: `plain` texts, `conversational` lists, `implicit` texts and `implicit-conversational` lists
 * without a prompt of their own, `unpaired` ratings. Comparisons that were not decided cannot be written.
 */
export const preferencePairs: Format = {
  name: 'preference-pairs',
  title: 'prompt, chosen and rejected, or prompt, completion and label',
  containers: ['jsonl', 'json', 'parquet', 'delimited'],
  detect({ columns, rows }) {
    const has = (...names: readonly string[]): boolean => names.every((name) => columns.includes(name))
    const transcripts = rows.every(({ chosen }) => typeof chosen === 'string' && /^\n\n(Human|Assistant):/.test(chosen))
    return (has('chosen', 'rejected') && (has('prompt') || !transcripts)) || has('prompt', 'completion', 'label')
  },
  reader(options) {
    const about = aboutReader(
      { id: ['id'], rater: ['rater', 'annotator'], time: ['timestamp'], own: ownColumns },
      options,
    )
    return rowByRow(({ fields }) => [
      isAbsent(fields['chosen']) && isAbsent(fields['rejected']) && 'label' in fields
        ? readUnpaired(fields, about)
        : readPair(fields, about),
    ])
  },
  write: {
    containers: ['jsonl', 'json', 'parquet'],
    types: ({ style = 'conversational' }) => ({
      margin: 'DOUBLE',
      score_chosen: 'DOUBLE',
      score_rejected: 'DOUBLE',
      label: 'BOOLEAN',
      ...(style.endsWith('conversational') && { prompt: messagesType, chosen: messagesType, rejected: messagesType }),
    }),
    keeps: ({ style }) =>
      style === 'unpaired' ? ['context.messages', 'scale'] : ['context.messages', 'features', 'metadata'],
    writer: ({ style = 'conversational' }) =>
      signalBySignal((signal, leave) => {
        if (style === 'unpaired')
          return signal.kind === 'rating'
            ? writeUnpaired(signal)
            : new Inexpressible(`a ${signal.kind}, in unpaired rows`)
        return signal.kind === 'comparison' ? writePair(signal, style, leave) : new Inexpressible(`a ${signal.kind}`)
      }),
  },
}
