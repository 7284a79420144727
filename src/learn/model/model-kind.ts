import type { z } from 'zod'
import type { Random } from '../../run/index.ts'
import type { LossContext, LossResult, Symbolic, Tensor } from '../../tensor/index.ts'
import type { Matrix, PreferenceModel } from '../contract.ts'
import type { Encoder } from '../encoder/encoder.ts'
import type { LinearPairModel } from '../kernel/pair-steps.ts'
import type { PairData, Table } from '../pairs/pair-data.ts'

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
  /**
   * Told where the kind's loss is one that kernels take steps of (see `pairSteps`), which saves most of a fit's time; the
   * paths are those of the kind's own parameters. It is never asked where a fit has a loss of its own.
   */
  linearPairs?(options: O): LinearPairModel | undefined
  /**
   * Parameters that no gradient finds, told when training is done from the pairs it was done on; of a stream, from the
   * pairs it began with. Default: as trained.
   */
  finish?(model: FittedModel<O, P>, data: PairData): Promise<P>
}

/** Everything a fitted model's numbers are, as one tree. */
export interface ModelParameters<P = unknown> {
  readonly model: P
  /** `{}` for a frozen encoder. */
  readonly encoder: unknown
  readonly contextEncoder: unknown
}

/** What a fitted model is made of. */
export interface ModelParts<O, P> {
  readonly kind: ModelKind<O, P>
  /** As the kind's schema gives them, every default filled in. */
  readonly options: O
  readonly encoder: Encoder
  readonly contextEncoder?: Encoder
  /** Read where they lie, so that what training changes is seen. */
  readonly parameters: ModelParameters<P>
  /** Names of the raters the parameters know, by place. Default none. */
  readonly raters?: readonly string[]
  /** Divides log-odds. Default 1. */
  readonly temperature?: number
  /** What was measured of it, such as `validationLogLoss`. */
  readonly metrics?: Readonly<Record<string, number>>
  /** Names the data it was fitted to. */
  readonly dataVersion?: string
}

/** Plain features to be scored. */
export interface FeatureRows {
  /** [rows, width] */
  readonly features: Table
  /** [rows, contextWidth], for a model that reads contexts. */
  readonly contexts?: Table
  /** Each row's rater; names the model does not know are unknown raters. Default unknown. */
  readonly raters?: readonly string[]
}

/** A fitted preference model: scores, probabilities on judgements and on plain numbers, and all it takes to save it. */
export interface FittedModel<O = unknown, P = unknown>
  extends PreferenceModel,
    Required<Omit<ModelParts<O, P>, 'contextEncoder' | 'dataVersion'>> {
  readonly contextEncoder: Encoder | undefined
  readonly dataVersion: string | undefined
  /** Scores of plain features, [rows, aspects]. */
  scoreFeatures(rows: FeatureRows): Promise<Matrix>
  /** Log-odds that a is preferred, before the temperature: [pairs]. */
  logits(data: PairData): Promise<Float32Array>
  /** P(a preferred) after the temperature: [pairs]. */
  probabilities(data: PairData): Promise<Float32Array>
  /** The same model with some parts changed, such as a temperature. */
  with(changes: Partial<Omit<ModelParts<O, P>, 'options' | 'encoder' | 'contextEncoder'>>): FittedModel<O, P>
  /** Gives the memory of its compiled graphs back; it can still be used. */
  dispose(): Promise<void>
}
