import type { Random } from '../../run/index.ts'
import { examplesOf, type TensorValue, value } from '../../tensor/index.ts'
import type { SparseRows } from '../interactions/interaction-set.ts'
import { lastItems, type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { unseenAt } from '../negative-sampling.ts'
import type { CountedStream } from '../sampled/sampled-choices.ts'

/** What a step is fed. Ids are an item's number plus 1; 0 is none. */
export interface InterestSamples {
  /** int32 [rows, length]: what a user did, padded on the left. */
  readonly ids: TensorValue
  /** int32 [rows, targets]: what followed, as far as there is as much. */
  readonly targets: TensorValue
  /** int32 [rows, negatives]: items that the user never took. */
  readonly negatives: TensorValue
}

export interface InterestSampleOptions {
  /** Of the catalogue. */
  readonly items: number
  /** Most items of a history that are read. */
  readonly length: number
  /** Most items that follow. */
  readonly targets: number
  /** Items drawn for each user. */
  readonly negatives: number
  /** Each user's items, ascending: what is drawn for them is none of these. */
  readonly seen: SparseRows
}

/**
 * One pass over histories: each user with at least two items once, cut at a random place; what stands before it is read,
 * and what follows is to be told.
 *
 * @throws {RangeError} when nobody has two items and has left some
 */
export function interestSamples(sequences: Sequences, options: InterestSampleOptions): CountedStream<InterestSamples> {
  const { items, length, targets, negatives, seen } = options
  const left = (user: number): number => items - ((seen.offsets[user + 1] ?? 0) - (seen.offsets[user] ?? 0))
  const users = Uint32Array.from({ length: sequences.offsets.length - 1 }, (_, user) => user).filter(
    (user) => sequenceOf(sequences, user).length > 1 && left(user) > 0,
  )
  const count = users.length
  if (count === 0)
    throw new RangeError('no user has taken two items and left others, expected at least one to learn from')
  const draw = (random: Random) => {
    const order = random.shuffle(users)
    const followed = new Int32Array(count * targets)
    const drawn = new Int32Array(count * negatives)
    const histories = Array.from(order, (user, row) => {
      const own = sequenceOf(sequences, user)
      const cut = 1 + random.integer(own.length - 1)
      for (const [at, item] of own.subarray(cut, cut + targets).entries()) followed[row * targets + at] = item + 1
      for (let at = row * negatives; at < (row + 1) * negatives; at++)
        drawn[at] = unseenAt(seen, user, random.integer(left(user))) + 1
      return own.subarray(Math.max(0, cut - length), cut)
    })
    return examplesOf({
      ids: value(
        lastItems(histories, length, -1).map((item) => item + 1),
        [count, length],
      ),
      targets: value(followed, [count, targets]),
      negatives: value(drawn, [count, negatives]),
    })
  }
  return {
    count,
    async *pieces(random) {
      yield { count, open: () => draw(random) }
    },
  }
}
