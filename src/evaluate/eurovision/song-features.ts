import { type Ballot, tallySongs } from './ballot.ts'
import type { Question } from './question.ts'

/** What a model looks at: numbers for every song of a question. */
export interface SongFeatures {
  /** One name per column. */
  readonly names: readonly string[]
  /** `[songs, names]`, row after row. Remembered by question. */
  of(question: Question): Float64Array
}

/**
 * Features by name, each a function from a question to a number per song.
 *
 * @example
 * songFeatures({ consensus: (question) => meanWorth(question, question.others) })
 */
export function songFeatures(
  columns: Readonly<Record<string, (question: Question) => ArrayLike<number>>>,
): SongFeatures {
  const names = Object.keys(columns)
  return {
    names,
    of: remembered((question) => {
      const { songs } = question
      const rows = new Float64Array(songs.length * names.length)
      for (const [column, name] of names.entries()) {
        const values = columns[name]?.(question)
        for (let i = 0; i < songs.length; i++) {
          const value = values?.[i] ?? Number.NaN
          if (!Number.isFinite(value))
            throw new RangeError(
              `${question.judge}, ${question.show}: "${name}" of ${songs[i]?.country} is ${value}, expected a number`,
            )
          rows[i * names.length + column] = value
        }
      }
      return rows
    }),
  }
}

/** The same features and a column of ones. */
export function withConstant({ names, of }: SongFeatures): SongFeatures {
  const width = names.length + 1
  const made = remembered((question: Question) => {
    const given = of(question)
    return Float64Array.from({ length: question.songs.length * width }, (_, at) => {
      const [i, k] = [Math.floor(at / width), at % width]
      return k === names.length ? 1 : (given[i * names.length + k] as number)
    })
  })
  return { names: [...names, 'one'], of: made }
}

/** Mean worth of each song of a question by some ballots; 0 where none of them judged it. */
export function meanWorth(
  { songs }: Question,
  ballots: readonly Ballot[],
  worthOf: (ballot: Ballot) => Float64Array = ({ worth }) => worth,
): Float64Array {
  const tallies = tallySongs(ballots, worthOf)
  return Float64Array.from(songs, ({ country }) => {
    const tally = tallies.get(country)
    return tally ? tally.sum / tally.count : 0
  })
}

/** A function of questions that computes each answer once. */
export function remembered<Value>(make: (question: Question) => Value): (question: Question) => Value {
  const known = new WeakMap<Question, { readonly value: Value }>()
  return (question) => {
    const found = known.get(question)
    if (found) return found.value
    const value = make(question)
    known.set(question, { value })
    return value
  }
}
