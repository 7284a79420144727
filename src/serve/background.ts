import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openSqliteStore, type SignalStore } from '../collect/index.ts'
import type { Dial, People, PeopleDefinition } from '../evaluate/index.ts'
import type { CurveOptions, RecommenderManifest, RerankCurve } from '../recommend/index.ts'
import { type Run, startRun } from '../run/index.ts'
import type { Fit } from './boards.ts'
import type { FromThread, ImportOutcome, ImportTask, RecommenderWork, Task, TaskResults, ToThread } from './task.ts'

/**
 * The store for short requests, and threads with stores of their own for long work, so that the server answers whatever
 * is going on. The embedded store is safe under several connections.
 */
export interface Background {
  readonly store: SignalStore
  readonly fit: Fit
  importFile(task: ImportTask, run: Run): Promise<ImportOutcome>
  /** Loads a set of data that comes with the package; gives the number of signals that were not there before. */
  loadDataset(name: string, run: Run): Promise<number>
  /** Finds the tastes of a source's raters. */
  fitPeople(definition: PeopleDefinition, run: Run): Promise<People>
  /** Makes the dial of opinion summaries and saves its model to a folder. */
  makeDial(modelFolder: string, run: Run): Promise<Dial>
  /** Fits a recommender into a folder. */
  fitRecommender(work: RecommenderWork, run: Run): Promise<RecommenderManifest>
  /** Measures what re-ranking by the recommender of a folder costs. */
  rerankCurve(recommenderFolder: string, options: CurveOptions): Promise<RerankCurve>
  /** Ends the threads and closes the store. */
  close(): Promise<void>
}

/** An error that came from a thread, under the name it had there. */
function errorFrom({ name, message, code }: { name: string; message: string; code?: string }): Error {
  const error = new Error(message)
  error.name = name
  return code === undefined ? error : Object.assign(error, { code })
}

interface Thread {
  run<Kind extends Task['kind']>(task: Extract<Task, { kind: Kind }>, run: Run): Promise<TaskResults[Kind]>
  end(): Promise<void>
}

// The compiled package has the script beside this file with the extension this file has then.
const script = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

function startThread(folder: string, onEnd: () => void): Thread {
  const worker = new Worker(script, {
    workerData: { folder },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const waiting = new Map<
    number,
    { readonly run: Run; readonly resolve: (result: never) => void; readonly reject: (error: Error) => void }
  >()
  let count = 0
  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const settle = (id: number): void => {
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
  }
  worker.on('message', (message: FromThread) => {
    const one = waiting.get(message.id)
    if (!one) return
    if ('progress' in message) one.run.progress(message.progress)
    else if ('log' in message) one.run.log(message.log)
    else {
      settle(message.id)
      if ('error' in message) one.reject(errorFrom(message.error))
      else one.resolve(message.result as never)
    }
  })
  worker.on('error', (error) => failAll(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => {
    failAll(new Error('the work was cut off because its thread ended'))
    onEnd()
  })
  // A server that has nothing else to do may end, but not while somebody waits for what a thread does.
  worker.unref()
  return {
    run(task, run) {
      const id = count++
      const tell = (message: ToThread): void => worker.postMessage(message)
      return new Promise((resolve, reject) => {
        const stop = (): void => tell({ id, stop: true })
        run.signal.addEventListener('abort', stop, { once: true })
        const unhear = (): void => run.signal.removeEventListener('abort', stop)
        waiting.set(id, {
          run,
          resolve(result) {
            unhear()
            resolve(result)
          },
          reject(error) {
            unhear()
            reject(error)
          },
        })
        worker.ref()
        tell({ id, task, seed: run.seed, folder: run.folder })
        if (run.signal.aborted) stop()
      })
    },
    async end() {
      await worker.terminate()
    },
  }
}

/** Opens a data folder's store, and makes ready to work on it off the main thread. */
export async function openBackground(folder: string): Promise<Background> {
  const store = await openSqliteStore(folder)
  const threads = new Set<Thread>()
  const start = (): Thread => {
    const thread = startThread(folder, () => {
      threads.delete(thread)
      if (fitter === thread) fitter = undefined
      if (spare === thread) spare = undefined
    })
    threads.add(thread)
    return thread
  }
  let fitter: Thread | undefined
  /** A thread that has done long work and waits for more. */
  let spare: Thread | undefined
  /** The thread for short work, which stays: starting one takes as long as fitting a small board. */
  const lasting = (): Thread => {
    fitter ??= start()
    return fitter
  }

  /** Long work on a thread of its own, so that short work need not wait for it. */
  const apart = async <Kind extends Task['kind']>(
    task: Extract<Task, { kind: Kind }>,
    run: Run,
  ): Promise<TaskResults[Kind]> => {
    const thread = spare ?? start()
    spare = undefined
    // A fit computes without a pause and would hear of the wish to stop when it is over.
    const cut = (): void => void thread.end()
    if (task.kind === 'people' || task.kind === 'recommender') run.signal.addEventListener('abort', cut, { once: true })
    try {
      return await thread.run<Kind>(task, run)
    } finally {
      run.signal.removeEventListener('abort', cut)
      // One thread stays for the next piece of work, because most files are read sooner than a thread is started.
      if (spare === undefined && threads.has(thread)) spare = thread
      else await thread.end()
    }
  }

  return {
    store,
    fit(definition, within) {
      return lasting().run({ kind: 'fit', definition, within }, startRun({ folder: join(folder, 'work') }))
    },
    loadDataset: (name, run) => lasting().run({ kind: 'dataset', name }, run),
    importFile: (task, run) => apart(task, run),
    fitPeople: (definition, run) => apart({ kind: 'people', definition }, run),
    makeDial: (modelFolder, run) => apart({ kind: 'dial', folder: modelFolder }, run),
    fitRecommender: (work, run) => apart({ kind: 'recommender', work }, { ...run, seed: work.seed }),
    rerankCurve: (recommenderFolder, options) =>
      lasting().run({ kind: 'curve', folder: recommenderFolder, options }, startRun({ folder: join(folder, 'work') })),
    async close() {
      await Promise.all([...threads].map((thread) => thread.end()))
      await store.close()
    },
  }
}
