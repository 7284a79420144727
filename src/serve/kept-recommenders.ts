import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SignalStore } from '../collect/index.ts'
import { historyOf, type OpenRecommender, type RecommenderManifest } from '../recommend/index.ts'
import type { Run } from '../run/index.ts'
import { fitRecommender, interactionsOf } from './fit-recommender.ts'
import type { RecommenderData, RecommenderRequest } from './recommend-schema.ts'
import type { RecommenderWork } from './task.ts'

/** A recommender as it is kept among the store's documents. */
export interface KeptRecommender {
  /** What was asked for last. */
  readonly request: RecommenderRequest
  /** The job that was begun last; absent where none was, as when it was fitted on the command line. */
  readonly job?: string
  /** What serves; absent until something was fitted. */
  readonly fitted?: FittedRecommender
}

export interface FittedRecommender {
  /** What it was fitted from, which may differ from what was asked for last. */
  readonly request: RecommenderRequest
  /** Its folder below that of the name. */
  readonly folder: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly seconds: number
  readonly manifest: RecommenderManifest
}

const collection = 'recommenders'

/** What is kept of recommenders, and where, in a data folder. */
export interface RecommenderShelf {
  get(name: string): Promise<KeptRecommender | undefined>
  put(kept: KeptRecommender): Promise<void>
  delete(name: string): Promise<void>
  /** By name. */
  list(): Promise<readonly KeptRecommender[]>
  /** The folder that holds the versions of all names. */
  readonly base: string
  /** The folder of a version of a name. */
  pathOf(name: string, version: string): string
  /** The folder of what serves. */
  pathOfFitted(kept: KeptRecommender): string | undefined
}

/** @param folder the data folder */
export function recommenderShelf({ documents }: Pick<SignalStore, 'documents'>, folder: string): RecommenderShelf {
  const base = join(folder, 'recommenders')
  const pathOf = (name: string, version: string): string => join(base, name, version)
  return {
    base,
    pathOf,
    pathOfFitted: ({ request, fitted }) => fitted && pathOf(request.name, fitted.folder),
    get: async (name) => (await documents.get(collection, name)) as KeptRecommender | undefined,
    put: (kept) => documents.put(collection, kept.request.name, kept),
    async delete(name) {
      await documents.delete(collection, name)
    },
    list: async () =>
      (await documents.list(collection))
        .map(({ document }) => document as KeptRecommender)
        .toSorted((a, b) => (a.request.name < b.request.name ? -1 : 1)),
  }
}

/** The signals that count as interactions; beside a file's, all choices and ratings by the ids that the file has. */
function countedSignals(data: RecommenderData): Extract<RecommenderData, { from: 'signals' }> {
  if (data.from === 'signals') return data
  const atLeast = data.from === 'file' ? data.atLeast : undefined
  return { from: 'signals', byProducer: false, ...(atLeast !== undefined && { atLeast }) }
}

/** Interactions of a user that count: the latest. */
const longestHistory = 10_000

/**
 * What a user took up to now, oldest first, as the recommender counts interactions: what the signals say now, after what
 * it was fitted to where that was no signals. Undefined when nothing is known.
 */
export async function historyNow(
  store: SignalStore,
  { request: { data } }: FittedRecommender,
  { interactions }: OpenRecommender,
  user: string,
): Promise<readonly string[] | undefined> {
  const { items, times, itemIds } = await interactionsOf(store, countedSignals(data), user)
  const order = Array.from(items, (_, at) => at).toSorted((a, b) => (times?.[a] ?? 0) - (times?.[b] ?? 0) || a - b)
  const now = order.slice(-longestHistory).map((at) => itemIds.id(items[at] ?? 0))
  if (data.from === 'signals') return now.length > 0 ? now : undefined
  const number = interactions.userIds.find(user)
  const before =
    number === undefined ? [] : Array.from(historyOf(interactions, number), (item) => interactions.itemIds.id(item))
  return before.length + now.length > 0 ? [...before, ...now] : undefined
}

/** What a thread, or a command, is to do for a request. */
export function workFor(
  { kind, options, holdOut, holdOutFrom, index, data, seed }: RecommenderRequest,
  more: Pick<RecommenderWork, 'folder' | 'file' | 'details'>,
): RecommenderWork {
  return { ...{ kind, options, holdOut, holdOutFrom, index, data, seed }, ...more }
}

/**
 * Fits a recommender here and now, and keeps it in a data folder, where a server finds it. One of the same name serves
 * until then.
 *
 * @param more.file the file that the request's data means
 * @param more.details a file of titles and attributes, one JSON object a line
 */
export async function fitAndKeep(
  store: SignalStore,
  folder: string,
  request: RecommenderRequest,
  more: Pick<RecommenderWork, 'file' | 'details'>,
  run: Run,
): Promise<FittedRecommender> {
  const shelf = recommenderShelf(store, folder)
  const before = await shelf.get(request.name)
  const earlier = before && shelf.pathOfFitted(before)
  const version = randomUUID()
  const begun = Date.now()
  await mkdir(join(shelf.base, request.name), { recursive: true })
  const details = more.details ?? (earlier && join(earlier, 'items.jsonl'))
  const work = workFor(request, {
    folder: shelf.pathOf(request.name, version),
    ...(more.file && { file: more.file }),
    ...(details !== undefined && { details }),
  })
  const manifest = await fitRecommender(work, store, run)
  const at = Date.now()
  const fitted: FittedRecommender = { request, folder: version, at, seconds: (at - begun) / 1000, manifest }
  await shelf.put({ request, fitted })
  if (earlier !== undefined) await rm(earlier, { recursive: true, force: true })
  return fitted
}
