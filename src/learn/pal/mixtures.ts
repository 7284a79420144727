import { sigmoid } from '../../measure/index.ts'
import { value } from '../../tensor/index.ts'
import type { Matrix } from '../contract.ts'
import type { FittedModel } from '../model/model-kind.ts'

import type { PairData } from '../pairs/pair-data.ts'
import type { PalOptions, PalParameters } from './pal.ts'

type PalModel = FittedModel<PalOptions, PalParameters>

/** Below this share a prototype counts as absent; its logarithm must stay finite. */
const absent = 1e-12

function softmax(logits: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(logits))
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map((power) => power / total)
}

/**
 * Each known rater's mixture over the prototypes, in the order of the model's raters; rows sum to 1. Prototypes of two
 * fits come in no common order.
 *
 * @returns [raters, K]
 */
export function raterMixtures({ parameters, options, raters }: PalModel): Matrix {
  const { data, shape } = parameters.model.weights
  const columns = shape[1] as number
  const mixtures = new Float32Array(raters.length * columns)
  for (let rater = 0; rater < raters.length; rater++) {
    const logits = Array.from({ length: columns }, (_, k) => Number(data[rater * columns + k]) / options.temperature)
    mixtures.set(softmax(logits), rater * columns)
  }
  return { rows: raters.length, columns, data: mixtures }
}

/** The model with other mixtures of some raters, or of everybody where there are none. */
function withMixtures(model: PalModel, mixtures: readonly ArrayLike<number>[], raters: readonly string[]): PalModel {
  const { options, parameters } = model
  const prototypes = parameters.model.weights.shape[1] as number
  const logits = mixtures.flatMap((mixture) =>
    Array.from(mixture, (share) => options.temperature * Math.log(Math.max(share, absent))),
  )
  const weights = value(Float32Array.from(logits), [mixtures.length, prototypes])
  return model.with({ raters, parameters: { ...parameters, model: { ...parameters.model, weights } } })
}

/**
 * One taste for everybody: a mixture of the prototypes, which makes PAL an ordinary reward model.
 *
 * @param shares [K], at least 0, summing to 1
 * @throws {RangeError} when there are not K shares or they do not sum to 1
 */
export function mixPrototypes(model: PalModel, shares: readonly number[]): PalModel {
  const prototypes = model.parameters.model.weights.shape[1]
  if (shares.length !== prototypes)
    throw new RangeError(`mixPrototypes: there are ${shares.length} shares for ${prototypes} prototypes`)
  const total = shares.reduce((sum, share) => sum + share, 0)
  if (shares.some((share) => !(share >= 0)) || Math.abs(total - 1) > 1e-6)
    throw new RangeError(`mixPrototypes: the shares are [${shares.join(', ')}], expected numbers from 0 that sum to 1`)
  return withMixtures(model, [shares], [])
}

/** Every known rater given wholly to their largest prototype (the first of equals). */
export function hardenMixtures(model: PalModel): PalModel {
  const { rows, columns, data } = raterMixtures(model)
  if (rows === 0) return model
  const hard = Array.from({ length: rows }, (_, rater) => {
    const mixture = data.subarray(rater * columns, (rater + 1) * columns)
    const largest = mixture.indexOf(Math.max(...mixture))
    return Array.from(mixture, (_, k) => (k === largest ? 1 : 0))
  })
  return withMixtures(model, hard, model.raters)
}

/**
 * How much the prototypes disagree about each pair: the variance of their probabilities. The pairs to show a newcomer
 * are those with most of it, since what all prototypes say tells nobody apart.
 *
 * @returns [pairs], between 0 and ¼
 */
export async function prototypeDisagreement(model: PalModel, data: PairData): Promise<Float64Array> {
  const prototypes = model.parameters.model.weights.shape[1] as number
  const [sums, squares] = [new Float64Array(data.a.length), new Float64Array(data.a.length)]
  for (let k = 0; k < prototypes; k++) {
    const pure = mixPrototypes(
      model,
      Array.from({ length: prototypes }, (_, at) => (at === k ? 1 : 0)),
    )
    const logits = await pure.logits(data)
    await pure.dispose()
    logits.forEach((logit, pair) => {
      const probability = sigmoid(logit)
      sums[pair] = (sums[pair] as number) + probability / prototypes
      squares[pair] = (squares[pair] as number) + probability ** 2 / prototypes
    })
  }
  return squares.map((square, pair) => Math.max(0, square - (sums[pair] as number) ** 2))
}
