import { z } from 'zod'
import {
  type Candidate,
  type Comparison,
  type Context,
  candidate,
  type Message,
  type Outcome,
  outcomeSchema,
} from '../signal.ts'
import { type About, aboutReader, keptAbout, withoutUndefined, writeAbout, writeContext } from './about.ts'
import {
  booleanCell,
  cellOf,
  idCell,
  isAbsent,
  messagesCell,
  numberCell,
  structured,
  textCell,
  writeRater,
} from './cells.ts'
import { contentOfMessages, isPlainConversation, messagesOfContent, splitConversations } from './conversation.ts'
import { isColumnName } from './delimited.ts'
import { RowFault, showWords, unexpected } from './fault.ts'
import {
  type Draft,
  type Fields,
  type Format,
  Inexpressible,
  type OutRow,
  type ReadOptions,
  rowByRow,
  type SignalField,
  signalBySignal,
} from './format.ts'
import { isLanguageTag, languageTag } from './languages.ts'

/** Every published spelling of a vote and what it means. Anything else is rejected. */
export const winnerSpellings: { readonly [spelling: string]: Outcome } = {
  model_a: 'a',
  model_b: 'b',
  tie: 'tie',
  'tie (bothbad)': 'both-bad',
  both_bad: 'both-bad',
  bothbad: 'both-bad',
  'both-bad': 'both-bad',
  a: 'a',
  b: 'b',
  skipped: 'skipped',
}

const written: { readonly [outcome in Outcome]: string | null } = {
  a: 'model_a',
  b: 'model_b',
  tie: 'tie',
  'both-bad': 'both_bad',
  skipped: null,
}

const sides = ['a', 'b'] as const
type Side = (typeof sides)[number]

const scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const outcomes = z.record(z.string(), outcomeSchema)

/** Columns of the format, besides those of single sides. */
const rowColumns = [
  'winner',
  'prompt',
  'shared_messages',
  'strength',
  'aspects',
  'language',
  'turn',
  'anony',
  'conv_metadata',
]
const ofSide = ['model', 'conversation', 'messages', 'response', 'features']
const ownColumns = [...rowColumns, ...sides, ...ofSide.flatMap((name) => sides.map((side) => `${name}_${side}`))]

function outcomeOf(cell: unknown): Outcome {
  if (isAbsent(cell)) return 'skipped'
  const outcome = typeof cell === 'string' && Object.hasOwn(winnerSpellings, cell) ? winnerSpellings[cell] : undefined
  if (outcome === undefined)
    throw unexpected('winner', cell, `one of ${showWords(Object.keys(winnerSpellings))}, or nothing for a skipped one`)
  return outcome
}

/** Numbers nested in published metadata, by dotted path. */
function nestedNumbers(value: unknown, path: string): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => nestedNumbers(inner, path ? `${path}.${key}` : key))
}

const sideInName = /_([ab])(?=$|_|\.)/

interface Features {
  readonly a: Record<string, string | number | boolean>
  readonly b: Record<string, string | number | boolean>
  readonly context: Record<string, string | number | boolean>
}

/** Features of the sides: numeric columns `x_a` and `x_b`, `features_a` and `features_b`, and `conv_metadata`. */
function featuresOf(fields: Fields, options: ReadOptions): Features {
  const found: Features = { a: {}, b: {}, context: {} }
  for (const [path, number] of nestedNumbers(structured('conv_metadata', fields['conv_metadata']), '')) {
    const side = sideInName.exec(path)?.[1] as Side | undefined
    const name = side ? path.replace(sideInName, '') : path
    if (name !== '__proto__') found[side ?? 'context'][name] = number
  }
  for (const side of sides) {
    for (const [column, cell] of Object.entries(fields)) {
      if (!isSideFeature(column, side) || options.columns[column] !== undefined) continue
      const number =
        typeof cell === 'number' || typeof cell === 'string' ? Number(isAbsent(cell) ? Number.NaN : cell) : Number.NaN
      if (Number.isFinite(number)) found[side][column.slice(0, -2)] = number
    }
    Object.assign(found[side], cellOf(scalars, `features_${side}`, fields[`features_${side}`]))
  }
  return found
}

const isSideFeature = (column: string, side: Side): boolean =>
  column.length > 2 && column.endsWith(`_${side}`) && column !== `__proto___${side}` && !ownColumns.includes(column)

/** The conversation of a side: `conversation_a` or `messages_a`, or `prompt` with `response_a`. */
function conversationOf(fields: Fields, side: Side): Message[] | undefined {
  const column = [`conversation_${side}`, `messages_${side}`].find((name) => !isAbsent(fields[name]))
  if (column) return messagesCell(column, fields[column])
  const response = textCell(`response_${side}`, fields[`response_${side}`])
  if (response === undefined) return undefined
  const prompt = textCell('prompt', fields['prompt'])
  const asked: Message[] = prompt === undefined ? [] : [{ role: 'user', content: prompt }]
  return [...asked, { role: 'assistant', content: response }]
}

function nameOf(fields: Fields, side: Side): string | undefined {
  const column = [`model_${side}`, side].find((name) => !isAbsent(fields[name]))
  return column === undefined ? undefined : idCell(column, fields[column])
}

function languageOf(fields: Fields): { readonly language?: string; readonly said?: { readonly language: unknown } } {
  const cell = fields['language']
  if (isAbsent(cell)) return {}
  const text = textCell('language', cell) ?? ''
  const language = languageTag(text)
  return { ...(language !== undefined && { language }), ...(language !== text && { said: { language: text } }) }
}

function readBattle(fields: Fields, about: (fields: Fields, metadata?: Fields) => About, options: ReadOptions): Draft {
  if (!('winner' in fields))
    throw new RowFault('winner', 'there is no winner, expected one, or null for a skipped battle')
  const outcome = outcomeOf(fields['winner'])
  const names = { a: nameOf(fields, 'a'), b: nameOf(fields, 'b') }
  const conversations = { a: conversationOf(fields, 'a'), b: conversationOf(fields, 'b') }
  const features = featuresOf(fields, options)
  const { language, said } = languageOf(fields)
  const kept: Record<string, unknown> = { ...said }
  const turn = numberCell('turn', fields['turn'])
  if (turn !== undefined) kept['turn'] = turn
  const anony = booleanCell('anony', fields['anony'])
  if (anony !== undefined) kept['anony'] = anony
  const extra = structured('conv_metadata', fields['conv_metadata'])
  if (!isAbsent(extra)) kept['conv_metadata'] = extra
  // A column x_a that became a feature is not metadata too.
  const rest = Object.fromEntries(
    Object.entries(fields).filter(
      ([column]) =>
        !sides.some((side) => isSideFeature(column, side) && Object.hasOwn(features[side], column.slice(0, -2))),
    ),
  )
  const { base, context } = about(rest, kept)
  const strength = numberCell('strength', fields['strength'])
  const aspects = cellOf(outcomes, 'aspects', fields['aspects'])

  const contextFeatures = Object.keys(features.context).length > 0 ? { features: features.context } : {}
  const more = { ...(language !== undefined && { language }), ...contextFeatures }
  const aboutSide = (side: Side, producer: string | undefined): { producer?: string; features?: Features[Side] } => ({
    ...(producer !== undefined && { producer }),
    ...((Object.keys(features[side]).length > 0 || !isAbsent(fields[`features_${side}`])) && {
      features: features[side],
    }),
  })
  const common = withoutUndefined({ ...base, kind: 'comparison' as const, outcome, strength, aspects })
  if (conversations.a && conversations.b) {
    const shared = numberCell('shared_messages', fields['shared_messages'])
    const split = splitConversations(conversations.a, conversations.b, shared)
    for (const side of sides)
      if (split[side].length === 0)
        throw new RowFault(`conversation_${side}`, `conversation_${side} has no message of its own`)
    return {
      ...common,
      context: context({ ...more, ...(split.shared.length > 0 && { messages: [...split.shared] }) }),
      a: candidate(contentOfMessages(split.a), aboutSide('a', names.a)),
      b: candidate(contentOfMessages(split.b), aboutSide('b', names.b)),
    }
  }
  for (const side of sides) {
    if (conversations[side]) {
      const other = side === 'a' ? 'b' : 'a'
      throw unexpected(`conversation_${other}`, undefined, `a conversation, as conversation_${side} is there`)
    }
    if (names[side] === undefined) throw unexpected(`model_${side}`, undefined, 'the name of a model or an item')
  }
  const item = (side: Side): Candidate =>
    candidate({ modality: 'item', item: names[side] ?? '' }, aboutSide(side, undefined))
  const messages = promptMessages(fields)
  return { ...common, context: context({ ...more, ...(messages && { messages }) }), a: item('a'), b: item('b') }
}

function promptMessages(fields: Fields): Message[] | undefined {
  const prompt = textCell('prompt', fields['prompt'])
  return prompt === undefined ? undefined : [{ role: 'user', content: prompt }]
}

/** The columns of one side; undefined when the candidate is neither text nor a bare item. */
function writeSide(candidate: Candidate, side: Side, shared: readonly Message[]): OutRow | undefined {
  const { content, producer, features = {} } = candidate
  const own = messagesOfContent(content)
  if (!own && (content.modality !== 'item' || producer !== undefined)) return undefined
  if (!isPlainConversation(content)) return undefined
  const row: Record<string, unknown> = {
    [`model_${side}`]: own ? producer : content.modality === 'item' ? content.item : undefined,
    [`messages_${side}`]: own && [...shared, ...own],
  }
  const rest: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(features)) {
    const column = `${name}_${side}`
    if (typeof value === 'number' && isSideFeature(column, side) && isColumnName(column)) row[column] = value
    else rest[name] = value
  }
  if (candidate.features && (Object.keys(rest).length > 0 || Object.keys(features).length === 0))
    row[`features_${side}`] = rest
  return row
}

function writeBattle(signal: Comparison): OutRow | Inexpressible {
  const { context, outcome, strength, aspects } = signal
  const shared = context.messages ?? []
  const a = writeSide(signal.a, 'a', shared)
  const b = writeSide(signal.b, 'b', shared)
  if (!a || !b) return new Inexpressible('a candidate that is neither text nor an item by its key')
  const [ofA, ofB] = [messagesOfContent(signal.a.content), messagesOfContent(signal.b.content)]
  if (!ofA !== !ofB) return new Inexpressible('a text compared with an item')
  if ((ofA && ofA.length === 0) || (ofB && ofB.length === 0)) return new Inexpressible('an empty conversation')
  const found = ofA && ofB && splitConversations([...shared, ...ofA], [...shared, ...ofB]).shared.length
  const language = context.language !== undefined && isLanguageTag(context.language) ? context.language : undefined
  const elsewhere: (keyof Context)[] = language === undefined ? [] : ['language']
  if (ofA && shared.length > 0) elsewhere.push('messages')
  const seconds = signal.time / 1000
  const exact = Math.round(seconds * 1000) === signal.time && Math.abs(seconds) < 1e11
  return withoutUndefined({
    id: signal.id,
    ...a,
    ...b,
    winner: written[outcome],
    judge: writeRater(signal.rater),
    tstamp: exact ? seconds : undefined,
    time: exact ? undefined : signal.time,
    language,
    shared_messages: found === undefined || found === shared.length ? undefined : shared.length,
    strength,
    aspects,
    context: writeContext(context, elsewhere),
    ...writeAbout(signal),
  })
}

const keeps: readonly SignalField[] = [...keptAbout, 'strength', 'aspects']

/**
 * Battles of two models or items: `model_a`, `model_b` and `winner` (see {@link winnerSpellings}; an empty or null
 * winner is a skipped comparison), or `a`, `b` and `winner`. Further columns: `id` or `question_id`; `judge`, `user` or
 * `rater`; `tstamp` or `timestamp` (seconds, or ISO 8601); `language` (a tag or an English name); `conversation_a` or
 * `messages_a` and those of b (lists of role and content, of which the shared beginning is the context), or `prompt`,
 * `response_a` and `response_b`; `conv_metadata`, whose numbers become features; `turn`, `anony` and any other column,
 * kept in the metadata. Numeric columns `x_a` and `x_b` become a feature `x` of the candidates.
 *
 * Written, `shared_messages` says how many messages are the context where the conversations share more of them.
 */
export const arena: Format = {
  name: 'arena',
  title: 'battles of two models or items, with a winner',
  containers: ['jsonl', 'json', 'delimited', 'parquet'],
  detect: ({ columns }) =>
    columns.includes('winner') &&
    ['model_', ''].some((prefix) => sides.every((side) => columns.includes(prefix + side))),
  reader(options) {
    const about = aboutReader(
      {
        id: ['id', 'question_id'],
        rater: ['judge', 'user', 'rater'],
        time: ['tstamp', 'timestamp'],
        own: ownColumns,
      },
      options,
    )
    return rowByRow((row) => [readBattle(row.fields, about, options)])
  },
  write: {
    containers: ['jsonl', 'json', 'delimited', 'parquet'],
    types: () => ({
      messages_a: 'STRUCT(role VARCHAR, content VARCHAR)[]',
      messages_b: 'STRUCT(role VARCHAR, content VARCHAR)[]',
      tstamp: 'DOUBLE',
      time: 'BIGINT',
      shared_messages: 'INTEGER',
    }),
    keeps: () => keeps,
    writer: () =>
      signalBySignal((signal) =>
        signal.kind === 'comparison' ? writeBattle(signal) : new Inexpressible(`a ${signal.kind}`),
      ),
  },
}
