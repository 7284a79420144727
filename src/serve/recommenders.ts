import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SignalStore } from '../collect/index.ts'
import {
  type CurveOptions,
  forgetUser,
  type OpenRecommender,
  openRecommender,
  type RecommenderManifest,
  type RerankCurve,
  recommenderKinds,
} from '../recommend/index.ts'
import { type Run, recentMap } from '../run/index.ts'
import type { Job, Jobs } from './jobs.ts'
import { historyNow, type KeptRecommender, recommenderShelf, workFor } from './kept-recommenders.ts'
import { missing, Problem } from './problem.ts'
import type { RecommenderRequest } from './recommend-schema.ts'
import type { RecommenderWork } from './task.ts'

/** A file of interactions that a client sent. */
export interface InteractionUpload {
  readonly id: string
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Recommenders by name: fitted in jobs, kept in folders, opened when they are asked. */
export interface Recommenders {
  list(): Promise<readonly KeptRecommender[]>
  /** @throws {Problem} 404 */
  read(name: string): Promise<KeptRecommender>
  /** Begins to fit. @throws {Problem} 400 on what cannot be fitted, 409 when the name is taken or being fitted */
  fit(request: RecommenderRequest): Promise<{ readonly job: Job; readonly recommender: KeptRecommender }>
  /** @throws {Problem} 404 */
  delete(name: string): Promise<void>
  /** Lends a recommender. @throws {Problem} 404, or 503 while it is not fitted */
  use<Result>(name: string, work: (open: OpenRecommender, kept: KeptRecommender) => Promise<Result>): Promise<Result>
  /**
   * What re-ranking costs.
   *
   * @throws {Problem} 404, 503 while it is not fitted, or 409 when nothing was measured
   */
  curve(name: string, options: CurveOptions): Promise<RerankCurve>
  /** What a user took up to now, oldest first, as the recommender counts interactions; undefined when nothing. */
  historyNow(kept: KeptRecommender, open: OpenRecommender, user: string): Promise<readonly string[] | undefined>
  /** Takes a rater out of every recommender. */
  forget(rater: string): Promise<void>
  readonly files: {
    list(): Promise<readonly InteractionUpload[]>
    add(upload: Omit<InteractionUpload, 'at'>): Promise<InteractionUpload>
    /** @throws {Problem} 404 */
    delete(id: string): Promise<void>
    /** Where a file of this id goes. */
    folderOf(id: string): string
  }
  close(): Promise<void>
}

const fileCollection = 'interaction-files'
/** Recommenders that are open at once; the one that was used longest ago is closed for another. */
const mostOpen = 16
/** Curves that are kept. */
const keptCurves = 100

interface Lent {
  readonly folder: string
  readonly open: Promise<OpenRecommender>
  users: number
  /** What is to be done with it, and its folder, once nobody uses it. */
  ending?: 'close' | 'remove'
}

export interface RecommendersOptions {
  readonly store: SignalStore
  readonly jobs: Jobs
  /** Recommenders are below `recommenders`, files below `interactions`. */
  readonly folder: string
  readonly rerankCurve: (folder: string, options: CurveOptions) => Promise<RerankCurve>
  readonly fit: (work: RecommenderWork, run: Run) => Promise<RecommenderManifest>
}

/** The recommenders of a data folder. Folders that a stopped server left half-made are removed. */
export async function openRecommenders({
  store,
  jobs,
  folder,
  fit,
  rerankCurve,
}: RecommendersOptions): Promise<Recommenders> {
  const { documents } = store
  const shelf = recommenderShelf(store, folder)
  const { base, pathOf, list } = shelf
  const uploads = join(folder, 'interactions')
  /** By folder, that used longest ago first. */
  const lent = new Map<string, Lent>()
  const curves = recentMap<Promise<RerankCurve>>(keptCurves, () => 1)
  /** Fits under way by name, each with the raters who were erased since it may have read them. */
  const underWay = new Map<string, { readonly job: string; readonly erased: Set<string> }>()

  const read = async (name: string): Promise<KeptRecommender> => {
    const found = await shelf.get(name)
    if (!found) throw missing('recommender', name)
    return found
  }

  const close = async ({ open, folder: path, ending }: Lent): Promise<void> => {
    const opened = await open.catch(() => undefined)
    await opened?.close()
    if (ending === 'remove') await rm(path, { recursive: true, force: true })
  }
  /** Lets go of the recommender of a folder, and removes the folder if so wished, once nobody uses it. */
  const release = async (path: string, removes: boolean): Promise<void> => {
    const one = lent.get(path)
    lent.delete(path)
    if (!one) {
      if (removes) await rm(path, { recursive: true, force: true })
      return
    }
    one.ending = removes ? 'remove' : 'close'
    if (one.users === 0) await close(one)
  }

  const use: Recommenders['use'] = async (name, work) => {
    const found = await read(name)
    const path = shelf.pathOfFitted(found)
    if (path === undefined) {
      const job = jobs.list().find(({ id }) => id === found.job)
      throw job?.state === 'running'
        ? new Problem(
            503,
            'not-fitted-yet',
            `The recommender "${name}" is being fitted; job ${job.id} tells how far it is. Ask again.`,
          )
        : new Problem(503, 'failed', `The recommender "${name}" could not be fitted: ${job?.error ?? 'fit it again'}`)
    }
    const one = lent.get(path) ?? { folder: path, open: openRecommender(path), users: 0 }
    // What was used last comes last.
    lent.delete(path)
    lent.set(path, one)
    one.users++
    try {
      for (const [other, { users }] of lent) {
        if (lent.size <= mostOpen) break
        if (users === 0) await release(other, false)
      }
      const open = await one.open.catch(async (error: unknown) => {
        if (lent.get(path) === one) lent.delete(path)
        // It may have been replaced between being looked up and being opened.
        const now = await shelf.get(name)
        if (now?.fitted && shelf.pathOfFitted(now) !== path) return undefined
        throw error
      })
      return open ? await work(open, found) : await use(name, work)
    } finally {
      one.users--
      if (one.ending !== undefined && one.users === 0) await close(one)
    }
  }

  const forgetIn = async (name: string, rater: string): Promise<void> => {
    const found = await shelf.get(name)
    const path = found && shelf.pathOfFitted(found)
    if (path !== undefined && (await forgetUser(path, rater))) await release(path, false)
  }

  const checkedOptions = ({ kind, options }: RecommenderRequest): void => {
    const known = Object.hasOwn(recommenderKinds, kind) ? recommenderKinds[kind] : undefined
    if (!known) {
      const message = `is "${kind}", expected one of ${Object.keys(recommenderKinds).join(', ')}`
      throw new Problem(400, 'invalid', `kind ${message}`, { issues: [{ path: 'kind', message }] })
    }
    const parsed = known.options.safeParse(options)
    if (parsed.success) return
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: ['options', ...path].join('.'), message }))
    throw new Problem(400, 'invalid', `${issues[0]?.path ?? 'options'}: ${issues[0]?.message ?? 'not valid'}`, {
      issues,
    })
  }

  const files: Recommenders['files'] = {
    list: async () =>
      (await documents.list(fileCollection))
        .map(({ document }) => document as InteractionUpload)
        .toSorted((a, b) => b.at - a.at),
    async add(upload) {
      const made: InteractionUpload = { ...upload, at: Date.now() }
      await documents.put(fileCollection, upload.id, made)
      return made
    },
    async delete(id) {
      if (!(await documents.delete(fileCollection, id))) throw missing('file of interactions', id)
      await rm(join(uploads, id), { recursive: true, force: true })
    },
    folderOf: (id) => join(uploads, id),
  }

  // Versions that no document names were being made, or being removed, when the server stopped.
  const versions = new Map((await list()).map(({ request, fitted }) => [request.name, fitted?.folder]))
  if (existsSync(base))
    for (const name of readdirSync(base))
      for (const version of readdirSync(join(base, name)))
        if (versions.get(name) !== version) await rm(pathOf(name, version), { recursive: true, force: true })
  const known = new Set((await files.list()).map(({ id }) => id))
  if (existsSync(uploads))
    for (const id of readdirSync(uploads))
      if (!known.has(id)) await rm(join(uploads, id), { recursive: true, force: true })

  return {
    list,
    read,
    files,
    use,
    async fit(request) {
      const { name, data } = request
      checkedOptions(request)
      const before = await shelf.get(name)
      if (before?.fitted && !request.replace)
        throw new Problem(
          409,
          'conflict',
          `There is a recommender "${name}" already; give "replace": true to fit it anew.`,
        )
      const file =
        data.from === 'file'
          ? ((await documents.get(fileCollection, data.file)) as InteractionUpload | undefined)
          : undefined
      if (data.from === 'file' && !file)
        throw new Problem(400, 'invalid', `data.file is "${data.file}", expected the id of a file that was sent`, {
          issues: [{ path: 'data.file', message: `is "${data.file}", expected the id of a file that was sent` }],
        })
      if (underWay.has(name))
        throw new Problem(
          409,
          'conflict',
          `The recommender "${name}" is being fitted; stop job ${underWay.get(name)?.job} first.`,
        )
      const version = randomUUID()
      const target = pathOf(name, version)
      const serving = before && shelf.pathOfFitted(before)
      const earlier = serving && join(serving, 'items.jsonl')
      const erased = new Set<string>()
      const begun = Date.now()
      // What is asked for is kept before anything can have come of it.
      const noted = Promise.withResolvers<void>()
      const job = jobs.start('recommender', async (run) => {
        try {
          await noted.promise
          await mkdir(join(base, name), { recursive: true })
          const work = workFor(request, {
            folder: target,
            ...(file && { file: { id: file.id, name: file.name, path: file.path } }),
            ...(earlier !== undefined && { details: earlier }),
          })
          const manifest = await fit(work, run)
          for (const rater of erased) await forgetUser(target, rater)
          run.signal.throwIfAborted()
          const at = Date.now()
          const now = await shelf.get(name)
          if (!now) throw new Error(`the recommender "${name}" was deleted`)
          await shelf.put({
            ...now,
            fitted: { request, folder: version, at, seconds: (at - begun) / 1000, manifest },
          })
          const replaced = shelf.pathOfFitted(now)
          if (replaced !== undefined) await release(replaced, true)
          const { users, items, interactions, quality } = manifest
          return { recommender: name, users, items, interactions, ...(quality && { quality }) }
        } catch (error) {
          for (const path of [target, `${target}.partial`]) await rm(path, { recursive: true, force: true })
          throw error
        } finally {
          underWay.delete(name)
        }
      })
      underWay.set(name, { job: job.id, erased })
      const recommender: KeptRecommender = { ...before, request, job: job.id }
      await shelf.put(recommender)
      noted.resolve()
      return { job, recommender }
    },
    async delete(name) {
      const found = await read(name)
      const running = underWay.get(name)
      if (running) jobs.cancel(running.job)
      await shelf.delete(name)
      const path = shelf.pathOfFitted(found)
      if (path !== undefined) await release(path, true)
    },
    curve: (name, options) =>
      use(name, (_, kept) => {
        const path = shelf.pathOfFitted(kept) ?? ''
        const key = JSON.stringify([path, options])
        const known = curves.get(key)
        if (known) return known
        const made = rerankCurve(path, options).catch((error: unknown) => {
          // From a thread, errors come by name.
          if (error instanceof Error && error.name === 'RangeError')
            throw new Problem(409, 'not-measured', `There is no curve of "${name}": ${error.message}.`)
          throw error
        })
        curves.add(key, made)
        return made
      }),
    historyNow: async ({ fitted }, open, user) => (fitted ? historyNow(store, fitted, open, user) : undefined),
    async forget(rater) {
      for (const { erased } of underWay.values()) erased.add(rater)
      for (const { request } of await list()) await forgetIn(request.name, rater)
    },
    async close() {
      for (const path of [...lent.keys()]) await release(path, false)
    },
  }
}
