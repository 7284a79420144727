import { expect, it } from 'vitest'
import type { Candidate, Signal } from '../api/signal.ts'
import { answerInWords, inRankOrder, summary } from './summary.ts'

const base = { id: '1', rater: { id: 'r', kind: 'human' }, context: { id: 'c' }, time: 0, source: 's' }
const item = (name: string): Candidate => ({ id: name, content: { modality: 'item', item: name } })
const text = (words: string, producer?: string): Candidate => ({
  id: words,
  content: { modality: 'text', text: words },
  ...(producer && { producer }),
})

it('a comparison says who was preferred, by producer where there is one', () => {
  const sides = { ...base, kind: 'comparison', a: text('long', 'model-large'), b: text('short') } as const
  expect(summary({ ...sides, outcome: 'b' })).toBe('short over model-large')
  expect(summary({ ...sides, outcome: 'tie' })).toBe('model-large and short alike')
  expect(summary({ ...sides, outcome: 'both-bad' })).toBe('neither model-large nor short')
})

it('a ranking is told from the best, and who was not ranked comes last', () => {
  const ranking: Extract<Signal, { kind: 'ranking' }> = {
    ...base,
    kind: 'ranking',
    candidates: ['d', 'a', 'c', 'b', 'e'].map(item),
    ranks: [null, 1, 3, 2, 4],
  }
  expect(inRankOrder(ranking).map(({ candidate }) => candidate.id)).toEqual(['a', 'b', 'c', 'e', 'd'])
  expect(summary(ranking)).toBe('1. a, 2. b, 3. c and 1 more')
})

it('a choice says what was taken, also when nothing was', () => {
  const shown = { ...base, kind: 'choice' as const, shown: [item('x'), item('y')], action: 'click' }
  expect(summary({ ...shown, chosen: [1] })).toBe('click: y of 2')
  expect(summary({ ...shown, chosen: [] })).toBe('click: nothing of 2')
})

it('an answer of any form has words', () => {
  expect(answerInWords(['a', 'b'])).toBe('a, b')
  expect(answerInWords(false)).toBe('false')
  expect(answerInWords({ unknown: true })).toBe('would not or could not say')
})
