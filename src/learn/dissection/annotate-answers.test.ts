import { describe, expect, it } from 'vitest'
import type { LanguageModel } from '../../llm/index.ts'
import { annotateAnswers } from './annotate-answers.ts'
import { answerProperties } from './answer-properties.ts'
import { compareAnswers } from './compare-answers.ts'

const level = Object.fromEntries([...answerProperties.slice(0, 20).map(({ name }) => [name, 1]), ['repetitive', 1]])

/** A model that answers each step with what it is given for it. */
function scripted(
  answers: { traits: object; ratings: object; errors: object; met?: object },
  prompts: string[],
): LanguageModel {
  return {
    id: 'a model for tests',
    async generateText(prompt) {
      prompts.push(String(prompt))
      return { text: 'Paris, of course.', finishReason: 'stop', cached: false }
    },
    async generateObject(prompt, schema) {
      const asked = String(prompt)
      prompts.push(asked)
      const step = asked.includes('do not answer it')
        ? answers.traits
        : asked.startsWith('Rate')
          ? answers.ratings
          : asked.startsWith('List the errors')
            ? answers.errors
            : answers.met
      return { object: schema.parse(step), text: '', repairs: 0 }
    },
    usage: () => ({ calls: 0, cached: 0, retries: 0, inputTokens: 0, outputTokens: 0, uncounted: 0 }),
  }
}

const nothing = { unclearIntent: false, feelings: false, constraints: [], stances: [], mistakes: [] }
const faultless = { applicable: true, errors: [] }
const ratings = { a: { ...level, friendly: 3 }, b: { ...level, repetitive: 3 } }
const pair = { query: 'What is the capital of France?', a: 'It is Paris.', b: 'It is Lyon. It is Lyon.' }

describe('annotateAnswers', () => {
  it('turns what the model found into a comparison', async () => {
    const prompts: string[] = []
    const model = scripted(
      {
        traits: nothing,
        ratings,
        errors: { a: faultless, b: { applicable: true, errors: [{ what: 'not the capital', severity: 'severe' }] } },
      },
      prompts,
    )
    const found = await annotateAnswers(model, pair)
    expect(found.b.errors).toEqual({ severe: 1, moderate: 0, minor: 0 })
    expect([found.a.words, found.b.words]).toEqual([3, 6])
    const vector = compareAnswers(found.a, found.b)
    const leads = answerProperties.flatMap(({ name }, k) => (vector?.[k] ? [[name, vector[k]]] : []))
    expect(leads).toEqual([
      ['friendly', 1],
      ['non-repetitive', 1],
      ['no severe errors', 1],
    ])
    // Traits, ratings, a reference and errors; nothing that the query calls for.
    expect(prompts).toHaveLength(4)
    expect(prompts.find((prompt) => prompt.startsWith('List the errors'))).toContain(
      'A GOOD ANSWER:\nParis, of course.',
    )
  })

  it('asks how answers meet what the query calls for, and for nothing else', async () => {
    const prompts: string[] = []
    const model = scripted(
      {
        traits: { ...nothing, feelings: true, constraints: ['one word', 'in French'] },
        ratings,
        errors: { a: faultless, b: { applicable: false, errors: [] } },
        met: { a: { empathy: 2, constraints: [0, 3] }, b: { empathy: 2, constraints: [1, 1] } },
      },
      prompts,
    )
    const found = await annotateAnswers(model, { ...pair, reference: 'Paris.' })
    expect(found.a).toMatchObject({ empathy: 2, constraints: [0, 3] })
    expect(found.a).not.toHaveProperty('intent')
    expect(found.b).not.toHaveProperty('errors')
    expect(compareAnswers(found.a, found.b)).toBeUndefined()
    const asked = prompts.at(-1)
    expect(asked).toContain('1. one word\n  2. in French')
    expect(asked).not.toContain('stances')
    expect(prompts).toHaveLength(4)
  })

  it('refuses numbers for more or fewer constraints than there are', async () => {
    const model = scripted(
      {
        traits: { ...nothing, constraints: ['one word'] },
        ratings,
        errors: { a: faultless, b: faultless },
        met: { a: { constraints: [0, 3] }, b: { constraints: [1] } },
      },
      [],
    )
    await expect(annotateAnswers(model, { ...pair, reference: '' })).rejects.toThrow('constraints')
  })
})
