import { describe, expect, it } from 'vitest'
import { type Candidate, type Context, candidate, contextId, type Signal } from '../../collect/index.ts'
import { type PairsOptions, pairsOf, type SignalPairs } from './pairs-of.ts'
import { ratingsOf } from './ratings-of.ts'

const text = (words: string): Candidate => candidate({ modality: 'text', text: words })
const [tea, coffee, cocoa, water] = ['tea', 'coffee', 'cocoa', 'water'].map(text) as [
  Candidate,
  Candidate,
  Candidate,
  Candidate,
]
const context: Context = { id: contextId({ tags: ['drinks'] }), tags: ['drinks'] }
let made = 0
const about = (rater = 'ann', weight?: number) => ({
  id: `signal ${made++}`,
  rater: { id: rater, kind: 'human' as const },
  context,
  time: 0,
  source: 'test',
  ...(weight !== undefined && { weight }),
})
const comparison = (
  a: Candidate,
  b: Candidate,
  outcome: 'a' | 'b' | 'tie' | 'both-bad' | 'skipped',
  weight?: number,
): Signal => ({
  kind: 'comparison',
  ...about('ann', weight),
  a,
  b,
  outcome,
})
const rating = (of: Candidate, aspects: Record<string, number>, rater = 'ann'): Signal => ({
  kind: 'rating',
  ...about(rater),
  candidate: of,
  aspects,
  scale: { min: 0, max: 4 },
})
const name = ({ content }: Candidate): string => (content.modality === 'text' ? content.text : '')
/** `a > b: target × weight` of each pair. */
const said = ({ rows, a, b, targets, weights }: SignalPairs): string[] =>
  Array.from(a, (row, pair) => {
    const [first, second] = [rows[row], rows[b[pair] as number]].map((judged) => (judged ? name(judged.candidate) : ''))
    return `${first} > ${second}: ${targets[pair]} × ${Number(weights[pair]).toFixed(2)}`
  })
const of = async (signals: readonly Signal[], options?: PairsOptions): Promise<string[]> =>
  said(await pairsOf(signals, options))

describe('pairsOf', () => {
  it('reads outcomes, ties and weights of comparisons, and leaves out what was skipped', async () => {
    const signals = [
      comparison(tea, coffee, 'a', 2),
      comparison(tea, cocoa, 'b'),
      comparison(coffee, cocoa, 'tie'),
      comparison(tea, water, 'both-bad'),
      comparison(coffee, water, 'skipped'),
    ]
    const pairs = await pairsOf(signals)
    expect(said(pairs)).toEqual([
      'tea > coffee: 1 × 2.00',
      'tea > cocoa: 0 × 1.00',
      'coffee > cocoa: 0.5 × 1.00',
      'tea > water: 0.5 × 1.00',
    ])
    expect(pairs.leftOut).toEqual({ skipped: 1 })
    expect(pairs.rows).toHaveLength(4)
    expect(pairs.raters).toEqual(['ann'])
    expect(await of(signals, { ties: 'drop', bothBad: 'drop' })).toHaveLength(2)
  })

  it('reads a stream, and a store', async () => {
    const signals = [comparison(tea, coffee, 'a')]
    const stream = async function* (): AsyncGenerator<Signal> {
      yield* signals
    }
    expect(said(await pairsOf(stream()))).toEqual(await of(signals))
    const store = { read: stream, count: async () => 1 }
    expect(said(await pairsOf(store))).toEqual(await of(signals))
  })

  it('reads an aspect of comparisons and ratings alone', async () => {
    const aspects = { ...comparison(tea, coffee, 'a'), aspects: { warmth: 'tie' } } as Signal
    expect(await of([aspects], { aspect: 'warmth' })).toEqual(['tea > coffee: 0.5 × 1.00'])
    await expect(of([aspects], { aspect: 'colour' })).rejects.toThrow(
      'no signal has the aspect "colour"; there is warmth',
    )
    // A name that every object knows: only who has it as an aspect says something of it.
    const odd = [rating(tea, { warmth: 1 }), rating(coffee, { constructor: 4 }), rating(cocoa, { constructor: 2 })]
    expect(await of(odd, { aspect: 'constructor' })).toEqual(['coffee > cocoa: 1 × 1.00'])
    await expect(of(odd, { minimumGap: Number.NaN })).rejects.toThrow('minimumGap is NaN')
  })

  it('makes all pairs of a ranking, or neighbours, which may share one weight', async () => {
    const ranking: Signal = {
      kind: 'ranking',
      ...about(),
      candidates: [tea, coffee, cocoa, water],
      ranks: [2, 1, 2, null],
    }
    expect(await of([ranking])).toEqual([
      'coffee > tea: 1 × 1.00',
      'coffee > cocoa: 1 × 1.00',
      'tea > cocoa: 0.5 × 1.00',
    ])
    expect(await of([ranking], { unranked: 'below', share: 'signal' })).toEqual([
      'coffee > tea: 1 × 0.17',
      'coffee > cocoa: 1 × 0.17',
      'coffee > water: 1 × 0.17',
      'tea > cocoa: 0.5 × 0.17',
      'tea > water: 1 × 0.17',
      'cocoa > water: 1 × 0.17',
    ])
    // What is left out leaves its share to the others.
    expect(await of([ranking], { ties: 'drop', share: 'signal' })).toEqual([
      'coffee > tea: 1 × 0.50',
      'coffee > cocoa: 1 × 0.50',
    ])
    const again = { ...ranking, candidates: [tea, coffee, tea, water], ranks: [2, 1, 2, 3] } as Signal
    expect(await of([again], { duplicates: 'drop', share: 'signal' })).toEqual([
      'coffee > tea: 1 × 0.20',
      'coffee > tea: 1 × 0.20',
      'coffee > water: 1 × 0.20',
      'tea > water: 1 × 0.20',
      'tea > water: 1 × 0.20',
    ])
    const strict = { ...ranking, ranks: [3, 1, 2, 4] } as Signal
    expect(await of([strict], { rankings: 'neighbours' })).toEqual([
      'coffee > cocoa: 1 × 1.00',
      'cocoa > tea: 1 × 1.00',
      'tea > water: 1 × 1.00',
    ])
  })

  it('pairs the ratings that one rater gave in one context', async () => {
    const signals = [
      rating(tea, { overall: 4 }),
      rating(coffee, { overall: 1 }),
      rating(cocoa, { overall: 3 }),
      rating(cocoa, { overall: 1 }),
      rating(water, { overall: 4 }, 'bob'),
    ]
    const pairs = await pairsOf(signals)
    // Cocoa was rated twice: 2 on average.
    expect(said(pairs)).toEqual(['tea > cocoa: 1 × 1.00', 'tea > coffee: 1 × 1.00', 'cocoa > coffee: 1 × 1.00'])
    expect(pairs.leftOut).toEqual({ 'the only rating in its context': 1 })
    expect(await of(signals, { minimumGap: 1.5 })).toEqual(['tea > cocoa: 1 × 1.00', 'tea > coffee: 1 × 1.00'])
  })

  it('puts what was chosen above what was shown and not chosen, and after an edit above before', async () => {
    const choice: Signal = { kind: 'choice', ...about(), shown: [tea, coffee, cocoa], chosen: [1], action: 'click' }
    expect(await of([choice])).toEqual(['coffee > tea: 1 × 1.00', 'coffee > cocoa: 1 × 1.00'])
    const edit: Signal = { kind: 'edit', ...about(), before: tea, after: cocoa }
    expect(await of([edit], { kinds: ['edit'] })).toEqual(['cocoa > tea: 1 × 1.00'])
  })

  it('refuses a content compared with itself by name, or leaves it out', async () => {
    const twice = { ...comparison(tea, text('tea'), 'a'), id: 'twice' } as Signal
    await expect(of([twice])).rejects.toThrow('signal twice: both candidates have the content')
    expect(await of([twice, comparison(tea, coffee, 'a')], { duplicates: 'drop' })).toHaveLength(1)
  })

  it('says what was read when no pairs are left', async () => {
    await expect(of([])).rejects.toThrow('no pairs: 0 signals were read')
    await expect(of([comparison(tea, coffee, 'skipped')])).rejects.toThrow('left out: 1 skipped')
  })
})

describe('ratingsOf', () => {
  it('puts scores in columns, missing ones as NaN, on another scale where asked', async () => {
    const table = await ratingsOf([rating(tea, { warm: 4, sweet: 0 }), rating(coffee, { warm: 3 })], {
      rescale: [10, 90],
    })
    expect(table.aspects).toEqual(['warm', 'sweet'])
    expect([...table.values.data]).toEqual([90, 10, 70, Number.NaN])
    expect(table.counts).toEqual([2, 1])
  })

  it('names an aspect that nobody rated', async () => {
    const signals = [rating(tea, { warm: 4 })]
    await expect(ratingsOf(signals, { aspects: ['warm', 'bitter'] })).rejects.toThrow(
      'the aspect "bitter" has no ratings; rated are warm',
    )
    await expect(ratingsOf([])).rejects.toThrow('no ratings to learn from')
  })
})
