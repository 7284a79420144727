import type { Random } from '../../run/index.ts'
import { type ExampleStream, examplesOf, type TensorValue, value } from '../../tensor/index.ts'
import { type InteractionSet, pairUsers } from '../interactions/interaction-set.ts'
import { unseenAt } from '../negative-sampling.ts'

/** What a step is fed. */
export interface SampledChoices {
  /** int32 [batch, 2 + negatives]: a user, an item they took, and items that they did not take. */
  readonly choices: TensorValue
}

/** A stream of which it is known how many examples a pass has. */
export interface CountedStream<Inputs> extends ExampleStream<Inputs> {
  readonly count: number
}

/** Users who have taken something and not everything, ascending: for the others there is no pair to learn from. */
function learnable({ users, items, offsets }: InteractionSet): Uint32Array {
  return Uint32Array.from({ length: users }, (_, user) => user).filter((user) => {
    const taken = (offsets[user + 1] ?? 0) - (offsets[user] ?? 0)
    return taken > 0 && taken < items
  })
}

/** An item that a user has not taken, each as likely as the others. */
function unseen(train: InteractionSet, user: number, random: Random): number {
  const taken = (train.offsets[user + 1] ?? 0) - (train.offsets[user] ?? 0)
  return unseenAt(train, user, random.integer(train.items - taken))
}

function stream(count: number, columns: number, draw: (random: Random) => Int32Array): CountedStream<SampledChoices> {
  return {
    count,
    async *pieces(random) {
      yield { count, open: () => examplesOf({ choices: value(draw(random), [count, columns]) }) }
    },
  }
}

/**
 * One pass by users: whole batches, as many as the pairs need and one more. A batch has different users as long as there
 * are enough of them, each with one item of theirs and one other, both uniform. That is how NGCF's authors sample; users
 * count alike, however much they took.
 *
 * @param batchSize the same that the fit is given
 * @throws {RangeError} when no user has taken something and left something
 */
export function choicesByUser(train: InteractionSet, batchSize: number): CountedStream<SampledChoices> {
  const users = learnable(train)
  if (users.length === 0) throw new RangeError('no user has taken some items and left others, expected at least one')
  const count = (Math.floor(train.columns.length / batchSize) + 1) * batchSize
  return stream(count, 3, (random) => {
    const drawn = new Int32Array(count * 3)
    for (let at = 0; at < count; at++) {
      const place = at % batchSize
      // A user of each place is swapped to it, so that the next place draws from the rest.
      const from =
        users.length >= batchSize ? place + random.integer(users.length - place) : random.integer(users.length)
      const user = users[from] as number
      if (users.length >= batchSize) {
        users[from] = users[place] as number
        users[place] = user
      }
      const start = train.offsets[user] as number
      const own = random.integer((train.offsets[user + 1] as number) - start)
      drawn[at * 3] = user
      drawn[at * 3 + 1] = train.columns[start + own] as number
      drawn[at * 3 + 2] = unseen(train, user, random)
    }
    return drawn
  })
}

/**
 * One pass by pairs: every pair once, in order of users, each with some items that its user did not take. That is how
 * NBPO's authors sample; users who took more count more.
 *
 * @throws {RangeError} when no user has taken something and left something
 */
export function choicesByPair(train: InteractionSet, negatives: number): CountedStream<SampledChoices> {
  const may = new Set(learnable(train))
  if (may.size === 0) throw new RangeError('no user has taken some items and left others, expected at least one')
  const userOf = pairUsers(train)
  const pairs = Uint32Array.from(userOf, (_, entry) => entry).filter((entry) => may.has(userOf[entry] ?? -1))
  const columns = 2 + negatives
  return stream(pairs.length, columns, (random) => {
    const drawn = new Int32Array(pairs.length * columns)
    for (const [row, entry] of pairs.entries()) {
      const user = userOf[entry] as number
      drawn[row * columns] = user
      drawn[row * columns + 1] = train.columns[entry] as number
      for (let at = 2; at < columns; at++) drawn[row * columns + at] = unseen(train, user, random)
    }
    return drawn
  })
}
