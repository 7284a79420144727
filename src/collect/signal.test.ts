import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anySignal } from './signal.arbitrary.ts'
import {
  type Candidate,
  candidate,
  candidateId,
  candidatesOf,
  competitorOf,
  contextId,
  parseSignals,
  type Signal,
  signalKinds,
  signalLimits,
  signalSchema,
} from './signal.ts'

const base = {
  id: 's1',
  rater: { id: 'r1', kind: 'human' },
  context: { id: 'c1' },
  time: 1_700_000_000_000,
  source: 'test',
} as const
const [tea, coffee, water] = ['tea', 'coffee', 'water'].map((text) => candidate({ modality: 'text', text })) as [
  Candidate,
  Candidate,
  Candidate,
]
const comparison = { ...base, kind: 'comparison', a: tea, b: coffee, outcome: 'a' } as const
const oneOfEach: { readonly [kind in Signal['kind']]: Signal } = {
  comparison,
  ranking: { ...base, kind: 'ranking', candidates: [tea, coffee, water], ranks: [1, 1, null] },
  rating: { ...base, kind: 'rating', candidate: tea, aspects: { overall: 4 }, scale: { min: 1, max: 5 } },
  choice: { ...base, kind: 'choice', shown: [tea, coffee], chosen: [1, 0], action: 'click' },
  edit: { ...base, kind: 'edit', before: tea, after: coffee },
  reply: { ...base, kind: 'reply', to: tea, text: 'too hot' },
  instruction: { ...base, kind: 'instruction', text: 'no sugar', scope: 'drinks' },
  answer: { ...base, kind: 'answer', question: 'Milk?', options: ['yes', 'no'], answer: 'no' },
}

/** Why a value is no signal; fails when it is one. */
function reason(value: unknown): string {
  const { signals, rejected } = parseSignals([value])
  expect(signals).toEqual([])
  return rejected[0]?.reason ?? ''
}

describe('signalSchema', () => {
  it('accepts every kind unchanged', () => {
    expect(Object.keys(oneOfEach)).toEqual([...signalKinds])
    for (const signal of Object.values(oneOfEach)) expect(signalSchema.parse(signal)).toEqual(signal)
  })

  it('accepts every optional member', () => {
    const full = {
      ...comparison,
      rater: { id: 'r1', kind: 'simulated', traits: { age: 41, city: 'Enschede', expert: true } },
      context: {
        id: 'c1',
        messages: [{ role: 'user', content: 'What shall I drink?' }],
        history: [water.id],
        tags: ['drinks'],
        language: 'pt-BR',
        features: { hour: 7 },
      },
      a: { ...tea, producer: 'kettle', features: { cups: 2 } },
      weight: 0.5,
      rationale: 'It is morning.',
      metadata: { nested: { list: [1, null, 'x', false] } },
      strength: 0,
      aspects: { taste: 'tie', price: 'skipped' },
    }
    expect(signalSchema.parse(full)).toEqual(full)
  })

  it('keeps a tie, both bad and a refusal to judge apart, and knows no other outcome', () => {
    for (const outcome of ['a', 'b', 'tie', 'both-bad', 'skipped'] as const)
      expect(signalSchema.parse({ ...comparison, outcome })).toMatchObject({ outcome })
    for (const outcome of ['', 'A', 'both bad', 'modelA', null, 0.5])
      expect(reason({ ...comparison, outcome })).toMatch(/^outcome: .*"a"\|"b"\|"tie"\|"both-bad"\|"skipped"/)
  })

  it('names the kinds when the kind is unknown', () => {
    expect(reason({ ...comparison, kind: 'vote' })).toBe(
      'kind: kind is "vote", expected one of comparison, ranking, rating, choice, edit, reply, instruction, answer',
    )
    expect(reason('a wins')).toMatch(/expected object/)
  })

  it('rejects unknown keys wherever they are', () => {
    const nested = [
      { ...comparison, winner: 'a' },
      { ...comparison, rater: { ...base.rater, name: 'x' } },
      { ...comparison, context: { ...base.context, prompt: 'x' } },
      { ...comparison, context: { ...base.context, messages: [{ role: 'user', content: 'x', name: 'y' }] } },
      { ...comparison, a: { ...tea, model: 'x' } },
      { ...comparison, a: { ...tea, content: { ...tea.content, title: 'x' } } },
      { ...oneOfEach.rating, scale: { min: 1, max: 5, step: 1 } },
    ]
    for (const value of nested) expect(reason(value)).toMatch(/Unrecognized key/)
  })

  it('rejects a candidate whose id is not the address of its content, and says the address', () => {
    expect(reason({ ...comparison, b: { ...coffee, id: tea.id } })).toBe(
      `b.id: expected ${coffee.id}, the address of the content`,
    )
    expect(reason({ ...comparison, b: { ...coffee, id: coffee.id.toUpperCase() } })).toMatch(/^b\.id: /)
  })

  it('holds a ranking to one rank per candidate', () => {
    for (const ranks of [[1, 2], [1, 2, 3, 4], []])
      expect(reason({ ...oneOfEach.ranking, ranks })).toBe('ranks: ranks must have one entry per candidate')
    expect(reason({ ...oneOfEach.ranking, ranks: [0, 1, 2] })).toMatch(/^ranks\.0: /)
    expect(reason({ ...oneOfEach.ranking, ranks: [1, 1.5, 2] })).toMatch(/^ranks\.1: /)
    expect(reason({ ...oneOfEach.ranking, candidates: [tea], ranks: [1] })).toMatch(/^candidates: /)
  })

  it('holds scores to their scale and asks for one at least', () => {
    expect(reason({ ...oneOfEach.rating, aspects: { overall: 6 } })).toBe('aspects: a score lies outside the scale')
    expect(reason({ ...oneOfEach.rating, aspects: {} })).toBe('aspects: at least one aspect')
    expect(reason({ ...oneOfEach.rating, aspects: { overall: Number.NaN } })).toMatch(/^aspects\.overall: /)
  })

  it('holds chosen positions to what was shown; choosing nothing is a choice', () => {
    expect(reason({ ...oneOfEach.choice, chosen: [2] })).toBe('chosen: a position lies outside shown')
    expect(signalSchema.parse({ ...oneOfEach.choice, chosen: [] })).toMatchObject({ chosen: [] })
  })

  it('tells an unknown answer from every other', () => {
    for (const answer of ['unknown', true, 3, ['yes', 'no'], [], { unknown: true }])
      expect(signalSchema.parse({ ...oneOfEach.answer, answer })).toMatchObject({ answer })
    expect(reason({ ...oneOfEach.answer, answer: null })).toMatch(/^answer: /)
    expect(reason({ ...oneOfEach.answer, answer: { unknown: false } })).toMatch(/^answer/)
  })

  it('holds every size to its limit', () => {
    const long = 'x'.repeat(signalLimits.idLength)
    expect(signalSchema.safeParse({ ...comparison, id: long }).success).toBe(true)
    const many = <Value>(count: number, value: Value): Value[] => new Array<Value>(count).fill(value)
    const keys = Object.fromEntries(Array.from({ length: signalLimits.features + 1 }, (_, i) => [`k${i}`, i]))
    const tooMuch: readonly (readonly [string, unknown])[] = [
      ['id', { ...comparison, id: `${long}x` }],
      ['id', { ...comparison, id: '' }],
      ['rater.id', { ...comparison, rater: { ...base.rater, id: `${long}x` } }],
      ['source', { ...comparison, source: 'x'.repeat(signalLimits.nameLength + 1) }],
      ['context.tags', { ...comparison, context: { id: 'c', tags: many(signalLimits.tags + 1, 't') } }],
      ['context.features', { ...comparison, context: { id: 'c', features: keys } }],
      [
        'context.messages',
        {
          ...comparison,
          context: { id: 'c', messages: many(signalLimits.messages + 1, { role: 'user', content: '' }) },
        },
      ],
      ['rationale', { ...comparison, rationale: 'x'.repeat(signalLimits.textLength + 1) }],
      ['metadata', { ...comparison, metadata: { text: 'é'.repeat(signalLimits.metadataBytes / 2) } }],
      ['time', { ...comparison, time: 8.64e15 + 2 }],
      ['time', { ...comparison, time: 0.5 }],
      ['weight', { ...comparison, weight: 0 }],
      ['strength', { ...comparison, strength: 1.01 }],
      ['shown', { ...oneOfEach.choice, shown: [] }],
    ]
    for (const [path, value] of tooMuch) expect(reason(value)).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}: `))
  })

  it('rejects metadata that JSON would change or that is nested without end', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    for (const value of [undefined, Number.POSITIVE_INFINITY, new Date(0), () => 1, deep])
      expect(reason({ ...comparison, metadata: { value } })).toMatch(/^metadata\.value: expected JSON/)
  })

  it('rejects ids and names that a database cannot hold as text', () => {
    for (const broken of ['a\0b', 'half \ud83d']) {
      expect(reason({ ...comparison, id: broken })).toMatch(/^id: contains NUL/)
      expect(reason({ ...comparison, source: broken })).toMatch(/^source: contains NUL/)
      expect(reason({ ...comparison, rater: { ...base.rater, traits: { [broken]: 1 } } })).toMatch(/^rater\.traits/)
    }
    expect(signalSchema.safeParse({ ...comparison, id: 'whole 🙂' }).success).toBe(true)
    expect(signalSchema.safeParse({ ...comparison, rationale: 'a\0b \ud83d' }).success).toBe(true)
  })
})

describe('parseSignals', () => {
  it('accounts for every position', () => {
    const { signals, rejected } = parseSignals([
      comparison,
      3,
      { ...comparison, id: 's2' },
      { ...comparison, b: tea.id },
    ])
    expect(signals.map(({ id }) => id)).toEqual(['s1', 's2'])
    expect(rejected.map(({ position }) => position)).toEqual([1, 3])
  })
})

describe('candidateId', () => {
  it('is the SHA-256 of the canonical JSON of the content', () => {
    // printf '{"modality":"text","text":"tea"}' | sha256sum, and likewise below
    expect(candidateId({ modality: 'text', text: 'tea' })).toBe(
      '4a26a94ba660eb463dc0141eb3afb969e65feaca9ce09e3093c45b768d6d5fd8',
    )
    expect(candidateId({ modality: 'item', item: 'a"b' })).toBe(
      'e5fcc10ee57ed264909a0e9b2121d1e1e8cd2bf6d883ae82a8ae5ee39eff5f43',
    )
    expect(candidateId({ modality: 'conversation', messages: [{ role: 'user', content: 'hé' }] })).toBe(
      '43c7b8c7db75e62ae4072229db7889c2a1261384e87e55026fb8a000419d210b',
    )
    expect(candidateId({ modality: 'image', sha256: '0'.repeat(64) })).toBe(
      '5209a8dba9272ac1ebd409d6ca1920b5879994ce8e70af391c555a5e268959bd',
    )
  })

  it('does not depend on where a file is kept', () => {
    const sha256 = 'f'.repeat(64)
    expect(candidateId({ modality: 'video', sha256, uri: 'https://example.org/v.mp4' })).toBe(
      candidateId({ modality: 'video', sha256 }),
    )
    expect(candidateId({ modality: 'video', sha256 })).not.toBe(candidateId({ modality: 'audio', sha256 }))
  })
})

describe('contextId', () => {
  it('depends on what is in the context and not on the order of its keys', () => {
    expect(contextId({ tags: ['a'], language: 'en' })).toBe(contextId({ language: 'en', tags: ['a'] }))
    expect(contextId({ tags: ['a', 'b'] })).not.toBe(contextId({ tags: ['b', 'a'] }))
  })
})

describe('candidatesOf', () => {
  it('lists the candidates of every kind in order', () => {
    const listed = Object.fromEntries(
      Object.entries(oneOfEach).map(([kind, signal]) => [kind, candidatesOf(signal).map(({ id }) => id)]),
    )
    expect(listed).toEqual({
      comparison: [tea.id, coffee.id],
      ranking: [tea.id, coffee.id, water.id],
      rating: [tea.id],
      choice: [tea.id, coffee.id],
      edit: [tea.id, coffee.id],
      reply: [tea.id],
      instruction: [],
      answer: [],
    })
  })
})

describe('competitorOf', () => {
  it('is the producer, else the item, else the address', () => {
    const item = { modality: 'item', item: 'film-7' } as const
    expect(competitorOf(candidate(item, { producer: 'studio' }))).toBe('studio')
    expect(competitorOf(candidate(item))).toBe('film-7')
    expect(competitorOf(tea)).toBe(tea.id)
  })
})

describe('anySignal', () => {
  it('is valid, unchanged by validation, and of every kind', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(anySignal, (signal) => {
        kinds.add(signal.kind)
        expect(signalSchema.parse(signal)).toEqual(signal)
      }),
      { seed: 1, numRuns: 300 },
    )
    expect([...kinds].sort()).toEqual([...signalKinds].sort())
  })
})
