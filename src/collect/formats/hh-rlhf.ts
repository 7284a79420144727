import { z } from 'zod'
import { type Comparison, candidate, type Message } from '../signal.ts'
import { type About, aboutReader } from './about.ts'
import { textCell } from './cells.ts'
import { contentOfMessages, messagesOfContent, splitConversations } from './conversation.ts'
import { RowFault, unexpected } from './fault.ts'
import { type Draft, type Fields, type Format, Inexpressible, type OutRow, rowByRow, signalBySignal } from './format.ts'

const speakers = { user: 'Human', assistant: 'Assistant' } as const
const turnStart = /\n\n(Human|Assistant):/g

/** A transcript taken apart; `unspaced` lists the turns whose words follow the colon without a space. */
interface Transcript {
  readonly messages: readonly Message[]
  readonly unspaced: readonly number[]
}

/**
 * Takes a transcript apart at its turns. {@link writeTranscript} gives back exactly the same text.
 *
 * @throws {RowFault} unless it begins with a turn
 */
export function readTranscript(path: string, text: string): Transcript {
  const starts = [...text.matchAll(turnStart)]
  if (starts[0]?.index !== 0)
    throw new RowFault(
      path,
      `${path} begins with ${JSON.stringify(text.slice(0, 20))}, expected "\\n\\nHuman:" or "\\n\\nAssistant:"`,
    )
  const unspaced: number[] = []
  const messages = starts.map((start, turn): Message => {
    const said = text.slice(start.index + start[0].length, starts[turn + 1]?.index)
    if (!said.startsWith(' ')) unspaced.push(turn)
    return { role: start[1] === 'Human' ? 'user' : 'assistant', content: said.startsWith(' ') ? said.slice(1) : said }
  })
  return { messages, unspaced }
}

/** The transcript of a conversation; undefined when it has other roles, or words that would read as a turn's start. */
export function writeTranscript(messages: readonly Message[], unspaced: readonly number[] = []): string | undefined {
  const turns = messages.map(({ role, content }, turn) => {
    if (role !== 'user' && role !== 'assistant') return undefined
    const said = `${unspaced.includes(turn) ? '' : ' '}${content}`
    return `\n\n${speakers[role]}:${said}`
  })
  if (turns.some((turn) => turn === undefined)) return undefined
  const text = turns.join('')
  return [...text.matchAll(turnStart)].length === messages.length ? text : undefined
}

const unspacedTurns = z.object({ chosen: z.array(z.int()).optional(), rejected: z.array(z.int()).optional() })

function readRow(fields: Fields, about: (fields: Fields, metadata?: Fields) => About): Draft {
  const transcript = (column: 'chosen' | 'rejected'): Transcript => {
    const text = textCell(column, fields[column])
    if (text === undefined) throw unexpected(column, undefined, 'a transcript')
    return readTranscript(column, text)
  }
  const chosen = transcript('chosen')
  const rejected = transcript('rejected')
  const unspaced = {
    ...(chosen.unspaced.length > 0 && { chosen: chosen.unspaced }),
    ...(rejected.unspaced.length > 0 && { rejected: rejected.unspaced }),
  }
  const { shared, a, b } = splitConversations(chosen.messages, rejected.messages)
  const { base, context } = about(fields, Object.keys(unspaced).length > 0 ? { unspaced } : {})
  return {
    ...base,
    kind: 'comparison',
    context: context(shared.length > 0 ? { messages: [...shared] } : {}),
    a: candidate(contentOfMessages(a)),
    b: candidate(contentOfMessages(b)),
    outcome: 'a',
  }
}

function writeRow(signal: Comparison): OutRow | Inexpressible {
  if (signal.outcome !== 'a' && signal.outcome !== 'b')
    return new Inexpressible(`a comparison that ended ${signal.outcome}`)
  const [won, lost] = signal.outcome === 'a' ? [signal.a, signal.b] : [signal.b, signal.a]
  const unspaced = unspacedTurns.safeParse(signal.metadata?.['unspaced']).data ?? {}
  const whole = (content: typeof won.content, turns: readonly number[] | undefined): string | undefined => {
    const own = messagesOfContent(content)
    return own && own.length > 0 ? writeTranscript([...(signal.context.messages ?? []), ...own], turns) : undefined
  }
  const chosen = whole(won.content, unspaced.chosen)
  const rejected = whole(lost.content, unspaced.rejected)
  if (chosen === undefined || rejected === undefined)
    return new Inexpressible('a conversation that no transcript of a human and an assistant can hold')
  return { chosen, rejected }
}

/**
 * Pairs of transcripts as the data sets about helpful and harmless assistants have them: `chosen` and `rejected`, each
 * `\n\nHuman: … \n\nAssistant: …`. The messages both begin with are the context; the files come back exactly.
 */
export const hhRlhf: Format = {
  name: 'hh-rlhf',
  title: 'chosen and rejected transcripts of a human and an assistant',
  containers: ['jsonl', 'json', 'parquet'],
  detect: ({ columns, rows }) =>
    columns.includes('chosen') &&
    columns.includes('rejected') &&
    !columns.includes('prompt') &&
    rows.every(({ chosen }) => typeof chosen === 'string' && /^\n\n(Human|Assistant):/.test(chosen)),
  reader(options) {
    const about = aboutReader(
      { id: ['id'], rater: ['rater'], time: ['timestamp'], own: ['chosen', 'rejected'] },
      options,
    )
    return rowByRow((row) => [readRow(row.fields, about)])
  },
  write: {
    containers: ['jsonl', 'json', 'parquet'],
    types: () => ({ chosen: 'VARCHAR', rejected: 'VARCHAR' }),
    keeps: () => ['context.messages', 'metadata'],
    writer: () =>
      signalBySignal((signal, leave) => {
        if (signal.kind !== 'comparison') return new Inexpressible(`a ${signal.kind}`)
        if (Object.keys(signal.metadata ?? {}).some((key) => key !== 'unspaced')) leave('metadata')
        return writeRow(signal)
      }),
  },
}
