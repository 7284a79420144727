import { sigmoid } from '../../measure/index.ts'
import type { Judgement, Matrix, PreferenceModel } from '../contract.ts'
import { matrixOf, type Table } from '../pairs/pair-data.ts'
import { unitDirection } from './direction.ts'

/**
 * What a wish makes of scores by aspect: v · r, row by row, with v = weights/‖weights‖.
 *
 * @param scores [rows, aspects]
 * @returns [rows], in the units of the scores
 * @throws {RangeError} when there is not one weight per aspect, one is not finite, or all are 0
 * @example
 * directionalUtilities([[80, 20], [60, 60]], [1, -1]) // [42.43, 0]
 */
export function directionalUtilities(scores: Table, weights: readonly number[]): Float64Array {
  const direction = unitDirection(weights)
  const { rows, columns, data } = matrixOf(scores, 'scores')
  if (columns !== direction.length)
    throw new RangeError(`the direction has ${direction.length} numbers, the scores have ${columns} aspects`)
  return Float64Array.from({ length: rows }, (_, row) =>
    direction.reduce((sum, weight, aspect) => sum + weight * (data[row * columns + aspect] as number), 0),
  )
}

/** The row a wish prefers: of equals, the first. @throws {RangeError} as {@link directionalUtilities}, or without rows */
export function bestInDirection(scores: Table, weights: readonly number[]): number {
  const utilities = directionalUtilities(scores, weights)
  if (utilities.length === 0) throw new RangeError('bestInDirection: there are no rows to choose from')
  return utilities.indexOf(utilities.reduce((best, utility) => Math.max(best, utility)))
}

export interface DirectedModelOptions {
  /** Divides the utility gap into log-odds. Above 0. Default 1. */
  readonly temperature?: number
}

/**
 * A model of several aspects seen from one wish: its score is the utility v · r and P(a preferred to b) =
 * σ(v · (r(a) − r(b))/temperature). Nothing is fitted again, so a model per person costs nothing.
 *
 * @param model with a score per weight
 * @throws {RangeError} when there is not one weight per aspect of the model, one is not finite, or all are 0
 * @see Wang et al. (2024), arXiv 2402.18571
 * @example
 * const concise = directedModel(model, [1, -0.5], { temperature: 10 })
 */
export function directedModel(
  model: PreferenceModel,
  weights: readonly number[],
  { temperature = 1 }: DirectedModelOptions = {},
): PreferenceModel {
  const direction = unitDirection(weights)
  if (direction.length !== model.aspects.length)
    throw new RangeError(
      `the direction has ${direction.length} numbers, the model scores ${model.aspects.join(', ')}: expected one for each`,
    )
  if (!(temperature > 0))
    throw new RangeError(`directedModel: temperature is ${temperature}, expected a number above 0`)
  const utilities = async (batch: readonly Judgement[]): Promise<Float64Array> =>
    batch.length === 0 ? new Float64Array(0) : directionalUtilities(await model.score(batch), direction)
  return {
    aspects: ['utility'],
    async score(batch): Promise<Matrix> {
      return { rows: batch.length, columns: 1, data: Float32Array.from(await utilities(batch)) }
    },
    async prefer(pairs) {
      const side = (which: 'a' | 'b') =>
        utilities(
          pairs.map(({ context, rater, ...sides }) => ({
            context,
            candidate: sides[which],
            ...(rater !== undefined && { rater }),
          })),
        )
      const [a, b] = [await side('a'), await side('b')]
      return Float32Array.from(a, (utility, pair) => sigmoid((utility - (b[pair] as number)) / temperature))
    },
  }
}
