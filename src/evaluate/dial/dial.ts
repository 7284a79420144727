/** One aspect that a wish can be about. */
export interface DialAspect {
  readonly name: string
  /** What more of it is. */
  readonly more: string
  /** Pearson's correlation of the model's scores with those given, over candidates that it has not seen. */
  readonly correlation: number
  /** Root mean square of the model's errors there, in points. */
  readonly error: number
  /** What one point more was worth to people who chose between two, in log-odds, with its 95 % interval. */
  readonly chosen: { readonly value: number; readonly lower: number; readonly upper: number }
}

/** Something that can be ranked by a wish. */
export interface DialCandidate {
  readonly id: string
  readonly text: string
  /** Place among the contexts. */
  readonly context: number
  /** `[aspects]`: the scores that were given. */
  readonly given: readonly number[]
  /** `[aspects]`: the model's, as the server computes them. */
  readonly scores: readonly number[]
}

/**
 * A model of several aspects with candidates to rank by a wish, which is a direction among the aspects: a candidate's
 * worth is v · r. None of them was learned from.
 */
export interface Dial {
  /** Also the name of the model's folder. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly attribution: string
  readonly aspects: readonly DialAspect[]
  /** What candidates are about, in a few words each. */
  readonly contexts: readonly string[]
  readonly candidates: readonly DialCandidate[]
  /** Which of two candidates somebody chose, by their places. */
  readonly choices: readonly { readonly chosen: number; readonly other: number }[]
  /** `[candidates, width]`: what `score.onnx` takes as `features`, as the bytes of 32-bit floats, little end first, in base 64. */
  readonly features: string
  readonly width: number
  /** How many candidates the model learned from. */
  readonly learnedFrom: number
  readonly dataVersion: string
}
