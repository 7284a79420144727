import { existsSync, readFileSync } from 'node:fs'
import {
  type Candidate,
  competitorOf,
  type Signal,
  type SignalFilter,
  type SignalSource,
  type SignalStore,
} from '../collect/index.ts'
import { shippedChoices } from '../evaluate/index.ts'
import {
  filterLog,
  fitToFolder,
  type InteractionLog,
  type NamedDetails,
  type RecommenderManifest,
  readInteractions,
  signalInteractions,
} from '../recommend/index.ts'
import type { Run } from '../run/index.ts'
import type { RecommenderData } from './recommend-schema.ts'
import type { RecommenderWork } from './task.ts'

/** Title of a text that stands for an item. */
const titleLength = 200

/** The id that a candidate has as an item. */
export function itemIdOf(candidate: Candidate, byProducer: boolean): string {
  if (byProducer) return competitorOf(candidate)
  return candidate.content.modality === 'item' ? candidate.content.item : candidate.id
}

/** Passes signals on, and notes what their candidates say of themselves; what came last stands. */
function notingDetails(source: SignalSource, byProducer: boolean, details: Map<string, NamedDetails>): SignalSource {
  const note = (candidate: Candidate): void => {
    const { content, producer, features } = candidate
    const id = itemIdOf(candidate, byProducer)
    const attributes = { ...features, ...(producer !== undefined && !byProducer && { producer }) }
    const title = content.modality === 'text' && !byProducer ? content.text.slice(0, titleLength) : undefined
    if (title === undefined && Object.keys(attributes).length === 0) return
    details.set(id, { id, ...(title !== undefined && { title: title.toWellFormed() }), attributes })
  }
  const read = async function* (filter?: SignalFilter): AsyncIterable<Signal> {
    for await (const signal of source.read(filter)) {
      if (signal.kind === 'choice') signal.shown.forEach(note)
      else if (signal.kind === 'rating') note(signal.candidate)
      yield signal
    }
  }
  return { read, count: (filter) => source.count(filter) }
}

/** What signals of a rater, or of all, amount to. */
export async function interactionsOf(
  source: SignalSource,
  data: Extract<RecommenderData, { from: 'signals' }>,
  rater?: string,
): Promise<InteractionLog> {
  const { filter = {}, aspect, byProducer, atLeast } = data
  if (rater !== undefined && filter.raters && !filter.raters.includes(rater))
    return signalInteractions({ ...source, read: async function* () {} })
  const log = await signalInteractions(source, {
    filter: { kinds: ['choice', 'rating'], ...filter, ...(rater !== undefined && { raters: [rater] }) } as SignalFilter,
    ...(aspect !== undefined && { aspect }),
    ...(byProducer && { byProducer }),
  })
  return valued(log, atLeast)
}

function valued(log: InteractionLog, atLeast: number | undefined): InteractionLog {
  const { values } = log
  return atLeast === undefined ? log : filterLog(log, (at) => (values?.[at] ?? 1) >= atLeast)
}

/** Lines of a file of details. */
function* linesOf(path: string): Iterable<NamedDetails> {
  for (const line of readFileSync(path, 'utf8').split('\n')) if (line !== '') yield JSON.parse(line) as NamedDetails
}

/** Reads the interactions that a task names, fits, and writes the recommender's folder. */
export async function fitRecommender(
  { kind, options, holdOut, holdOutFrom, index, data, file, folder, details: earlier }: RecommenderWork,
  store: SignalStore,
  run: Run,
): Promise<RecommenderManifest> {
  const details = new Map<string, NamedDetails>()
  const read = async (): Promise<{ readonly log: InteractionLog; readonly version?: string }> => {
    if (data.from === 'file') {
      if (!file) throw new Error('there is no file to read')
      const { layout, delimiter, header, columns, timeUnit, brokenLines, atLeast } = data
      const log = await readInteractions(
        file.path,
        {
          brokenLines,
          ...(layout && { layout }),
          ...(delimiter !== undefined && { delimiter }),
          ...(header !== undefined && { header }),
          ...(columns && { columns: Object.fromEntries(Object.entries(columns).filter(([, at]) => at !== undefined)) }),
          ...(timeUnit && { timeUnit }),
        },
        run,
      )
      if (log.rejectedCount > 0)
        run.log({ level: 'warn', message: `${log.rejectedCount} lines of ${file.name} could not be read` })
      return { log: valued(log, atLeast), version: file.id }
    }
    run.progress({ label: 'reading signals', done: 0 })
    if (data.from === 'shipped') {
      const choices = shippedChoices().find(({ name }) => name === data.choices)
      if (!choices) throw new RangeError(`no choices ${JSON.stringify(data.choices)} come with the package`)
      const { log, items } = await choices.load(store)
      for (const item of items) details.set(item.id, item)
      return { log, version: await store.version() }
    }
    const snapshot = await store.snapshot()
    try {
      const log = await interactionsOf(notingDetails(snapshot, data.byProducer, details), data)
      return { log, version: snapshot.version }
    } finally {
      await snapshot.close()
    }
  }
  const { log, version } = await read()
  function* all(): Iterable<NamedDetails> {
    yield* details.values()
    if (earlier !== undefined && existsSync(earlier)) yield* linesOf(earlier)
  }
  return fitToFolder(
    log,
    {
      kind,
      options,
      holdOut,
      holdOutFrom,
      index,
      details: all(),
      ...(version !== undefined && { dataVersion: version }),
    },
    folder,
    run,
  )
}
