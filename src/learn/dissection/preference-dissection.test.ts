import { describe, expect, it } from 'vitest'
import { type Comparison, candidate, type Signal, type SignalSource } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { manipulatedProperties, manipulationMessage, manipulationShift } from './manipulation.ts'
import { preferenceDissection } from './preference-dissection.ts'

const sourceOf = (signals: readonly Signal[]): SignalSource => ({
  async *read() {
    yield* signals
  },
  count: async () => signals.length,
})

function comparison(
  id: number,
  features: readonly [Record<string, number>, Record<string, number>],
  outcome: Comparison['outcome'],
  about: { rater?: string; tags?: string[] } = {},
): Comparison {
  const [a, b] = features.map((own, side) => candidate({ modality: 'item', item: `${id}/${side}` }, { features: own }))
  if (!a || !b) throw new Error('a pair has two sides')
  return {
    kind: 'comparison',
    id: `c${id}`,
    rater: { id: about.rater ?? 'r', kind: 'simulated' },
    context: { id: `x${id}`, ...(about.tags && { tags: about.tags }) },
    time: 0,
    source: 'test',
    a,
    b,
    outcome,
  }
}

/** Raters who like sweet things, and one who likes the opposite. */
function tastes(): readonly Comparison[] {
  const random = seeded('tastes')
  return Array.from({ length: 300 }, (_, id) => {
    const [left, right] = [0, 1].map(() => ({ sweet: random.integer(4), salty: random.integer(4) }))
    const rater = id % 3 === 0 ? 'contrary' : 'usual'
    const lead = Math.sign((left?.sweet ?? 0) - (right?.sweet ?? 0)) * (rater === 'usual' ? 1 : -1)
    const won = random.chance(1 / (1 + Math.exp(-2 * lead)))
    return comparison(id, [left ?? { sweet: 0, salty: 0 }, right ?? { sweet: 0, salty: 0 }], won ? 'a' : 'b', {
      rater,
      tags: [id % 2 === 0 ? 'breakfast' : 'dinner'],
    })
  })
}

const quick = { folds: 1, chains: 1, warmup: 30, draws: 100 } as const

describe('preferenceDissection', () => {
  it('weighs named features, by rater and scenario', async () => {
    const options = { ...quick, properties: ['sweet', 'salty'], byRater: true, scenarios: ['breakfast', 'dinner'] }
    const model = await preferenceDissection(sourceOf(tastes()), options, startRun())
    expect(model.dissections).toHaveLength(9)
    const weightOf = (judge: string, scenario: string): number =>
      model.dissections.find((found) => found.judge === judge && found.scenario === scenario)?.weights[0] ?? Number.NaN
    expect(weightOf('usual', 'all')).toBeGreaterThan(1)
    expect(weightOf('contrary', 'all')).toBeLessThan(-0.5)
    const [pair] = [
      comparison(
        1000,
        [
          { sweet: 3, salty: 1 },
          { sweet: 1, salty: 1 },
        ],
        'a',
        { tags: ['dinner'] },
      ),
    ]
    const asked = { context: pair.context, a: pair.a, b: pair.b }
    const of = (rater: string) => ({ ...asked, rater: { id: rater, kind: 'human' as const } })
    const chances = await model.prefer([of('usual'), of('contrary'), of('stranger'), asked])
    expect(chances[0]).toBeGreaterThan(0.7)
    expect(chances[1]).toBeLessThan(0.4)
    expect(chances[2]).toBe(chances[3])
    const explained = model.explain(of('usual'))
    expect(explained.probability).toBeCloseTo(chances[0] as number, 6)
    expect(explained.reasons).toEqual([{ property: 'sweet', contribution: weightOf('usual', 'dinner') }])
  })

  it('scores by amounts, so that in the linear form differences are log odds', async () => {
    const model = await preferenceDissection(
      sourceOf(tastes().filter(({ rater }) => rater.id === 'usual')),
      { ...quick, properties: ['sweet', 'salty'], form: 'linear' },
      startRun(),
    )
    const { context, a, b } = comparison(
      1,
      [
        { sweet: 3, salty: 0 },
        { sweet: 1, salty: 2 },
      ],
      'a',
    )
    const { data } = await model.score([
      { context, candidate: a },
      { context, candidate: b },
    ])
    const [chance] = await model.prefer([{ context, a, b }])
    expect((data[0] ?? 0) - (data[1] ?? 0)).toBeCloseTo(Math.log((chance ?? 0) / (1 - (chance ?? 0))), 5)
  })

  it('reads what can be counted in texts when no properties are named', async () => {
    const random = seeded('texts')
    const signals = Array.from({ length: 120 }, (_, id): Comparison => {
      const words = [10 + random.integer(80), 10 + random.integer(80)] as const
      const text = (count: number): string => Array.from({ length: count }, (_w, i) => `${id}w${i}`).join(' ')
      return {
        ...comparison(id, [{}, {}], random.chance(0.95) === words[0] < words[1] ? 'b' : 'a'),
        a: candidate({ modality: 'text', text: text(words[0]) }),
        b: candidate({ modality: 'text', text: text(words[1]) }),
      }
    })
    const model = await preferenceDissection(sourceOf(signals), quick, startRun())
    const [all] = model.dissections
    expect(all?.weights[model.properties.indexOf('lengthy')]).toBeGreaterThan(0.5)
    const item = candidate({ modality: 'item', item: 'x' })
    await expect(model.score([{ context: { id: 'x' }, candidate: item }])).rejects.toThrow('is item, expected text')
  })

  it('leaves out ties and answers without the features, counts them, and refuses to learn from nothing', async () => {
    const signals = [
      ...tastes(),
      comparison(
        901,
        [
          { sweet: 1, salty: 1 },
          { sweet: 1, salty: 2 },
        ],
        'tie',
      ),
    ]
    const partly = [...signals, comparison(902, [{ sweet: 1 }, { sweet: 1, salty: 2 }], 'a')]
    const options = { ...quick, properties: ['sweet', 'salty'], estimate: 'mode' as const }
    expect((await preferenceDissection(sourceOf(partly), options, startRun())).left).toBe(2)
    await expect(preferenceDissection(sourceOf(partly.slice(300)), options, startRun())).rejects.toThrow(
      'none of 2 comparisons can be used',
    )
    await expect(preferenceDissection(sourceOf(signals), { ...options, folds: 0 }, startRun())).rejects.toThrow()
  })
})

describe('manipulation', () => {
  const weights = { properties: ['funny', 'clear', 'polite', 'salty'], weights: [-1, 2, 0.5, 1] }

  it('names the ends of the ranking, in words where there are some', () => {
    expect(manipulatedProperties(weights)).toEqual(['clear', 'salty', 'polite'])
    expect(manipulatedProperties(weights, { count: 2, end: 'last' })).toEqual(['funny', 'polite'])
    expect(() => manipulatedProperties(weights, { count: 5 })).toThrow('count is 5')
    expect(manipulationMessage(['clear', 'salty'])).toBe(
      'Answer the user. Above all, write an answer that\n- is clear and easy to understand\n- has much of this: salty',
    )
  })

  it('measures how far a message moves a judge', async () => {
    const contexts = [{ id: '1' }, { id: '2' }, { id: '3' }]
    const amount = async (context: { id: string }, message: string | undefined) =>
      candidate(
        { modality: 'item', item: `${context.id} ${message}` },
        { features: { clear: Number(context.id) + (message ? 2 : 0) } },
      )
    const judge = {
      score: async (batch: readonly { candidate: { features?: Record<string, unknown> | undefined } }[]) => ({
        rows: batch.length,
        columns: 1,
        data: Float32Array.from(batch, ({ candidate: { features } }) => 0.5 * Number(features?.['clear'])),
      }),
    }
    const report = await manipulationShift(amount, judge, contexts, 'be clear', seeded(1))
    expect(report).toEqual({
      message: 'be clear',
      plain: 1,
      manipulated: 2,
      shift: { difference: 1, interval: [1, 1] },
    })
    await expect(manipulationShift(amount, judge, [], 'x', seeded(1))).rejects.toThrow('no contexts')
  })
})
