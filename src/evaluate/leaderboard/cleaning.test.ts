import { describe, expect, it } from 'vitest'
import { type Comparison, candidate, type Outcome } from '../../collect/index.ts'
import { startRun } from '../../run/index.ts'
import { fitLeaderboard } from './fit-leaderboard.ts'
import type { Leaderboard, VoteCleaning } from './leaderboard.ts'
import { comparison, memorySource } from './memory-source.fixture.ts'

function vote(
  a: string,
  b: string,
  outcome: Outcome,
  about: { rater?: string; prompt?: string; reply?: string } = {},
): Comparison {
  const side = (producer: string) =>
    candidate({ modality: 'text', text: `${about.reply ?? 'a reply'} in the words of ${producer}` }, { producer })
  const content = about.prompt ?? 'hello'
  return comparison(a, b, outcome, {
    a: side(a),
    b: side(b),
    rater: { id: about.rater ?? 'r', kind: 'human' },
    context: { id: content, messages: [{ role: 'user', content }] },
  })
}
const fit = (signals: readonly Comparison[], clean: VoteCleaning): Promise<Leaderboard> =>
  fitLeaderboard({ name: 't', title: 't', filter: {}, clean }, memorySource(signals), startRun())

const distinct = (count: number): Comparison[] =>
  Array.from({ length: count }, (_, i) =>
    vote('x', 'y', i % 3 === 0 ? 'b' : 'a', { prompt: `question ${i}`, rater: `r${i}` }),
  )

describe('a leaderboard with cleaned votes', () => {
  it('leaves out votes on texts that name a maker', async () => {
    const signals = [
      ...distinct(6),
      vote('x', 'y', 'b', { reply: 'As ChatGPT, I' }),
      vote('x', 'y', 'b', { prompt: 'Are you Claude?' }),
    ]
    const board = await fit(signals, { identityLeak: true })
    expect(board.votes).toBe(6)
    expect(board.removed).toEqual({ identityLeak: 2, duplicatePrompts: 0, outlierRaters: 0 })
    expect(board.warnings[0]).toBe('2 votes left out because a text names a maker.')
    const own = await fit(signals, { identityLeak: ['claude'] })
    expect(own.removed?.identityLeak).toBe(1)
    const none = await fit(signals, { identityLeak: false })
    expect(none.votes).toBe(8)
  })

  it('caps how often one prompt counts', async () => {
    const repeated = Array.from({ length: 40 }, (_, i) => vote('x', 'y', 'a', { rater: `s${i}` }))
    // 60 prompts asked once and one asked 40 times: nine prompts of ten have one vote, so the cap is one.
    const board = await fit([...distinct(60), ...repeated], { duplicatePrompts: 0.9 })
    expect(board.removed).toEqual({ identityLeak: 0, duplicatePrompts: 39, outlierRaters: 0 })
    expect(board.votes).toBe(61)
  })

  it('leaves out raters who vote against the crowd', async () => {
    // Nineteen raters find x better, nine votes in ten; one finds y better every time.
    const crowd = Array.from({ length: 190 }, (_, i) =>
      vote('x', 'y', i % 10 === 0 ? 'b' : 'a', { rater: `r${i % 19}` }),
    )
    const contrary = Array.from({ length: 10 }, () => vote('x', 'y', 'b', { rater: 'contrary' }))
    const board = await fit([...crowd, ...contrary], { outlierRaters: 0.05 })
    expect(board.removed).toEqual({ identityLeak: 0, duplicatePrompts: 0, outlierRaters: 10 })
    expect(board.votes).toBe(190)
  })

  it('judges raters by the votes that earlier steps left', async () => {
    const crowd = Array.from({ length: 190 }, (_, i) =>
      vote('x', 'y', i % 10 === 0 ? 'b' : 'a', { rater: `r${i % 19}`, prompt: `question ${i}` }),
    )
    const contrary = Array.from({ length: 10 }, () => vote('x', 'y', 'b', { rater: 'contrary', prompt: 'again' }))
    const board = await fit([...crowd, ...contrary], { duplicatePrompts: 0.9, outlierRaters: 0.05 })
    expect(board.removed).toEqual({ identityLeak: 0, duplicatePrompts: 9, outlierRaters: 0 })
  })

  it('says nothing of removals when the definition does not clean', async () => {
    const board = await fitLeaderboard({ name: 't', title: 't', filter: {} }, memorySource(distinct(6)), startRun())
    expect('removed' in board).toBe(false)
  })
})
