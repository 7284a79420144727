import fc from 'fast-check'
import { type Candidate, type Content, type Context, candidate, contextId, type Rater, type Signal } from './signal.ts'

// Arbitrary valid signals for property tests. Raters, contexts, candidates, sources, tags and producers come partly
// from small pools, so that signals share them as real ones do; texts and names are as awkward as the schema allows.

type Present<Members> = { [Key in keyof Members]: Exclude<Members[Key], undefined> }

/** Without the undefined members, which JSON cannot hold and the schema rejects. */
const present = <Members extends object>(members: Members): Present<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<Members>

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 1 })

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', 'NUL \0, half a pair \ud83d, a quote " and \\', '\u2028</script>', ' 1.50 '),
)
const word = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((drawn) => drawn.isWellFormed() && !drawn.includes('\0') && drawn !== '__proto__')
const name = fc.oneof(word, fc.constantFrom('helpfulness', 'length', 'constructor', 'a "quoted" $.name', '0', '[1]'))
/** Finite, and never −0, which JSON does not tell from 0. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((drawn) => drawn + 0)
const scalar = fc.oneof(text, number, fc.integer({ min: -2, max: 2 }), fc.boolean())
const few = <Value>(value: fc.Arbitrary<Value>) => fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true })
const metadata = fc
  .dictionary(name, fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), { maxKeys: 3, noNullPrototype: true })
  .map((drawn) => JSON.parse(JSON.stringify(drawn).replaceAll('"__proto__"', '"proto"')))

const rater: fc.Arbitrary<Rater> = fc
  .record({
    id: fc.oneof(fc.constantFrom('ada', 'bo', 'cy'), word),
    kind: fc.constantFrom('human', 'model', 'simulated'),
    traits: maybe(fc.oneof(few(scalar), fc.record({ group: fc.constantFrom('x', 'y', '1', 1, true, 'true') }))),
  })
  .map(present) as fc.Arbitrary<Rater>

const messages = fc.array(fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool'), content: text }), {
  maxLength: 3,
})

const context: fc.Arbitrary<Context> = fc
  .record({
    messages: maybe(messages),
    history: maybe(fc.array(word, { maxLength: 3 })),
    tags: maybe(fc.array(fc.oneof(fc.constantFrom('code', 'chat', 'maths'), name), { maxLength: 3 })),
    language: maybe(fc.constantFrom('en', 'de', 'pt-BR')),
    features: maybe(few(scalar)),
  })
  .map((members) => {
    const content = present(members) as Omit<Context, 'id'>
    return { id: contextId(content), ...content }
  })

const sha256 = fc.constantFrom('0'.repeat(64), 'a1'.repeat(32), 'f'.repeat(64))
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ modality: fc.constant('text'), text: fc.oneof(fc.constantFrom('tea', 'coffee'), text) }),
  fc.record({ modality: fc.constant('conversation'), messages }),
  fc
    .record({
      modality: fc.constantFrom('image', 'audio', 'video', 'mesh'),
      sha256,
      uri: maybe(fc.constantFrom('https://example.org/1', 'file:///2')),
    })
    .map(present),
  fc.record({ modality: fc.constant('item'), item: name }),
) as fc.Arbitrary<Content>

const anyCandidate: fc.Arbitrary<Candidate> = fc
  .tuple(
    content,
    fc.record({
      producer: maybe(fc.oneof(fc.constantFrom('alpha', 'beta', 'gamma'), name)),
      features: maybe(few(scalar)),
    }),
  )
  .map(([drawn, about]) => candidate(drawn, present(about)))

const base = {
  rater,
  context,
  time: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -8.64e15, max: 8.64e15 })),
  source: fc.oneof(fc.constantFrom('arena', 'shop'), name),
  weight: maybe(fc.double({ min: 1e-9, max: 1e9, noNaN: true })),
  rationale: maybe(text),
  metadata: maybe(metadata),
}
const outcome = fc.constantFrom('a', 'b', 'tie', 'both-bad', 'skipped')
const anyCandidates = (minLength: number) => fc.array(anyCandidate, { minLength, maxLength: 4 })

const kinds = {
  comparison: fc.record({
    ...base,
    kind: fc.constant('comparison'),
    a: anyCandidate,
    b: anyCandidate,
    outcome,
    strength: maybe(fc.double({ min: 0, max: 1, noNaN: true }).map((drawn) => drawn + 0)),
    aspects: maybe(few(outcome)),
  }),
  ranking: fc
    .record({
      ...base,
      kind: fc.constant('ranking'),
      ranked: fc.array(fc.tuple(anyCandidate, fc.option(fc.integer({ min: 1, max: 4 }))), {
        minLength: 2,
        maxLength: 4,
      }),
    })
    .map(({ ranked, ...rest }) => ({
      ...rest,
      candidates: ranked.map(([member]) => member),
      ranks: ranked.map(([, rank]) => rank),
    })),
  rating: fc
    .record({
      ...base,
      kind: fc.constant('rating'),
      candidate: anyCandidate,
      aspects: fc.dictionary(name, number, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      scaled: fc.boolean(),
      rationales: maybe(few(text)),
    })
    .map(({ scaled, ...rest }) => {
      const scores = Object.values(rest.aspects)
      return { ...rest, scale: scaled ? { min: Math.min(...scores), max: Math.max(...scores) } : undefined }
    }),
  choice: fc
    .record({
      ...base,
      kind: fc.constant('choice'),
      shown: anyCandidates(1),
      picks: fc.array(fc.nat(100), { maxLength: 3 }),
      action: fc.constantFrom('click', 'purchase', 'dwell'),
      value: maybe(number),
    })
    .map(({ picks, ...rest }) => ({ ...rest, chosen: picks.map((pick) => pick % rest.shown.length) })),
  edit: fc.record({ ...base, kind: fc.constant('edit'), before: anyCandidate, after: anyCandidate }),
  reply: fc.record({ ...base, kind: fc.constant('reply'), to: anyCandidate, text }),
  instruction: fc.record({ ...base, kind: fc.constant('instruction'), text, scope: maybe(name) }),
  answer: fc.record({
    ...base,
    kind: fc.constant('answer'),
    question: text,
    options: maybe(fc.array(text, { maxLength: 3 })),
    answer: fc.oneof(scalar, fc.array(text, { maxLength: 3 }), fc.constant({ unknown: true })),
  }),
} satisfies { readonly [kind in Signal['kind']]: fc.Arbitrary<unknown> }

/** Any valid signal of any kind. */
export const anySignal: fc.Arbitrary<Signal> = fc
  .tuple(word, fc.oneof(...Object.values(kinds)))
  .map(([id, members]) => ({ id, ...present(members) }) as Signal)

/** Valid signals of every kind with ids of their own; context ids never come with two contents. */
export function anySignals(options: {
  readonly minLength?: number
  readonly maxLength: number
}): fc.Arbitrary<Signal[]> {
  return fc.uniqueArray(anySignal, { ...options, selector: ({ id }) => id })
}
