import { describe, expect, it } from 'vitest'
import { candidate, contextId } from '../signal.ts'
import { arena, winnerSpellings } from './arena.ts'
import { readWith, writeWith } from './reading.fixture.ts'

const turns = (...said: readonly string[]): { role: string; content: string }[] =>
  said.map((content, turn) => ({ role: turn % 2 === 0 ? 'user' : 'assistant', content }))

const battle = {
  question_id: 'q1',
  model_a: 'alpha',
  model_b: 'beta',
  winner: 'model_a',
  judge: 'arena_user_973',
  turn: 1,
  language: 'English',
  tstamp: 1682351591.1322,
  conversation_a: turns('Hello?', 'Hi!'),
  conversation_b: turns('Hello?', 'Good day.'),
  anony: true,
}

describe('arena', () => {
  it('reads a published battle: the shared messages are the context, the replies the candidates', () => {
    const { signals, faults } = readWith(arena, [battle])
    expect(faults).toEqual([])
    const context = { messages: [{ role: 'user' as const, content: 'Hello?' }], language: 'en' }
    expect(signals).toEqual([
      {
        kind: 'comparison',
        id: 'q1',
        rater: { id: 'arena_user_973', kind: 'human' },
        context: { id: contextId(context), ...context },
        time: 1682351591132,
        source: 'test',
        metadata: { language: 'English', turn: 1, anony: true },
        a: candidate({ modality: 'text', text: 'Hi!' }, { producer: 'alpha' }),
        b: candidate({ modality: 'text', text: 'Good day.' }, { producer: 'beta' }),
        outcome: 'a',
      },
    ])
  })

  it('reads every published spelling of a vote, an empty one as skipped, and rejects any other', () => {
    const spellings = Object.entries(winnerSpellings)
    expect(spellings).toEqual([
      ['model_a', 'a'],
      ['model_b', 'b'],
      ['tie', 'tie'],
      ['tie (bothbad)', 'both-bad'],
      ['both_bad', 'both-bad'],
      ['bothbad', 'both-bad'],
      ['both-bad', 'both-bad'],
      ['a', 'a'],
      ['b', 'b'],
      ['skipped', 'skipped'],
    ])
    const votes = [...spellings.map(([spelling]) => spelling), '', null, undefined]
    const { signals } = readWith(
      arena,
      votes.map((winner) => ({ a: 'x', b: 'y', winner })),
    )
    expect(signals.map((signal) => signal.kind === 'comparison' && signal.outcome)).toEqual([
      ...spellings.map(([, outcome]) => outcome),
      'skipped',
      'skipped',
      'skipped',
    ])
    const wrong = ['modelA', 'Model_a', 'A', 'draw', 'constructor', 0, true, 'x']
    const { faults } = readWith(
      arena,
      wrong.map((winner) => ({ a: 'x', b: 'y', winner })),
    )
    expect(faults.length).toBe(wrong.length)
    expect(faults[0]).toBe(
      'row 1: winner is "modelA", expected one of "model_a", "model_b", "tie", "tie (bothbad)", "both_bad", "bothbad", "both-bad", "a", "b", "skipped", or nothing for a skipped one',
    )
  })

  it('does not take a row without the column for a skipped battle', () => {
    expect(readWith(arena, [{ a: 'x', b: 'y', vote: 'a' }]).faults).toEqual([
      'row 1: there is no winner, expected one, or null for a skipped battle',
    ])
  })

  it('takes a whole conversation for the candidate where the answers part before the last one', () => {
    const { signals } = readWith(arena, [
      {
        ...battle,
        conversation_a: turns('Hello?', 'Hi!', 'More', 'Sure.'),
        conversation_b: turns('Hello?', 'Good day.', 'More', 'No.'),
      },
    ])
    expect(signals[0]).toMatchObject({
      context: { messages: turns('Hello?') },
      a: { content: { modality: 'conversation', messages: turns('Hello?', 'Hi!', 'More', 'Sure.').slice(1) } },
    })
  })

  it('makes features of columns x_a and x_b that hold numbers, and keeps words and other columns as metadata', () => {
    const { signals } = readWith(arena, [
      { a: 'x', b: 'y', winner: 'tie', length_a: '12', length_b: '7.5', note_a: 'odd', site: 'lab' },
    ])
    expect(signals[0]).toMatchObject({
      a: { features: { length: 12 } },
      b: { features: { length: 7.5 } },
      metadata: { note_a: 'odd', site: 'lab' },
    })
    expect(signals[0]?.metadata).toEqual({ note_a: 'odd', site: 'lab' })
  })

  it('makes features of the numbers in conv_metadata, by side, and keeps the original', () => {
    const conv_metadata = {
      sum_assistant_a_tokens: 30,
      sum_user_tokens: 4,
      header_count_b: { h1: 2, h2: 0 },
      lang: 'en',
    }
    const { signals } = readWith(arena, [{ ...battle, conv_metadata }])
    expect(signals[0]).toMatchObject({
      a: { features: { sum_assistant_tokens: 30 } },
      b: { features: { 'header_count.h1': 2, 'header_count.h2': 0 } },
      context: { features: { sum_user_tokens: 4 } },
      metadata: { conv_metadata },
    })
  })

  it('gives columns the use that is asked for', () => {
    const columns = {
      margin: 'feature',
      level: 'trait',
      age: 'trait',
      subject: 'tag',
      site: 'category',
      secret: 'metadata',
    } as const
    const row = {
      a: 'x',
      b: 'y',
      winner: 'a',
      margin: '1.5',
      level: '007',
      age: '30',
      subject: 'chess',
      site: 'lab',
      secret: '1',
    }
    const { signals, faults } = readWith(arena, [row, { ...row, margin: 'wide' }], { columns })
    expect(signals[0]).toMatchObject({
      rater: { traits: { level: '007', age: 30 } },
      context: { features: { margin: 1.5, site: 'lab' }, tags: ['chess'] },
      metadata: { secret: '1' },
    })
    expect(faults).toEqual(['row 2: margin is "wide", expected a number; for words give the use "category"'])
  })

  it('reads times in seconds, as ISO texts, and refuses what must be milliseconds', () => {
    const time = (cell: object) => readWith(arena, [{ a: 'x', b: 'y', winner: 'a', ...cell }])
    expect(time({ timestamp: '2024-03-01T12:00:00.250Z' }).signals[0]?.time).toBe(Date.UTC(2024, 2, 1, 12, 0, 0, 250))
    expect(time({ timestamp: '2024-03-01 12:00:00' }).signals[0]?.time).toBe(Date.UTC(2024, 2, 1, 12))
    expect(time({ timestamp: '2024-03-01T12:00:00+02:00' }).signals[0]?.time).toBe(Date.UTC(2024, 2, 1, 10))
    expect(time({ tstamp: '1682351591.5' }).signals[0]?.time).toBe(1682351591500)
    expect(time({ tstamp: 1682351591500 }).faults).toEqual([
      'row 1: tstamp is 1682351591500, expected seconds since 1970; for milliseconds give timeUnit "ms"',
    ])
    expect(time({ tstamp: 'yesterday' }).faults[0]).toBe(
      'row 1: tstamp is "yesterday", expected a time: seconds since 1970, or an ISO 8601 text',
    )
  })

  it('reads prompt, response_a and response_b', () => {
    const { signals } = readWith(arena, [
      { ...battle, conversation_a: null, conversation_b: null, prompt: 'Why?', response_a: 'So.', response_b: '' },
    ])
    expect(signals[0]).toMatchObject({
      context: { messages: [{ role: 'user', content: 'Why?' }] },
      a: { content: { text: 'So.' } },
      b: { content: { text: '' } },
    })
  })

  it('puts contents that come in parts together, and refuses roles nobody knows', () => {
    const parts = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hel' },
          { type: 'text', text: 'lo?' },
        ],
      },
    ]
    const { signals } = readWith(arena, [
      {
        ...battle,
        conversation_a: [...parts, ...turns('', 'Hi!').slice(1)],
        conversation_b: [...parts, ...turns('', 'Ho!').slice(1)],
      },
    ])
    expect(signals[0]?.context.messages).toEqual([{ role: 'user', content: 'Hello?' }])
    const { faults } = readWith(arena, [{ ...battle, conversation_a: [{ role: 'bot', content: '?' }] }])
    expect(faults[0]).toBe(
      'row 1: conversation_a[0].role is "bot", expected one of "system", "user", "assistant", "tool"',
    )
  })

  it('says which side is missing', () => {
    expect(readWith(arena, [{ ...battle, conversation_b: null }]).faults).toEqual([
      'row 1: conversation_b is missing, expected a conversation, as conversation_a is there',
    ])
    expect(readWith(arena, [{ a: 'x', b: '', winner: 'a' }]).faults).toEqual([
      'row 1: model_b is missing, expected the name of a model or an item',
    ])
  })

  it('writes what other tools read, and says what it cannot write', () => {
    const { signals } = readWith(arena, [battle])
    const { rows } = writeWith(arena, signals)
    expect(rows).toEqual([
      {
        id: 'q1',
        model_a: 'alpha',
        messages_a: battle.conversation_a,
        model_b: 'beta',
        messages_b: battle.conversation_b,
        winner: 'model_a',
        judge: 'arena_user_973',
        tstamp: 1682351591.132,
        language: 'en',
        metadata: { language: 'English', turn: 1, anony: true },
      },
    ])
    const image = candidate({ modality: 'image', sha256: '0'.repeat(64) })
    const pictures = signals.map((signal) => ({ ...signal, a: image }))
    expect(writeWith(arena, pictures as typeof signals).reasons).toEqual([
      'a candidate that is neither text nor an item by its key',
    ])
  })

  it('is recognised by its columns', () => {
    const sample = (columns: readonly string[]) => ({ container: 'jsonl' as const, columns, header: true, rows: [] })
    expect(arena.detect(sample(['model_a', 'model_b', 'winner']))).toBe(true)
    expect(arena.detect(sample(['rater', 'a', 'b', 'winner']))).toBe(true)
    expect(arena.detect(sample(['a', 'model_b', 'winner']))).toBe(false)
  })
})
