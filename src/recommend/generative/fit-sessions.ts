import type { Run } from '../../run/index.ts'
import {
  adamW,
  add,
  type Examples,
  examplesOf,
  type FitMetrics,
  type FitResult,
  fit,
  mean,
  mul,
  type SessionOptions,
  spec,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { fitName } from './fit-name.ts'
import { historyWords, type Session, type SessionGenerator, sessionCodes } from './session-generator.ts'
import { encodeHistories, sessionLosses, sessionStates, sessionWords } from './session-net.ts'

/** How a net learns to write sessions. */
export interface SessionFitOptions {
  /** Default 20. */
  readonly epochs?: number
  /** Sessions in a step. Default 256 (Mender). */
  readonly batchSize?: number
  /** Adam's. Default 2e-4 (OneRec). */
  readonly learningRate?: number
  /** Shrinks weights beside the step. Default 0, which is Adam. */
  readonly weightDecay?: number
  /** Weight of the loss that spreads words over experts. Default 0: the paper has none. */
  readonly balance?: number
  /** Sessions to choose the epoch by; without them, all epochs are trained and the last stands. */
  readonly valid?: readonly Session[]
  /**
   * What is measured of them: `likelihood`, the mean of log P(S | H), or `recall`, the share of their items among the
   * first ten that the likeliest sessions name. Default `likelihood`.
   */
  readonly measure?: 'likelihood' | 'recall'
  /** Beams of that search. Default 20. */
  readonly beams?: number
  /** Epochs between two measurements. Default 1. */
  readonly validateEvery?: number
  /** Measurements without improvement after which training stops. Default 5. */
  readonly patience?: number
  /** Steps between checkpoints; 0 for none. Default: one at the end of each epoch. */
  readonly checkpointEvery?: number
  /** Where and on how many threads graphs run. */
  readonly session?: SessionOptions
  readonly onMetrics?: (metrics: FitMetrics) => void
}

/** Every item after the first of each history, with what came before it: what a net of one item a session learns from. */
export function nextItemSessions(sequences: Sequences, most = Number.POSITIVE_INFINITY): Session[] {
  const sessions: Session[] = []
  for (let user = 0; user < sequences.offsets.length - 1; user++) {
    const items = sequenceOf(sequences, user)
    for (let at = 1; at < items.length; at++)
      sessions.push({ history: items.subarray(Math.max(0, at - most), at), items: items.subarray(at, at + 1) })
  }
  return sessions
}

/** Histories cut into what went before and the m items after it, from the end backwards; the rest is what went before. */
export function consecutiveSessions(sequences: Sequences, sessionLength: number, least = 1): Session[] {
  const sessions: Session[] = []
  for (let user = 0; user < sequences.offsets.length - 1; user++) {
    const items = sequenceOf(sequences, user)
    for (let to = items.length; to - sessionLength >= least; to -= sessionLength)
      sessions.push({ history: items.subarray(0, to - sessionLength), items: items.subarray(to - sessionLength, to) })
  }
  return sessions.reverse()
}

/** Numbers of one array beyond which batches are made one at a time. */
const heldNumbers = 1 << 25

/** Sessions as a step is fed them. */
export function sessionExamples(
  { ids, config }: Pick<SessionGenerator, 'ids' | 'config'>,
  sessions: readonly Session[],
): {
  readonly examples: Examples<Record<'histories' | 'sessions', TensorValue>>
  readonly first: Record<string, TensorValue>
} {
  const levels = ids.sizes.length
  const { historyLength, sessionLength } = config
  const columns = (some: readonly Session[]): Record<'histories' | 'sessions', TensorValue> => ({
    histories: value(
      historyWords(
        some.map(({ history }) => history),
        ids,
        historyLength,
      ),
      [some.length, historyLength * levels],
    ),
    sessions: value(
      sessionCodes(
        some.map(({ items }) => items),
        ids,
        sessionLength,
      ),
      [some.length, sessionLength * levels],
    ),
  })
  if (sessions.length * historyLength * levels <= heldNumbers) {
    const held = columns(sessions)
    return { examples: examplesOf(held), first: held }
  }
  return {
    examples: {
      count: sessions.length,
      batch: (indices) => columns(Array.from(indices, (at) => sessions[at] as Session)),
    },
    // Enough to tell two data sets apart.
    first: columns(sessions.slice(0, 10_000)),
  }
}

/** Share of the sessions' items among the first `count` that beams name, best beam first. */
export async function sessionRecall(
  generator: SessionGenerator,
  sessions: readonly Session[],
  { beams = 20, count = 10 }: { readonly beams?: number; readonly count?: number } = {},
): Promise<number> {
  const found = await generator.generate(
    sessions.map(({ history }) => history),
    // What is to be found may have been taken before.
    { beams, exclude: 'nothing' },
  )
  let [hits, all] = [0, 0]
  for (const [row, { items }] of sessions.entries()) {
    const named = new Set<number>()
    for (const beam of found[row] ?? []) for (const item of beam.items) if (named.size < count) named.add(item)
    for (const item of Array.from(items)) hits += Number(named.has(item))
    all += items.length
  }
  return hits / all
}

/**
 * Trains a generator's net, where its numbers lie, to write sessions as they were: the mean over sessions of
 *
 *     −Σ_{i=1..m} Σ_{l=1..L} log P(s_i^l | all before, H)
 *
 * With `valid`, the epoch that tells those best stands. A stopped run goes on from its checkpoint with the same numbers.
 *
 * @throws {RangeError} on options out of range, no sessions, or a session of another length
 */
export async function fitSessions(
  generator: SessionGenerator,
  sessions: readonly Session[],
  options: SessionFitOptions,
  run: Run,
): Promise<FitResult> {
  const { epochs = 20, batchSize = 256, learningRate = 2e-4, weightDecay = 0, balance = 0, valid } = options
  const { measure = 'likelihood', beams = 20, validateEvery = 1, patience = 5 } = options
  const { config, ids, parameters } = generator
  const levels = ids.sizes.length
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (sessions.length === 0) throw new RangeError('there are no sessions to learn from')
  const step = await trainStep(
    (inputs, p, { key }) => {
      const memory = encodeHistories(p, inputs.histories, config, config.dropout > 0 ? key() : undefined)
      const words = sessionWords(inputs.sessions, config)
      const read = sessionStates(p, memory, words, config, config.dropout > 0 ? key() : undefined)
      const loss = mean(sessionLosses(p, read.states, inputs.sessions, config))
      return balance > 0 ? add(loss, mul(read.balance, balance)) : loss
    },
    {
      ...options.session,
      inputs: {
        histories: spec(['batch', config.historyLength * levels], 'int32'),
        sessions: spec(['batch', config.sessionLength * levels], 'int32'),
      },
      parameters,
      optimizer: adamW({ learningRate, weightDecay }),
      seed: run.random('sessions/dropout').integer(2 ** 31),
    },
  )
  const { examples, first } = sessionExamples(generator, sessions)
  const validate = async (held: readonly Session[]): Promise<Record<string, number>> => {
    const epoch = Math.round(step.updates / Math.ceil(sessions.length / batchSize))
    if (epoch % validateEvery !== 0 && epoch !== epochs) return { [measure]: Number.NaN }
    if (measure === 'recall') return { recall: await sessionRecall(generator, held, { beams }) }
    const told = await generator.logProbability(held)
    return { likelihood: told.reduce((total, number) => total + number, 0) / Math.max(1, told.length) }
  }
  try {
    return await fit(
      step,
      {
        examples,
        batchSize,
        epochs,
        name: fitName('sessions', step, first, [
          batchSize,
          measure,
          beams,
          validateEvery,
          patience,
          valid?.length ?? 0,
        ]),
        order: 'sessions',
        ...(options.checkpointEvery !== undefined && { checkpointEvery: options.checkpointEvery }),
        ...(options.onMetrics && { onMetrics: options.onMetrics }),
        ...(valid && {
          validate: () => validate(valid),
          earlyStopping: { metric: measure, goal: 'max' as const, patience: patience * validateEvery },
        }),
      },
      run,
    )
  } finally {
    await step.dispose()
  }
}
