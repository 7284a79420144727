import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { issuesOf, pathText } from './issue.ts'
import { candidate, type Signal, signalSchema } from './signal.ts'

const vote: Signal = {
  kind: 'comparison',
  id: 'vote-1',
  rater: { id: 'ann', kind: 'human' },
  context: { id: 'c' },
  time: 0,
  source: 'test',
  a: candidate({ modality: 'text', text: 'one' }),
  b: candidate({ modality: 'text', text: 'two' }),
  outcome: 'a',
}

function issues(signals: readonly unknown[]) {
  const input = { signals }
  const parsed = z.strictObject({ signals: z.array(signalSchema) }).safeParse(input)
  return parsed.success ? [] : issuesOf(parsed.error, input)
}

describe('issuesOf', () => {
  it('finds nothing wrong with a valid vote', () => expect(issues([vote])).toEqual([]))

  it('names the value and what would be right', () =>
    expect(issues([vote, { ...vote, outcome: 'modelA' }])).toEqual([
      {
        path: 'signals[1].outcome',
        message: 'is "modelA", expected one of "a", "b", "tie", "both-bad", "skipped"',
      },
    ]))

  it('says that something is missing', () => {
    const { source: _, ...sourceless } = vote
    expect(issues([sourceless])).toEqual([{ path: 'signals[0].source', message: 'is missing, expected a string' }])
  })

  it('says what a number of the wrong size should be', () =>
    expect(issues([{ ...vote, weight: -1 }])).toEqual([
      { path: 'signals[0].weight', message: 'is -1: too small: expected number to be >0' },
    ]))

  it('names a name that is not known', () =>
    expect(issues([{ ...vote, winner: 'a' }])).toEqual([
      { path: 'signals[0].winner', message: 'is not a known name here' },
    ]))

  it('lists the kinds when the kind is none of them', () =>
    expect(issues([{ kind: 'vote' }])[0]).toEqual({
      path: 'signals[0].kind',
      message:
        'is "vote", expected one of "comparison", "ranking", "rating", "choice", "edit", "reply", "instruction", "answer"',
    }))

  it('keeps within a hundred', () =>
    expect(issues(Array.from({ length: 500 }, () => ({ kind: 'comparison' })))).toHaveLength(100))
})

describe('pathText', () => {
  it('quotes names that are not identifiers', () =>
    expect(pathText(['signals', 3, 'metadata', 'a b'])).toBe('signals[3].metadata["a b"]'))
  it('is empty for the root', () => expect(pathText([])).toBe(''))
})
