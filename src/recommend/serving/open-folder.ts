import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { recentMap } from '../../run/index.ts'
import { openSafetensors } from '../../tensor/index.ts'
import { approximately, hasApproximateIndex, loadApproximateIndex } from '../approximate-index.ts'
import type { Recommender } from '../contract.ts'
import type { Likeness } from '../diversity.ts'
import { type InteractionSet, itemCounts } from '../interactions/interaction-set.ts'
import { loadInteractions } from '../interactions/save.ts'
import { loadRecommender, type RecommenderReader } from '../load-recommender.ts'
import { type DetailsTable, openDetails } from './item-details.ts'
import {
  type CandidateStore,
  loadCandidates,
  type PopulationExposure,
  populationExposure,
  type RerankCurve,
  rerankCurve,
} from './list-store.ts'
import { folderFiles, type RecommenderManifest, readRecommenderManifest } from './manifest.ts'

/** A recommender with its ids and all that it is served with. */
export interface OpenRecommender {
  readonly manifest: RecommenderManifest
  readonly recommender: Recommender
  /** What it was fitted to: ids and histories. */
  readonly interactions: InteractionSet
  /** Users who took each item. */
  readonly taken: Uint32Array
  readonly details: DetailsTable
  /** What makes items alike. */
  likeness(): Promise<Likeness>
  /** The exposure that fair lists give the items. */
  exposure(options: { readonly count: number; readonly weight: number }): Promise<PopulationExposure>
  close(): Promise<void>
}

export interface CurveOptions {
  readonly over: 'diversity' | 'fairness'
  /** Places of the lists. Default 10. */
  readonly count?: number
  /** Default: a range that shows the trade. */
  readonly weights?: readonly number[]
}

/** Exposures that are kept. */
const keptResults = 64

/**
 * Opens what `fitToFolder` wrote.
 *
 * @param others readers of kinds that are made elsewhere
 * @throws {RangeError} when the folder holds no recommender
 * @example
 * const films = await openRecommender('./recommenders/films')
 * const [{ items }] = await recommendByIds(films, [{ history: ['tt0133093'] }], { count: 10 })
 */
export async function openRecommender(
  folder: string,
  others: Readonly<Record<string, RecommenderReader>> = {},
): Promise<OpenRecommender> {
  const manifest = readRecommenderManifest(folder)
  const at = (file: keyof typeof folderFiles): string => join(folder, folderFiles[file])
  const interactions = await loadInteractions(at('interactions'))
  const loaded = await loadRecommender(at('model'), others)
  const { vectors } = loaded
  // Without the library, which is not compiled for every machine, all items are searched.
  const approximate = manifest.index === 'hnsw' && vectors !== undefined && (await hasApproximateIndex())
  const recommender = approximate ? approximately(loaded, await loadApproximateIndex(at('index'), vectors)) : loaded
  if (recommender.items !== interactions.items || recommender.users !== interactions.users)
    throw new RangeError(
      `${folder}: the recommender has ${recommender.users} users and ${recommender.items} items, expected ${interactions.users} and ${interactions.items} as the interactions have`,
    )
  let likeness: Promise<Likeness> | undefined
  let candidates: Promise<CandidateStore> | undefined
  const exposures = recentMap<Promise<PopulationExposure>>(keptResults, () => 1)
  const likenessNow = (): Promise<Likeness> => {
    likeness ??= readLikeness(folder)
    return likeness
  }
  const candidatesNow = (): Promise<CandidateStore> => {
    candidates ??= loadCandidates(at('lists'))
    return candidates
  }
  return {
    manifest,
    recommender,
    interactions,
    taken: itemCounts(interactions),
    details: openDetails(at('details'), interactions.itemIds),
    likeness: likenessNow,
    exposure(options) {
      const key = `${options.count} ${options.weight}`
      const known = exposures.get(key)
      if (known) return known
      const made = candidatesNow().then(({ population }) => populationExposure(population, interactions.items, options))
      exposures.add(key, made)
      return made
    },
    close: () => recommender.dispose(),
  }
}

async function readLikeness(folder: string): Promise<Likeness> {
  const { data, shape } = await (await openSafetensors(join(folder, folderFiles.likeness))).read('vectors')
  return { data: data as Float32Array, width: shape[1] ?? 0 }
}

/**
 * The trade that re-ranking makes, measured on what was held out when a folder's recommender was fitted.
 *
 * @throws {RangeError} when the folder holds no recommender, nothing was held out, or nobody has enough candidates
 * @example
 * const { points } = await recommenderCurve('./recommenders/films', { over: 'diversity' })
 */
export async function recommenderCurve(folder: string, options: CurveOptions): Promise<RerankCurve> {
  const { items } = readRecommenderManifest(folder)
  const { heldOut } = await loadCandidates(join(folder, folderFiles.lists))
  return rerankCurve(heldOut, await readLikeness(folder), items, options)
}

/** Whether a folder holds a recommender. */
export function holdsRecommender(folder: string): boolean {
  return existsSync(join(folder, folderFiles.manifest))
}
