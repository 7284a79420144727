import { type Candidate, type ImportOptions, importFile, type Signal, type SignalStore } from '../collect/index.ts'
import type { LeaderboardDefinition } from '../evaluate/index.ts'
import type { Run } from '../run/index.ts'
import { type Boards, openBoards } from './boards.ts'
import type { ImportOutcome, RankedSource } from './task.ts'

/**
 * Whether a candidate stands for more than this one meeting: words that nobody is named for, as in pairs that models
 * are trained on, meet nobody twice, and a board of them would be one of texts.
 */
function competes({ producer, content }: Candidate): boolean {
  return producer !== undefined || (content.modality !== 'text' && content.modality !== 'conversation')
}

/** Imports a file, and notes of which sources it brought something to rank. */
export async function importNotingSources(path: string, options: ImportOptions, run: Run): Promise<ImportOutcome> {
  const ranked = new Map<string, RankedSource>()
  const note = (signal: Signal): void => {
    const { kind, source } = signal
    if (kind !== 'comparison' && kind !== 'ranking') return
    if (!(kind === 'comparison' ? [signal.a, signal.b] : signal.candidates).some(competes)) return
    const known = ranked.get(source)
    const tie = kind === 'comparison' && signal.outcome === 'tie'
    // A board of comparisons and rankings together is one of comparisons: rankings are counted pair by pair.
    const both = known && known.kind !== kind
    ranked.set(source, { source, kind: both ? 'comparison' : kind, ties: tie || (known?.ties ?? false) })
  }
  const { store } = options
  const noting: SignalStore = {
    ...store,
    insert(signals) {
      for (const signal of signals) note(signal)
      return store.insert(signals)
    },
  }
  const report = await importFile(path, { ...options, store: noting }, run)
  return { report, ranked: [...ranked.values()] }
}

/**
 * Imports a file into a store that no server has, and defines the boards that the server would.
 *
 * @returns the report, with the name of the first source's board when there is something to rank
 */
export async function importWithBoards(
  path: string,
  options: ImportOptions,
  run: Run,
): Promise<ImportOutcome['report'] & { readonly leaderboard?: string }> {
  const { report, ranked } = await importNotingSources(path, options, run)
  const boards = openBoards(options.store, () => Promise.reject(new Error('boards are not fitted here')))
  const leaderboard = await ensureBoards(boards, ranked)
  return { ...report, ...(leaderboard !== undefined && { leaderboard }) }
}

/** A name for an address: lower-case letters, digits and single hyphens; `data` when nothing of the text is left. */
export function slug(text: string): string {
  const letters = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 100)
    .replace(/^-+|-+$/g, '')
  return letters || 'data'
}

/** The board that an imported source gets: all its votes, with ties modelled when there are some. */
export function boardOfSource({ source, kind, ties }: RankedSource, name: string): LeaderboardDefinition {
  return {
    name,
    title: source.slice(0, 200),
    description: `Everything imported from “${source}”.`,
    filter: { sources: [source] },
    model: kind === 'ranking' ? 'plackett-luce' : ties ? 'davidson' : 'bradley-terry',
  }
}

/** A file of signals can name any number of sources; beyond these, boards are for people to define. */
const boardsAtOnce = 20

function isBoardOf(definition: LeaderboardDefinition, source: string): boolean {
  const { sources = [] } = definition.filter
  return sources.length === 1 && sources[0] === source
}

/**
 * Defines a board for each source that has none, under the source's name or, where another source's board has that
 * name, with a number behind it.
 *
 * @returns the name of the first source's board; undefined when there is nothing to rank
 */
export async function ensureBoards(
  boards: Pick<Boards, 'list' | 'put'>,
  ranked: readonly RankedSource[],
): Promise<string | undefined> {
  const there = new Map((await boards.list()).map((definition) => [definition.name, definition]))
  let first: string | undefined
  for (const source of ranked.slice(0, boardsAtOnce)) {
    let name = slug(source.source)
    for (let number = 2; ; number++) {
      const taken = there.get(name)
      if (!taken || isBoardOf(taken, source.source)) break
      name = `${slug(source.source).slice(0, 94)}-${number}`
    }
    if (!there.has(name)) {
      const definition = boardOfSource(source, name)
      await boards.put(definition)
      there.set(name, definition)
    }
    first ??= name
  }
  return first
}
