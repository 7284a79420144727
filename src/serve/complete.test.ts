import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { contextId, signalSchema } from '../collect/index.ts'
import { withDerivedIds } from './complete.ts'

const text = (text: string) => ({ content: { modality: 'text', text } })
const bare = {
  kind: 'comparison',
  id: '1',
  rater: { id: 'ann', kind: 'human' },
  context: { tags: ['jokes'] },
  time: 0,
  source: 'test',
  a: text('one'),
  b: text('two'),
  outcome: 'b',
}

it('derives the ids of candidates and of the context', () => {
  const signal = signalSchema.parse(withDerivedIds(bare))
  expect(signal).toMatchObject({
    context: { id: contextId({ tags: ['jokes'] }) },
    a: { id: createHash('sha256').update('{"modality":"text","text":"one"}').digest('hex') },
    b: { id: createHash('sha256').update('{"modality":"text","text":"two"}').digest('hex') },
  })
})

it('reaches candidates in lists', () => {
  const { a: _, b: __, outcome: ___, ...rest } = bare
  const ranking = { ...rest, kind: 'ranking', candidates: [text('one'), text('two')], ranks: [1, 2] }
  expect(signalSchema.safeParse(withDerivedIds(ranking)).success).toBe(true)
})

it('never changes an id that is there', () => {
  const wrong = { ...bare, a: { id: '0'.repeat(64), ...text('one') } }
  expect(withDerivedIds(wrong)).toMatchObject({ a: { id: '0'.repeat(64) } })
  expect(signalSchema.safeParse(withDerivedIds(wrong)).success).toBe(false)
})

it.each([[null], ['text'], [[]], [3], [{ a: 1, shown: 2, context: 'x' }]])('leaves %j for the validation', (value) =>
  expect(signalSchema.safeParse(withDerivedIds(value)).success).toBe(false),
)
