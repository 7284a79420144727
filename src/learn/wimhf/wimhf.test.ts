import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Comparison, candidate, type Signal, type SignalSource } from '../../collect/index.ts'
import { areaUnderCurve } from '../../measure/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { axisWord, feedbackSignals, feedbackWorld } from '../../worlds/index.ts'
import { latentSemantics } from './latent-semantics.ts'
import { type FeedbackAudit, wimhf } from './wimhf.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-wimhf-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sourceOf = (signals: readonly Signal[]): SignalSource => ({
  async *read() {
    yield* signals
  },
  count: async () => signals.length,
})

const world = feedbackWorld({ axes: 6, pairs: 900, raters: 6, lengthEffect: 0.2 }, seeded('texts'))
const signals = [...feedbackSignals(world, seeded('words'))]
const options = {
  model: false,
  width: 24,
  selected: 3,
  axes: { features: 8, active: 3, learningRate: 0.004, batchSize: 64, epochs: 20 },
} as const

describe('wimhf', () => {
  let audit: FeedbackAudit
  beforeAll(async () => {
    audit = await wimhf(
      sourceOf([...signals, { ...(signals[0] as Comparison), id: 'skipped', outcome: 'skipped' }]),
      options,
      startRun({ seed: 1, folder: join(folder, 'audit') }),
    )
  })

  it('names what people reward in the words of the answers', () => {
    const [liked, disliked] = world.truth.rewarded
    const wordsOf = (axis: number): string[] => [0, 1, 2, 3, 4, 5].map((letter) => axisWord(axis, letter))
    /** What winning changes by for having more of a planted axis, by the axis whose description has its words. */
    const changeOf = (planted: number): number => {
      const found = audit.axes.flatMap(({ description: { text }, winChange, prevalence }) => {
        if (prevalence < 0.05) return []
        const [more = '', less = ''] = text.split('less of the words')
        const amount = (part: string): number => wordsOf(planted).filter((word) => part.includes(word)).length
        return [
          {
            amount: Math.max(amount(more), amount(less)),
            change: amount(more) > amount(less) ? winChange : -winChange,
          },
        ]
      })
      // Axes mix planted ones; of those that name one wholly, the one that matters most to people.
      const most = Math.max(...found.map(({ amount }) => amount))
      return found
        .filter(({ amount }) => amount === most)
        .reduce((best, { change }) => (Math.abs(change) > Math.abs(best) ? change : best), 0)
    }
    expect(changeOf(liked)).toBeGreaterThan(0.15)
    expect(changeOf(disliked)).toBeLessThan(-0.15)
    expect(audit.axes.filter(({ selected }) => selected)).toHaveLength(3)
    expect(audit.axes.filter(({ description }) => description.faithful).length).toBeGreaterThanOrEqual(4)
    expect(audit.left).toBe(1)
  })

  it('finds the same where every answer chosen stands first, as in files of chosen and rejected ones', async () => {
    const chosenFirst = signals.map(
      (signal): Comparison => (signal.outcome === 'b' ? { ...signal, a: signal.b, b: signal.a, outcome: 'a' } : signal),
    )
    const found = await wimhf(
      sourceOf(chosenFirst),
      options,
      startRun({ seed: 1, folder: join(folder, 'chosen first') }),
    )
    expect(found.axes.some(({ separable }) => separable)).toBe(false)
    const strongest = Math.max(...found.axes.map(({ winChange }) => Math.abs(winChange) || 0))
    expect(strongest).toBeGreaterThan(0.15)
    expect(found.axes.filter(({ selected }) => selected)).toHaveLength(3)
    expect(found.axes.some(({ subjectivity }) => subjectivity)).toBe(true)
  })

  it('predicts choices it has not seen, about as well as they can be', async () => {
    const held = signals.filter(({ id }) => audit.heldOut.includes(id))
    expect(held.length).toBeGreaterThan(150)
    const chances = await audit.prefer(held)
    const labels = held.map(({ outcome }) => (outcome === 'a' ? 1 : 0))
    const best = held.map(({ id }) => world.logOdds[signals.findIndex((signal) => signal.id === id)] ?? 0)
    expect(areaUnderCurve(chances, labels)).toBeGreaterThan(0.6)
    expect(areaUnderCurve(best, labels)).toBeLessThan(areaUnderCurve(chances, labels) + 0.2)
  })

  it('is antisymmetric, and explains a pair by what differs in it', async () => {
    const pair = signals[5] as Comparison
    const [there, back] = await audit.prefer([pair, { ...pair, a: pair.b, b: pair.a }])
    expect((there ?? 0) + (back ?? 0)).toBeCloseTo(1, 6)
    const { probability, axes } = await audit.explain(pair)
    expect(probability).toBeCloseTo(there ?? 0, 6)
    const logOdds = axes.reduce((sum, { contribution }) => sum + contribution, 0)
    expect(logOdds).toBeCloseTo(Math.log(probability / (1 - probability)), 4)
    const { data } = await audit.score([
      { context: pair.context, candidate: pair.a },
      { context: pair.context, candidate: pair.b },
    ])
    expect(data.every(Number.isFinite)).toBe(true)
  })

  it('keeps pairs of one prompt or answer on one side of the split', async () => {
    const shared = signals.slice(0, 60).map((signal, at): Comparison => {
      const { context } = signals[at - (at % 3)] as Comparison
      return at % 10 === 9 ? { ...signal, context, a: (signals[at - 9] as Comparison).a } : { ...signal, context }
    })
    const found = await wimhf(
      sourceOf(shared),
      { ...options, axes: { ...options.axes, epochs: 1, leastEpochs: 1 }, width: 8 },
      startRun({ seed: 2, folder: join(folder, 'split') }),
    )
    const partOf = new Map([
      ...found.train.map((id) => [id, 'train'] as const),
      ...found.heldOut.map((id) => [id, 'held'] as const),
    ])
    expect(partOf.size).toBe(60)
    const linked = new Map<string, string>()
    for (const { id, context, a, b } of shared)
      for (const key of [context.id, a.id, b.id]) {
        expect(linked.get(key) ?? partOf.get(id)).toBe(partOf.get(id))
        linked.set(key, partOf.get(id) ?? '')
      }
  })

  it('refuses too few comparisons and options that are none', async () => {
    await expect(wimhf(sourceOf(signals.slice(0, 5)), options, startRun())).rejects.toThrow('5 comparisons can be used')
    await expect(wimhf(sourceOf(signals), { ...options, trainShare: 2 }, startRun())).rejects.toThrow()
  })
})

describe('latentSemantics', () => {
  const texts = ['red apples and pears', 'green apples and pears', 'fast cars and roads', 'slow cars and roads', 'cars']

  it('puts texts of the same words near each other, rows of unit length', async () => {
    const encoder = latentSemantics(texts, { width: 2 }, seeded(1))
    const { features } = await encoder.prepare(
      texts.map((text) => ({ context: { id: 'c' }, candidate: candidate({ modality: 'text', text }) })),
    )
    const numbers = Array.from(features?.data ?? [], Number)
    const rows = texts.map((_, at) => numbers.slice(2 * at, 2 * at + 2))
    const cosine = (i: number, j: number): number =>
      (rows[i] ?? []).reduce((sum, value, k) => sum + value * (rows[j]?.[k] ?? 0), 0)
    for (let i = 0; i < texts.length; i++) expect(cosine(i, i)).toBeCloseTo(1, 6)
    expect(cosine(0, 1)).toBeGreaterThan(0.9)
    expect(cosine(2, 3)).toBeGreaterThan(0.9)
    expect(cosine(0, 3)).toBeLessThan(0.6)
  })

  it('does not depend on the order of the texts, and has another id for others', () => {
    const id = latentSemantics(texts, { width: 2 }, seeded(1)).id
    expect(latentSemantics([...texts].reverse(), { width: 2 }, seeded(1)).id).toBe(id)
    expect(latentSemantics(texts.slice(1), { width: 2 }, seeded(1)).id).not.toBe(id)
    expect(latentSemantics(texts, { width: 99 }, seeded(1)).width).toBe(4)
    expect(() => latentSemantics(['a', 'b', 'a'], {}, seeded(1))).toThrow('2 different texts')
    expect(() => latentSemantics(texts, { width: 0 }, seeded(1))).toThrow('width is 0')
  })
})
