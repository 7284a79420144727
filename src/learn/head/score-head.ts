import { type Activation, applyMlp, initMlp, type MlpParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import { at, type Symbolic, type Tensor } from '../../tensor/index.ts'

export interface ScoreHeadOptions {
  /** Features of hidden layers; none for a linear map. Default none. */
  readonly hidden?: readonly number[]
  /** Between layers. Default `relu`. */
  readonly activation?: Activation
  /** Default true. A bias of the last layer makes no difference to preferences, only to scores. */
  readonly bias?: boolean
  /** Standard deviation of the weights to start from (biases are then 0). Default: uniform within ±1/√in. */
  readonly deviation?: number
}

/** Parameters of a linear map or a small network from features to scores. */
export type ScoreHeadParameters = MlpParameters

/**
 * A head of one score per row, r = w·h + b or a small network.
 *
 * @param width columns of the features
 */
export function initScalarHead(random: Random, width: number, options: ScoreHeadOptions = {}): ScoreHeadParameters {
  return initAspectsHead(random, width, 1, options)
}

/**
 * One score per row.
 *
 * @param features [..., width]
 * @returns [...]
 * @example
 * const parameters = initScalarHead(seeded(1), 7, { hidden: [6, 4, 2] })
 */
export function applyScalarHead(
  parameters: Symbolic<ScoreHeadParameters>,
  features: Tensor,
  options: ScoreHeadOptions = {},
): Tensor {
  return at(applyAspectsHead(parameters, features, options), -1, 0)
}

/**
 * A head of several scores per row, one for each aspect.
 *
 * @throws {RangeError} when there are no aspects or a hidden layer has no features
 */
export function initAspectsHead(
  random: Random,
  width: number,
  aspects: number,
  { hidden = [], bias, deviation }: ScoreHeadOptions = {},
): ScoreHeadParameters {
  const sizes = [width, ...hidden, aspects]
  for (const size of sizes)
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`head: sizes are [${sizes.join(', ')}], expected whole numbers of at least 1`)
  return initMlp(random, sizes, {
    ...(bias !== undefined && { bias }),
    ...(deviation !== undefined && { deviation }),
  })
}

/**
 * Scores of each row by aspect.
 *
 * @param features [..., width]
 * @returns [..., aspects]
 */
export function applyAspectsHead(
  parameters: Symbolic<ScoreHeadParameters>,
  features: Tensor,
  { activation }: ScoreHeadOptions = {},
): Tensor {
  return applyMlp(parameters, features, activation === undefined ? {} : { activation })
}
