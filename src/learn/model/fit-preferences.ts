import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { logisticLoss } from '../../measure/index.ts'
import { canonicalJson, type Json, type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  type ExampleColumn,
  type Examples,
  examplesOf,
  type FitMetrics,
  fit,
  type InputSpecs,
  type InputValues,
  type LossContext,
  type LossResult,
  type Optimizer,
  parameterLeaves,
  type Symbolic,
  type SymbolicInputs,
  spec,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import { assertReadsContexts } from '../encoder/context-encoder.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { checkedPairs, type PairData, takePairs, takeRows } from '../pairs/pair-data.ts'
import { splitPairs } from '../split.ts'
import { fitIdentity } from './fit-identity.ts'
import { type FittedModel, fittedModel, placedAmong } from './fitted-model.ts'
import type { LabelledPairs, ModelKind } from './model-kind.ts'
import {
  type Encoders,
  encodedPairs,
  feedPairs,
  logitOf,
  type ModelParameters,
  pairSpecs,
  symbolicPairs,
} from './pair-graph.ts'
import { seenRaters, unseenAsUnknown, withSeenRaters } from './seen-raters.ts'

/** How a model is trained; everything has a default that suits small heads. */
export interface TrainingOptions {
  /** Pairs in an update. Default 256. */
  readonly batchSize?: number
  /** Default 50, more where that would be fewer than 500 updates. */
  readonly epochs?: number
  /** Default AdamW with learning rate 0.01 and no weight decay. */
  readonly optimizer?: Optimizer
  /** Held-out pairs, or the share of contexts to hold out (by the run's seed). Default none. */
  readonly validation?: PairData | number
  /** With validation: stop after this many epochs without a better log-loss, and keep the best. Default 10. */
  readonly patience?: number
  /** Which parameters are trained, by path: `model.…`, `encoder.…`, `contextEncoder.…`. Default all. */
  readonly trainable?: (path: string) => boolean
  /** Numbers to start from. Default: the kind's and the encoders' own, by the run's seed. */
  readonly parameters?: ModelParameters
  /**
   * Updates between checkpoints, 0 for none. The same fit (data, options, loss, optimiser, start) in the same run folder
   * goes on where it stopped. Default: at the end of each epoch where an encoder is trained; none for heads, which are soon fitted again.
   */
  readonly checkpointEvery?: number
  readonly onMetrics?: (metrics: FitMetrics) => void
}

/** What to fit, to what. */
export interface FitPreferences<O, P> extends TrainingOptions {
  readonly kind: ModelKind<O, P>
  /** Checked by the kind's schema. Default `{}`. */
  readonly options?: unknown
  readonly data: PairData
  /** Reads the rows of `data`. Default: they are features already. */
  readonly encoder?: Encoder
  /** Reads the contexts of `data`, and nothing else of a judgement. Default: features where they are, else nothing reads contexts. */
  readonly contextEncoder?: Encoder
  /** Instead of the kind's loss. */
  readonly loss?: (parameters: Symbolic<P>, pairs: LabelledPairs, options: O, context: LossContext) => LossResult
  /** Names the data in what is saved. */
  readonly dataVersion?: string
}

/**
 * Fits a preference model to pairs: encoder, head and loss in one compiled step, batches shuffled by the run's seed,
 * early stopping on held-out pairs, the same numbers for the same seed. A rater without a pair to learn from is none
 * that the model knows.
 *
 * @returns the model, its metrics `trainLoss`, `epochs`, and with validation `validationLogLoss` and `bestEpoch`
 * @throws {RangeError} when there are no pairs, nothing can be learned from them, sizes do not fit, or the loss is no number
 * @throws {z.ZodError} when the options are not the kind's
 * @example
 * const model = await fitPreferences({ kind: rewardKind, data: featurePairs({ a, b, targets }), validation: 0.1 })
 * const probabilities = await model.probabilities(featurePairs({ a: [[1, 0]], b: [[0, 1]] }))
 */
export async function fitPreferences<O, P>(
  given: FitPreferences<O, P>,
  run: Run = startRun(),
): Promise<FittedModel<O, P>> {
  const fitter = await preferenceFitter(given, run)
  try {
    return await fitter.fit(given.data, given.validation, run)
  } finally {
    await fitter.dispose()
  }
}

/** A compiled fit that can be made again and again on parts of the same pairs. */
export interface PreferenceFitter<O, P> {
  readonly encoders: Encoders
  fit(data: PairData, validation: PairData | number | undefined, run: Run): Promise<FittedModel<O, P>>
  dispose(): Promise<void>
}

/**
 * Compiles a fit once, to be run on many samples of the same pairs (folds, members of an ensemble): parameters and
 * optimiser start anew each time, by the seed of the run it is given.
 */
export async function preferenceFitter<O, P>(
  given: FitPreferences<O, P>,
  run: Run = startRun(),
): Promise<PreferenceFitter<O, P>> {
  const { kind, batchSize = 256, patience = 10 } = given
  const epochs = given.epochs ?? Math.max(50, Math.ceil(500 / Math.ceil(given.data.a.length / batchSize)))
  const options = kind.options.parse(given.options ?? {})
  checkedPairs(given.data)
  const encoders = encodersOf(given)
  const columns = given.data.columns
  const specs: InputSpecs = {
    target: spec(['pairs']),
    weight: spec(['pairs']),
    ...pairSpecs(encoders),
    ...Object.fromEntries(
      Object.entries(columns).map(([name, { dtype, shape }]) => [
        `column/${name}`,
        spec(['pairs', ...shape.slice(1)], dtype),
      ]),
    ),
  }
  const initial = (of: Run): ModelParameters<P> =>
    initialParameters(kind, options, encoders, given.data.raters.length, of)
  const start = given.parameters as ModelParameters<P> | undefined
  const parameters = start ? copyOf(start) : initial(run)
  const lossOf = given.loss ?? kind.loss?.bind(kind)
  const step = await trainStep(
    (inputs: SymbolicInputs<InputSpecs>, held: Symbolic<ModelParameters<P>>, context) => {
      const { target, weight } = inputs as { target: Tensor; weight: Tensor }
      const pairs = symbolicPairs(encoders, held as Symbolic<ModelParameters>, inputs)
      if (lossOf === undefined)
        return pairLoss(logitOf(kind, held.model as Symbolic<P>, pairs, options), { target, weight })
      const read = Object.fromEntries(Object.keys(columns).map((name) => [name, inputs[`column/${name}`] as Tensor]))
      return lossOf(held.model as Symbolic<P>, { ...pairs, target, weight, columns: read }, options, context)
    },
    {
      inputs: specs,
      parameters,
      optimizer: given.optimizer ?? adamW({ learningRate: 0.01, weightDecay: 0 }),
      ...(given.trainable && { trainable: given.trainable }),
      seed: run.seed,
    },
  )
  const blank = Object.entries(step.state).map(([name, { data }]) => [name, data.slice()] as const)
  const trained = [encoders.encoder, encoders.contextEncoder].some((encoder) => encoder?.frozen === false)
  const every = given.checkpointEvery ?? (trained ? undefined : 0)
  let standsAs: Run | undefined = run

  const fitOnce = async (
    raw: PairData,
    validation: PairData | number | undefined,
    of: Run,
  ): Promise<FittedModel<O, P>> => {
    // The numbers it was compiled with are those of its own run.
    if (of !== standsAs) {
      copyInto(parameters, start ?? initial(of))
      for (const [name, data] of blank) step.state[name]?.data.set(data as never)
      step.updates = 0
    }
    standsAs = undefined
    const whole = await encodedPairs(encoders, raw === given.data ? raw : checkedPairs(raw))
    const [data, heldPairs] = await heldOut(encoders, whole, validation, of)
    assertLearnable(data)
    // Numbers that were given say something of every rater; those that were drawn, of nobody.
    const seen = seenRaters(data)
    const unseen = kind.raterParameters && !start && seen.length > 0 && seen.length < whole.raters.length
    const held = heldPairs && (unseen ? unseenAsUnknown(placedAmong(heldPairs, whole.raters), seen) : heldPairs)
    const examples = await pairExamples(encoders, data)
    const live = fittedModel({ kind, options, ...encoders, parameters, raters: whole.raters })
    const order = `preferences-${fingerprint({ kind: kind.name, options, seed: of.seed, batchSize, epochs, encoders }, data)}`
    const identity = { step, parameters, run: of, data, held, patience }
    const result = await fit(
      step,
      {
        examples,
        batchSize: Math.min(batchSize, examples.count),
        epochs,
        name: every === 0 ? order : `${order}-${fitIdentity(identity)}`,
        order,
        ...(every !== undefined && { checkpointEvery: every }),
        ...(held && {
          validate: async () => ({ logLoss: meanLogLoss(await live.logits(held), held) }),
          earlyStopping: { metric: 'logLoss', patience },
        }),
        ...(given.onMetrics && { onMetrics: given.onMetrics }),
      },
      of,
    )
    await live.dispose()
    const found = copyOf(parameters)
    return fittedModel({
      kind,
      options,
      ...encoders,
      parameters: unseen ? withSeenRaters(kind, found, seen) : found,
      raters: unseen ? Array.from(seen, (place) => whole.raters[place] as string) : whole.raters,
      metrics: {
        trainLoss: result.history.at(-1)?.loss ?? Number.NaN,
        epochs: result.epochs,
        ...(result.best && { validationLogLoss: result.best.value, bestEpoch: result.best.epoch }),
      },
      ...(given.dataVersion !== undefined && { dataVersion: given.dataVersion }),
    })
  }
  return { encoders, fit: fitOnce, dispose: () => step.dispose() }
}

/**
 * Labelled pairs as examples. Features are handed over as arrays, from which a fit takes its batches by itself; what an
 * encoder reads anew in each step is prepared batch by batch.
 */
async function pairExamples(encoders: Encoders, data: PairData): Promise<Examples<InputValues<InputSpecs>>> {
  const columns = Object.entries(data.columns).map(([name, from]) => [`column/${name}`, from] as const)
  if ('columns' in data.rows && (encoders.contextEncoder === undefined || 'columns' in (data.contexts ?? []))) {
    const { rows, contexts } = data as { rows: Matrix; contexts?: Matrix }
    const whole = (matrix: Matrix): ExampleColumn => ({ whole: value(matrix.data, [matrix.rows, matrix.columns]) })
    return examplesOf<string>({
      a: value(data.a),
      b: value(data.b),
      rater: value(data.rater),
      'row/features': whole(rows),
      ...(encoders.contextEncoder && contexts && { context: value(data.context), 'context/features': whole(contexts) }),
      ...Object.fromEntries(columns),
      target: value(data.targets),
      weight: value(data.weights),
    })
  }
  return {
    count: data.a.length,
    async batch(indices) {
      const places = Int32Array.from(indices)
      return {
        ...(await feedPairs(encoders, data, places)),
        target: Float32Array.from(places, (pair) => data.targets[pair] as number),
        weight: Float32Array.from(places, (pair) => data.weights[pair] as number),
        ...Object.fromEntries(columns.map(([name, from]) => [name, takeRows(from, places)])),
      }
    },
  }
}

function encodersOf({
  data,
  encoder,
  contextEncoder,
}: Pick<FitPreferences<unknown, unknown>, 'data' | 'encoder' | 'contextEncoder'>): Encoders {
  if (encoder === undefined && !('columns' in data.rows))
    throw new RangeError('the pairs hold judgements: an encoder is needed to read them')
  const read = encoder ?? plainFeatures('columns' in data.rows ? data.rows.columns : 0)
  if (contextEncoder !== undefined) {
    assertReadsContexts(contextEncoder)
    return { encoder: read, contextEncoder }
  }
  return data.contexts !== undefined && 'columns' in data.contexts
    ? { encoder: read, contextEncoder: plainFeatures(data.contexts.columns) }
    : { encoder: read }
}

/** Numbers to start from, by the run's seed. */
export function initialParameters<O, P>(
  kind: ModelKind<O, P>,
  options: O,
  { encoder, contextEncoder }: Encoders,
  raters: number,
  run: Run,
): ModelParameters<P> {
  const sizes = { width: encoder.width, contextWidth: contextEncoder?.width ?? 0, raters }
  return {
    model: kind.init(run.random(`${kind.name}/parameters`), sizes, options),
    encoder: encoder.init(run.random('encoder/parameters')),
    contextEncoder: contextEncoder?.init(run.random('context-encoder/parameters')) ?? {},
  }
}

async function heldOut(
  encoders: Encoders,
  data: PairData,
  validation: PairData | number | undefined,
  run: Run,
): Promise<readonly [PairData, PairData | undefined]> {
  if (validation === undefined) return [data, undefined]
  if (typeof validation !== 'number')
    return [data, await encodedPairs(encoders, checkedPairs(validation, 'validation'))]
  const [kept, held] = splitPairs(
    data,
    { by: 'context', shares: [1 - validation, validation] },
    run.random('validation'),
  )
  return [takePairs(data, kept as Int32Array), takePairs(data, held as Int32Array)]
}

/** @throws {RangeError} when every pair is a tie, from which nothing can be learned */
function assertLearnable({ targets }: PairData): void {
  if (targets.every((target) => target === 0.5))
    throw new RangeError('every pair is a tie, so there is no preference to learn')
}

/** Mean log-loss of log-odds against targets, by weight. */
export function meanLogLoss(
  logits: ArrayLike<number>,
  { targets, weights }: Pick<PairData, 'targets' | 'weights'>,
): number {
  let [total, weight] = [0, 0]
  for (let pair = 0; pair < logits.length; pair++) {
    const counts = weights[pair] as number
    total += counts * logisticLoss(logits[pair] as number, targets[pair] as number)
    weight += counts
  }
  return total / weight
}

function copyOf<P>(parameters: ModelParameters<P>): ModelParameters<P> {
  return structuredClone(parameters) as ModelParameters<P>
}

function copyInto(into: unknown, from: unknown): void {
  const sources = parameterLeaves(from)
  parameterLeaves(into).forEach(({ leaf }, at) => {
    leaf.data.set(sources[at]?.leaf.data as never)
  })
}

/** Tells fits apart in a run's folder: other data, options or seeds are another fit. */
function fingerprint(
  {
    encoders,
    ...about
  }: { encoders: Encoders; kind: string; options: unknown; seed: number; batchSize: number; epochs: number },
  data: PairData,
): string {
  const digest = createHash('sha256')
  const { encoder, contextEncoder } = encoders
  digest.update(
    canonicalJson({ ...about, encoder: encoder.id, contextEncoder: contextEncoder?.id ?? null } as unknown as Json),
  )
  for (const rows of [data.rows, data.contexts ?? []]) {
    if ('columns' in rows) digestNumbers(digest, rows.data)
    else for (const { candidate, context, rater } of rows) digest.update(`${context.id} ${candidate.id} ${rater?.id} `)
  }
  for (const numbers of [data.a, data.b, data.targets, data.weights, data.context, data.rater])
    digestNumbers(digest, numbers)
  for (const [name, { data: numbers }] of Object.entries(data.columns)) digestNumbers(digest.update(name), numbers)
  return digest.digest('hex').slice(0, 16)
}

const checkedBytes = 1 << 20

/**
 * Numbers into a digest: as they are, or in megabytes by their checksums, which are computed four times as fast; a
 * changed table of features would have to keep every checksum to be taken for the same.
 */
function digestNumbers(digest: Hash, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  if (byteLength <= checkedBytes) digest.update(bytes)
  else
    for (let from = 0; from < byteLength; from += checkedBytes)
      digest.update(`${crc32(bytes.subarray(from, from + checkedBytes))} `)
}
