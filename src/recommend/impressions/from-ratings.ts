import type { InteractionLog } from '../interactions/interaction-log.ts'
import { checkedImpressions, type Impressions } from './impressions.ts'

export interface RatedImpressionsOptions {
  /** From which value on an item counts as taken. Default 4, of five stars. */
  readonly liked?: number
}

/**
 * Impressions out of ratings: what a user rated in one moment is one request (a page that was filled in), an item is
 * taken where its rating is at least `liked`, and the history is what was liked strictly before.
 *
 * @throws {RangeError} when the log lacks values or times
 * @example
 * const { train, valid, test } = splitByTime(ratedImpressions(await readInteractions('ml-100k.inter')))
 */
export function ratedImpressions(log: InteractionLog, { liked = 4 }: RatedImpressionsOptions = {}): Impressions {
  const { users, items, values, times } = log
  if (!values || !times) throw new RangeError('the log has no values or no times, expected both')
  const [userCount, itemCount] = [log.userIds.size, log.itemIds.size]
  const order = Uint32Array.from(users, (_, at) => at).sort(
    (a, b) => (users[a] ?? 0) - (users[b] ?? 0) || (times[a] ?? 0) - (times[b] ?? 0) || a - b,
  )
  const offsets: number[] = [0]
  const moments: number[] = []
  const askers: number[] = []
  const known: number[] = []
  const likedItems: number[] = []
  const likedTimes: number[] = []
  const starts = new Uint32Array(userCount + 1)
  for (let from = 0; from < order.length; ) {
    const [user, time] = [users[order[from] ?? 0] ?? 0, times[order[from] ?? 0] ?? 0]
    let to = from
    while (to < order.length && users[order[to] ?? 0] === user && times[order[to] ?? 0] === time) to++
    offsets.push(to)
    moments.push(time)
    askers.push(user)
    known.push(starts[user + 1] ?? 0)
    for (let at = from; at < to; at++) {
      const event = order[at] ?? 0
      if (!((values[event] ?? 0) >= liked)) continue
      likedItems.push(items[event] ?? 0)
      likedTimes.push(time)
      starts[user + 1] = (starts[user + 1] ?? 0) + 1
    }
    from = to
  }
  for (let user = 0; user < userCount; user++) starts[user + 1] = (starts[user + 1] ?? 0) + (starts[user] ?? 0)
  return checkedImpressions({
    itemCount,
    offsets: Uint32Array.from(offsets),
    items: order.map((event) => items[event] ?? 0),
    labels: Float32Array.from(order, (event) => ((values[event] ?? 0) >= liked ? 1 : 0)),
    users: Int32Array.from(askers),
    times: Float64Array.from(moments),
    behaviours: { offsets: starts, items: Uint32Array.from(likedItems), times: Float64Array.from(likedTimes) },
    sequences: Uint32Array.from(askers),
    known: Uint32Array.from(known),
  })
}
