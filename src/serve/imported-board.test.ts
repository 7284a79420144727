import { describe, expect, it } from 'vitest'
import type { LeaderboardDefinition } from '../evaluate/index.ts'
import { leaderboardDefinitionSchema } from '../evaluate/index.ts'
import { boardOfSource, ensureBoards, slug } from './imported-board.ts'

describe('slug', () => {
  it.each([
    ['My Votes (2024).csv', 'my-votes-2024-csv'],
    ['Élysée', 'e-lyse-e'],
    ['投票', 'data'],
    ['--a--', 'a'],
  ])('turns %j into %j', (text, name) => expect(slug(text)).toBe(name))
})

function memoryBoards() {
  const all = new Map<string, LeaderboardDefinition>()
  return {
    all,
    list: async () => [...all.values()],
    put: async (definition: LeaderboardDefinition) => {
      all.set(definition.name, definition)
    },
  }
}

describe('ensureBoards', () => {
  it('defines one board for a source, however often it is imported', async () => {
    const boards = memoryBoards()
    const votes = { source: 'votes', kind: 'comparison', ties: true } as const
    expect(await ensureBoards(boards, [votes])).toBe('votes')
    expect(await ensureBoards(boards, [votes])).toBe('votes')
    expect([...boards.all.values()]).toEqual([boardOfSource(votes, 'votes')])
    expect(boards.all.get('votes')).toMatchObject({ model: 'davidson', filter: { sources: ['votes'] } })
  })
  it('leaves another source’s board of the same name alone', async () => {
    const boards = memoryBoards()
    const source = (name: string) => ({ source: name, kind: 'ranking', ties: false }) as const
    expect(await ensureBoards(boards, [source('Votes'), source('votes')])).toBe('votes')
    expect(await ensureBoards(boards, [source('votes')])).toBe('votes-2')
    expect([...boards.all.keys()]).toEqual(['votes', 'votes-2'])
  })
  it('does nothing when there is nothing to rank', async () =>
    expect(await ensureBoards(memoryBoards(), [])).toBeUndefined())
  it('makes definitions that the evaluation accepts', () =>
    expect(
      leaderboardDefinitionSchema.safeParse(
        boardOfSource({ source: 'ü'.repeat(500), kind: 'comparison', ties: false }, slug('ü'.repeat(500))),
      ).success,
    ).toBe(true))
})
