import type { Json, Random } from '../../run/index.ts'
import type { InputSpecs, Symbolic, SymbolicInputs, Tensor, TensorValue } from '../../tensor/index.ts'
import type { Judgement } from '../contract.ts'

/** What is needed to make an encoder again: the name of its sort and what was chosen. */
export interface EncoderDescription {
  /** Such as `hashed-ngrams`. */
  readonly kind: string
  /** As JSON, so that a saved model can name its encoder. */
  readonly options: Json
}

/**
 * Turns judgements into rows of numbers. A frozen encoder has no parameters and its rows are computed once; any other
 * is trained with the head on top of it.
 *
 * An encoder reads what it is made to read: the candidate's content, the context, the rater's traits, or several of
 * them. One that reads contexts alone (`of: 'context'`) serves as `contextEncoder` of routers and context-dependent
 * heads; the candidate of the judgements it is given then makes no difference to its rows.
 *
 * @typeParam P its parameters, a tree of numbers; `{}` for a frozen encoder
 */
export interface Encoder<P = unknown> {
  /** Names sort, options and initial weights: equal ids give equal rows (see {@link encoderId}). */
  readonly id: string
  readonly description: EncoderDescription
  /** Columns of what `apply` returns. */
  readonly width: number
  /** Whether there is nothing to train. */
  readonly frozen: boolean
  /** Inputs of a batch of rows. `'rows'` names the number of rows; other named sizes are the encoder's own. */
  readonly specs: InputSpecs
  /**
   * The inputs of some judgements. What is costly to make is kept by content, so that asking again is cheap.
   *
   * @throws {RangeError} naming the judgement that cannot be encoded and why
   */
  prepare(batch: readonly Judgement[]): Promise<Readonly<Record<string, TensorValue>>>
  /** Numbers to start from. The same stream gives the same numbers. */
  init(random: Random): P
  /** Rows of features as a graph: [rows, width]. */
  apply(parameters: Symbolic<P>, inputs: SymbolicInputs<InputSpecs>): Tensor
}

/** A kind of encoder that can be made again from what a saved model says of it. */
export interface EncoderKind {
  readonly kind: string
  /** @throws {RangeError} when the options are not the kind's */
  open(options: Json): Promise<Encoder> | Encoder
}
