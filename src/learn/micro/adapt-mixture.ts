import { logisticLoss } from '../../measure/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { adamW, examplesOf, exp, fit, mean, mul, neg, spec, sum, trainStep, value } from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import { type RoutedHeadParameters, routedLogWeights, routedRewards } from '../head/routed-head.ts'
import { fittedModel, partsOf } from '../model/fitted-model.ts'
import type { FittedModel, ModelKind } from '../model/model-kind.ts'
import { matrixOf, type PairData, type Rows, type Table } from '../pairs/pair-data.ts'
import { type ExponentialWeightsOptions, exponentialWeights } from './exponential-weights.ts'
import { type AdaptedMixtureParameters, adaptedMixtureKind, type MixtureOptions } from './micro.ts'

/** A model of {@link mixtureKind}. */
export type MixtureModel = FittedModel<MixtureOptions, RoutedHeadParameters>

/** The model's numbers, read by another kind. */
function seenAs(model: MixtureModel, kind: ModelKind<MixtureOptions, RoutedHeadParameters>): MixtureModel {
  return fittedModel({ ...partsOf(model), kind })
}

const perHead = ({ heads }: MixtureOptions): string[] => Array.from({ length: heads }, (_, k) => `head ${k}`)

async function scoresOf(model: MixtureModel, rows: Rows): Promise<Matrix> {
  if (!('columns' in rows)) return await model.score(rows)
  const columns = model.contextEncoder?.width ?? 0
  const contexts = { rows: rows.rows, columns, data: new Float32Array(rows.rows * columns) }
  return await model.scoreFeatures({ features: rows, contexts })
}

/** Each head's reward of some rows: [rows, K]. */
export async function headRewards(model: MixtureModel, rows: Rows): Promise<Matrix> {
  const heads = seenAs(model, {
    ...model.kind,
    aspects: perHead,
    score: (parameters, { features }) => routedRewards(parameters, features),
  })
  try {
    return await scoresOf(heads, rows)
  } finally {
    await heads.dispose()
  }
}

/**
 * How much each head counts in some contexts, by the router: [contexts, K], rows summing to 1.
 *
 * @param contexts features, or judgements whose contexts are meant
 */
export async function routingWeights(model: MixtureModel, contexts: Rows | Table): Promise<Matrix> {
  const router = seenAs(model, {
    ...model.kind,
    aspects: perHead,
    score: (parameters, { context }) => exp(routedLogWeights(parameters, context as NonNullable<typeof context>)),
  })
  const isTable = 'columns' in contexts || Array.isArray(contexts[0])
  try {
    if (!isTable) return await router.score(contexts as Exclude<Rows, Matrix>)
    const table = matrixOf(contexts as Table, 'contexts')
    const { width } = model.encoder
    const features = { rows: table.rows, columns: width, data: new Float32Array(table.rows * width) }
    return await router.scoreFeatures({ features, contexts: table })
  } finally {
    await router.dispose()
  }
}

/**
 * Each head's lead of a over b: [pairs, K].
 */
export async function headLeads(model: MixtureModel, data: PairData): Promise<Matrix> {
  const { columns, data: rewards } = await headRewards(model, data.rows)
  const leads = new Float32Array(data.a.length * columns)
  for (let pair = 0; pair < data.a.length; pair++)
    for (let k = 0; k < columns; k++)
      leads[pair * columns + k] =
        (rewards[(data.a[pair] as number) * columns + k] as number) -
        (rewards[(data.b[pair] as number) * columns + k] as number)
  return { rows: data.a.length, columns, data: leads }
}

/** A mixture with weights of each rater's own. */
export type AdaptedMixtureModel = FittedModel<MixtureOptions, AdaptedMixtureParameters>

/**
 * MiCRo's second stage: a few labelled pairs of each rater (or of each situation that is named like one) move that
 * rater's weights over the heads by {@link exponentialWeights}, pair after pair in the order of the data. Nothing else
 * is trained. Weights start as the router's, averaged over the rater's contexts; raters of whom nothing is known are
 * routed by the context.
 *
 * @throws {RangeError} when a pair names no rater
 */
export async function adaptMixture(
  model: MixtureModel,
  data: PairData,
  options: ExponentialWeightsOptions = {},
): Promise<AdaptedMixtureModel> {
  const unnamed = data.rater.findIndex((place) => place < 0)
  if (unnamed >= 0)
    throw new RangeError(`adaptMixture: pair ${unnamed} has no rater; expected a rater for each pair to adapt to`)
  if (data.contexts === undefined) throw new RangeError('adaptMixture: the pairs have no contexts for the router')
  const { columns, data: leads } = await headLeads(model, data)
  const routed = await routingWeights(model, data.contexts)
  const weights = new Map<number, Float64Array>()
  data.rater.forEach((place, pair) => {
    const sums = weights.get(place) ?? new Float64Array(columns)
    const from = (data.context[pair] as number) * columns
    weights.set(
      place,
      sums.map((sum, k) => sum + (routed.data[from + k] as number)),
    )
  })
  for (const [place, sums] of weights) {
    const total = sums.reduce((all, sum) => all + sum, 0)
    weights.set(
      place,
      sums.map((sum) => sum / total),
    )
  }
  data.rater.forEach((place, pair) => {
    const target = data.targets[pair] as number
    const losses = Float64Array.from({ length: columns }, (_, k) => {
      const loss = logisticLoss(leads[pair * columns + k] as number, target)
      return loss * (data.weights[pair] as number)
    })
    weights.set(place, exponentialWeights(weights.get(place) as Float64Array, losses, options))
  })
  const places = [...weights.keys()].sort((one, other) => one - other)
  const table = new Float32Array(places.length * columns)
  places.forEach((place, at) => {
    table.set((weights.get(place) as Float64Array).map(Math.log), at * columns)
  })
  return fittedModel({
    ...partsOf(model),
    kind: adaptedMixtureKind,
    raters: places.map((place) => data.raters[place] as string),
    parameters: {
      ...model.parameters,
      model: { ...model.parameters.model, logWeights: value(table, [places.length, columns]) },
    },
  })
}

export interface DistillRoutingOptions {
  /** Default 200. */
  readonly epochs?: number
  /** Of AdamW. Default 0.05. */
  readonly learningRate?: number
  /** Contexts in an update. Default 256. */
  readonly batchSize?: number
}

/**
 * Teaches the router weights that were found with labels, so that contexts like them are routed without any: the
 * router's cross-entropy −Σ_k w_k ln π_k(x) is minimised, the heads stay.
 *
 * @param taught contexts' features [n, contextWidth], and the weights [n, K] to be given there
 * @throws {RangeError} when the sizes do not fit
 */
export async function distillRouting(
  model: MixtureModel,
  taught: { readonly contexts: Table; readonly weights: Table },
  { epochs = 200, learningRate = 0.05, batchSize = 256 }: DistillRoutingOptions = {},
  run: Run = startRun(),
): Promise<MixtureModel> {
  const [contexts, weights] = [matrixOf(taught.contexts, 'contexts'), matrixOf(taught.weights, 'weights')]
  const { options, contextEncoder } = model
  if (contexts.rows !== weights.rows || weights.columns !== options.heads || contexts.columns !== contextEncoder?.width)
    throw new RangeError(
      `distillRouting: contexts are ${contexts.rows} × ${contexts.columns} and weights ${weights.rows} × ${weights.columns}, expected n × ${contextEncoder?.width} and n × ${options.heads}`,
    )
  const parameters = structuredClone(model.parameters)
  const step = await trainStep(
    ({ context, wanted }, held) =>
      mean(neg(sum(mul(wanted, routedLogWeights({ router: held.router } as never, context)), -1))),
    {
      inputs: { context: spec(['rows', contexts.columns]), wanted: spec(['rows', weights.columns]) },
      parameters: { router: parameters.model.router },
      optimizer: adamW({ learningRate, weightDecay: 0 }),
      seed: run.seed,
    },
  )
  try {
    const examples = examplesOf({
      context: value(contexts.data, [contexts.rows, contexts.columns]),
      wanted: value(weights.data, [weights.rows, weights.columns]),
    })
    await fit(
      step,
      { examples, epochs, batchSize: Math.min(batchSize, contexts.rows), checkpointEvery: 0, name: 'routing' },
      run,
    )
  } finally {
    await step.dispose()
  }
  return model.with({ parameters })
}
