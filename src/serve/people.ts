import packageJson from '../../package.json' with { type: 'json' }
import type { SignalFilter, SignalStore } from '../collect/index.ts'
import { orderingKinds, type People, type PeopleDefinition, shippedPeople } from '../evaluate/index.ts'
import { canonicalJson, contentHash, type Json, type Run } from '../run/index.ts'
import type { Job, Jobs } from './jobs.ts'
import { missing } from './problem.ts'

/** Tastes as they were found last, and the job that finds them anew, if one does. */
export interface KnownPeople {
  readonly people?: People
  /** Absent when `people` is of the signals of now. */
  readonly job?: Job
}

/** The people of each source: their tastes, found in jobs and kept until their signals change. */
export interface PeopleBySource {
  /** Sources whose raters put candidates in order, those of the package first. */
  list(): Promise<readonly PeopleDefinition[]>
  /** What is known of a source's people now. When that is out of date or nothing, a job has begun to find it. */
  read(source: string): Promise<KnownPeople>
  /** Takes a rater out of everything that was found. */
  forget(rater: string): Promise<void>
}

const collection = 'people'

interface Result {
  /** Hash of the definition and the program's version. */
  readonly key: string
  /** What tells the signals from those of another moment; see `boards.ts`. */
  readonly extent: string
  readonly people: People
}

function filterOf({ source, columns }: PeopleDefinition): SignalFilter {
  return { sources: [source, ...(columns === 'eurovision' ? ['eurovision-points'] : [])], kinds: orderingKinds }
}

const keyOf = (definition: PeopleDefinition): string =>
  contentHash(canonicalJson({ definition, program: packageJson.version } as unknown as Json))

/** Numbers as they are shown, so that a result is half as large. */
function rounded(people: People): People {
  const text = JSON.stringify(people, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value))
  return JSON.parse(text) as People
}

/** The same people without one of them. */
function without(people: People, rater: string): People | undefined {
  const gone = people.raters.find(({ id }) => id === rater)
  if (!gone) return undefined
  const less = <Sized extends object>(all: readonly Sized[], at: number, size: keyof Sized): Sized[] =>
    all.map((one, place) => (place === at ? { ...one, [size]: Number(one[size]) - 1 } : one))
  const group = people.groups.findIndex(({ name }) => name === gone.group)
  return {
    ...people,
    raters: people.raters.filter(({ id }) => id !== rater),
    clusters: less(people.clusters, gone.cluster, 'size'),
    groups: less(people.groups, group, 'raters').filter(({ raters }) => raters > 0),
  }
}

export interface PeopleOptions {
  readonly store: Pick<SignalStore, 'counts' | 'count' | 'page' | 'documents'>
  readonly jobs: Jobs
  readonly fit: (definition: PeopleDefinition, run: Run) => Promise<People>
}

/** People over a store. Results are kept among the store's documents and read into memory when they are asked for. */
export function openPeople({ store, jobs, fit }: PeopleOptions): PeopleBySource {
  const { documents } = store
  const memory = new Map<string, Result>()
  /** The job that found, or finds, a source's people of an extent; a failed one is not tried again. */
  const underway = new Map<string, { readonly extent: string; readonly job: string }>()
  /** For each job that runs, the raters that were erased since it may have read them. */
  const erasures = new Set<Set<string>>()

  async function extentOf(definition: PeopleDefinition): Promise<string> {
    const filter = filterOf(definition)
    const { signals } = await store.page(filter, { limit: 1, newestFirst: true })
    return `${await store.count(filter)} ${signals[0]?.id ?? ''}`
  }

  async function list(): Promise<readonly PeopleDefinition[]> {
    const { sources } = await store.counts()
    const shipped = shippedPeople()
    const known = new Set(shipped.map(({ source }) => source))
    const others: PeopleDefinition[] = []
    for (const source of Object.keys(sources).toSorted())
      if (!known.has(source) && (await store.count({ sources: [source], kinds: orderingKinds })) > 0)
        others.push({ source, title: source, description: `Everyone whose signals came from “${source}”.` })
    return [...shipped.filter(({ source }) => (sources[source] ?? 0) > 0), ...others]
  }

  async function find(definition: PeopleDefinition, extent: string): Promise<Job> {
    const { source } = definition
    const other = underway.get(source)
    const started = other && jobs.list().find(({ id }) => id === other.job)
    if (started && (started.state === 'running' || other.extent === extent)) return started
    const job = jobs.start('people', async (run) => {
      const erased = new Set<string>()
      erasures.add(erased)
      try {
        let people = rounded(await fit(definition, run))
        for (const rater of erased) people = without(people, rater) ?? people
        const result: Result = { key: keyOf(definition), extent, people }
        memory.set(source, result)
        await documents.put(collection, source, result)
        return { source, raters: people.raters.length, clusters: people.clusters.length }
      } finally {
        erasures.delete(erased)
      }
    })
    underway.set(source, { extent, job: job.id })
    return job
  }

  return {
    list,
    async read(source) {
      const definition = (await list()).find((one) => one.source === source)
      if (!definition) throw missing('source of people', source)
      const known = memory.get(source) ?? ((await documents.get(collection, source)) as Result | undefined)
      if (known) memory.set(source, known)
      const extent = await extentOf(definition)
      const current = known?.key === keyOf(definition) && known.extent === extent
      if (known && current) return { people: known.people }
      const job = await find(definition, extent)
      return { ...(known && { people: known.people }), job }
    },
    async forget(rater) {
      for (const erased of erasures) erased.add(rater)
      for (const { id, document } of await documents.list(collection)) {
        const result = document as Result
        const people = without(result.people, rater)
        if (!people) continue
        const less = { ...result, people }
        memory.set(id, less)
        await documents.put(collection, id, less)
      }
    },
  }
}
