import { expect, it } from 'vitest'
import type { DocumentStore, SignalFilter } from '../collect/index.ts'
import type { Leaderboard, LeaderboardDefinition } from '../evaluate/index.ts'
import { openBoards } from './boards.ts'
import { memoryDocuments } from './memory-documents.fixture.ts'
import { vote } from './serving.fixture.ts'

const definition: LeaderboardDefinition = { name: 'songs', title: 'Songs', filter: {} }

function board({ name, title, model = 'bradley-terry' }: LeaderboardDefinition, dataVersion: string): Leaderboard {
  return {
    name,
    title,
    model,
    intervals: 'sandwich',
    competitors: [],
    features: [],
    votes: 0,
    outcomes: { a: 0, b: 0, tie: 0, bothBad: 0, skipped: 0 },
    winMatrix: { names: [], wins: [] },
    votesOverTime: [],
    warnings: [],
    dataVersion,
  }
}

/** As much of a store as boards look at; the test says what it holds. */
function storeOf(documents: DocumentStore, state: { version: string; count: number; newest: string }) {
  return {
    documents,
    version: async () => state.version,
    count: async () => state.count,
    page: async () => ({ signals: [{ ...vote('', 'x', 'y', 'a'), id: state.newest }] }),
  }
}

/** Boards whose fits are counted, over data whose version the test sets. */
function counted(documents = memoryDocuments()) {
  const fits: { definition: LeaderboardDefinition; within: SignalFilter }[] = []
  const state = { version: '1', count: 3, newest: 'c' }
  const store = storeOf(documents, state)
  const boards = openBoards(store, async (definition, within) => {
    fits.push({ definition, within })
    await new Promise((resolve) => setImmediate(resolve))
    return board(definition, state.version)
  })
  return { boards, fits, state, documents }
}

it('fits a board once, however many ask at once and afterwards', async () => {
  const { boards, fits } = counted()
  await boards.put(definition)
  const answers = await Promise.all([boards.read('songs'), boards.read('songs'), boards.read('songs')])
  expect(await boards.read('songs')).toBe(answers[0])
  expect(fits).toHaveLength(1)
})

it('finds after a restart what was fitted before', async () => {
  const first = counted()
  await first.boards.put(definition)
  const before = await first.boards.read('songs')
  const second = counted(first.documents)
  expect(await second.boards.read('songs')).toEqual(before)
  expect(second.fits).toHaveLength(0)
})

it('fits anew when the signals or the definition changed', async () => {
  const { boards, fits, state } = counted()
  await boards.put(definition)
  await boards.read('songs')
  Object.assign(state, { version: '2', count: 4 })
  expect((await boards.read('songs')).dataVersion).toBe('2')
  Object.assign(state, { version: '3', newest: 'd' })
  expect((await boards.read('songs')).dataVersion).toBe('3')
  await boards.put({ ...definition, model: 'davidson' })
  expect((await boards.read('songs')).model).toBe('davidson')
  expect(fits).toHaveLength(4)
})

it('does not fit anew when signals of others came', async () => {
  const { boards, fits, state } = counted()
  await boards.put(definition)
  const before = await boards.read('songs')
  state.version = '2'
  expect(await boards.read('songs')).toBe(before)
  expect(fits).toHaveLength(1)
})

it('fits what is asked for in another way apart', async () => {
  const { boards, fits } = counted()
  await boards.put(definition)
  await boards.read('songs')
  await boards.read('songs', { model: 'rao-kupper', within: { tags: ['rock'] } })
  await boards.read('songs', { model: 'rao-kupper', within: { tags: ['rock'] } })
  expect(fits.map(({ definition, within }) => [definition.model, within])).toEqual([
    [undefined, {}],
    ['rao-kupper', { tags: ['rock'] }],
  ])
})

it('keeps a bounded number of results, and none of a board that is gone', async () => {
  const { boards, documents } = counted()
  await boards.put(definition)
  for (let year = 1950; year < 1980; year++) await boards.read('songs', { within: { tags: [`${year}`] } })
  expect(await documents.list('leaderboard-results')).toHaveLength(16)
  expect(await boards.delete('songs')).toBe(true)
  expect(await documents.list('leaderboard-results')).toHaveLength(0)
  await expect(boards.read('songs')).rejects.toThrow('There is no leaderboard "songs"')
  expect(await boards.delete('songs')).toBe(false)
})

it('tells everyone who waits when a fit fails, and tries again when asked again', async () => {
  let tries = 0
  const store = storeOf(memoryDocuments(), { version: '1', count: 0, newest: '' })
  const boards = openBoards(store, async (definition) => {
    tries++
    if (tries === 1) throw new Error('no memory')
    return board(definition, '1')
  })
  await boards.put(definition)
  const both = await Promise.allSettled([boards.read('songs'), boards.read('songs')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect((await boards.read('songs')).name).toBe('songs')
  expect(tries).toBe(2)
})
