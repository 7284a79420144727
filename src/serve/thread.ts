import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteStore, type Signal, shippedDatasets } from '../collect/index.ts'
import {
  type Dial,
  fitLeaderboard,
  fitOpinionDial,
  fitPeople,
  type Leaderboard,
  type People,
} from '../evaluate/index.ts'
import { saveModel } from '../learn/index.ts'
import { recommenderCurve } from '../recommend/index.ts'
import { type Run, startRun } from '../run/index.ts'
import { fitRecommender } from './fit-recommender.ts'
import { importNotingSources } from './imported-board.ts'
import type {
  DatasetTask,
  DialTask,
  FitTask,
  FromThread,
  ImportOutcome,
  ImportTask,
  PeopleTask,
  Task,
  TaskResults,
  ToThread,
} from './task.ts'

// The script of the threads that do what would keep the server from answering.

if (!parentPort) throw new Error('this script is run as a thread of the server')
const port = parentPort
const { folder } = workerData as { readonly folder: string }
const store = await openSqliteStore(folder)
const underWay = new Map<number, AbortController>()
const tell = (message: FromThread): void => port.postMessage(message)

function importing(task: ImportTask, run: Run): Promise<ImportOutcome> {
  const { path, name, keepGoing, rejects, format, source } = task
  const options = { name, keepGoing, rejects, ...(format && { format }), ...(source !== undefined && { source }) }
  return importNotingSources(path, { store, ...options }, run)
}

const batchSignals = 1_000

async function loading(task: DatasetTask, run: Run): Promise<number> {
  const dataset = shippedDatasets().find(({ name }) => name === task.name)
  if (!dataset) throw new Error(`no data set ${JSON.stringify(task.name)} comes with the package`)
  let [batch, done, inserted]: [Signal[], number, number] = [[], 0, 0]
  const write = async (): Promise<void> => {
    inserted += (await store.insert(batch)).inserted
    done += batch.length
    batch = []
    run.progress({ label: dataset.title, done, total: dataset.signals })
    run.signal.throwIfAborted()
  }
  // Reading the file has a progress of its own, in bytes, which nobody needs to see.
  for await (const signal of dataset.load(startRun({ folder: run.folder, signal: run.signal }))) {
    batch.push(signal)
    if (batch.length >= batchSignals) await write()
  }
  await write()
  return inserted
}

async function fitting(task: FitTask, run: Run): Promise<Leaderboard> {
  const snapshot = await store.snapshot()
  try {
    return await fitLeaderboard(task.definition, snapshot, run, { within: task.within })
  } finally {
    await snapshot.close()
  }
}

async function finding(task: PeopleTask, run: Run): Promise<People> {
  const snapshot = await store.snapshot()
  try {
    return await fitPeople(task.definition, snapshot, run)
  } finally {
    await snapshot.close()
  }
}

async function making(task: DialTask, run: Run): Promise<Dial> {
  const { dial, model } = await fitOpinionDial(run)
  await saveModel(model as never, task.folder, { replace: true })
  await model.dispose()
  return dial
}

function doing(task: Task, run: Run): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'fit':
      return fitting(task, run)
    case 'import':
      return importing(task, run)
    case 'dataset':
      return loading(task, run)
    case 'people':
      return finding(task, run)
    case 'dial':
      return making(task, run)
    case 'recommender':
      return fitRecommender(task.work, store, run)
    case 'curve':
      return recommenderCurve(task.folder, task.options)
  }
}

async function work(id: number, task: Task, run: Run): Promise<void> {
  try {
    tell({ id, result: await doing(task, run) })
  } catch (error) {
    const { name, message, code } = (error instanceof Error ? error : new Error(String(error))) as NodeJS.ErrnoException
    tell({ id, error: { name, message, ...(typeof code === 'string' && { code }) } })
  } finally {
    underWay.delete(id)
  }
}

port.on('message', (message: ToThread) => {
  if ('stop' in message) {
    underWay.get(message.id)?.abort(new Error('cancelled'))
    return
  }
  const { id, task, seed, folder: runFolder } = message
  const abort = new AbortController()
  underWay.set(id, abort)
  const run = startRun({
    seed,
    folder: runFolder,
    signal: abort.signal,
    onProgress: (progress) => tell({ id, progress }),
    onLog: (log) => tell({ id, log }),
  })
  void work(id, task, run)
})
