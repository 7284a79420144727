import { describe, expect, it } from 'vitest'
import { candidate } from '../signal.ts'
import { preferencePairs } from './preference-pairs.ts'
import { readWith, writeWith } from './reading.fixture.ts'

const user = (content: string) => ({ role: 'user' as const, content })
const assistant = (content: string) => ({ role: 'assistant' as const, content })

describe('preference-pairs', () => {
  // The four layouts of the TRL documentation's example ("The sky is" / " blue." / " green.", "What color is the sky?").
  it('reads explicit texts', () => {
    const { signals } = readWith(preferencePairs, [{ prompt: 'The sky is', chosen: ' blue.', rejected: ' green.' }])
    expect(signals[0]).toMatchObject({
      context: { messages: [user('The sky is')] },
      a: { content: { modality: 'text', text: ' blue.' } },
      b: { content: { modality: 'text', text: ' green.' } },
      outcome: 'a',
    })
  })

  it('reads implicit texts: the prompt is what both begin with, without the space before they part', () => {
    const { signals } = readWith(preferencePairs, [
      { chosen: 'The sky is blue.', rejected: 'The sky is green.' },
      { chosen: 'The sky is 🙂', rejected: 'The sky is 🙃' },
      { chosen: 'yes', rejected: 'no' },
    ])
    expect(signals.map((signal) => signal.context.messages)).toEqual([
      [user('The sky is')],
      [user('The sky is')],
      undefined,
    ])
    expect(signals[0]).toMatchObject({ a: { content: { text: ' blue.' } }, b: { content: { text: ' green.' } } })
    // The two faces share their first UTF-16 unit, which alone would be half a character.
    expect(signals[1]).toMatchObject({ a: { content: { text: ' 🙂' } }, b: { content: { text: ' 🙃' } } })
  })

  it('reads explicit and implicit conversations alike', () => {
    const { signals } = readWith(preferencePairs, [
      {
        prompt: [user('What color is the sky?')],
        chosen: [assistant('It is blue.')],
        rejected: [assistant('It is green.')],
      },
      {
        chosen: [user('What color is the sky?'), assistant('It is blue.')],
        rejected: [user('What color is the sky?'), assistant('It is green.')],
      },
      {
        prompt: 'What color is the sky?',
        chosen: [user('What color is the sky?'), assistant('It is blue.')],
        rejected: [user('What color is the sky?'), assistant('It is green.')],
      },
      {
        prompt: 'What color is the sky?',
        chosen: [assistant('It is blue.')],
        rejected: [assistant('It is green.')],
      },
    ])
    for (const signal of signals)
      expect(signal).toMatchObject({
        context: { messages: [user('What color is the sky?')] },
        a: candidate({ modality: 'text', text: 'It is blue.' }),
        b: candidate({ modality: 'text', text: 'It is green.' }),
      })
    expect(signals.length).toBe(4)
  })

  it('keeps scores as features and the margin', () => {
    const { signals } = readWith(preferencePairs, [
      { prompt: 'p', chosen: 'c', rejected: 'r', score_chosen: 8.5, score_rejected: '4', margin: 4.5, source: 'evol' },
    ])
    expect(signals[0]).toMatchObject({
      a: { features: { score: 8.5 } },
      b: { features: { score: 4 } },
      metadata: { margin: 4.5, source: 'evol' },
    })
    const { rows, left } = writeWith(preferencePairs, signals, { style: 'plain' })
    expect(rows).toEqual([
      { prompt: 'p', chosen: 'c', rejected: 'r', score_chosen: 8.5, score_rejected: 4, margin: 4.5 },
    ])
    expect(left).toEqual(['metadata'])
  })

  it('reads completions with a label as ratings from 0 to 1', () => {
    const { signals, faults } = readWith(preferencePairs, [
      { prompt: 'p', completion: 'good', label: true },
      { prompt: [user('p')], completion: [assistant('bad')], label: 0 },
      { prompt: 'p', completion: 'c', label: 'maybe' },
    ])
    expect(signals).toMatchObject([
      { kind: 'rating', aspects: { overall: 1 }, scale: { min: 0, max: 1 }, candidate: { content: { text: 'good' } } },
      {
        kind: 'rating',
        aspects: { overall: 0 },
        context: { messages: [user('p')] },
        candidate: { content: { text: 'bad' } },
      },
    ])
    expect(faults).toEqual(['row 3: label is "maybe", expected true or false'])
  })

  it('rejects pairs that are none', () => {
    const { faults } = readWith(preferencePairs, [
      { prompt: 'p', chosen: 'c' },
      { prompt: 'p', chosen: 'c', rejected: [assistant('r')] },
      { chosen: 'same', rejected: 'same' },
      { prompt: 'p', chosen: [], rejected: [assistant('r')] },
      { prompt: 5, chosen: 'c', rejected: 'r' },
    ])
    expect(faults).toEqual([
      'row 1: rejected is missing, expected a text or a list of messages',
      'row 2: rejected is [{"role":"assistant","content":"r"}], expected a text, as chosen is one',
      'row 3: rejected is the same text as chosen, so that the prompt cannot be told',
      'row 4: chosen is [], expected at least one message',
      'row 5: prompt is 5, expected a text',
    ])
  })

  it('counts what a pair cannot say', () => {
    const { signals } = readWith(preferencePairs, [{ prompt: 'p', chosen: 'c', rejected: 'r' }])
    const [pair] = signals
    if (pair?.kind !== 'comparison') throw new Error('expected a comparison')
    const tied = { ...pair, outcome: 'tie' as const }
    const items = { ...pair, a: candidate({ modality: 'item', item: 'x' }) }
    expect(writeWith(preferencePairs, [tied, items]).reasons).toEqual([
      'a comparison that ended tie',
      'a candidate that is no text',
    ])
    const won = writeWith(preferencePairs, [{ ...pair, outcome: 'b' }], { style: 'plain' })
    expect(won.rows).toEqual([{ prompt: 'p', chosen: 'r', rejected: 'c' }])
  })
})
