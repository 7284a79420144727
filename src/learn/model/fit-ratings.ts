import { pearson } from '../../measure/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import {
  adamW,
  div,
  expandDims,
  fit,
  type InputSpecs,
  type Symbolic,
  spec,
  type Tensor,
  trainStep,
  value,
} from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import type { Encoder } from '../encoder/encoder.ts'
import { plainFeatures } from '../encoder/plain-features.ts'
import { ratingLoss } from '../loss/rating-loss.ts'
import { numbered } from '../pairs/pair-data.ts'
import { checkedRatings, type RatingData, ratedRows, takeRatings } from '../pairs/rating-data.ts'
import { splitGroups } from '../split.ts'
import { initialParameters, type TrainingOptions } from './fit-preferences.ts'
import { fittedModel } from './fitted-model.ts'
import { linearRatings } from './linear-ratings.ts'
import type { FittedModel, ModelParameters } from './model-kind.ts'
import { encodedRows, feedJudged, rowSpecs, symbolicRows } from './pair-graph.ts'
import { type RatingsModelOptions, type RatingsParameters, ratingsKind, ratingsOptionsSchema } from './ratings-kind.ts'

/** What to fit, to what. */
export interface FitRatings
  extends Omit<TrainingOptions, 'validation' | 'parameters' | 'trainable' | 'checkpointEvery'> {
  /** A `RatingTable` from `ratingsOf`, or `featureRatings`. Rows without any rating are left out, and counted. */
  readonly ratings: RatingData
  /** Reads the rows of `ratings`. Default: they are features already. */
  readonly encoder?: Encoder
  /** Of `ratingsKind`, without the aspects, which are those of the ratings. */
  readonly options?: { readonly [option in 'hidden' | 'activation' | 'direction']?: unknown }
  /** Held-out ratings, or the share of contexts (of rows, for features) to hold out. Default none. */
  readonly validation?: RatingData | number
  /**
   * Strength of ridge · ‖β‖² beside the mean squared error of an exact fit, in standard units of the ratings. Default
   * 10⁻⁴.
   */
  readonly ridge?: number
  /**
   * `exact`: least squares at once, for a linear model of a frozen encoder. `gradient`: as `fitPreferences` trains.
   * Default exact where it can be, has at most 512 columns, and nothing is asked of the training.
   */
  readonly solver?: 'exact' | 'gradient'
  /**
   * Whether all aspects are on one scale, so that an error counts alike in each (`shared`, the paper's loss), or each
   * aspect's errors are counted in its own standard deviations (`aspect`). Default shared.
   */
  readonly scales?: 'shared' | 'aspect'
  /** Names the data in what is saved. */
  readonly dataVersion?: string
}

/** How well scores agree with the ratings of one aspect. */
export interface AspectAgreement {
  readonly aspect: string
  /** Rows rated for it. */
  readonly rated: number
  /** √(Σ w (r − t)² / Σ w), in units of the ratings. */
  readonly error: number
  /** The sum of those rows' weights. */
  readonly weight: number
  /** Pearson's; NaN for fewer than two rows or without spread. */
  readonly correlation: number
}

/**
 * Fits a model of several scores to ratings of which any may be missing, by {@link ratingLoss}: an aspect that a row was
 * not rated for adds neither loss nor gradient, so that data sets that rate different aspects can be learned from
 * together.
 *
 * @returns a model with a score per aspect, in the units of the ratings, its metrics `trainError` (root mean square over
 *   all ratings), `unratedRows`, and with validation `validationError` and `bestEpoch`
 * @throws {RangeError} when there are no ratings, an aspect has none, sizes do not fit, or an exact fit is asked for
 *   where there is none
 * @throws {z.ZodError} when the options are not the kind's
 * @see Wang et al. (2024), "Arithmetic control of LLMs for diverse user preferences: directional preference alignment
 *   with multi-objective rewards", arXiv 2402.18571
 * @example
 * const ratings = await ratingsOf(store, { rescale: [10, 90] })
 * const model = await fitRatings({ ratings, encoder: hashedNgrams({ projection: 'none', buckets: 256 }) })
 * await model.score([{ context, candidate }]) // [1, aspects]
 */
export async function fitRatings(
  given: FitRatings,
  run: Run = startRun(),
): Promise<FittedModel<RatingsModelOptions, RatingsParameters>> {
  const all = checkedRatings(given.ratings)
  const kept = ratedRows(all)
  if (kept.length === 0) throw new RangeError('fitRatings: no row is rated for any aspect')
  const { encoder = plainFeatures('columns' in all.rows ? all.rows.columns : missingEncoder()) } = given
  const options = ratingsOptionsSchema.parse({ ...given.options, aspects: [...all.aspects] })
  const whole: RatingData = { ...takeRatings(all, kept) }
  const rated = { ...whole, rows: await encodedRows(encoder, whole.rows, 'features') }
  const [train, held] = await heldOut(rated, given.validation, encoder, run)
  const { centre, scale } = unitsOf(train, given.scales ?? 'shared')
  const parameters: ModelParameters<RatingsParameters> = initialParameters(ratingsKind, options, { encoder }, 0, run)
  parameters.model.centre.data.set(centre as never)
  parameters.model.scale.data.set(scale as never)

  const asked = [given.solver, given.validation, given.optimizer, given.epochs, given.batchSize, given.patience]
  const able = encoder.frozen && options.hidden.length === 0
  const exact = given.solver === 'exact' || (able && encoder.width <= 512 && asked.every((one) => one === undefined))
  if (exact && !able)
    throw new RangeError('fitRatings: an exact fit needs a frozen encoder and no hidden layers; leave solver out')
  const trained = exact
    ? solve(parameters.model, train, given.ridge ?? 1e-4)
    : await descend(parameters, train, held, encoder, options, given, run)
  const model = fittedModel({ kind: ratingsKind, options, encoder, parameters })
  const metrics = {
    trainError: await pooledError(model, train),
    unratedRows: all.weights.length - kept.length,
    ...trained,
    ...(held && { validationError: await pooledError(model, held) }),
  }
  await model.dispose()
  return model.with({ metrics, ...(given.dataVersion !== undefined && { dataVersion: given.dataVersion }) })
}

function missingEncoder(): never {
  throw new RangeError('the ratings are of judgements: an encoder is needed to read them')
}

async function heldOut(
  data: RatingData,
  validation: FitRatings['validation'],
  encoder: Encoder,
  run: Run,
): Promise<readonly [RatingData, RatingData | undefined]> {
  if (validation === undefined) return [data, undefined]
  if (typeof validation !== 'number') {
    const held = checkedRatings(validation)
    if (held.aspects.join('\n') !== data.aspects.join('\n'))
      throw new RangeError(
        `fitRatings: validation is of ${held.aspects.join(', ')}, expected ${data.aspects.join(', ')}`,
      )
    return [data, { ...held, rows: await encodedRows(encoder, held.rows, 'features') }]
  }
  const groups =
    'columns' in data.rows
      ? Array.from(data.weights, (_, row) => row)
      : numbered(data.rows.map(({ context }) => context.id)).places
  const [kept, held] = splitGroups(groups, [1 - validation, validation], run.random('validation'))
  return [takeRatings(data, kept as Int32Array), takeRatings(data, held as Int32Array)]
}

/** [aspects] each: the weighted mean of the ratings, and their standard deviation, by aspect or over all of them. */
function unitsOf(
  { aspects, values: { data }, weights }: RatingData,
  scales: 'shared' | 'aspect',
): { readonly centre: readonly number[]; readonly scale: readonly number[] } {
  const k = aspects.length
  const moments = aspects.map((aspect, at) => {
    let [total, sum, squares] = [0, 0, 0]
    const each = (visit: (weight: number, rating: number) => void): void => {
      for (let row = 0; row < weights.length; row++) {
        const rating = data[row * k + at] as number
        if (!Number.isNaN(rating)) visit(weights[row] as number, rating)
      }
    }
    each((weight, rating) => {
      total += weight
      sum += weight * rating
    })
    if (total === 0) throw new RangeError(`fitRatings: no row is rated for "${aspect}"`)
    const centre = sum / total
    each((weight, rating) => {
      squares += weight * (rating - centre) ** 2
    })
    return { centre, squares, total }
  })
  const pooled =
    moments.reduce((sum, { squares }) => sum + squares, 0) / moments.reduce((sum, { total }) => sum + total, 0)
  return {
    centre: moments.map(({ centre }) => centre),
    scale: moments.map(({ squares, total }) => Math.sqrt(scales === 'shared' ? pooled : squares / total) || 1),
  }
}

/** Least squares, written into the parameters. */
function solve(
  { head, centre, scale }: RatingsParameters,
  { rows, values, weights }: RatingData,
  ridge: number,
): object {
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY))
    throw new RangeError(`fitRatings: ridge is ${ridge}, expected a finite number of at least 0`)
  const { columns, rows: count, data } = values
  const units = data.map((rating, at) => {
    const aspect = at % columns
    return (rating - (centre.data[aspect] as number)) / (scale.data[aspect] as number)
  })
  const [layer] = head.layers
  linearRatings(rows as Matrix, { rows: count, columns, data: units }, weights, ridge).forEach(
    ({ weight, bias }, at) => {
      layer?.weight.data.set(Float32Array.from(weight) as never, at * weight.length)
      layer?.bias?.data.set([bias] as never, at)
    },
  )
  return {}
}

async function descend(
  parameters: ModelParameters<RatingsParameters>,
  train: RatingData,
  held: RatingData | undefined,
  encoder: Encoder,
  options: RatingsModelOptions,
  given: FitRatings,
  run: Run,
): Promise<object> {
  const { batchSize = 256, patience = 10, optimizer = adamW({ learningRate: 0.01, weightDecay: 0 }) } = given
  const count = train.weights.length
  const size = Math.min(batchSize, count)
  const epochs = given.epochs ?? Math.max(50, Math.ceil(500 / Math.ceil(count / size)))
  const k = options.aspects.length
  const specs: InputSpecs = { ...rowSpecs({ encoder }), ratings: spec(['row_rows', k]), weight: spec(['row_rows']) }
  const step = await trainStep(
    (inputs, symbolic: Symbolic<ModelParameters<RatingsParameters>>) => {
      const rows = symbolicRows({ encoder }, symbolic as Symbolic<ModelParameters>, inputs)
      const { ratings, weight } = inputs as { ratings: Tensor; weight: Tensor }
      const found = ratingsKind.score(symbolic.model, rows, options)
      // In units of the scale, so that the steps of an optimiser suit any scale of ratings.
      const units = (x: Tensor): Tensor => div(x, symbolic.model.scale)
      return ratingLoss(units(found), units(ratings), { weight: expandDims(weight, 1) })
    },
    {
      inputs: specs,
      parameters,
      optimizer,
      trainable: (path) => path !== 'model.centre' && path !== 'model.scale',
      seed: run.seed,
    },
  )
  try {
    const live = fittedModel({ kind: ratingsKind, options, encoder, parameters })
    const result = await fit(
      step,
      {
        examples: {
          count,
          async batch(indices) {
            const part = takeRatings(train, indices)
            return {
              ...(await feedJudged({ encoder }, part.rows, undefined, new Int32Array(part.weights.length).fill(-1))),
              ratings: value(part.values.data, [part.values.rows, k]),
              weight: part.weights,
            }
          },
        },
        batchSize: size,
        epochs,
        name: 'ratings',
        checkpointEvery: 0,
        ...(held && {
          validate: async () => ({ error: await pooledError(live, held) }),
          earlyStopping: { metric: 'error', patience },
        }),
        ...(given.onMetrics && { onMetrics: given.onMetrics }),
      },
      run,
    )
    await live.dispose()
    return { epochs: result.epochs, ...(result.best && { bestEpoch: result.best.epoch }) }
  } finally {
    await step.dispose()
  }
}

type Scorer = Pick<FittedModel, 'aspects' | 'score' | 'scoreFeatures'>

async function scoresOf(model: Scorer, { rows }: RatingData): Promise<Matrix> {
  return 'columns' in rows ? model.scoreFeatures({ features: rows }) : model.score(rows)
}

async function pooledError(model: Scorer, data: RatingData): Promise<number> {
  const agreement = await evaluateRatings(model, data)
  const rated = agreement.reduce((sum, one) => sum + one.weight, 0)
  return Math.sqrt(agreement.reduce((sum, one) => sum + (one.rated > 0 ? one.weight * one.error ** 2 : 0), 0) / rated)
}

/**
 * Scores of a model against ratings, aspect by aspect, over the rows rated for each.
 *
 * @returns one entry per aspect of the ratings, which must be among the model's
 * @throws {RangeError} when the model has no score for an aspect
 */
export async function evaluateRatings(model: Scorer, data: RatingData): Promise<readonly AspectAgreement[]> {
  const { values, aspects, weights } = checkedRatings(data)
  const places = aspects.map((aspect) => {
    const place = model.aspects.indexOf(aspect)
    if (place < 0) throw new RangeError(`the model has no score for "${aspect}"; it has ${model.aspects.join(', ')}`)
    return place
  })
  const scores = await scoresOf(model, data)
  return aspects.map((aspect, at) => {
    const [found, said]: [number[], number[]] = [[], []]
    let [squares, weight] = [0, 0]
    for (let row = 0; row < values.rows; row++) {
      const rating = values.data[row * aspects.length + at] as number
      if (Number.isNaN(rating)) continue
      const score = scores.data[row * scores.columns + (places[at] as number)] as number
      found.push(score)
      said.push(rating)
      weight += weights[row] as number
      squares += (weights[row] as number) * (score - rating) ** 2
    }
    return {
      aspect,
      rated: found.length,
      weight,
      error: Math.sqrt(squares / weight),
      correlation: found.length < 2 ? Number.NaN : pearson(found, said),
    }
  })
}
