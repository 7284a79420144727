import type { z } from 'zod'
import type { Random } from '../../run/index.ts'
import type { LossContext, LossResult, Symbolic, Tensor } from '../../tensor/index.ts'

/** What is known of judged rows, as a graph sees it. */
export interface JudgedRows {
  /** [rows, width] */
  readonly features: Tensor
  /** [rows, contextWidth], where the model has a context encoder. */
  readonly context?: Tensor
  /** int64 [rows]: the place of the row's rater among the model's raters, −1 for one it does not know. */
  readonly rater?: Tensor
}

/** What is known of compared pairs, as a graph sees it. */
export interface JudgedPairs {
  /** [pairs, width] */
  readonly a: Tensor
  /** [pairs, width] */
  readonly b: Tensor
  /** The rows of a, then those of b: [2 · pairs, width]. What scores rows does it once for both sides in one product. */
  readonly both?: Tensor
  /** [pairs, contextWidth] */
  readonly context?: Tensor
  /** int64 [pairs], −1 for a rater the model does not know. */
  readonly rater?: Tensor
}

/** Pairs together with what was said about them. */
export interface LabelledPairs extends JudgedPairs {
  /** [pairs], in [0, 1]: 1 when a was preferred, ½ for a tie. */
  readonly target: Tensor
  /** [pairs], above 0. */
  readonly weight: Tensor
  /** Further numbers per pair, such as `margin` or `source`: [pairs, …]. */
  readonly columns: Readonly<Record<string, Tensor>>
}

/** What a kind's parameters are sized by. */
export interface ModelSizes {
  /** Columns of the features. */
  readonly width: number
  /** Columns of the context features, 0 without a context encoder. */
  readonly contextWidth: number
  /** How many raters are known. */
  readonly raters: number
}

/**
 * A sort of preference model: everything that sets one method's models apart from another's, so that fitting, scoring,
 * calibration and saving are written once.
 *
 * @typeParam O its options, checked by `options` wherever they come from outside
 * @typeParam P its parameters, a tree of numbers
 */
export interface ModelKind<O = unknown, P = unknown> {
  /** Names the kind in saved models, such as `general-preference`. */
  readonly name: string
  /** Checks options and fills in defaults. */
  readonly options: z.ZodType<O>
  /** Names of the score columns. Default `['overall']`. */
  aspects?(options: O): readonly string[]
  /** Numbers to start from. */
  init(random: Random, sizes: ModelSizes, options: O): P
  /** Scores [rows, aspects], higher is preferred. */
  score(parameters: Symbolic<P>, rows: JudgedRows, options: O): Tensor
  /** Log-odds that a is preferred to b, [pairs]. Default: the difference of the first aspect's scores. */
  logit?(parameters: Symbolic<P>, pairs: JudgedPairs, options: O): Tensor
  /** Paths of parameters with a row per rater, such as `['weights']`: what `adaptRaters` fits, and nothing else. */
  readonly raterParameters?: readonly string[]
  /** What training minimises. Default: the mean of `pairLoss` of the log-odds. */
  loss?(parameters: Symbolic<P>, pairs: LabelledPairs, options: O, context: LossContext): LossResult
}
