import packageJson from '../../package.json' with { type: 'json' }
import type { SignalFilter, SignalStore } from '../collect/index.ts'
import type { Leaderboard, LeaderboardDefinition } from '../evaluate/index.ts'
import { canonicalJson, contentHash, type Json } from '../run/index.ts'
import { missing } from './problem.ts'

/** How a reader wants a board that differs from its definition. */
export interface BoardRequest {
  readonly model?: LeaderboardDefinition['model']
  readonly intervals?: LeaderboardDefinition['intervals']
  readonly features?: readonly string[]
  /** Only the board's signals that also match this. */
  readonly within?: SignalFilter
}

/** Fits a board to the signals as they are now. */
export type Fit = (definition: LeaderboardDefinition, within: SignalFilter) => Promise<Leaderboard>

/** Leaderboards by name: their definitions, and what they say now. */
export interface Boards {
  list(): Promise<readonly LeaderboardDefinition[]>
  has(name: string): Promise<boolean>
  /** A board's definition, as a request would have it. */
  definition(name: string, request?: BoardRequest): Promise<LeaderboardDefinition>
  /** Fitted on demand, once per state of the data and request, however many ask. */
  read(name: string, request?: BoardRequest): Promise<Leaderboard>
  put(definition: LeaderboardDefinition): Promise<void>
  /** Whether it was there. */
  delete(name: string): Promise<boolean>
}

const definitions = 'leaderboards'
const results = 'leaderboard-results'
const keptInMemory = 64
/** Results among the documents, per board; what people filter by has no end. */
const keptPerBoard = 16

interface Result {
  /** Hash of the definition, the request and the program's version. */
  readonly key: string
  /** A version of the data for which it is known to hold. */
  readonly dataVersion: string
  readonly extent: Extent
  readonly board: Leaderboard
}

/**
 * What tells a board's signals from those of another moment. Signals come at the end and go by erasure only, so that
 * the same number with the same newest one are the same signals.
 */
interface Extent {
  readonly count: number
  readonly newest: string | null
}

/** The definition that a request makes of a board's own. */
export function requested(definition: LeaderboardDefinition, request: BoardRequest): LeaderboardDefinition {
  return {
    ...definition,
    ...(request.model && { model: request.model }),
    ...(request.intervals && { intervals: request.intervals }),
    ...(request.features && { features: request.features }),
  }
}

/** Boards over a store. Results are kept in memory and among the store's documents, one per board and request. */
export function openBoards(store: Pick<SignalStore, 'version' | 'count' | 'page' | 'documents'>, fit: Fit): Boards {
  const { documents } = store
  const memory = new Map<string, Result>()
  const underway = new Map<string, Promise<Leaderboard>>()

  /** Ids of the results among the documents by board, oldest first; known once somebody has asked. */
  let stored: Promise<Map<string, string[]>> | undefined

  const boardIn = (id: string): string => id.slice(0, id.indexOf('/'))

  async function storedIds(): Promise<Map<string, string[]>> {
    stored ??= documents.list(results).then((all) =>
      Map.groupBy(
        all.map(({ id }) => id),
        boardIn,
      ),
    )
    return stored
  }

  async function persist(id: string, result: Result): Promise<void> {
    await documents.put(results, id, result)
    const ids = await storedIds()
    const those = [...(ids.get(boardIn(id)) ?? []).filter((other) => other !== id), id]
    for (const old of those.splice(0, Math.max(0, those.length - keptPerBoard))) await documents.delete(results, old)
    ids.set(boardIn(id), those)
  }

  function keep(id: string, result: Result): void {
    memory.delete(id)
    memory.set(id, result)
    const [oldest] = memory.keys()
    if (memory.size > keptInMemory && oldest !== undefined) memory.delete(oldest)
  }

  async function extentOf(filter: SignalFilter): Promise<Extent> {
    const { signals } = await store.page(filter, { limit: 1, newestFirst: true })
    return { count: await store.count(filter), newest: signals[0]?.id ?? null }
  }

  async function definitionOf(name: string): Promise<LeaderboardDefinition> {
    const definition = (await documents.get(definitions, name)) as LeaderboardDefinition | undefined
    if (!definition) throw missing('leaderboard', name)
    return definition
  }

  async function forget(name: string): Promise<void> {
    const ids = await storedIds()
    for (const id of ids.get(name) ?? []) await documents.delete(results, id)
    ids.delete(name)
    for (const id of memory.keys()) if (boardIn(id) === name) memory.delete(id)
  }

  return {
    async list() {
      const all = (await documents.list(definitions)).map(({ document }) => document as LeaderboardDefinition)
      return all.toSorted((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0))
    },
    has: async (name) => (await documents.get(definitions, name)) !== undefined,
    definition: async (name, request = {}) => requested(await definitionOf(name), request),
    async read(name, request = {}) {
      const definition = requested(await definitionOf(name), request)
      const within = request.within ?? {}
      const asked = contentHash(canonicalJson(request as unknown as Json))
      const id = `${name}/${asked.slice(0, 32)}`
      const program = packageJson.version
      const key = contentHash(canonicalJson({ definition, within, program } as unknown as Json))
      const dataVersion = await store.version()
      const known = memory.get(id) ?? ((await documents.get(results, id)) as Result | undefined)
      const usable = known?.key === key ? known : undefined
      if (usable?.dataVersion === dataVersion) {
        keep(id, usable)
        return usable.board
      }
      const extent = await extentOf(definition.filter)
      if (usable && usable.extent.count === extent.count && usable.extent.newest === extent.newest) {
        // Signals came or went, but none of this board's.
        keep(id, { ...usable, dataVersion })
        return usable.board
      }
      const flight = `${key}@${dataVersion}`
      const other = underway.get(flight)
      if (other) return other
      const fitting = fit(definition, within).then(async (board) => {
        // The data may have moved on before the fit began: the board says which it saw, and the extent is of before.
        const result: Result = { key, dataVersion: board.dataVersion, extent, board }
        keep(id, result)
        await persist(id, result)
        return board
      })
      underway.set(flight, fitting)
      try {
        return await fitting
      } finally {
        underway.delete(flight)
      }
    },
    async put(definition) {
      await documents.put(definitions, definition.name, definition)
      await forget(definition.name)
    },
    async delete(name) {
      const was = await documents.delete(definitions, name)
      if (was) await forget(name)
      return was
    },
  }
}
