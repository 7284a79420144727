import { describe, expect, it } from 'vitest'
import { readWith, writeWith } from './reading.fixture.ts'
import { ultrafeedback } from './ultrafeedback.ts'

/** A record in the published form, with made-up texts. */
const record = {
  source: 'evol_instruct',
  instruction: 'Name a colour.',
  models: ['alpaca-7b', 'gpt-4'],
  correct_answers: ['None'],
  incorrect_answers: ['None'],
  completions: [
    {
      model: 'alpaca-7b',
      principle: 'helpfulness',
      custom_system_prompt: 'Be helpful.',
      response: 'Blue.',
      annotations: {
        instruction_following: { Rating: '5', Rationale: 'It does.' },
        honesty: { Rating: 'N/A', Rationale: 'Nothing to be sure of.' },
        truthfulness: { Type: 'None', Rationale: 'No error.', Rating: '4', 'Rationale For Rating': 'True enough.' },
        helpfulness: { Type: ['1'], Rationale: 'Clear.', Rating: '3', 'Rationale For Rating': 'Short.' },
      },
      critique: 'Say more.',
      overall_score: 7,
      'fine-grained_score': 4,
    },
    {
      model: 'gpt-4',
      response: 'Red.',
      annotations: { honesty: { Rating: 'N/A', Rationale: '–' } },
      overall_score: null,
    },
  ],
}

describe('ultrafeedback', () => {
  it('reads a rating by aspect and an overall rating of a completion; N/A is no aspect', () => {
    const { signals, faults, notes } = readWith(ultrafeedback, [record])
    expect(faults).toEqual([])
    expect(signals.length).toBe(2)
    expect(signals[0]).toMatchObject({
      kind: 'rating',
      rater: { id: 'ultrafeedback-annotator', kind: 'model' },
      context: { messages: [{ role: 'user', content: 'Name a colour.' }] },
      candidate: { content: { modality: 'text', text: 'Blue.' }, producer: 'alpaca-7b' },
      aspects: { instruction_following: 5, truthfulness: 4, helpfulness: 3 },
      scale: { min: 1, max: 5 },
      rationales: {
        instruction_following: 'It does.',
        honesty: 'Nothing to be sure of.',
        truthfulness: 'True enough.',
        helpfulness: 'Short.',
      },
      metadata: {
        source: 'evol_instruct',
        completion: { principle: 'helpfulness', 'fine-grained_score': 4, index: 0 },
      },
    })
    expect(Object.keys((signals[0] as { aspects: object }).aspects)).not.toContain('honesty')
    expect(signals[1]).toMatchObject({
      aspects: { overall: 7 },
      scale: { min: 1, max: 10 },
      rationale: 'Say more.',
    })
    expect(notes).toContain('Some completions have no rating; they give no signal.')
  })

  it('rejects ratings that are none', () => {
    const rated = (annotations: object, overall_score?: unknown) => ({
      instruction: 'i',
      completions: [{ response: 'r', annotations, overall_score }],
    })
    const { faults } = readWith(ultrafeedback, [
      rated({ honesty: { Rating: '6' } }),
      rated({ honesty: { Rating: 'good' } }),
      rated({}, 11),
      rated({}, 'ten'),
      { instruction: 'i', completions: [] },
      { completions: [{ response: 'r' }] },
    ])
    expect(faults).toEqual([
      'row 1: completions.0.annotations.honesty.Rating is "6", expected "1" to "5" or "N/A"',
      'row 2: completions.0.annotations.honesty.Rating is "good", expected "1" to "5" or "N/A"',
      'row 3: completions.0.overall_score is 11, expected a number from 1 to 10',
      'row 4: completions.0.overall_score is "ten", expected a number',
      'row 5: completions is [], expected a list of completions',
      'row 6: instruction is missing, expected a text',
    ])
  })

  it('gathers ratings that follow each other in one context into a row', () => {
    const { signals } = readWith(ultrafeedback, [record, record])
    const { rows } = writeWith(ultrafeedback, signals)
    const { completions, ...rest } = record
    // The second completion had no rating, so that nothing of it was kept but its model's name.
    expect(rows).toEqual([
      { ...rest, completions: completions.slice(0, 1) },
      { ...rest, completions: completions.slice(0, 1) },
    ])
  })

  it('does not write ratings on other scales', () => {
    const { signals } = readWith(ultrafeedback, [record])
    const stars = signals.map((signal) => ({ ...signal, scale: { min: 0, max: 1 } }))
    expect(writeWith(ultrafeedback, stars as typeof signals).reasons).toEqual([
      'a rating that is neither by aspect from 1 to 5 nor overall from 1 to 10',
      'a rating that is neither by aspect from 1 to 5 nor overall from 1 to 10',
    ])
  })
})
