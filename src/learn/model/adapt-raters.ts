import { type Run, startRun } from '../../run/index.ts'
import { adamW, type LossResult, mul, parameterLeaves } from '../../tensor/index.ts'
import { pairLoss } from '../loss/pair-loss.ts'
import type { PairData } from '../pairs/pair-data.ts'
import { initialParameters, preferenceFitter, type TrainingOptions } from './fit-preferences.ts'
import { placedAmong } from './fitted-model.ts'
import type { FittedModel } from './model-kind.ts'
import { logitOf } from './pair-graph.ts'
import { seenRaters } from './seen-raters.ts'

export interface AdaptRatersOptions<O, P>
  extends Pick<TrainingOptions, 'batchSize' | 'epochs' | 'optimizer' | 'onMetrics'> {
  readonly model: FittedModel<O, P>
  /** A few pairs of each rater; raters the model knows are fitted on, others are added if they have a pair. */
  readonly data: PairData
}

/**
 * Fits what belongs to raters, and leaves everything else as it is: all raters at once, in one table, whatever their
 * number. The raters do not touch, so nobody's result depends on who else is there, but for rounding.
 *
 * Defaults: all pairs in one batch, 200 updates, AdamW with learning rate 0.05 and no weight decay. Where a rater's
 * parameters enter log-odds linearly, `adaptLinearRaters` is exact and much faster.
 *
 * @returns a model that knows the raters of both; raters without pairs keep what they had
 * @throws {RangeError} when the kind has nothing that belongs to raters, or the pairs name none
 */
export async function adaptRaters<O, P>(
  { model, data, ...training }: AdaptRatersOptions<O, P>,
  run: Run = startRun(),
): Promise<FittedModel<O, P>> {
  const { kind, options, encoder, contextEncoder } = model
  const paths = new Set(kind.raterParameters?.map((path) => `model.${path}`))
  if (paths.size === 0) throw new RangeError(`"${kind.name}" has no parameters of raters to adapt`)
  if (data.rater.some((place) => place < 0)) {
    const pair = data.rater.findIndex((place) => place < 0)
    throw new RangeError(`pair ${pair} has no rater; expected a rater for each pair to adapt to`)
  }
  const known = new Set(model.raters)
  const judging = new Set(Array.from(seenRaters(data), (place) => data.raters[place] as string))
  const raters = [...model.raters, ...[...judging].filter((name) => !known.has(name))]
  const encoders = { encoder, ...(contextEncoder && { contextEncoder }) }
  const parameters = initialParameters(kind, options, encoders, raters.length, run)
  const before = new Map(parameterLeaves(model.parameters).map(({ path, leaf }) => [path, leaf]))
  for (const { path, leaf } of parameterLeaves(parameters)) {
    const old = before.get(path)
    // A table of no raters may hold a row for nobody; known raters come first.
    if (old !== undefined && !paths.has(path)) leaf.data.set(old.data as never)
    else if (old !== undefined && model.raters.length > 0) leaf.data.set(old.data as never)
  }
  const named = placedAmong(data, raters)
  const fitter = await preferenceFitter(
    {
      epochs: 200,
      batchSize: data.a.length,
      optimizer: adamW({ learningRate: 0.05, weightDecay: 0 }),
      ...training,
      kind,
      options,
      data: named,
      ...encoders,
      parameters,
      trainable: (path) => paths.has(path),
      // A mean over everybody would leave each rater the less of a slope, the more others there are, until it is lost
      // beside what optimisers add to denominators.
      loss: (held, pairs, chosen, context) =>
        scaled(
          kind.loss?.(held, pairs, chosen, context) ??
            pairLoss(logitOf(kind, held, pairs, chosen), { target: pairs.target, weight: pairs.weight }),
          judging.size,
        ),
      checkpointEvery: 0,
    },
    run,
  )
  try {
    const adapted = await fitter.fit(named, undefined, run)
    return adapted.with({
      temperature: model.temperature,
      metrics: { ...model.metrics, adaptationLoss: (adapted.metrics['trainLoss'] ?? Number.NaN) / judging.size },
      ...(model.dataVersion !== undefined && { dataVersion: model.dataVersion }),
    })
  } finally {
    await fitter.dispose()
  }
}

function scaled(result: LossResult, factor: number): LossResult {
  return 'loss' in result ? { ...result, loss: mul(result.loss, factor) } : mul(result, factor)
}
