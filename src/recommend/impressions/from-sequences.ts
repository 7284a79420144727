import type { Random } from '../../run/index.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { checkedImpressions, type ImpressionSplit, type Impressions } from './impressions.ts'

export interface SampledImpressionsOptions {
  /** Items left for each that was taken. Default 4. */
  readonly negatives?: number
  /** Requests to train on of each user, the latest. Default all. */
  readonly latest?: number
}

/**
 * Impressions out of histories of which nothing but the taken items is known: every item is taken in a request that
 * shows it with some others its user never took, drawn evenly, after what came before it. Of each user the last item is
 * for the test, the one before it for choosing settings, the others (from the second on) are trained on; users with
 * fewer than four items are trained on only.
 *
 * @throws {RangeError} on fewer than one negative, or when no user has two items and some left
 */
export function sampledImpressions(
  behaviours: Sequences,
  itemCount: number,
  random: Random,
  options: SampledImpressionsOptions = {},
): ImpressionSplit {
  const { negatives = 4, latest = Number.POSITIVE_INFINITY } = options
  if (!(Number.isInteger(negatives) && negatives >= 1))
    throw new RangeError(`negatives is ${negatives}, expected a whole number of at least 1`)
  const parts = { train: part(), valid: part(), test: part() }
  for (let user = 0; user < behaviours.offsets.length - 1; user++) {
    const items = sequenceOf(behaviours, user)
    const own = new Set(items)
    if (itemCount - own.size < negatives) continue
    const held = items.length < 4 ? 0 : 2
    for (let place = Math.max(1, items.length - held - latest); place < items.length; place++) {
      const into = place < items.length - held ? 'train' : place === items.length - 1 ? 'test' : 'valid'
      const others = new Set<number>()
      while (others.size < negatives) {
        const drawn = random.integer(itemCount)
        if (!own.has(drawn)) others.add(drawn)
      }
      parts[into].users.push(user)
      parts[into].known.push(place)
      parts[into].shown.push(items[place] ?? 0, ...others)
    }
  }
  const made = ({ users, known, shown }: Part): Impressions =>
    checkedImpressions({
      itemCount,
      offsets: Uint32Array.from({ length: users.length + 1 }, (_, request) => request * (1 + negatives)),
      items: Uint32Array.from(shown),
      labels: Float32Array.from(shown, (_, at) => (at % (1 + negatives) === 0 ? 1 : 0)),
      users: Int32Array.from(users),
      behaviours,
      sequences: Uint32Array.from(users),
      known: Uint32Array.from(known),
    })
  return { train: made(parts.train), valid: made(parts.valid), test: made(parts.test) }
}

interface Part {
  readonly users: number[]
  readonly known: number[]
  readonly shown: number[]
}

function part(): Part {
  return { users: [], known: [], shown: [] }
}
