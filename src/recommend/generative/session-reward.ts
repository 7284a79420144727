import { z } from 'zod'
import { pairLoss } from '../../learn/index.ts'
import {
  applyLinear,
  applyMlp,
  applyMultiHead,
  initLinear,
  initMlp,
  initMultiHead,
  type LinearParameters,
  type MlpParameters,
  type MultiHeadParameters,
  normalValue,
} from '../../nets/index.ts'
import { type Random, type Run, seeded, startRun } from '../../run/index.ts'
import {
  adamW,
  add,
  broadcastTo,
  type Compiled,
  compile,
  concat,
  dimAt,
  examplesOf,
  expandDims,
  type FitMetrics,
  fit,
  full,
  gather,
  type InputSpecs,
  mean,
  mul,
  notEqual,
  openSafetensors,
  parameterLeaves,
  type SessionOptions,
  type Symbolic,
  sigmoid,
  slice,
  spec,
  sum,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
  writeSafetensors,
} from '../../tensor/index.ts'
import { lastItems } from '../interactions/sequences.ts'
import { fitName } from './fit-name.ts'
import type { ContentVectors } from './item-vectors.ts'
import type { Session } from './session-generator.ts'

/** The objectives of OneRec's reward model: watch time, view, follow and like of a whole session. */
export const sessionObjectives = ['swt', 'vtr', 'wtr', 'ltr'] as const

/** A session with what came of it. */
export interface JudgedSession extends Session {
  /** By objective, from 0 to 1: shares, or yes and no. */
  readonly outcomes: Readonly<Record<string, number>>
}

export interface SessionRewardConfig {
  readonly items: number
  readonly objectives: readonly string[]
  /** Items of a history that are read: the last ones. Default 256, as the generator's. */
  readonly historyLength?: number
  readonly sessionLength: number
  /** Default 64. */
  readonly width?: number
  /** Divides the width. Default 2. */
  readonly heads?: number
  /** Inner width of each objective's tower. Default: width. */
  readonly hidden?: number
  /** Width of given item vectors; 0 for none. Default 0. */
  readonly content?: number
}

export interface SessionRewardParameters {
  /** [items + 1, width]; row 0 stands for nothing, which every history ends with. */
  readonly items: TensorValue
  /** What is given of the items, [items + 1, content], and its map; absent where nothing is. */
  readonly content?: { readonly vectors: TensorValue; readonly map: LinearParameters }
  readonly target: MultiHeadParameters
  readonly session: MultiHeadParameters
  /** One an objective. */
  readonly towers: readonly MlpParameters[]
}

const configSchema = z.strictObject({
  items: z.int().min(1),
  objectives: z.array(z.string().min(1)).min(1),
  historyLength: z.int().min(1),
  sessionLength: z.int().min(1),
  width: z.int().min(1),
  heads: z.int().min(1),
  hidden: z.int().min(1),
  content: z.int().min(0),
})

type FullConfig = Required<SessionRewardConfig>

function fullConfig(config: SessionRewardConfig): FullConfig {
  const { width = 64 } = config
  const whole = configSchema.parse({ historyLength: 256, heads: 2, hidden: width, content: 0, ...config, width })
  if (width % whole.heads !== 0) throw new RangeError(`width ${width} does not divide by ${whole.heads} heads`)
  return whole
}

/** Item embeddings normal with standard deviation 1/√width, maps uniform within ±1/√in. */
export function initSessionReward(
  random: Random,
  config: SessionRewardConfig,
  given?: ContentVectors,
): SessionRewardParameters {
  const { items, objectives, width, hidden, content } = fullConfig(config)
  const rows = new Float32Array((items + 1) * content)
  if (given) rows.set(given.data, content)
  return {
    items: normalValue(random, [items + 1, width], 1 / Math.sqrt(width)),
    ...(content > 0 && {
      content: { vectors: value(rows, [items + 1, content]), map: initLinear(random, content, width) },
    }),
    target: initMultiHead(random, width),
    session: initMultiHead(random, width),
    towers: objectives.map(() => initMlp(random, [width, hidden, 1])),
  }
}

/**
 * The rewards of sessions for whom they are shown to:
 *
 *     u_i = Attention(v_i, history),  e_i = v_i ⊙ u_i,  h = SelfAttention(e_1 … e_m),  r_x = σ(MLP_x(Σ_i h_i))
 *
 * v being items' vectors. The order of a session's items makes no difference.
 *
 * @param histories int32 [batch, n]: numbers of items plus 1, 0 before a short history
 * @param sessions int32 [batch, m]: numbers of items plus 1
 * @returns [batch, objectives], before σ
 */
export function sessionRewardLogits(
  parameters: Symbolic<SessionRewardParameters>,
  histories: Tensor,
  sessions: Tensor,
  { heads }: Pick<FullConfig, 'heads'>,
): Tensor {
  const { items, content } = parameters
  const vectors = content ? add(items, applyLinear(content.map, content.vectors)) : items
  const batch = dimAt(histories.shape, 0)
  const nothing = broadcastTo(expandDims(slice(vectors, 0, 0, 1), 0), [batch, 1, dimAt(vectors.shape, 1)])
  const past = concat([gather(vectors, histories), nothing], 1)
  const mask = concat([notEqual(histories, 0), full([batch, 1], 1, 'bool')], 1)
  const shown = gather(vectors, sessions)
  const u = applyMultiHead(parameters.target, shown, past, heads, { mask: expandDims(expandDims(mask, 1), 1) })
  const e = mul(shown, u)
  const whole = sum(applyMultiHead(parameters.session, e, e, heads), 1)
  return concat(
    parameters.towers.map((tower) => applyMlp(tower, whole)),
    1,
  )
}

/** Judges sessions by what was learned of how sessions fared. */
export interface SessionReward {
  readonly objectives: readonly string[]
  /** Rewards from 0 to 1, [sessions · objectives]. @throws {RangeError} on an item that there is none of */
  score(sessions: readonly Session[]): Promise<Float32Array>
  /** Writes it to one file, `.safetensors`; {@link loadSessionReward} reads it. */
  save(path: string): Promise<void>
  dispose(): Promise<void>
}

export interface SessionRewardOptions
  extends Omit<SessionRewardConfig, 'items' | 'objectives' | 'sessionLength' | 'content'> {
  /** Default: the names of the first session's outcomes. */
  readonly objectives?: readonly string[]
  /** What is known of the items beside who took them; counts beside each item's own vector. */
  readonly vectors?: ContentVectors
  /** Default 20. */
  readonly epochs?: number
  /** Default 256. */
  readonly batchSize?: number
  /** Adam's. Default 1e-3. */
  readonly learningRate?: number
  /** Shrinks weights beside the step. Default 0, which is Adam. */
  readonly weightDecay?: number
  /** Sessions to choose the epoch by, by the loss. */
  readonly valid?: readonly JudgedSession[]
  /** Epochs without improvement after which training stops. Default 5. */
  readonly patience?: number
  readonly checkpointEvery?: number
  /** Where and on how many threads graphs run. */
  readonly session?: SessionOptions
  readonly onMetrics?: (metrics: FitMetrics) => void
}

interface Columns extends Record<string, TensorValue> {
  readonly histories: TensorValue
  readonly sessions: TensorValue
}

function columnsOf(sessions: readonly Session[], { items, historyLength, sessionLength }: FullConfig): Columns {
  const shifted = (list: ArrayLike<number>, row: number): number[] =>
    Array.from(list, (item) => {
      if (!(Number.isInteger(item) && item >= 0 && item < items))
        throw new RangeError(`session ${row} has item ${item}, expected a whole number from 0 to ${items - 1}`)
      return item + 1
    })
  const shown = new Int32Array(sessions.length * sessionLength)
  for (const [row, session] of sessions.entries()) {
    if (session.items.length !== sessionLength)
      throw new RangeError(`session ${row} has ${session.items.length} items, expected ${sessionLength}`)
    shown.set(shifted(session.items, row), row * sessionLength)
  }
  const histories = lastItems(
    sessions.map(({ history }, row) => shifted(history, row)),
    historyLength,
    0,
  )
  return {
    histories: value(histories, [sessions.length, historyLength]),
    sessions: value(shown, [sessions.length, sessionLength]),
  }
}

function outcomesOf(sessions: readonly JudgedSession[], objectives: readonly string[]): TensorValue {
  const outcomes = new Float32Array(sessions.length * objectives.length)
  for (const [row, session] of sessions.entries())
    for (const [at, objective] of objectives.entries()) {
      const outcome = session.outcomes[objective] ?? Number.NaN
      if (!(outcome >= 0 && outcome <= 1))
        throw new RangeError(`session ${row} has outcome ${outcome} of "${objective}", expected a number from 0 to 1`)
      outcomes[row * objectives.length + at] = outcome
    }
  return value(outcomes, [sessions.length, objectives.length])
}

const inputs = { histories: spec(['batch', 'past'], 'int32'), sessions: spec(['batch', 'shown'], 'int32') } as const

/**
 * Learns from sessions and what came of them to tell what would come of others: cross-entropy of each objective, summed.
 *
 * @throws {RangeError} on sessions of different lengths, outcomes that are missing or not from 0 to 1, or no sessions
 * @see Deng et al., OneRec, arXiv 2502.18965, section 3.3.1
 */
export async function fitSessionReward(
  sessions: readonly JudgedSession[],
  items: number,
  options: SessionRewardOptions = {},
  run: Run = startRun(),
): Promise<SessionReward> {
  const [first] = sessions
  if (!first) throw new RangeError('there are no sessions to learn from')
  const { vectors, epochs = 20, batchSize = 256, learningRate = 1e-3, weightDecay = 0, valid, patience = 5 } = options
  const { historyLength, width, heads, hidden } = options
  if (vectors && vectors.data.length !== items * vectors.width)
    throw new RangeError(`there are vectors of ${vectors.data.length / vectors.width} items, expected ${items}`)
  const config = fullConfig({
    items,
    objectives: [...(options.objectives ?? Object.keys(first.outcomes))],
    sessionLength: first.items.length,
    ...(historyLength !== undefined && { historyLength }),
    ...(width !== undefined && { width }),
    ...(heads !== undefined && { heads }),
    ...(hidden !== undefined && { hidden }),
    content: vectors?.width ?? 0,
  })
  const parameters = initSessionReward(run.random('session-reward/start'), config, vectors)
  const lossOf = (
    p: Symbolic<SessionRewardParameters>,
    given: { readonly histories: Tensor; readonly sessions: Tensor; readonly outcomes: Tensor },
  ): Tensor => {
    const logits = sessionRewardLogits(p, given.histories, given.sessions, config)
    return mean(sum(pairLoss(logits, { target: given.outcomes, reduction: 'none' }), 1))
  }
  const specs = { ...inputs, outcomes: spec(['batch', config.objectives.length]) }
  const { session = {} } = options
  const step = await trainStep((given, p) => lossOf(p, given), {
    ...session,
    inputs: specs,
    parameters,
    optimizer: adamW({ learningRate, weightDecay }),
    trainable: (path) => !path.startsWith('content.vectors') && !path.startsWith('content/vectors'),
  })
  const judge = valid && (await compile((given, p) => lossOf(p, given), { ...session, inputs: specs, parameters }))
  const columns = { ...columnsOf(sessions, config), outcomes: outcomesOf(sessions, config.objectives) }
  const held = valid && { ...columnsOf(valid, config), outcomes: outcomesOf(valid, config.objectives) }
  try {
    await fit(
      step,
      {
        examples: examplesOf(columns),
        batchSize,
        epochs,
        name: fitName('session-reward', step, { ...columns, ...held }, [batchSize, patience]),
        order: 'session-reward',
        ...(options.checkpointEvery !== undefined && { checkpointEvery: options.checkpointEvery }),
        ...(options.onMetrics && { onMetrics: options.onMetrics }),
        ...(judge &&
          held && {
            validate: async () => ({ validLoss: Number((await judge(held)).data[0]) }),
            earlyStopping: { metric: 'validLoss', patience },
          }),
      },
      run,
    )
  } finally {
    await step.dispose()
    await judge?.dispose()
  }
  return sessionReward(parameters, config, session)
}

/** Sessions that are judged at once. */
const rowsAtOnce = 1024
const format = 'penchant-session-reward'

function sessionReward(
  parameters: SessionRewardParameters,
  config: FullConfig,
  session: SessionOptions = {},
): SessionReward {
  let opened: Promise<Compiled<InputSpecs, Tensor>> | undefined
  const { objectives } = config
  return {
    objectives,
    async score(sessions) {
      opened ??= compile((given, p) => sigmoid(sessionRewardLogits(p, given.histories, given.sessions, config)), {
        ...session,
        inputs,
        parameters,
      }) as unknown as Promise<Compiled<InputSpecs, Tensor>>
      const apply = await opened
      const scores = new Float32Array(sessions.length * objectives.length)
      for (let from = 0; from < sessions.length; from += rowsAtOnce) {
        const part = await apply(columnsOf(sessions.slice(from, from + rowsAtOnce), config))
        scores.set((part as TensorValue).data as Float32Array, from * objectives.length)
      }
      return scores
    },
    async save(path) {
      await writeSafetensors(
        path,
        Object.fromEntries(parameterLeaves(parameters).map(({ path: at, leaf }) => [at, leaf])),
        { metadata: { format, config: JSON.stringify(config) } },
      )
    },
    async dispose() {
      await (await opened)?.dispose()
      opened = undefined
    },
  }
}

/** Reads what a reward's `save` wrote. @throws {RangeError} when the file holds none */
export async function loadSessionReward(path: string): Promise<SessionReward> {
  const file = await openSafetensors(path)
  if (file.metadata['format'] !== format)
    throw new RangeError(`${path} holds no session reward: its format is ${JSON.stringify(file.metadata['format'])}`)
  const config = configSchema.parse(JSON.parse(file.metadata['config'] ?? '{}'))
  const parameters = initSessionReward(seeded(0), config)
  for (const { path: at, leaf } of parameterLeaves(parameters)) leaf.data.set((await file.read(at)).data as never)
  return sessionReward(parameters, config)
}
