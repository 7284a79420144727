import { logisticLoss } from '../../measure/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  type ExampleStream,
  type Examples,
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
} from '../../tensor/index.ts'
import { assertReadsContexts } from '../encoder/context-encoder.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import type { LinearPairModel } from '../kernel/pair-steps.ts'
import { withPairKernels } from '../kernel/with-pair-kernels.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import { checkedPairs, type PairData, takePairs } from '../pairs/pair-data.ts'
import { firstPairs, isPairStream, type PairStream } from '../pairs/stream-pairs.ts'
import { splitPairs } from '../split.ts'
import { fingerprint } from './fit-fingerprint.ts'
import { fitIdentity } from './fit-identity.ts'
import { fittedModel, placedAmong } from './fitted-model.ts'
import type { FittedModel, LabelledPairs, ModelKind, ModelParameters, ModelParts } from './model-kind.ts'
import { pairExamples, streamedExamples } from './pair-examples.ts'
import { type Encoders, encodedPairs, logitOf, pairSpecs, symbolicPairs } from './pair-graph.ts'
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

/** What to fit to pairs that are read anew for each epoch, see `streamPairs`. */
export interface FitStreamedPreferences<O, P> extends Omit<FitPreferences<O, P>, 'data' | 'validation' | 'epochs'> {
  readonly data: PairStream
  /** Default 1. */
  readonly epochs?: number
  /** Held-out pairs. Default none. */
  readonly validation?: PairData
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
  given: FitPreferences<O, P> | FitStreamedPreferences<O, P>,
  run: Run = startRun(),
): Promise<FittedModel<O, P>> {
  const { data, ...rest } = given
  if (!isPairStream(data)) return fitted({ ...rest, data }, run, (fitter) => fitter.fit(data, given.validation, run))
  const validation = given.validation as PairData | number | undefined
  if (typeof validation === 'number')
    throw new RangeError('the pairs are a stream, of which no share can be held out; give other pairs as validation')
  const first = await firstPairs(data)
  return fitted({ ...rest, data: first.data, epochs: given.epochs ?? 1 }, run, (fitter) =>
    first.all ? fitter.fit(first.data, validation, run) : fitter.fitStream(data, validation, run),
  )
}

async function fitted<O, P>(
  given: FitPreferences<O, P>,
  run: Run,
  by: (fitter: PreferenceFitter<O, P>) => Promise<FittedModel<O, P>>,
): Promise<FittedModel<O, P>> {
  const fitter = await preferenceFitter(given, run)
  try {
    return await by(fitter)
  } finally {
    await fitter.dispose()
  }
}

/** What a step is trained on and judged by. */
interface Course {
  readonly examples: Examples<InputValues<InputSpecs>> | ExampleStream<InputValues<InputSpecs>>
  /** The pairs, or a stream's first ones: with what is told `about` them they name the fit. */
  readonly data: PairData
  readonly held: PairData | undefined
  readonly raters: readonly string[]
  readonly about?: Readonly<Record<string, number>>
}

/** A compiled fit that can be made again and again on parts of the same pairs. */
export interface PreferenceFitter<O, P> {
  readonly encoders: Encoders
  fit(data: PairData, validation: PairData | number | undefined, run: Run): Promise<FittedModel<O, P>>
  /** A fit to a stream whose first pairs are those that it was compiled for. */
  fitStream(stream: PairStream, validation: PairData | undefined, run: Run): Promise<FittedModel<O, P>>
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
  const optimizer = given.optimizer ?? adamW({ learningRate: 0.01, weightDecay: 0 })
  const graphStep = await trainStep(
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
      optimizer,
      ...(given.trainable && { trainable: given.trainable }),
      seed: run.seed,
    },
  )
  const plain = given.loss === undefined && given.trainable === undefined && encoders.encoder.frozen
  const step = withPairKernels(graphStep, plain ? linearPairsOf(kind, options) : undefined, optimizer)
  const blank = Object.entries(step.state).map(([name, { data }]) => [name, data.slice()] as const)
  const trained = [encoders.encoder, encoders.contextEncoder].some((encoder) => encoder?.frozen === false)
  const every = given.checkpointEvery ?? (trained ? undefined : 0)
  let standsAs: Run | undefined = run

  /** Numbers as they are before the first update of a run. */
  const startAnew = (of: Run): void => {
    // The numbers it was compiled with are those of its own run.
    if (of !== standsAs) {
      copyInto(parameters, start ?? initial(of))
      for (const [name, data] of blank) step.state[name]?.data.set(data as never)
      step.updates = 0
    }
    standsAs = undefined
  }
  const train = async (
    of: Run,
    { examples, data, held, raters, about = {} }: Course,
    modelOf: (found: ModelParameters<P>) => Pick<ModelParts<O, P>, 'parameters' | 'raters'>,
  ): Promise<FittedModel<O, P>> => {
    const live = fittedModel({ kind, options, ...encoders, parameters, raters })
    const settings = { kind: kind.name, options, seed: of.seed, batchSize, epochs, encoders, ...about }
    const order = `preferences-${fingerprint(settings, data)}`
    const identity = { step, parameters, run: of, data, held, patience }
    const result = await fit(
      step,
      {
        examples,
        batchSize: 'count' in examples ? Math.min(batchSize, examples.count) : batchSize,
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
    const fitted = fittedModel({
      kind,
      options,
      ...encoders,
      ...modelOf(copyOf(parameters)),
      metrics: {
        trainLoss: result.history.at(-1)?.loss ?? Number.NaN,
        epochs: result.epochs,
        ...(result.best && { validationLogLoss: result.best.value, bestEpoch: result.best.epoch }),
      },
      ...(given.dataVersion !== undefined && { dataVersion: given.dataVersion }),
    })
    if (!kind.finish) return fitted
    return fitted.with({ parameters: { ...fitted.parameters, model: await kind.finish(fitted, data) } })
  }

  const fitOnce = async (
    raw: PairData,
    validation: PairData | number | undefined,
    of: Run,
  ): Promise<FittedModel<O, P>> => {
    startAnew(of)
    const whole = await encodedPairs(encoders, raw === given.data ? raw : checkedPairs(raw))
    const { raters } = whole
    const [data, heldPairs] = await heldOut(encoders, whole, validation, of)
    assertLearnable(data)
    // Numbers that were given say something of every rater; those that were drawn, of nobody.
    const seen = seenRaters(data)
    const unseen = kind.raterParameters && !start && seen.length > 0 && seen.length < raters.length
    const held = heldPairs && (unseen ? unseenAsUnknown(placedAmong(heldPairs, raters), seen) : heldPairs)
    const course = { examples: await pairExamples(encoders, data), data, held, raters }
    return train(of, course, (found) =>
      unseen
        ? {
            parameters: withSeenRaters(kind, found, seen),
            raters: Array.from(seen, (place) => raters[place] as string),
          }
        : { parameters: found, raters },
    )
  }

  const fitStream = async (
    stream: PairStream,
    validation: PairData | undefined,
    of: Run,
  ): Promise<FittedModel<O, P>> => {
    startAnew(of)
    const { raters } = stream
    const held =
      validation && (await encodedPairs(encoders, placedAmong(checkedPairs(validation, 'validation'), raters)))
    const about = { buffer: stream.buffer, signals: await stream.count() }
    const course = { examples: streamedExamples(encoders, stream), data: given.data, held, raters, about }
    return train(of, course, (found) => ({ parameters: found, raters }))
  }
  return { encoders, fit: fitOnce, fitStream, dispose: () => step.dispose() }
}

/** The kind's linear pairs, by paths among all parameters. */
function linearPairsOf<O, P>(kind: ModelKind<O, P>, options: O): LinearPairModel | undefined {
  const linear = kind.linearPairs?.(options)
  const { router } = linear ?? {}
  return (
    linear && {
      ...linear,
      heads: `model.${linear.heads}`,
      ...(router && { router: { ...router, weight: `model.${router.weight}`, bias: `model.${router.bias}` } }),
    }
  )
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
