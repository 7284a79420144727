import { describe, expect, it } from 'vitest'
import { answerProperties, answerScenarios, queryGroups } from './answer-properties.ts'
import { type AnswerAnnotation, compareAnswers, compareLengths, wordCount } from './compare-answers.ts'

const level = (change: Partial<AnswerAnnotation> = {}, ratings: Record<string, number> = {}): AnswerAnnotation => ({
  ratings: {
    ...Object.fromEntries(answerProperties.slice(0, 20).map(({ name }) => [name, 1])),
    repetitive: 1,
    ...ratings,
  },
  errors: { severe: 0, moderate: 0, minor: 0 },
  words: 100,
  ...change,
})

/** The entries of a comparison that are not 0, by name. */
function leads(a: AnswerAnnotation, b: AnswerAnnotation, form: 'sign' | 'linear' = 'sign'): Record<string, number> {
  const vector = compareAnswers(a, b, form)
  return Object.fromEntries(
    answerProperties.flatMap(({ name }, k) => (vector?.[k] === 0 ? [] : [[name, vector?.[k] ?? Number.NaN]])),
  )
}

describe('answerProperties', () => {
  it('are 29 in the order of the published weights, over 11 scenarios and 5 groups', () => {
    expect(answerProperties).toHaveLength(29)
    expect([0, 11, 15, 22, 27, 28].map((k) => answerProperties[k]?.name)).toEqual([
      'harmless',
      'admits limits',
      'non-repetitive',
      'no severe errors',
      'corrects mistakes',
      'lengthy',
    ])
    expect([answerScenarios.length, queryGroups.length]).toEqual([11, 5])
  })
})

describe('compareLengths', () => {
  it('goes by the table for short answers', () => {
    expect([0, 1].map((b) => compareLengths(0, b))).toEqual([0, -1].map((x) => x + 0))
    expect([compareLengths(4, 7), compareLengths(4, 8), compareLengths(8, 4)]).toEqual([0, -1, 1])
    expect([compareLengths(11, 18), compareLengths(11, 19)]).toEqual([0, -1])
  })

  it('goes by shares and gaps beyond', () => {
    // 14 ≤ .7·20 but only 6 words apart; 28 ≤ .7·40 and 12 apart.
    expect([compareLengths(14, 20), compareLengths(28, 40)]).toEqual([0, -1])
    // .8: 80 of 100 lacks 20; 84 of 100 only 16. .9: 360 of 400 lacks 40; 361 is above .9.
    expect([compareLengths(100, 80), compareLengths(100, 84)]).toEqual([1, 0])
    expect([compareLengths(360, 400), compareLengths(361, 400)]).toEqual([-1, 0])
  })

  it('is antisymmetric, and logarithmic in the linear form', () => {
    for (const [a, b] of [
      [3, 9],
      [12, 40],
      [300, 200],
    ] as const)
      expect(compareLengths(a, b)).toBe(-compareLengths(b, a))
    expect(compareLengths(500, 0, 'linear')).toBeCloseTo(1, 14)
    expect(compareLengths(0, 5000, 'linear')).toBe(-1)
    expect(compareLengths(10, 9, 'linear')).toBeCloseTo(Math.log(2) / Math.log(501), 14)
    expect(() => compareLengths(-1, 2)).toThrow('an answer has -1 words')
  })

  it('counts words between spaces', () => {
    expect([wordCount(''), wordCount(' one  two\nthree ')]).toEqual([0, 3])
  })
})

describe('compareAnswers', () => {
  it('finds level answers level', () => {
    expect(leads(level(), level())).toEqual({})
  })

  it('takes the sign of a difference, turned for repetition and errors', () => {
    const a = level({ errors: { severe: 2, moderate: 0, minor: 1 } }, { polite: 3, repetitive: 3 })
    const b = level({ errors: { severe: 0, moderate: 1, minor: 1 } }, { friendly: 2 })
    expect(leads(a, b)).toEqual({
      friendly: -1,
      polite: 1,
      'non-repetitive': -1,
      'no moderate errors': 1,
      'no severe errors': -1,
    })
    expect(leads(a, b, 'linear')).toEqual({
      friendly: -1 / 3,
      polite: 2 / 3,
      'non-repetitive': -2 / 3,
      'no moderate errors': 0.2,
      'no severe errors': -0.4,
    })
  })

  it('counts relevance only where one answer has none', () => {
    expect(leads(level({}, { relevant: 3 }), level({}, { relevant: 1 }))).toEqual({})
    expect(leads(level({}, { relevant: 0 }), level({}, { relevant: 1 }))).toEqual({ relevant: -1 })
    expect(leads(level({}, { relevant: 3 }), level({}, { relevant: 1 }), 'linear')).toEqual({ relevant: 2 / 3 })
  })

  it('averages over what a query states, and leaves out what it does not', () => {
    const a = level({ constraints: [3, 0], stances: [2, -2, 2], mistakes: [3], empathy: 2 })
    const b = level({ constraints: [1, 1], stances: [1, 0, 0], empathy: 2 })
    // 1.5 > 1; 2/3 > 1/3; mistakes were judged in one answer only; empathy is level.
    expect(leads(a, b)).toEqual({ 'satisfies constraints': 1, 'supports stances': 1 })
  })

  it('turns its sign when the answers are swapped, and drops pairs whose accuracy does not apply', () => {
    const a = level({ words: 300, intent: 3 }, { funny: 3 })
    const b = level({ words: 100, intent: 1 })
    expect(leads(b, a)).toEqual({ funny: -1, 'clarifies intent': -1, lengthy: -1 })
    const { errors: _, ...without } = level()
    expect(compareAnswers(level(), without)).toBeUndefined()
    expect(() => compareAnswers(level({}, { clear: 4 }), level())).toThrow('the rating of "clear" is 4')
  })
})
