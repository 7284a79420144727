import { type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  type Examples,
  examplesOf,
  expandDims,
  fit,
  flatten,
  gather,
  type InputSpecs,
  type InputValues,
  type LossContext,
  type LossResult,
  reshape,
  type Symbolic,
  type SymbolicInputs,
  spec,
  type Tensor,
  type TensorValue,
  at as take,
  tile,
  trainStep,
  value,
} from '../../tensor/index.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import type { ScoreHeadParameters } from '../head/score-head.ts'
import { rankList } from '../loss/list-losses.ts'
import { initialParameters, meanLogLoss, type TrainingOptions } from '../model/fit-preferences.ts'
import { fittedModel } from '../model/fitted-model.ts'
import type { FittedModel, ModelKind, ModelParameters } from '../model/model-kind.ts'
import { encodedRows, feedJudged, rowSpecs, symbolicRows } from '../model/pair-graph.ts'
import { type RewardOptions, rewardKind } from '../model/reward-kind.ts'
import { splitGroups } from '../split.ts'
import { checkedLists, type ListData, listCount, longestList, pairsOfLists, speaks, takeLists } from './list-data.ts'

/** What a loss on lists may use beside scores and labels. */
export interface ListLossContext extends LossContext {
  /** Updates in an epoch. */
  readonly updatesPerEpoch: number
  readonly epochs: number
  /** Places in a list: the length of the longest. */
  readonly longest: number
}

/**
 * A loss of the lists of a batch, such as `rankList`, `listMle`, `listNet` or `rankNet` as they are.
 *
 * @param scores [lists, n]
 * @param labels [lists, n], greater is better
 * @param lists which places hold an item ([lists, n], where some do not), and how much each list counts ([lists])
 */
export type ListLoss = (
  scores: Tensor,
  labels: Tensor,
  lists: { readonly mask?: Tensor; readonly weight: Tensor },
  context: ListLossContext,
) => LossResult

export interface FitLists<O, P>
  extends Omit<TrainingOptions, 'batchSize' | 'validation' | 'checkpointEvery' | 'parameters'> {
  readonly data: ListData
  /** Whose first aspect's scores put lists in order. Default {@link rewardKind}. Kinds that read contexts, or have a `logit`, are not for lists. */
  readonly kind?: ModelKind<O, P>
  /** Checked by the kind's schema. Default `{}`. */
  readonly options?: unknown
  /** Reads the rows of `data`. Default: they are features already. */
  readonly encoder?: Encoder
  /** Default `rankList`: every pair of a list, exactly. */
  readonly loss?: ListLoss
  /** Lists in an update. Default 32. */
  readonly batchSize?: number
  /** Held-out lists, or the share of contexts to hold out (by the run's seed). Early stopping looks at the log-loss of their pairs. Default none. */
  readonly validation?: ListData | number
  /** Names the data in what is saved. */
  readonly dataVersion?: string
}

/**
 * Fits a scorer to whole lists: the items of a batch of lists are scored, and a loss compares each list's scores with its
 * labels. What comes out is a preference model like any other, with P(a preferred to b) = σ(s(a) − s(b)); these
 * probabilities are those of a calibrated model only after `calibrateModel`, since list losses fix an order and not a
 * scale.
 *
 * Lists that say nothing (fewer than two items, or ties alone) are left out and counted in the metric `listsLeftOut`.
 *
 * @returns the model, its metrics `trainLoss`, `epochs`, `listsLeftOut`, and with validation `validationLogLoss` and
 *   `bestEpoch`
 * @throws {RangeError} when no list says anything, sizes do not fit, the loss is no number, or the kind compares pairs by
 *   a `logit` of its own
 * @throws {z.ZodError} when the options are not the kind's
 * @example
 * const model = await fitLists({ data: sampledLists(rated, { lists: 300 }, random), loss: listMle })
 */
export function fitLists(
  given: Omit<FitLists<RewardOptions, ScoreHeadParameters>, 'kind'>,
  run?: Run,
): Promise<FittedModel<RewardOptions, ScoreHeadParameters>>
export function fitLists<O, P>(
  given: FitLists<O, P> & { readonly kind: ModelKind<O, P> },
  run?: Run,
): Promise<FittedModel<O, P>>
export async function fitLists<O, P>(given: FitLists<O, P>, run: Run = startRun()): Promise<FittedModel<O, P>> {
  const kind = given.kind ?? (rewardKind as unknown as ModelKind<O, P>)
  if (kind.logit)
    throw new RangeError(
      `${kind.name} compares pairs by more than the difference of scores, which lists would not train; expected a kind without a logit of its own`,
    )
  const { batchSize = 32, patience = 10, loss = (scores, labels, lists) => rankList(scores, labels, lists) } = given
  const options = kind.options.parse(given.options ?? {})
  const encoder = encoderOf(given)
  const [data, held, leftOut] = await partsOf(given, encoder, run)
  const [lists, longest] = [listCount(data), longestList(data)]
  const updatesPerEpoch = Math.ceil(lists / batchSize)
  const epochs = given.epochs ?? Math.max(50, Math.ceil(500 / updatesPerEpoch))
  const ragged = data.items.length < lists * longest
  const specs: InputSpecs = {
    ...rowSpecs({ encoder }),
    rater: spec(['lists'], 'int32'),
    items: spec(['lists', longest], 'int32'),
    labels: spec(['lists', longest]),
    weight: spec(['lists']),
    ...(ragged && { mask: spec(['lists', longest], 'bool') }),
  }
  const parameters = initialParameters(kind, options, { encoder }, data.raters.length, run)
  const step = await trainStep(
    (inputs: SymbolicInputs<InputSpecs>, held: Symbolic<ModelParameters<P>>, context) => {
      const { items, labels, weight, rater, mask } = inputs as Record<string, Tensor> & Record<NamedInput, Tensor>
      const raters = flatten(tile(expandDims(rater, -1), [1, longest]))
      const judged = symbolicRows({ encoder }, held as Symbolic<ModelParameters>, { ...inputs, rater: raters })
      const features = gather(judged.features, flatten(items))
      const scored = take(kind.score(held.model as Symbolic<P>, { ...judged, features }, options), -1, 0)
      const scores = reshape(scored, labels.shape)
      return loss(scores, labels, { weight, ...(mask && { mask }) }, { ...context, updatesPerEpoch, epochs, longest })
    },
    {
      inputs: specs,
      parameters,
      optimizer: given.optimizer ?? adamW({ learningRate: 0.01, weightDecay: 0 }),
      ...(given.trainable && { trainable: given.trainable }),
      seed: run.seed,
    },
  )
  const live = fittedModel({ kind, options, encoder, parameters, raters: data.raters })
  const heldPairs = held && pairsOfLists(held)
  try {
    const result = await fit(
      step,
      {
        examples: await listExamples(encoder, data, longest, ragged),
        batchSize: Math.min(batchSize, lists),
        epochs,
        name: `lists-${kind.name}`,
        checkpointEvery: 0,
        ...(heldPairs && {
          validate: async () => ({ logLoss: meanLogLoss(await live.logits(heldPairs), heldPairs) }),
          earlyStopping: { metric: 'logLoss', patience },
        }),
        ...(given.onMetrics && { onMetrics: given.onMetrics }),
      },
      run,
    )
    return fittedModel({
      ...{ kind, options, encoder, raters: data.raters },
      parameters: structuredClone(parameters) as ModelParameters<P>,
      metrics: {
        trainLoss: result.history.at(-1)?.loss ?? Number.NaN,
        epochs: result.epochs,
        listsLeftOut: leftOut,
        ...(result.best && { validationLogLoss: result.best.value, bestEpoch: result.best.epoch }),
      },
      ...(given.dataVersion !== undefined && { dataVersion: given.dataVersion }),
    })
  } finally {
    await live.dispose()
    await step.dispose()
  }
}

type NamedInput = 'items' | 'labels' | 'weight' | 'rater'

function encoderOf({ data, encoder }: Pick<FitLists<unknown, unknown>, 'data' | 'encoder'>): Encoder {
  if (encoder !== undefined) return encoder
  if (!('columns' in data.rows)) throw new RangeError('the lists hold judgements: an encoder is needed to read them')
  return plainFeatures(data.rows.columns)
}

/** Lists to learn from, lists held out, and how many say nothing. */
async function partsOf(
  { data: given, validation }: Pick<FitLists<unknown, unknown>, 'data' | 'validation'>,
  encoder: Encoder,
  run: Run,
): Promise<readonly [data: ListData, held: ListData | undefined, leftOut: number]> {
  const encoded = async (lists: ListData): Promise<ListData> => ({
    ...lists,
    rows: await encodedRows(encoder, lists.rows, 'features'),
  })
  checkedLists(given)
  const saying = Array.from({ length: listCount(given) }, (_, list) => list).filter((list) =>
    speaks(given.labels.subarray(given.starts[list], given.starts[list + 1])),
  )
  if (saying.length === 0) throw new RangeError('no list has two different labels, so there is no order to learn')
  const data = await encoded(takeLists(given, saying))
  const leftOut = listCount(given) - saying.length
  if (validation === undefined) return [data, undefined, leftOut]
  if (typeof validation !== 'number') return [data, await encoded(checkedLists(validation, 'validation')), leftOut]
  const [kept, held] = splitGroups(data.context, [1 - validation, validation], run.random('validation'))
  return [takeLists(data, kept as Int32Array), takeLists(data, held as Int32Array), leftOut]
}

/** Lists of one length each, filled up where they are shorter: items by place among the rows, labels, which are there. */
async function listExamples(
  encoder: Encoder,
  data: ListData,
  longest: number,
  ragged: boolean,
): Promise<Examples<InputValues<InputSpecs>>> {
  const lists = listCount(data)
  const [items, labels, mask] = [
    new Int32Array(lists * longest),
    new Float32Array(lists * longest),
    new Uint8Array(lists * longest),
  ]
  for (let list = 0; list < lists; list++) {
    const [from, to] = [data.starts[list] as number, data.starts[list + 1] as number]
    items.fill(data.items[from] as number, list * longest, (list + 1) * longest)
    items.set(data.items.subarray(from, to), list * longest)
    labels.set(data.labels.subarray(from, to), list * longest)
    mask.fill(1, list * longest, list * longest + to - from)
  }
  const shape = [lists, longest]
  const columns = {
    rater: value(data.rater),
    items: value(items, shape),
    labels: value(labels, shape),
    weight: value(data.weights),
    ...(ragged && { mask: value(mask, shape, 'bool') }),
  }
  const { rows } = data
  if ('columns' in rows)
    return examplesOf<string>({
      ...columns,
      'row/features': { whole: value(rows.data, [rows.rows, rows.columns]) },
    })
  // What is trained reads its rows anew in each step: those of the batch's lists, each once.
  const { batch } = examplesOf<string>(columns)
  return {
    count: lists,
    async batch(indices) {
      const taken = (await batch(indices)) as Record<string, TensorValue>
      const known = new Map<number, number>()
      const places = Int32Array.from(taken['items']?.data as Int32Array, (row) => {
        const place = known.get(row) ?? known.size
        known.set(row, place)
        return place
      })
      const judged = [...known.keys()].flatMap((row) => rows[row] ?? [])
      const { rater: _, ...fed } = await feedJudged({ encoder }, judged, undefined, new Int32Array(judged.length))
      return { ...taken, ...fed, items: value(places, [indices.length, longest]) }
    },
  }
}
