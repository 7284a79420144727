import { join } from 'node:path'
import { type ShippedDataset, shippedDatasets } from '../collect/index.ts'
import { type LeaderboardDefinition, shippedLeaderboards, shippedPeople } from '../evaluate/index.ts'
import { canonicalJson, contentHash, type Json, type Progress, startRun } from '../run/index.ts'
import type { Jobs } from './jobs.ts'
import type { Service } from './service.ts'
import { fitShippedRecommender, shippedRecommenders } from './shipped-recommenders.ts'

/** What became of a set of data that comes with the package. */
export interface LoadedDataset {
  readonly dataset: ShippedDataset
  /** Signals that were not there before. */
  readonly inserted: number
  /** Whether an earlier start had loaded it. */
  readonly already: boolean
  /** Why it could not be loaded: a person's own signals have ids that it needs. The next start tries again. */
  readonly conflict?: string
  readonly seconds: number
}

/** Markers of what was loaded and registered by earlier starts. */
const markers = 'shipped'

/**
 * Loads the data that come with the package and are wanted at a start, each set once: what a person erases afterwards does not come back.
 *
 * @returns one entry for each set, in their order, as soon as it is there
 */
export async function* loadShippedData(
  service: Service,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): AsyncGenerator<LoadedDataset> {
  const { documents } = service.store
  const { onProgress, signal } = options
  for (const dataset of shippedDatasets()) {
    if (!dataset.atStart) continue
    const marker = `data/${dataset.name}`
    const { signals } = dataset
    const known = (await documents.get(markers, marker)) as { readonly signals?: number } | undefined
    if (known?.signals === signals) {
      yield { dataset, inserted: 0, already: true, seconds: 0 }
      continue
    }
    const started = performance.now()
    const run = startRun({
      folder: join(service.folder, 'work'),
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    })
    const outcome = await service.background.loadDataset(dataset.name, run).then(
      async (inserted) => {
        await documents.put(markers, marker, { signals })
        return { inserted }
      },
      (error: unknown) => {
        if (!(error instanceof Error) || error.name !== 'SignalConflictError') throw error
        return { inserted: 0, conflict: error.message }
      },
    )
    yield { dataset, ...outcome, already: false, seconds: (performance.now() - started) / 1000 }
  }
}

const hashOf = (definition: LeaderboardDefinition): string => contentHash(canonicalJson(definition as unknown as Json))

/**
 * Defines the leaderboards that come with the package. A board that a person changed or removed stays as they left it;
 * one that they left alone follows the package.
 *
 * @returns those that are there, as they are defined now, in the package's order
 */
export async function defineShippedBoards(service: Service): Promise<readonly LeaderboardDefinition[]> {
  const { documents } = service.store
  const there = new Map((await service.boards.list()).map((definition) => [definition.name, definition]))
  const defined: LeaderboardDefinition[] = []
  for (const definition of shippedLeaderboards()) {
    const marker = `leaderboard/${definition.name}`
    const hash = hashOf(definition)
    const known = (await documents.get(markers, marker)) as { readonly hash?: string } | undefined
    const present = there.get(definition.name)
    const untouched =
      known === undefined ? present === undefined : present !== undefined && hashOf(present) === known.hash
    if (untouched) {
      if (known?.hash !== hash) {
        await service.boards.put(definition)
        await documents.put(markers, marker, { hash })
      }
      defined.push(definition)
    } else if (present) defined.push(present)
  }
  return defined
}

/** Settles when a job has ended, however it did. */
function jobEnded(jobs: Jobs, id: string): Promise<void> {
  return new Promise((resolve) => {
    jobs.watch(id, ({ state }) => {
      if (state !== 'running') resolve()
    })
  })
}

/**
 * Begins what takes seconds and nobody need wait for: the models of several aspects, the tastes of the people that come
 * with the package, and the recommenders of its choices; one job after the other, so that a core stays free. What an earlier start has made of the same
 * signals is used as it is.
 *
 * @returns whether there was something to begin, as soon as that is known
 */
export async function beginLearning(service: Service): Promise<boolean> {
  const { people, dials, jobs, stopping, log } = service
  const sources = new Set((await people.list()).map(({ source }) => source))
  const steps = [
    ...dials.ids.map((id) => async () => {
      const found = await dials.read(id)
      return 'job' in found ? found.job : undefined
    }),
    ...shippedPeople()
      .filter(({ source }) => sources.has(source))
      .map(
        ({ source }) =>
          async () =>
            (await people.read(source)).job,
      ),
    ...shippedRecommenders().map((request) => () => fitShippedRecommender(service, request)),
  ]
  for (const [at, step] of steps.entries()) {
    const first = await step()
    if (!first) continue
    const others = async (): Promise<void> => {
      await jobEnded(jobs, first.id)
      for (const next of steps.slice(at + 1)) {
        if (stopping.aborted) return
        const job = await next()
        if (job) await jobEnded(jobs, job.id)
      }
    }
    others().catch((error: unknown) => {
      if (!stopping.aborted) log.warn({ err: error }, 'what was to be learned in the background was not')
    })
    return true
  }
  return false
}
