import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { exportSignals } from '../export.ts'
import { importFile } from '../import.ts'
import { anySignals } from '../signal.arbitrary.ts'
import { candidate, contextId, type Message, type Signal } from '../signal.ts'
import type { SignalSource, SignalStore } from '../store.ts'
import { type ContainerName, fieldsOf, Inexpressible, type PairStyle, type SignalField } from './format.ts'
import { type FormatName, formats } from './formats.ts'
import { readTranscript, writeTranscript } from './hh-rlhf.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-round-trip-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = startRun({ folder })

/** Just enough of a store to read into; the stores themselves are tested beside it. */
function list(): { readonly signals: Signal[]; readonly store: SignalStore } {
  const signals: Signal[] = []
  const store = {
    count: async () => signals.length,
    get: async () => undefined,
    context: async () => undefined,
    insert: async (batch: readonly Signal[]) => {
      signals.push(...batch)
      return { statuses: [], inserted: batch.length, duplicates: 0 }
    },
  }
  return { signals, store: store as unknown as SignalStore }
}

const sourceOf = (signals: readonly Signal[]): SignalSource => ({
  count: async () => signals.length,
  async *read() {
    yield* signals
  },
})

const extension = { jsonl: 'jsonl', json: 'json', delimited: 'csv', parquet: 'parquet' } as const
let files = 0

async function thereAndBack(
  signals: readonly Signal[],
  format: FormatName,
  container: ContainerName,
  style?: PairStyle,
): Promise<Signal[]> {
  const path = join(folder, `${files++}.${extension[container]}`)
  await exportSignals(sourceOf(signals), { to: path, format, container, ...(style && { style }), action: 'click' }, run)
  const { signals: back, store } = list()
  const given = format === 'signals' ? {} : { source: 'back' }
  await importFile(path, { store, format, action: 'click', ...given }, run)
  rmSync(path)
  return back
}

/** The signals that a format can hold, with what it leaves out of each. */
function expressible(signals: readonly Signal[], format: FormatName, container: ContainerName, style?: PairStyle) {
  const options = { container, action: 'click', ...(style && { style }) }
  const { write } = formats[format]
  const writer = write.writer(options)
  const keeps = write.keeps(options)
  const textual = container === 'jsonl' || container === 'json'
  return signals.flatMap((signal) => {
    if (!textual && !wellFormed(signal)) return []
    const left = new Set<SignalField>(
      keeps === 'everything' ? [] : fieldsOf(signal).filter((field) => !keeps.includes(field)),
    )
    const rows = writer.write(signal, (field) => left.add(field))
    return rows instanceof Inexpressible ? [] : [{ signal, left }]
  })
}

function wellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && wellFormed(inner))
}

/** Signals as JSON has them, under one source and in one order of keys. */
const plain = (signal: Signal): unknown => ({ ...JSON.parse(JSON.stringify(signal)), source: 'back' })

const complete: readonly (readonly [FormatName, ContainerName])[] = [
  ['signals', 'jsonl'],
  ['signals', 'json'],
  ['arena', 'jsonl'],
  ['arena', 'json'],
  ['arena', 'delimited'],
  ['arena', 'parquet'],
  ['rankings', 'jsonl'],
  ['rankings', 'json'],
  ['rankings', 'delimited'],
  ['rankings', 'parquet'],
  ['ratings', 'jsonl'],
  ['ratings', 'json'],
  ['ratings', 'delimited'],
  ['ratings', 'parquet'],
]

describe('formats that keep all but the source', () => {
  it.each(complete)('%s as %s: what is written comes back the same', async (format, container) => {
    await fc.assert(
      fc.asyncProperty(anySignals({ maxLength: 12 }), async (drawn) => {
        // Some contexts have names of their own, as ids from an application are.
        const signals = drawn.map((signal, index) =>
          index % 3 === 0 ? { ...signal, context: { ...signal.context, id: `named ${index}` } } : signal,
        )
        const kept = expressible(signals, format, container)
        const back = await thereAndBack(signals, format, container)
        expect(kept.filter(({ left }) => [...left].some((field) => field !== 'source'))).toEqual([])
        expect(back.map(plain)).toEqual(kept.map(({ signal }) => plain(signal)))
      }),
      { numRuns: container === 'parquet' ? 6 : 25, seed: 1 },
    )
  })
})

const words = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    'yes',
    'no, never',
    'a, "b"\nc\r\n',
    '\n\nHuman',
    ' led by a space',
    '日本語 🙂',
    '[x]',
    '{"y": 1}',
  ),
)
const talk = (least: number, most: number): fc.Arbitrary<Message[]> =>
  fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: words }), {
    minLength: least,
    maxLength: most,
  }) as fc.Arbitrary<Message[]>

/** Decided and undecided comparisons of replies and conversations after a few messages. */
const talks = fc.uniqueArray(
  fc
    .record({
      id: fc.uuid(),
      messages: fc.oneof(
        talk(0, 3),
        words.map((content): Message[] => [{ role: 'user', content }]),
      ),
      sides: fc.tuple(
        fc.oneof(
          words.map((text) => ({ modality: 'text' as const, text })),
          talk(1, 3).map((messages) => ({ modality: 'conversation' as const, messages })),
        ),
        fc.oneof(
          words.map((text) => ({ modality: 'text' as const, text })),
          talk(1, 3).map((messages) => ({ modality: 'conversation' as const, messages })),
        ),
      ),
      scores: fc.option(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0, max: 1, noNaN: true }))),
      margin: fc.option(fc.integer({ min: -3, max: 3 })),
      outcome: fc.constantFrom('a', 'b', 'a', 'b', 'tie'),
    })
    .map(({ id, messages, sides, scores, margin, outcome }): Signal => {
      const context = messages.length > 0 ? { messages } : {}
      const [a, b] = sides.map((content, side) =>
        candidate(content, scores ? { features: { score: (scores[side] ?? 0) + 0 } } : {}),
      ) as [ReturnType<typeof candidate>, ReturnType<typeof candidate>]
      return {
        kind: 'comparison',
        id,
        rater: { id: 'someone', kind: 'human' },
        context: { id: contextId(context), ...context },
        time: 0,
        source: 'talks',
        ...(margin !== null && { metadata: { margin: margin + 0 } }),
        a,
        b,
        outcome: outcome as 'a',
      }
    }),
  { maxLength: 8, selector: ({ id }) => id },
)

/** The rows a format writes for some signals. */
async function rowsOf(signals: readonly Signal[], format: FormatName, style?: PairStyle): Promise<unknown[]> {
  const path = join(folder, `${files++}.jsonl`)
  await exportSignals(sourceOf(signals), { to: path, format, container: 'jsonl', ...(style && { style }) }, run)
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  rmSync(path)
  return lines.map((line) => JSON.parse(line))
}

describe('formats of trainers', () => {
  it.each([
    ['preference-pairs', 'conversational'],
    ['preference-pairs', 'plain'],
    ['preference-pairs', 'implicit-conversational'],
    ['preference-pairs', 'implicit'],
    ['hh-rlhf', undefined],
  ] as const)('%s, %s: the rows that are written come back the same, chosen first', async (format, style) => {
    await fc.assert(
      fc.asyncProperty(talks, fc.constantFrom('jsonl', 'parquet'), async (signals, container) => {
        const rows = await rowsOf(signals, format, style)
        const back = await thereAndBack(signals, format, container, style)
        expect(await rowsOf(back, format, style)).toEqual(rows)
        expect(back.every((signal) => signal.kind === 'comparison' && signal.outcome === 'a')).toBe(true)
        const decided = expressible(signals, format, 'jsonl', style)
        expect(back.length).toBe(decided.length)
      }),
      { numRuns: 25, seed: 2 },
    )
  })

  it('unpaired: ratings of 0 and 1 come back the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(words, words, fc.boolean()), { maxLength: 6 }), async (given) => {
        const signals = given.map(([prompt, text, good], index): Signal => {
          const content = { messages: [{ role: 'user' as const, content: prompt }] }
          return {
            kind: 'rating',
            id: `${index}`,
            rater: { id: 'anonymous', kind: 'human' },
            context: { id: contextId(content), ...content },
            time: 0,
            source: 'back',
            candidate: candidate({ modality: 'text', text }),
            aspects: { overall: good ? 1 : 0 },
            scale: { min: 0, max: 1 },
          }
        })
        const back = await thereAndBack(signals, 'preference-pairs', 'jsonl', 'unpaired')
        expect(back.map(({ id: _, ...rest }) => rest)).toEqual(signals.map(({ id: _, ...rest }) => rest))
      }),
      { numRuns: 25, seed: 3 },
    )
  })

  it('transcripts of any text between turns come back exactly', () => {
    const piece = fc.oneof(words, fc.constantFrom('\n\nHuman:', '\n\nAssistant:', '\n', ' ', 'Human:'))
    fc.assert(
      fc.property(fc.constantFrom('Human', 'Assistant'), fc.array(piece, { maxLength: 8 }), (speaker, pieces) => {
        const text = `\n\n${speaker}:${pieces.join('')}`
        const { messages, unspaced } = readTranscript('chosen', text)
        expect(writeTranscript(messages, unspaced)).toBe(text)
      }),
      { numRuns: 500, seed: 4 },
    )
  })
})

const rating = fc.constantFrom('1', '2', '3', '4', '5', 'N/A')
const annotation = fc.record({ Rating: rating, Rationale: words })
const typed = fc.record({
  Type: fc.oneof(fc.constant('None'), fc.array(fc.constantFrom('1', '2', '3'), { minLength: 1, maxLength: 2 })),
  Rationale: words,
  Rating: rating,
  'Rationale For Rating': words,
})
const completion = fc.record({
  model: fc.constantFrom('alpaca-7b', 'gpt-4', 'llama-2-7b-chat'),
  principle: fc.constantFrom('helpfulness', 'honesty'),
  custom_system_prompt: words,
  response: words,
  annotations: fc.record({
    instruction_following: annotation,
    honesty: annotation,
    truthfulness: typed,
    helpfulness: typed,
  }),
  critique: words,
  overall_score: fc.integer({ min: 1, max: 10 }),
  'fine-grained_score': fc.double({ min: 1, max: 5, noNaN: true }),
})
const instance = fc.array(completion, { minLength: 1, maxLength: 4 }).chain((completions) =>
  fc.record({
    source: fc.constantFrom('evol_instruct', 'truthful_qa'),
    instruction: words,
    models: fc.constant(completions.map(({ model }) => model)),
    completions: fc.constant(completions),
    correct_answers: fc.constant(['None']),
    incorrect_answers: fc.constant(['None']),
  }),
)

describe('ultrafeedback', () => {
  it.each(['jsonl', 'json', 'parquet'] as const)('published rows come back the same through %s', async (container) => {
    await fc.assert(
      fc.asyncProperty(fc.array(instance, { minLength: 1, maxLength: 3 }), async (rows) => {
        const path = join(folder, `${files++}.jsonl`)
        writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
        const { signals, store } = list()
        await importFile(path, { store, format: 'ultrafeedback' }, run)
        rmSync(path)
        const back = await thereAndBack(signals, 'ultrafeedback', container)
        expect(await rowsOf(back, 'ultrafeedback')).toEqual(JSON.parse(JSON.stringify(rows)))
      }),
      { numRuns: container === 'parquet' ? 8 : 25, seed: 5 },
    )
  })
})

describe('interactions', () => {
  it.each(['delimited', 'jsonl', 'parquet'] as const)(
    'ratings and choices of items come back through %s',
    async (container) => {
      const name = fc.oneof(
        fc.integer({ min: 1, max: 999 }).map(String),
        fc.constantFrom('a b', 'x,y', 'ü"', '1e3', '007'),
      )
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(
              name,
              name,
              fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
              fc.integer({ min: -1e12, max: 1e13 }),
            ),
            { maxLength: 8 },
          ),
          async (given) => {
            const signals = given.map(([user, item, score, time], index): Signal => {
              const one = candidate({ modality: 'item', item })
              const base = {
                id: `${index}`,
                rater: { id: user, kind: 'human' as const },
                context: { id: 'back' },
                time,
                source: 'back',
              }
              return score === null
                ? { ...base, kind: 'choice', shown: [one], chosen: [0], action: 'click' }
                : { ...base, kind: 'rating', candidate: one, aspects: { overall: score + 0 } }
            })
            const back = await thereAndBack(signals, 'interactions', container)
            expect(back.map(({ id: _, ...rest }) => rest)).toEqual(signals.map(({ id: _, ...rest }) => rest))
          },
        ),
        { numRuns: container === 'parquet' ? 8 : 40, seed: 6 },
      )
    },
  )
})
