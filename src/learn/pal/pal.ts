import { z } from 'zod'
import { applyMlp, initMlp, type MlpParameters, normalValue } from '../../nets/index.ts'
import {
  add,
  expandDims,
  matmul,
  mean,
  mul,
  type Symbolic,
  softmax,
  squeeze,
  stack,
  type Tensor,
  type TensorValue,
  value,
  zeros,
} from '../../tensor/index.ts'
import { idealPointScore } from '../head/ideal-point-head.ts'
import { raterRows } from '../head/rater-rows.ts'
import { hinge, pairLoss } from '../loss/pair-loss.ts'
import type { JudgedPairs, JudgedRows, ModelKind } from '../model/model-kind.ts'

/** Options of {@link palKind}. */
export const palOptionsSchema = z.strictObject({
  /** `A`: ideal points that are the same in every context; `B`: ideal points that depend on the context. Default A. */
  variant: z.enum(['A', 'B']).default('A'),
  /** K. Default 2 (the paper's for summaries); 1 gives every rater the same taste. */
  prototypes: z.int().min(1).default(2),
  /** Columns of the space items and ideal points lie in. Default: as many as there are features. */
  dimensions: z.int().min(1).optional(),
  /** How features are mapped there: two hidden GELU layers, the same plus its input, one linear map, or not at all. Default mlp. */
  projector: z.enum(['mlp', 'residual', 'linear', 'identity']).default('mlp'),
  /** Variant A: distances, or squared ones as the paper writes them. Default distance (the authors' code). */
  form: z.enum(['distance', 'squared']).default('distance'),
  /** Variant A: whether prototypes are mixed before they are projected, or after. Default before. */
  mixing: z.enum(['before', 'after']).default('before'),
  /** T of the mixture weights, softmax(w/T). Default 1. */
  temperature: z.number().positive().default(1),
  /** Default `hinge` for variant A, `logistic` for B (the authors'). */
  loss: z.enum(['hinge', 'logistic']).optional(),
})
export type PalOptions = z.infer<typeof palOptionsSchema>

export interface PalParameters {
  /** f, from features to the space of preferences; absent for `identity`. */
  readonly projector?: MlpParameters
  /** Variant A: P, [K, width]. */
  readonly prototypes?: TensorValue
  /** Variant B: g_k, from contexts to ideal points. */
  readonly prototypeMaps?: readonly MlpParameters[]
  /** Variant B: logarithm of the cosines' scale, starting at ln(1/0.07). */
  readonly logScale?: TensorValue
  /** [raters, K]: each rater's mixture, before the softmax. */
  readonly weights: TensorValue
}

const startScale = Math.log(1 / 0.07)

/** Sizes of the layers of a map into the space of preferences. */
function layers(projector: PalOptions['projector'], inputs: number, dimensions: number): number[] {
  return projector === 'linear' ? [inputs, dimensions] : [inputs, dimensions, dimensions, dimensions]
}

function project(map: Symbolic<MlpParameters> | undefined, x: Tensor, projector: PalOptions['projector']): Tensor {
  if (map === undefined) return x
  const mapped = applyMlp(map, x, { activation: 'gelu' })
  return projector === 'residual' ? add(mapped, x) : mapped
}

/** Each row's mixture over prototypes, [rows, K]; of an unknown rater, the mean over those that are known. */
function mixtures({ weights }: Symbolic<PalParameters>, rater: Tensor | undefined, temperature: number): Tensor {
  const all = softmax(temperature === 1 ? weights : mul(weights, 1 / temperature))
  const everybody = mean(all, 0)
  return rater === undefined ? expandDims(everybody, 0) : raterRows(all, rater, everybody)
}

/** Ideal points of the raters of some rows: [rows, d], or [1, d] where everybody's are the same. */
function idealPoints(
  parameters: Symbolic<PalParameters>,
  rater: Tensor | undefined,
  context: Tensor | undefined,
  { variant, mixing, projector, temperature }: PalOptions,
): Tensor {
  const mixture = mixtures(parameters, rater, temperature)
  if (variant === 'B') {
    if (context === undefined) throw new RangeError('pal: variant B reads contexts, none are given')
    const maps = parameters.prototypeMaps as readonly Symbolic<MlpParameters>[]
    const points = stack(
      maps.map((map) => project(map, context, projector)),
      -2,
    )
    return squeeze(matmul(expandDims(mixture, -2), points), -2)
  }
  const prototypes = parameters.prototypes as Tensor
  return mixing === 'before'
    ? project(parameters.projector, matmul(mixture, prototypes), projector)
    : matmul(mixture, project(parameters.projector, prototypes, projector))
}

/** How much a row is liked, the ideal point given: −‖z − a‖, or a scaled cosine. */
function liking(parameters: Symbolic<PalParameters>, features: Tensor, points: Tensor, options: PalOptions): Tensor {
  const items = project(parameters.projector, features, options.projector)
  return options.variant === 'A'
    ? idealPointScore(items, points, { form: options.form })
    : idealPointScore(items, points, { form: 'cosine', logScale: parameters.logScale as Tensor })
}

/**
 * PAL, pluralistic alignment: everybody has an ideal point, and likes an item the more, the closer it lies. Ideal
 * points are mixtures of K shared prototypes, so a newcomer is K numbers that a few comparisons tell.
 *
 *     A:  a_u = f(Σ_k w_uk P_k),          r(y; u) = −‖f(h(y)) − a_u‖
 *     B:  a_u(x) = Σ_k w_uk g_k(h(x)),    r(x, y; u) = e^s cos(a_u(x), f(h(y))),  e^s at most 100
 *
 * with w_u = softmax(W_u/T). The log-odds that a is preferred are r(a) − r(b); A is trained by the hinge loss
 * max(0, 1 − (r(a) − r(b))), B by the logistic one. A rater that is not known has the mean mixture of those who are.
 *
 * Use {@link adaptRaters} for newcomers: everything but their own K numbers stays as it is.
 *
 * @see Chen et al. (2024), "PAL: pluralistic alignment framework for learning from heterogeneous preferences",
 *   arXiv 2406.08469
 * @example
 * const model = await fitPreferences({ kind: palKind, data, options: { prototypes: 3, loss: 'logistic' } })
 */
export const palKind: ModelKind<PalOptions, PalParameters> = {
  name: 'pal',
  options: palOptionsSchema,
  raterParameters: ['weights'],
  init(random, { width, contextWidth, raters }, { variant, prototypes, projector, dimensions = width }) {
    if ((projector === 'identity' || projector === 'residual') && dimensions !== width)
      throw new RangeError(`pal: the ${projector} projector keeps ${width} columns, and dimensions is ${dimensions}`)
    if (variant === 'B' && contextWidth === 0)
      throw new RangeError('pal: variant B reads contexts, and the data have no context features')
    if (variant === 'B' && projector === 'residual' && contextWidth !== dimensions)
      throw new RangeError(
        `pal: the residual projector needs contexts of ${dimensions} columns, they have ${contextWidth}`,
      )
    const map = (stream: string, inputs: number): MlpParameters =>
      initMlp(random.fork(stream), layers(projector, inputs, dimensions))
    const weights = raters === 0 ? zeros([1, prototypes]) : normalValue(random.fork('weights'), [raters, prototypes], 1)
    return {
      ...(projector !== 'identity' && { projector: map('projector', width) }),
      ...(variant === 'A'
        ? { prototypes: unitRows(normalValue(random.fork('prototypes'), [prototypes, width], 1), width) }
        : {
            prototypeMaps: Array.from({ length: prototypes }, (_, k) =>
              initMlp(
                random.fork(`prototype ${k}`),
                layers(projector === 'linear' ? 'linear' : 'mlp', contextWidth, dimensions),
              ),
            ),
            logScale: value(Float32Array.of(startScale), []),
          }),
      weights,
    }
  },
  score(parameters, rows: JudgedRows, options) {
    const points = idealPoints(parameters, rows.rater, rows.context, options)
    return expandDims(liking(parameters, rows.features, points, options), -1)
  },
  logit(parameters, pairs: JudgedPairs, options) {
    const points = idealPoints(parameters, pairs.rater, pairs.context, options)
    const [a, b] = [liking(parameters, pairs.a, points, options), liking(parameters, pairs.b, points, options)]
    return add(a, mul(b, -1))
  },
  loss(parameters, pairs, options) {
    const lead = palKind.logit?.(parameters, pairs, options) as Tensor
    const { variant, loss = variant === 'A' ? 'hinge' : 'logistic' } = options
    const { target, weight } = pairs
    return loss === 'hinge' ? hinge(lead, { target, weight }) : pairLoss(lead, { target, weight })
  },
}

function unitRows(rows: TensorValue, width: number): TensorValue {
  for (let from = 0; from < rows.data.length; from += width) {
    const row = rows.data.subarray(from, from + width) as Float32Array
    const length = Math.hypot(...row)
    row.forEach((number, at) => {
      row[at] = number / length
    })
  }
  return rows
}
