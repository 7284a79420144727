import { sigmoid } from '../measure/index.ts'
import type { Random } from '../run/index.ts'

export interface AspectPairsOptions {
  /** Columns of a candidate's embedding, default 400. */
  readonly width?: number
  /** Default 7. */
  readonly aspects?: number
  /** Standard deviation of the error of an aspect's score, default 0.3; scores themselves have 1. */
  readonly noise?: number
  /** Log-odds per unit of true worth, default 3. */
  readonly certainty?: number
  /** Default 480. */
  readonly pairs?: number
}

/** Simulated pairs of candidates, seen twice: as embeddings, and as scores of a few aspects. */
export interface AspectPairs {
  /** Embeddings of both sides: [pairs][width]. */
  readonly a: readonly (readonly number[])[]
  readonly b: readonly (readonly number[])[]
  /** Scores of both sides: [pairs][aspects]. */
  readonly scoresA: readonly (readonly number[])[]
  readonly scoresB: readonly (readonly number[])[]
  /** 1 when a was preferred: [pairs]. */
  readonly targets: readonly (0 | 1)[]
}

/**
 * A simulated world in which what people care for is a few aspects of a wide embedding: e is standard normal, the true
 * aspects are We with rows of W of length about 1, scores are those and normal noise, and a is preferred to b with
 * probability σ(certainty · w·(We_a − We_b)), all weights w positive.
 *
 * @throws {RangeError} when a number is out of range
 */
export function aspectPairs(options: AspectPairsOptions, random: Random): AspectPairs {
  const { width = 400, aspects = 7, noise = 0.3, certainty = 3, pairs = 480 } = options
  for (const [name, number] of Object.entries({ width, aspects, pairs }))
    if (!Number.isInteger(number) || number < 1)
      throw new RangeError(`aspectPairs: ${name} is ${number}, expected a whole number of at least 1`)
  for (const [name, number] of Object.entries({ noise, certainty }))
    if (!(number >= 0)) throw new RangeError(`aspectPairs: ${name} is ${number}, expected a number of at least 0`)
  const truth = random.fork('truth')
  const maps = Array.from({ length: aspects }, () =>
    Float64Array.from({ length: width }, () => truth.normal() / Math.sqrt(width)),
  )
  const weights = Array.from({ length: aspects }, () => Math.abs(truth.normal()))
  const stream = random.fork('pairs')
  const draw = (): { readonly e: number[]; readonly scores: number[]; readonly worth: number } => {
    const e = Array.from({ length: width }, () => stream.normal())
    const known = maps.map((map) => map.reduce((sum, x, k) => sum + x * (e[k] as number), 0))
    return {
      e,
      scores: known.map((aspect) => aspect + noise * stream.normal()),
      worth: known.reduce((sum, aspect, k) => sum + aspect * (weights[k] as number), 0),
    }
  }
  const drawn = Array.from({ length: pairs }, () => {
    const [a, b] = [draw(), draw()]
    const target: 0 | 1 = stream.chance(sigmoid(certainty * (a.worth - b.worth))) ? 1 : 0
    return { a, b, target }
  })
  return {
    a: drawn.map(({ a }) => a.e),
    b: drawn.map(({ b }) => b.e),
    scoresA: drawn.map(({ a }) => a.scores),
    scoresB: drawn.map(({ b }) => b.scores),
    targets: drawn.map(({ target }) => target),
  }
}
