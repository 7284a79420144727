import { z } from 'zod'
import {
  addLora,
  type DecoderParameters,
  isLoraPath,
  type LoraOptions,
  mapLinear,
  removeLora,
} from '../../../nets/index.ts'
import { type Run, startRun } from '../../../run/index.ts'
import {
  accumulateGradients,
  adamW,
  chain,
  clipByGlobalNorm,
  compile,
  cosineSchedule,
  type FitMetrics,
  fit,
  type InputSpecs,
  isTensorValue,
  linearSchedule,
  mapTree,
  type Optimizer,
  parameterLeaves,
  type Schedule,
  spec,
  trainStep,
  withWarmUp,
} from '../../../tensor/index.ts'
import { type LossPart, lossMixtures, lossPartSchema, type PreferenceLossName } from '../loss/registry.ts'
import { mixParameters } from '../mix-parameters.ts'
import type { TextPolicy } from '../policy/policy.ts'
import { hasAdapter } from '../policy/policy-folder.ts'
import { openScorer } from '../policy/scorer.ts'
import { lossNeeds, namedLoss, type PolicyPair, type RowsLoss, scoreRows, tokenMeasures } from './policy-loss.ts'
import { type ExampleForm, exampleForm, type TrainingExample, trainingBatches } from './training-example.ts'

/** Where the log-probabilities of the reference come from. */
export type ReferenceMode =
  /** A frozen copy of the policy as it was, asked in every step. */
  | 'frozen'
  /** The same, asked once before training; half the work of a step, and no second model in memory. */
  | 'precomputed'
  /** A copy that follows the policy: every so many updates it is moved towards it (TR-DPO). */
  | { readonly every: number; readonly share?: number }

/** A loss of one's own. */
export interface OwnLoss {
  readonly name: string
  readonly rows: RowsLoss
  readonly reference: boolean
  /** Whether it reads logits of the policy, and of the reference. Default false. */
  readonly logits?: boolean
  readonly referenceLogits?: boolean
}

export interface AlignOptions {
  /** A name of `preferenceLosses` or `lossMixtures`, parts to add up, or a loss of one's own. Default `sigmoid` (DPO). */
  readonly loss?: PreferenceLossName | keyof typeof lossMixtures | readonly LossPart[] | OwnLoss
  /**
   * Low-rank additions to train, by default to the maps of all layers, or the `whole` model. Default: what the policy
   * carries, else whole.
   */
  readonly adapter?: LoraOptions | 'whole'
  /** Default `precomputed`; the losses that read the reference's whole distributions need `frozen`. */
  readonly reference?: ReferenceMode
  /** Peak rate. Default 5e-6 for a whole model, 1e-4 for low-rank additions. */
  readonly learningRate?: number
  /** Shape of the rate after the warm-up. Default `cosine`. */
  readonly schedule?: 'constant' | 'linear' | 'cosine'
  /** Share of the updates in which the rate rises. Default 0.1. */
  readonly warmUp?: number
  /** Default 0. */
  readonly weightDecay?: number
  /** Gradients are scaled down to this norm. Default 1. */
  readonly clipNorm?: number
  /** Instead of AdamW by the options above. */
  readonly optimizer?: Optimizer
  /** Examples of a step. Default 8. */
  readonly batchSize?: number
  /** Steps whose gradients make one update. Default 1. */
  readonly accumulate?: number
  /** Default 1. */
  readonly epochs?: number
  /** α of LD-DPO: what tokens beyond the shorter completion count. Default 1. */
  readonly lengthAlpha?: number
  /** WPO's weights. Default false. */
  readonly weightByPolicy?: boolean
  /** Measured before training and after each epoch. */
  readonly evaluation?: readonly TrainingExample[]
  /** Steps between checkpoints; 0 for none. Default: at the end of each epoch. */
  readonly checkpointEvery?: number
  /** Names the fit's files, where one run makes several. Default `align`. */
  readonly name?: string
  /** Every step's and epoch's metrics as they come; also in `<name>.metrics.jsonl` of the run's folder. */
  readonly onMetrics?: (metrics: FitMetrics) => void
}

/** Rows are filled up to a multiple of this, so that few shapes occur. */
const lengthMultiple = 8

/**
 * Trains a policy on examples by any loss, with metrics after every step (rewards, their accuracy and margin, ranking
 * accuracy, log-probabilities, lengths) and, between epochs, the evaluation's with entropy and divergence. A run that
 * was stopped goes on from its checkpoint and ends with the same numbers.
 *
 * The given policy is left as it was.
 *
 * @throws {RangeError} on options out of range, or examples that the loss cannot read
 * @example
 * const policy = await loadPolicy('base')
 * const examples = pairs.map((row) => trainingExample(tokenizeExample(pairExample(row), policy.tokenizer, policy)))
 * const aligned = await alignPolicy(policy, examples, { loss: 'sigmoid', adapter: { rank: 8 } }, run)
 */
export async function alignPolicy(
  policy: TextPolicy,
  examples: readonly TrainingExample[],
  options: AlignOptions = {},
  run: Run = startRun(),
): Promise<TextPolicy> {
  const { batchSize = 8, accumulate = 1, epochs = 1, name = 'align', evaluation, onMetrics } = options
  const { rows: lossOfRows, ...needs } = lossOf(options)
  const { config } = policy
  const start = startParameters(policy, options, run)
  const adapted = hasAdapter({ ...policy, parameters: start })
  const mode = options.reference ?? (needs.referenceLogits ? 'frozen' : 'precomputed')
  if (mode === 'precomputed' && needs.referenceLogits)
    throw new RangeError(`${needs.name} reads the reference's distributions, expected reference: 'frozen'`)
  const beside = needs.reference && mode !== 'precomputed'
  const base = adapted ? removeLora(policy.parameters) : policy.parameters
  const referenceOf = (): DecoderParameters => (typeof mode === 'object' ? copied(start) : base)
  const parameters: PolicyPair = { policy: start, ...(beside && { reference: referenceOf() }) }

  exampleForm(examples)
  const known = async (given: readonly TrainingExample[], what: string): Promise<readonly TrainingExample[]> =>
    needs.reference && mode === 'precomputed' && given.some(({ referenceTokens }) => !referenceTokens)
      ? withReference({ ...policy, parameters: base }, given, run, `${name}: reference of ${what}`)
      : given
  const data = await known(examples, 'the examples')
  const held = evaluation && (await known(evaluation, 'the evaluation'))
  const form = exampleForm(data)
  const inputs = inputSpecs(form)
  const batches = trainingBatches(data, form, { multipleOf: lengthMultiple })
  const steps = Math.ceil(data.length / batchSize) * epochs

  const step = await trainStep(
    (given, pair) => lossOfRows(scoreRows(given, pair, config, needs.logits || needs.referenceLogits), given),
    {
      inputs,
      parameters,
      optimizer: options.optimizer ?? optimizerOf(options, adapted, Math.ceil(steps / accumulate)),
      trainable: (path) => path.startsWith('policy.') && (!adapted || isLoraPath(path)),
      seed: run.random(`${name}/dropout`).integer(2 ** 31),
    },
  )
  const measure = held && (await evaluator(held, parameters, { ...options, policy, form, inputs }))
  try {
    const first = await measure?.()
    if (first) run.log({ level: 'info', message: `${name}: before training`, fields: first })
    await fit(
      step,
      {
        examples: {
          count: batches.count,
          batch(indices) {
            if (typeof mode === 'object' && parameters.reference) follow(mode, step.updates, accumulate, parameters)
            return batches.batch(indices)
          },
        },
        batchSize,
        epochs,
        name,
        ...(options.checkpointEvery !== undefined && { checkpointEvery: options.checkpointEvery }),
        ...(measure && { validate: measure }),
        ...(onMetrics && { onMetrics }),
      },
      run,
    )
    return { ...policy, parameters: start }
  } finally {
    await measure?.dispose()
    await step.dispose()
  }
}

type Needs = Omit<ReturnType<typeof lossNeeds>, 'form'> & { readonly name: string; readonly rows: RowsLoss }

const partsSchema = z.array(lossPartSchema).min(1)

function lossOf({ loss = 'sigmoid', lengthAlpha, weightByPolicy }: AlignOptions): Needs {
  if (typeof loss === 'object' && 'rows' in loss) return { logits: false, referenceLogits: false, beta: 0.1, ...loss }
  const given =
    typeof loss !== 'string'
      ? loss
      : loss in lossMixtures
        ? lossMixtures[loss as keyof typeof lossMixtures]
        : [{ name: loss as PreferenceLossName }]
  const parts = partsSchema.parse(given)
  const options = {
    parts,
    ...(lengthAlpha !== undefined && { lengthAlpha }),
    ...(weightByPolicy !== undefined && { weightByPolicy }),
  }
  return { ...lossNeeds(options), name: parts.map((part) => part.name).join(' + '), rows: namedLoss(options) }
}

function copied(parameters: DecoderParameters): DecoderParameters {
  return mapTree(parameters, isTensorValue, (leaf) => ({ ...leaf, data: leaf.data.slice() })) as DecoderParameters
}

/** The numbers that are trained: a copy of the whole model, or additions beside the shared weights. */
function startParameters(policy: TextPolicy, { adapter, name = 'align' }: AlignOptions, run: Run): DecoderParameters {
  if (adapter === 'whole') {
    if (hasAdapter(policy))
      throw new RangeError('the policy carries an adapter; merge it before training the whole model')
    return copied(policy.parameters)
  }
  if (hasAdapter(policy)) {
    if (adapter) throw new RangeError('the policy carries an adapter already, expected none to be added')
    return mapLinear(policy.parameters, ({ lora, ...map }) =>
      lora
        ? {
            ...map,
            lora: { ...lora, a: { ...lora.a, data: lora.a.data.slice() }, b: { ...lora.b, data: lora.b.data.slice() } },
          }
        : map,
    )
  }
  if (!adapter) return copied(policy.parameters)
  return addLora(run.random(`${name}/adapter`), policy.parameters, {
    targets: (path) => path.startsWith('layers.'),
    ...adapter,
  })
}

function optimizerOf(options: AlignOptions, adapted: boolean, updates: number): Optimizer {
  const { learningRate = adapted ? 1e-4 : 5e-6, schedule = 'cosine', warmUp = 0.1, weightDecay = 0 } = options
  const { clipNorm = 1, accumulate = 1 } = options
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (!(warmUp >= 0 && warmUp < 1)) throw new RangeError(`warmUp is ${warmUp}, expected a share from 0 to below 1`)
  const rising = Math.floor(updates * warmUp)
  const rest = Math.max(1, updates - rising)
  const after: Schedule | number =
    schedule === 'constant'
      ? learningRate
      : schedule === 'linear'
        ? linearSchedule(learningRate, 0, rest)
        : cosineSchedule(learningRate, rest)
  return accumulateGradients(
    accumulate,
    chain(
      clipByGlobalNorm(clipNorm),
      adamW({ learningRate: rising > 0 ? withWarmUp(rising, after) : after, weightDecay }),
    ),
  )
}

function inputSpecs({ rows, single, perRow, references }: ExampleForm): InputSpecs {
  const whole = [rows, 'examples', 'length']
  return {
    ids: spec(whole, 'int64'),
    mask: spec(whole, 'bool'),
    completionMask: spec(whole, 'bool'),
    present: spec([rows, 'examples'], 'bool'),
    ...Object.fromEntries(single.map((name) => [name, spec(['examples'])])),
    ...Object.fromEntries(perRow.map((name) => [name, spec([rows, 'examples'])])),
    ...(references && { referenceTokens: spec(whole) }),
  }
}

/** Moves the reference towards the policy when it is time to, before a step. */
function follow(
  { every, share = 0.6 }: { readonly every: number; readonly share?: number },
  updates: number,
  accumulate: number,
  { policy, reference }: PolicyPair,
): void {
  if (!reference || updates === 0 || updates % (every * accumulate) !== 0) return
  const moved = new Map(
    parameterLeaves(mixParameters(policy as never, reference as never, share)).map(({ path, leaf }) => [path, leaf]),
  )
  for (const { path, leaf } of parameterLeaves(reference)) {
    const next = moved.get(path)
    if (next) leaf.data.set(next.data as never)
  }
}

/** Examples with what the reference says of their tokens. */
export async function withReference(
  reference: TextPolicy,
  examples: readonly TrainingExample[],
  run: Run,
  label = 'reference',
): Promise<readonly TrainingExample[]> {
  const scorer = await openScorer(reference)
  const chunk = 256
  try {
    const found: TrainingExample[] = []
    for (let from = 0; from < examples.length; from += chunk) {
      run.signal.throwIfAborted()
      run.progress({ label, done: from, total: examples.length })
      const part = examples.slice(from, from + chunk)
      const scored = await scorer.tokens(
        part.flatMap(({ rows }) => rows),
        { prompts: true },
      )
      let next = 0
      for (const example of part) {
        found.push({ ...example, referenceTokens: scored.slice(next, next + example.rows.length) })
        next += example.rows.length
      }
    }
    run.progress({ label, done: examples.length, total: examples.length })
    return found
  } finally {
    await scorer.dispose()
  }
}

interface Evaluator {
  (): Promise<Readonly<Record<string, number>>>
  dispose(): Promise<void>
}

/** Means of the loss and its metrics over examples, weighted by how many each batch has. */
async function evaluator(
  examples: readonly TrainingExample[],
  parameters: PolicyPair,
  {
    policy,
    form,
    inputs,
    batchSize = 8,
    ...options
  }: AlignOptions & { readonly policy: TextPolicy; readonly form: ExampleForm; readonly inputs: InputSpecs },
): Promise<Evaluator> {
  const own = exampleForm(examples)
  if (own.single.join() !== form.single.join() || own.perRow.join() !== form.perRow.join() || own.rows > form.rows)
    throw new RangeError('the evaluation has examples of another form than those trained on')
  const { rows: lossOfRows } = lossOf(options)
  const forward = await compile(
    (given, pair) => {
      const rows = scoreRows(given, pair, policy.config, true)
      return { ...lossOfRows(rows, given), ...tokenMeasures(rows) }
    },
    { inputs, parameters },
  )
  const batches = trainingBatches(examples, form, { multipleOf: lengthMultiple })
  const measure = async (): Promise<Readonly<Record<string, number>>> => {
    const sums: Record<string, number> = {}
    for (let from = 0; from < examples.length; from += batchSize) {
      const size = Math.min(batchSize, examples.length - from)
      const found = await forward(await batches.batch(Uint32Array.from({ length: size }, (_, at) => from + at)))
      for (const [name, of] of Object.entries(found))
        sums[name] = (sums[name] ?? 0) + (size / examples.length) * Number(of.data[0])
    }
    return sums
  }
  return Object.assign(measure, { dispose: () => forward.dispose() })
}
