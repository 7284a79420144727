import { logisticRegression, sigmoid } from '../../measure/index.ts'
import type { Random, Run } from '../../run/index.ts'
import { type Example, forEachPair, pairCount, type Question } from './question.ts'
import type { SongFeatures } from './song-features.ts'

/** For each question, P(song i preferred to song j) of every pair, in the order of {@link forEachPair}. */
export type Predictor = (questions: readonly Question[]) => Promise<readonly Float64Array[]> | readonly Float64Array[]

/** What takes part in the comparison. */
export interface Entrant {
  readonly id: string
  readonly title: string
  /** What it looks at beyond the show at hand. */
  readonly sees: 'show' | 'earlier years' | 'own semi-final' | 'own semi-final and earlier years'
  fit(train: readonly Example[], run: Run): Promise<Predictor> | Predictor
}

/** Pairs to learn from: which of two songs of an example was preferred. Ties say nothing and are left out. */
export interface TrainingPairs {
  /** Position in the examples. */
  readonly example: Uint32Array
  readonly preferred: Uint8Array
  readonly other: Uint8Array
}

/**
 * Decided pairs of examples, at most about so many, each as likely to be kept as any other.
 *
 * @param most default 100,000
 */
export function trainingPairs(train: readonly Example[], random: Random, most = 100_000): TrainingPairs {
  const total = train.reduce((sum, { ballot }) => sum + pairCount(ballot.songs.length), 0)
  const share = Math.min(1, most / Math.max(1, total))
  const [example, preferred, other]: [number[], number[], number[]] = [[], [], []]
  for (const [position, { ballot }] of train.entries()) {
    const { worth } = ballot
    forEachPair(worth.length, (i, j) => {
      const ahead = (worth[i] as number) - (worth[j] as number)
      if (ahead === 0 || (share < 1 && !random.chance(share))) return
      example.push(position)
      preferred.push(ahead > 0 ? i : j)
      other.push(ahead > 0 ? j : i)
    })
  }
  return {
    example: Uint32Array.from(example),
    preferred: Uint8Array.from(preferred),
    other: Uint8Array.from(other),
  }
}

/** Probabilities of all pairs from a score per song. */
export function probabilitiesOf(scores: ArrayLike<number>): Float64Array {
  const probabilities = new Float64Array(pairCount(scores.length))
  forEachPair(scores.length, (i, j, position) => {
    probabilities[position] = sigmoid((scores[i] as number) - (scores[j] as number))
  })
  return probabilities
}

export interface PairLogitOptions {
  /** Strength of the ridge on standardised columns. Default 1. */
  readonly ridge?: number
  /** Told the coefficients, in log-odds per standard deviation of the column, after each fit. */
  readonly onFit?: (coefficients: Readonly<Record<string, number>>) => void
}

/**
 * A linear preference: P(i over j) = σ(β·(x_i − x_j)), fitted by Newton's method to the training pairs. With a single
 * column this is a rule such as a mean rank, and β tells how sure it may be.
 */
export function pairLogit(
  about: Pick<Entrant, 'id' | 'title' | 'sees'>,
  features: SongFeatures,
  { ridge = 1, onFit }: PairLogitOptions = {},
): Entrant {
  const width = features.names.length
  return {
    ...about,
    fit(train, run) {
      const pairs = trainingPairs(train, run.random(`${about.id}/pairs`))
      const count = pairs.example.length
      if (count === 0) throw new RangeError(`${about.id}: there are no decided pairs to learn from`)
      const design = new Float64Array(count * width)
      // Each pair in a random direction: with the preferred always first there is nothing to set the scale of β.
      const outcomes = new Float64Array(count)
      const direction = run.random(`${about.id}/directions`)
      const squares = new Float64Array(width)
      for (let row = 0; row < count; row++) {
        const example = train[pairs.example[row] as number] as Example
        const rows = features.of(example.question)
        const won = direction.chance(0.5)
        outcomes[row] = won ? 1 : 0
        const [a, b] = [pairs.preferred[row] as number, pairs.other[row] as number]
        for (let k = 0; k < width; k++) {
          const ahead = (rows[a * width + k] as number) - (rows[b * width + k] as number)
          design[row * width + k] = won ? ahead : -ahead
          squares[k] = (squares[k] as number) + ahead * ahead
        }
      }
      const scale = squares.map((square) => Math.sqrt(square / count) || 1)
      for (let at = 0; at < design.length; at++) design[at] = (design[at] as number) / (scale[at % width] as number)
      const { coefficients } = logisticRegression({ design, columns: width, outcomes }, { ridge })
      onFit?.(Object.fromEntries(features.names.map((name, k) => [name, coefficients[k] as number])))
      return (questions) =>
        questions.map((question) => {
          const rows = features.of(question)
          return probabilitiesOf(
            Float64Array.from(question.songs, (_, i) => {
              let score = 0
              for (let k = 0; k < width; k++)
                score += ((coefficients[k] as number) * (rows[i * width + k] as number)) / (scale[k] as number)
              return score
            }),
          )
        })
    },
  }
}
