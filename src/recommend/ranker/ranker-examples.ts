import { type ExampleColumn, value } from '../../tensor/index.ts'
import { historyBefore, type Impressions, requestCount } from '../impressions/impressions.ts'
import { lastItems } from '../interactions/sequences.ts'
import type { RankerFeatures, RankerShape } from './ranker-network.ts'
import { rowOrNone } from './ranker-rows.ts'

/** Most items of a request that a step takes together. */
const mostTogether = 16

/**
 * How many items of a request are one example. By a query the gate of a request is computed once for all of them; by the
 * item there is nothing to share, and every shown item is an example of its own.
 */
export function itemsTogether({ offsets }: Impressions, { gateBy }: Pick<RankerShape, 'gateBy'>): number {
  if (gateBy === 'target') return 1
  let most = 1
  for (let request = 0; request < offsets.length - 1; request++)
    most = Math.max(most, (offsets[request + 1] ?? 0) - (offsets[request] ?? 0))
  return Math.min(most, mostTogether)
}

/**
 * What a step is fed: requests in pieces of `together` shown items, the last piece filled up with the number after the
 * last item.
 *
 * @throws {RangeError} when the impressions do not fit the features
 */
export function rankerExamples(
  impressions: Impressions,
  features: RankerFeatures,
  { length }: RankerShape,
  together: number,
): Readonly<Record<string, ExampleColumn>> {
  const { items, users, queries, numbers: width = 0 } = features
  const held = impressions.numbers?.width ?? 0
  if (impressions.itemCount !== items.rows)
    throw new RangeError(`the impressions are of ${impressions.itemCount} items, expected ${items.rows}`)
  if (held !== width)
    throw new RangeError(`the impressions have ${held} numbers for each shown item, expected ${width}`)
  if (queries && !impressions.queries) throw new RangeError('the impressions have no queries, expected one a request')
  const requests = Array.from({ length: requestCount(impressions) }, (_, request) => request)
  const shown = (request: number): readonly [from: number, to: number] => [
    impressions.offsets[request] ?? 0,
    impressions.offsets[request + 1] ?? 0,
  ]
  const pieces = requests.flatMap((request) => {
    const [from, to] = shown(request)
    return Array.from({ length: Math.ceil((to - from) / together) }, (_, at) => ({
      request,
      from: from + at * together,
      to: Math.min(to, from + (at + 1) * together),
    }))
  })
  const target = new Int32Array(pieces.length * together).fill(items.rows)
  const label = new Float32Array(pieces.length * together)
  const numbers = new Float32Array(pieces.length * together * width)
  for (const [at, { from, to }] of pieces.entries()) {
    target.set(impressions.items.subarray(from, to), at * together)
    label.set(impressions.labels.subarray(from, to), at * together)
    if (impressions.numbers)
      numbers.set(impressions.numbers.data.subarray(from * width, to * width), at * together * width)
  }
  const rows = Int32Array.from(pieces, ({ request }) => request)
  const each = (numberOf: (request: number) => number): ExampleColumn => ({
    table: value(Int32Array.from(requests, numberOf)),
    rows,
  })
  return {
    target: value(target, [pieces.length, together]),
    label: value(label, [pieces.length, together]),
    history: {
      table: value(
        lastItems(
          requests.map((request) => historyBefore(impressions, request)),
          length,
          items.rows,
        ),
        [requests.length, length],
      ),
      rows,
    },
    ...(users && { user: each((request) => rowOrNone('user', impressions.users[request], users.rows)) }),
    ...(queries && { query: each((request) => rowOrNone('query', impressions.queries?.[request], queries.rows)) }),
    ...(width > 0 && { numbers: value(numbers, [pieces.length, together, width]) }),
    // Nobody known is nobody's like.
    rater: each((request) => {
      const user = impressions.users[request] ?? -1
      return user >= 0 ? user : -1 - request
    }),
  }
}
